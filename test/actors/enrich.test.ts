import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BUNDLED_COUNTRIES, countryReader, loadCountries } from '../../src/actors/enrich/country.ts';
import { createEnricher } from '../../src/actors/enrich/enrich.ts';
import { BROWSERS, DEVICES, OPERATING_SYSTEMS } from '../../src/core/agent.ts';
import { type LoggedClick, lettersToCode } from '../../src/core/click.ts';
import type { ClickRow } from '../../src/core/copy-row.ts';
import { dayToISO, offsetAt, quarterOf } from '../../src/core/zone.ts';
import { randomFrom, seed } from '../support/seed.ts';

const enrich = suite('enrich');
const random = randomFrom(seed);
const { memory: countries } = await loadCountries(BUNDLED_COUNTRIES.file);

const saltOf = (day: number) => Uint8Array.from({ length: 16 }, (_, i) => (day >> ((i & 3) * 8)) & 0xff);
const enricher = (salts = saltOf as (day: number) => Uint8Array | undefined) =>
  createEnricher({ countryOf: countryReader(countries), ownHosts: ['go.example'], salts });

const CHROME = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';
const AT = Date.UTC(2026, 5, 10, 20, 50);

const click = (change: Partial<LoggedClick> = {}): LoggedClick => ({
  at: AT,
  linkId: 42,
  zoneOffset: offsetAt('Europe/Moscow', quarterOf(AT)),
  address: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 77, 88, 8, 8),
  userAgent: CHROME,
  referrer: 'https://www.google.com/',
  language: 'ru-RU,ru;q=0.9',
  ...change,
});

/** A row full of what a step could forget to set. */
const usedRow = (): ClickRow => ({
  linkId: -1,
  at: -1,
  day: -1,
  visitorHi: -1,
  visitorLo: -1,
  country: -1,
  device: -1,
  os: -1,
  browser: -1,
  language: -1,
  bot: true,
  seen: true,
  referrer: 'left over',
});

const enriched = (it: LoggedClick): ClickRow => {
  const row = usedRow();
  assert.ok(enricher()(it, row));
  return row;
};
const numberOf = (it: LoggedClick) => {
  const { visitorHi, visitorLo } = enriched(it);
  return `${visitorHi}:${visitorLo}`;
};

enrich('a click of a person', () => {
  const row = enriched(click());
  const { visitorHi, visitorLo, ...rest } = row;
  assert.equal(rest, {
    linkId: 42,
    at: AT,
    day: Date.UTC(2026, 5, 10) / 86_400_000,
    country: lettersToCode('ru'),
    device: DEVICES.indexOf('phone'),
    os: OPERATING_SYSTEMS.indexOf('Android'),
    browser: BROWSERS.indexOf('Chrome'),
    language: lettersToCode('ru'),
    bot: false,
    seen: false,
    referrer: 'google.com',
  });
  assert.ok(visitorHi === (visitorHi | 0) && visitorLo === (visitorLo | 0) && (visitorHi | visitorLo) !== 0);
});

enrich("the day is the owner's", () => {
  assert.is(dayToISO(enriched(click({ at: AT + 9 * 60_000 })).day), '2026-06-10');
  assert.is(dayToISO(enriched(click({ at: AT + 10 * 60_000 })).day), '2026-06-11'); // midnight in Moscow
  assert.is(dayToISO(enriched(click({ zoneOffset: -28 })).day), '2026-06-10');
  assert.is(dayToISO(enriched(click({ zoneOffset: 56 })).day), '2026-06-11');
});

enrich('a bot has no visitor', () => {
  for (const userAgent of ['', 'Googlebot/2.1 (+http://www.google.com/bot.html)']) {
    const row = enriched(click({ userAgent }));
    assert.equal([row.bot, row.visitorHi, row.visitorLo, row.device, row.os, row.browser], [true, 0, 0, 0, 0, 0]);
    assert.is(row.country, lettersToCode('ru'));
  }
});

enrich('visitors differ by link, day, address and user agent, and by nothing else', () => {
  const numbers = new Set([numberOf(click())]);
  const others = [
    { linkId: 43 },
    { at: AT + 86_400_000 },
    { address: click().address.map((it) => it ^ 1) },
    { userAgent: `${CHROME} OPR/1` },
  ];
  for (const change of others) numbers.add(numberOf(click(change)));
  assert.is(numbers.size, 5);
  for (const change of [{ at: AT - 3_600_000 }, { referrer: '' }, { language: 'de' }])
    assert.is(numberOf(click(change)), numberOf(click()));
});

enrich('a click waits for the salt of its day, and is whole when that is there', () => {
  const salts = new Map<number, Uint8Array>();
  const asked: number[] = [];
  const it = enricher((day) => {
    asked.push(day);
    return salts.get(day);
  });
  const row = usedRow();
  assert.is(it(click(), row), false);
  assert.is(it(click(), row), false);
  assert.is(dayToISO(row.day), '2026-06-10', 'the caller reads from the row which salt is missing');
  salts.set(row.day, saltOf(row.day));
  assert.is(it(click(), row), true);
  assert.equal(row, enriched(click()));
  const questions = asked.length;
  assert.is(it(click(), row), true);
  assert.is(asked.length, questions, 'a salt is asked for once');
});

enrich('clicks of many days in any order', () => {
  const it = enricher();
  for (let i = 0; i < 500; i++) {
    const one = click({ at: AT + Math.floor(random() * 60) * 86_400_000, linkId: i });
    const row = usedRow();
    assert.ok(it(one, row));
    assert.equal(row, enriched(one));
  }
});

enrich('nothing that a client can send makes it throw', () => {
  const it = enricher();
  const row = usedRow();
  const text = (length: number) => String.fromCharCode(...Array.from({ length }, () => random() * (random() < 0.5 ? 128 : 65_536)));
  for (let i = 0; i < 20_000; i++) {
    const hostile = click({
      at: Math.floor(random() * 4e12),
      linkId: Math.floor(random() * 2 ** 53),
      zoneOffset: Math.floor(random() * 105) - 48,
      address: Uint8Array.from({ length: 16 }, () => random() * 256),
      userAgent: text(random() * 500),
      referrer: (random() < 0.5 ? 'https://' : '') + text(random() * 100),
      language: text(random() * 60),
    });
    assert.ok(it(hostile, row));
    for (const number of [row.country, row.device, row.os, row.browser, row.language]) assert.ok(number >= 0 && number < 2 ** 15);
  }
});

enrich.run();
