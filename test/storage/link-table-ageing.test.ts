import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TTL_MAX_MS } from '../../src/core/ttl.ts';
import { RENEWALS_PER_SEC } from '../../src/storage/links/table.ts';
import { until } from '../support/until.ts';
import { linkOf, setUp, TTL_MS } from './link-table-rig.ts';

const test = suite('link table: entries that age');

test('an ageing entry is answered and refreshed meanwhile, once', async () => {
  const { links, clock, asked, hold } = setUp();
  const link = await hold('abc');
  clock.now += TTL_MS * 0.8;
  for (let i = 0; i < 20; i++) assert.is(links.get('abc'), link);
  assert.is(asked.length, 2);
  const fresh = linkOf('abc', 'https://example.com/fresh');
  asked[1].answer(fresh);
  await until('the refreshed entry', () => links.get('abc') === fresh);
  clock.now += TTL_MS * 0.59;
  assert.is(links.get('abc'), fresh, 'its life began anew');
  assert.is(asked.length, 2);
});

test('an ageing entry whose link is gone by now becomes unknown', async () => {
  const { links, clock, asked, hold } = setUp();
  await hold('abc');
  clock.now += TTL_MS * 0.8;
  links.get('abc');
  asked[1].answer(null);
  await until('unknown', () => links.get('abc') === null);
});

test('an expired entry is not answered: its lookup is waited for, also the one under way', async () => {
  const { links, clock, asked, hold } = setUp();
  await hold('abc');
  clock.now += TTL_MS;
  assert.is(links.get('abc'), undefined);
  const fresh = linkOf('abc', 'https://example.com/fresh');
  assert.is(await hold('abc', fresh), fresh);
  clock.now += TTL_MS * 0.9;
  assert.is(links.get('abc'), fresh);
  clock.now += TTL_MS * 0.1;
  assert.is(links.get('abc'), undefined, 'expired while it is refreshed');
  const loaded = links.load('abc');
  assert.is(asked.length, 3);
  asked[2].answer(null);
  assert.is(await loaded, null);
});

test('what was loaded together is not looked up again together', async () => {
  const { links, clock, asked, hold } = setUp({ entries: 10_000 });
  const slugs = Array.from({ length: 1_000 }, (_, i) => `s${i}`);
  for (const slug of slugs) await hold(slug);
  const before = asked.length;
  for (let percent = 60; percent <= 80; percent++) {
    clock.now = 1_000_000 + (TTL_MS * percent) / 100;
    for (const slug of slugs) assert.ok(links.get(slug), slug);
    const share = (asked.length - before) / slugs.length;
    assert.ok(Math.abs(share - (percent - 60) / 20) < 0.1, `${share} at ${percent} %`);
  }
  assert.is(asked.length - before, slugs.length);
});

/** Links that are all asked for every 20 ms. */
async function setUpInUse(count: number) {
  const parts = setUp({ entries: count * 4 });
  const slugs = Array.from({ length: count }, (_, i) => `s${i}`);
  for (const slug of slugs) await parts.hold(slug);
  const loadedAt = parts.clock.now;
  return {
    ...parts,
    /** @returns how often one was not answered as it is, within a second from that age on */
    second(ageMs: number): number {
      let unanswered = 0;
      for (parts.clock.now = loadedAt + ageMs; parts.clock.now < loadedAt + ageMs + 1_000; parts.clock.now += 20) {
        unanswered += slugs.filter((slug) => parts.links.get(slug) === undefined).length;
      }
      return unanswered;
    },
  };
}

test('ageing links are looked up again so many a second, and all are answered', async () => {
  const { asked, second } = await setUpInUse(RENEWALS_PER_SEC * 3);
  const seconds = [1, 2, 3, 4].map((n) => {
    const before = asked.length;
    assert.is(second(TTL_MS * 0.8 + n * 1_000), 0);
    return asked.length - before;
  });
  assert.equal(seconds, [RENEWALS_PER_SEC, RENEWALS_PER_SEC, RENEWALS_PER_SEC, 0]);
});

test('of expired links so many a second are looked up before they are answered; the others are answered as they are, for an hour at most', async () => {
  const { links, second } = await setUpInUse(RENEWALS_PER_SEC * 3);
  for (const n of [0, 1, 2]) assert.is(second(TTL_MS * 2 + n * 1_000), RENEWALS_PER_SEC);
  assert.is(links.get('s7'), undefined);
  assert.is(second(TTL_MAX_MS), RENEWALS_PER_SEC * 3 * 50, 'too old to be answered unseen');
});

test('while the node is deaf, lifetimes are kept whatever that costs', async () => {
  const { versions, second } = await setUpInUse(RENEWALS_PER_SEC * 3);
  versions.setDeaf(true);
  assert.is(second(TTL_MS), RENEWALS_PER_SEC * 3 * 50);
});

test.run();
