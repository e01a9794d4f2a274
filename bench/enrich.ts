/**
 * What a click costs a shard before it is stored, and what a document costs a fold. Baselines are the plain ways of doing the same:
 * the libraries' own calls, BigInt, JSON.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isbot } from 'isbot';
import { type CountryResponse, Reader } from 'maxmind';
import UAParser from 'ua-parser-js';
import { parseAgent } from '../src/actors/enrich/agent.ts';
import { BUNDLED_COUNTRIES, countryReader, loadCountries } from '../src/actors/enrich/country.ts';
import { createEnricher } from '../src/actors/enrich/enrich.ts';
import { recentVisitors } from '../src/actors/enrich/recent-visitors.ts';
import { visitorHasher } from '../src/actors/enrich/visitor.ts';
import { type LoggedClick, USER_AGENT_MAX_BYTES } from '../src/core/click.ts';
import type { ClickRow } from '../src/core/copy-row.ts';
import { decodeLinkDay, encodeLinkDay, linkDayToJson } from '../src/core/link-day-codec.ts';
import { typicalLinkDay } from '../test/support/link-days.ts';
import { randomFrom } from '../test/support/random.ts';
import type { BenchRow } from './support/row.ts';

/** `ratio`: baseline / value where less is better, so that more is better. */

const CLICKS = 100_000;
/** Each with strings of its own. */
const ROUNDS = 5;
const LINKS = 10_000;
const LANGUAGES = ['ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7', 'en-US,en;q=0.9', 'de-DE,de;q=0.9,en;q=0.5', 'kk,ru;q=0.8'];
/** The first of these is the worst that was found for ua-parser-js. */
const HOSTILE_TOKENS = [
  ['naver(', '11111.'],
  ['droid ', 'version/1 '],
  ['com', 'a/1 '],
  ['; ', ' '],
];

const round = (value: number): number => Number(value.toPrecision(3));

/** @returns nanoseconds a call, the fastest of several rounds */
function nanoseconds(calls: number, rounds: number, work: (i: number) => unknown): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let n = 0; n < rounds; n++) {
    const began = performance.now();
    for (let i = 0; i < calls; i++) work(i);
    fastest = Math.min(fastest, performance.now() - began);
  }
  return (fastest / calls) * 1e6;
}

function row(name: string, value: number, unit: string, baseline?: number): BenchRow {
  const it = { name, value: round(value), unit };
  return baseline === undefined ? it : { ...it, baseline: round(baseline), ratio: round(baseline / value) };
}

/** Clicks as the log gives them: strings made anew for each, so that no hash of theirs is known yet. */
function madeClicks(random: () => number, userAgents: readonly string[]): LoggedClick[] {
  const copied = (text: string) => Buffer.from(text).toString();
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];
  return Array.from({ length: CLICKS }, (_, i) => {
    const address = new Uint8Array(16);
    address.set([0xff, 0xff, 1 + random() * 222, random() * 256, random() * 256, random() * 256], 10);
    return {
      at: Date.UTC(2026, 5, 10) + i,
      linkId: Math.floor(random() * LINKS),
      zoneOffset: 12,
      address,
      userAgent: copied(pick(userAgents)),
      referrer: copied(random() < 0.4 ? '' : `https://www.site-${Math.floor(random() * 500)}.example/`),
      language: copied(pick(LANGUAGES)),
    };
  });
}

const emptyRow = (): ClickRow => ({
  linkId: 0,
  at: 0,
  day: 0,
  visitorHi: 0,
  visitorLo: 0,
  country: 0,
  device: 0,
  os: 0,
  browser: 0,
  language: 0,
  bot: false,
  seen: false,
  referrer: '',
});

function enrichRows(countries: SharedArrayBuffer, rounds: readonly LoggedClick[][]): BenchRow[] {
  const [clicks] = rounds;
  const salt = new Uint8Array(16).fill(7);
  const enrich = createEnricher({ countryOf: countryReader(countries), ownHosts: ['go.example'], salts: () => salt });
  const seenBefore = recentVisitors(1 << 20);
  const out = emptyRow();
  const each = rounds.map((round) => nanoseconds(CLICKS, 1, (i) => enrich(round[i], out)));
  const whole = Math.min(...each.slice(1)); // the first one fills the caches
  const hasher = visitorHasher(salt);
  const number = new Int32Array(2);
  const hash = nanoseconds(CLICKS, 5, (i) => hasher(clicks[i].linkId, clicks[i].address, i, i, number));
  const random = randomFrom(1);
  const recent = nanoseconds(CLICKS, 5, () => seenBefore((random() * 2 ** 32) | 0, (random() * 2 ** 32) | 0));
  return [
    row('enrich a click, its texts seen before', whole, 'ns'),
    row('  of this: visitor hash', hash, 'ns'),
    row('remember a recent visitor', recent, 'ns'),
  ];
}

function countryRows(countries: SharedArrayBuffer, clicks: readonly LoggedClick[]): BenchRow[] {
  const countryOf = countryReader(countries);
  const library = new Reader<CountryResponse>(readFileSync(BUNDLED_COUNTRIES.file));
  const own = nanoseconds(CLICKS, 5, (i) => countryOf(clicks[i].address));
  const theirs = nanoseconds(CLICKS, 2, (i) => library.get(clicks[i].address.subarray(12).join('.')));
  return [row('country of an address (baseline: maxmind reader)', own, 'ns', theirs)];
}

const parseWithLibrary = (header: string) => {
  const parser = new UAParser(header);
  return [isbot(header), parser.getBrowser(), parser.getOS(), parser.getDevice()];
};

function agentRows(userAgents: readonly string[]): BenchRow[] {
  const own = nanoseconds(userAgents.length, 5, (i) => parseAgent(userAgents[i]));
  const theirs = nanoseconds(userAgents.length, 3, (i) => parseWithLibrary(userAgents[i]));
  const hostile = HOSTILE_TOKENS.map(([a, b]) => (a.repeat(20) + b.repeat(USER_AGENT_MAX_BYTES)).slice(0, USER_AGENT_MAX_BYTES));
  const worst = (parse: (header: string) => unknown) => Math.max(...hostile.map((header) => nanoseconds(1, 5, () => parse(header))));
  return [
    row('user agent not seen before (baseline: isbot and ua-parser-js)', own / 1000, 'µs', theirs / 1000),
    row(
      'hostile user agent, the slowest (baseline: isbot and ua-parser-js)',
      worst(parseAgent) / 1000,
      'µs',
      worst(parseWithLibrary) / 1000,
    ),
  ];
}

function documentRows(): BenchRow[] {
  const linkDay = typicalLinkDay();
  const bytes = encodeLinkDay(linkDay);
  const json = JSON.stringify(linkDayToJson(linkDay));
  const encode = nanoseconds(20_000, 5, () => encodeLinkDay(linkDay));
  const decode = nanoseconds(20_000, 5, () => decodeLinkDay(bytes));
  const stringify = nanoseconds(20_000, 3, () => JSON.stringify(linkDayToJson(linkDay)));
  const parse = nanoseconds(20_000, 3, () => JSON.parse(json));
  return [
    row('encode a typical link-day (baseline: JSON)', encode / 1000, 'µs', stringify / 1000),
    row('decode a typical link-day (baseline: JSON.parse)', decode / 1000, 'µs', parse / 1000),
    row('size of a typical link-day (baseline: JSON)', bytes.length, 'bytes', json.length),
  ];
}

export async function run(): Promise<BenchRow[]> {
  const data: { userAgent: string }[] = JSON.parse(
    readFileSync(fileURLToPath(new URL('user-agents.json', import.meta.resolve('user-agents'))), 'utf8'),
  );
  const userAgents = [...new Set(data.map((it) => it.userAgent))];
  const began = performance.now();
  const { memory: countries } = await loadCountries(BUNDLED_COUNTRIES.file);
  const loadMs = performance.now() - began;
  const rounds = Array.from({ length: ROUNDS }, (_, i) => madeClicks(randomFrom(i), userAgents));
  return [
    row('load the country database', loadMs, 'ms'),
    ...enrichRows(countries, rounds),
    ...countryRows(countries, rounds[0]),
    ...agentRows(userAgents),
    ...documentRows(),
  ];
}

if (import.meta.main) console.table(await run());
