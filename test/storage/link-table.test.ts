import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Failure } from '../../src/core/failure.ts';
import type { Link } from '../../src/core/link.ts';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { TTL_MAX_MS } from '../../src/core/ttl.ts';
import { batchedLookup } from '../../src/storage/links/lookup.ts';
import { createLinkTable, RENEWALS_PER_SEC } from '../../src/storage/links/table.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const table = suite('link table');
const lookups = suite('link lookups');

const TTL_MS = 60_000;
const NEGATIVE_TTL_MS = 10_000;
const PROBE_MS = 500;
const away = new Error('connect ECONNREFUSED');

const linkOf = (slug: string, target = `https://example.com/${slug}`): Link => ({
  id: 1,
  slug,
  target,
  timeZone: 'UTC',
  disabled: false,
  rules: null,
});
const isAway = (error: unknown) => error instanceof Failure && error.code === 'store_away';

type Asked = { slug: string; answer(link: Link | null): void; fail(): void };

/** Each lookup waits until the test answers it. */
function setUp({ entries = 100 } = {}) {
  const clock = { now: 1_000_000 };
  const versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions);
  const asked: Asked[] = [];
  const failures: unknown[] = [];
  const links = createLinkTable({
    lookup: (slug) =>
      new Promise((resolve, reject) => {
        asked.push({ slug, answer: resolve, fail: () => reject(away) });
      }),
    versions,
    entries,
    ttlMs: () => TTL_MS,
    clock: () => clock.now,
    onFailure: (error) => void failures.push(error),
  });
  /** Loads with this answer. */
  async function hold(slug: string, link: Link | null = linkOf(slug)) {
    const loaded = links.load(slug);
    asked[asked.length - 1].answer(link);
    assert.is(await loaded, link);
    return link;
  }
  /** Makes the store be away. */
  async function fail(slug = 'failing') {
    const loaded = links.load(slug);
    asked[asked.length - 1].fail();
    assert.is(await thrownBy(loaded), away);
  }
  return { links, clock, versions, asked, failures, hold, fail };
}

table('a hit asks nobody', async () => {
  const { links, clock, asked, hold } = setUp();
  assert.is(links.get('abc'), undefined);
  const link = await hold('abc');
  for (let i = 0; i < 100; i++) {
    clock.now += (TTL_MS * 0.59) / 100;
    assert.is(links.get('abc'), link);
  }
  assert.is(asked.length, 1);
  assert.is(links.size(), 1);
});

table('all who ask for one slug ask once', async () => {
  const { links, asked } = setUp();
  const loads = Array.from({ length: 50 }, () => links.load('abc'));
  assert.is(asked.length, 1);
  const link = linkOf('abc');
  asked[0].answer(link);
  assert.ok((await Promise.all(loads)).every((it) => it === link));
});

table('all who ask for one slug fail together, and the next one asks anew', async () => {
  const { links, clock, asked, failures } = setUp();
  const loads = Array.from({ length: 50 }, () => thrownBy(links.load('abc')));
  asked[0].fail();
  assert.ok((await Promise.all(loads)).every((error) => error === away));
  assert.equal(failures, [away], 'one failure, told once');
  clock.now += PROBE_MS;
  const again = links.load('abc');
  assert.is(asked.length, 2);
  asked[1].answer(null);
  assert.is(await again, null);
});

table('that there is no link is remembered for a shorter time', async () => {
  const { links, clock, asked, hold } = setUp();
  await hold('none', null);
  clock.now += NEGATIVE_TTL_MS * 0.59;
  assert.is(links.get('none'), null);
  assert.is(asked.length, 1);
  clock.now += NEGATIVE_TTL_MS * 0.41;
  assert.is(links.get('none'), undefined);
});

table('unknown slugs displace no links', async () => {
  const { links, hold } = setUp({ entries: 100 });
  const held = Array.from({ length: 50 }, (_, i) => `link-${i}`);
  for (const slug of held) await hold(slug);
  for (let i = 0; i < 2_000; i++) await hold(`none-${i}`, null);
  for (const slug of held) assert.ok(links.get(slug), slug);
  assert.ok(links.size() <= 100 + 100 / 8);
});

table('a slug that got a link is no longer unknown, and the other way round', async () => {
  const { links, versions, hold } = setUp();
  await hold('abc', null);
  versions.bump('abc');
  assert.is(links.get('abc'), undefined);
  const link = await hold('abc');
  assert.is(links.get('abc'), link);
  versions.bump('abc');
  await hold('abc', null);
  assert.is(links.get('abc'), null);
  assert.is(links.size(), 1);
});

table('an edit outdates the entry at once, in every thread that shares the versions', async () => {
  const { links, versions, hold } = setUp();
  await hold('abc');
  await hold('other');
  versions.bump('abc');
  assert.is(links.get('abc'), undefined);
  assert.ok(links.get('other'));
  const edited = await hold('abc', linkOf('abc', 'https://example.com/new'));
  assert.is(links.get('abc'), edited);
});

table('an edit while the lookup is under way: the older answer is neither kept nor given', async () => {
  const { links, versions, asked } = setUp();
  const loaded = links.load('abc');
  versions.bump('abc');
  asked[0].answer(linkOf('abc', 'https://example.com/old'));
  await until('the store is asked again', () => asked.length === 2);
  assert.is(links.get('abc'), undefined);
  versions.bump('abc');
  asked[1].answer(linkOf('abc', 'https://example.com/older'));
  await until('and again', () => asked.length === 3);
  const newest = linkOf('abc', 'https://example.com/new');
  asked[2].answer(newest);
  assert.is(await loaded, newest);
  assert.is(links.get('abc'), newest);
});

table('an edit while an ageing entry is refreshed: neither the entry nor the older answer is given', async () => {
  const { links, clock, versions, asked, hold } = setUp();
  await hold('abc');
  clock.now += TTL_MS * 0.9;
  assert.ok(links.get('abc'));
  assert.is(asked.length, 2);
  versions.bump('abc');
  assert.is(links.get('abc'), undefined);
  asked[1].answer(linkOf('abc', 'https://example.com/old'));
  await until('the store is asked again', () => asked.length === 3);
  assert.is(links.get('abc'), undefined);
});

table('an ageing entry is answered and refreshed meanwhile, once', async () => {
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

table('an ageing entry whose link is gone by now becomes unknown', async () => {
  const { links, clock, asked, hold } = setUp();
  await hold('abc');
  clock.now += TTL_MS * 0.8;
  links.get('abc');
  asked[1].answer(null);
  await until('unknown', () => links.get('abc') === null);
});

table('an expired entry is not answered: its lookup is waited for, also the one under way', async () => {
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

table('while the store is away, expired entries are answered as they are', async () => {
  const { links, clock, hold, fail } = setUp();
  const link = await hold('abc');
  await hold('none', null);
  await fail();
  clock.now += TTL_MS * 100;
  assert.is(links.get('abc'), link);
  assert.is(links.get('none'), null);
});

table('an expired entry is answered as it is when its lookup shows that the store is away, an outdated one is not', async () => {
  const { links, clock, versions, asked, hold } = setUp();
  const link = await hold('abc');
  await hold('edited');
  clock.now += TTL_MS;
  const [answer, edited] = [links.load('abc'), thrownBy(links.load('edited'))];
  versions.bump('edited');
  for (const it of asked.slice(2)) it.fail();
  assert.is(await answer, link);
  assert.is(await edited, away);
});

table('what was loaded in an earlier epoch is looked up before it is answered, unless the store is away', async () => {
  const { links, clock, versions, asked, hold, fail } = setUp();
  const link = await hold('abc');
  await hold('none', null);
  versions.expireAll();
  assert.equal([links.get('abc'), links.get('none')], [undefined, undefined]);
  const edited = await hold('abc', linkOf('abc', 'https://example.com/edited'));
  assert.is(links.get('abc'), edited, 'is of the new epoch');

  versions.expireAll();
  await fail();
  assert.is(links.get('abc'), edited, 'as of an expired one');
  assert.is(links.get('none'), null);
  clock.now += PROBE_MS;
  assert.is(links.get('abc'), edited);
  assert.is(asked[asked.length - 1].slug, 'abc', 'and it is asked for meanwhile');
  asked[asked.length - 1].answer(link);
  await until('it is kept', () => links.get('abc') === link);
});

table('an epoch that begins while the lookup is under way: the older answer is neither kept nor given', async () => {
  const { links, versions, asked } = setUp();
  const loaded = links.load('abc');
  versions.expireAll();
  asked[0].answer(linkOf('abc', 'https://example.com/old'));
  await until('it is asked again', () => asked.length === 2);
  const link = linkOf('abc');
  asked[1].answer(link);
  assert.is(await loaded, link);
});

table('while the store is away, an outdated entry is not answered', async () => {
  const { links, versions, hold, fail } = setUp();
  await hold('abc');
  await fail();
  versions.bump('abc');
  assert.is(links.get('abc'), undefined);
  assert.ok(isAway(await thrownBy(links.load('abc'))));
});

table('while the store is away, unknown slugs are refused at once and one lookup an interval finds out', async () => {
  const { links, clock, asked, hold, fail } = setUp();
  await hold('abc');
  await fail();
  const before = asked.length;
  clock.now += PROBE_MS - 1;
  for (let i = 0; i < 100; i++) assert.ok(isAway(await thrownBy(links.load(`slug-${i}`))));
  assert.is(asked.length, before);
  clock.now += 1;
  // The first one asks; it does not matter how long it takes.
  const probe = thrownBy(links.load('slug-0'));
  for (let i = 1; i < 100; i++) assert.ok(isAway(await thrownBy(links.load(`slug-${i}`))));
  clock.now += TTL_MS; // this time an entry in use is what asks
  assert.is(asked.length, before + 1);
  for (let i = 0; i < 100; i++) assert.ok(links.get('abc'));
  assert.is(asked.length, before + 2);
  for (const it of asked.slice(before)) it.fail();
  assert.is(await probe, away);
});

table('when the store is back, one answer is enough for all', async () => {
  const { links, clock, asked, hold, fail } = setUp();
  const link = await hold('abc');
  await fail();
  clock.now += TTL_MS;
  assert.is(links.get('abc'), link); // asks in the background
  const fresh = linkOf('abc', 'https://example.com/fresh');
  asked[asked.length - 1].answer(fresh);
  await until('refreshed', () => links.get('abc') === fresh);
  await hold('new'); // not refused any more
  clock.now += TTL_MS;
  assert.is(links.get('abc'), undefined, 'expired is expired again');
});

table('an entry whose refresh has failed is refreshed at the next interval', async () => {
  const { links, clock, asked, failures, hold } = setUp();
  const link = await hold('abc');
  clock.now += TTL_MS * 0.8;
  links.get('abc');
  asked[1].fail();
  await until('the failure', () => failures.length === 1);
  await until('the end of the refresh', () => {
    clock.now += PROBE_MS;
    assert.is(links.get('abc'), link);
    return asked.length === 3;
  });
});

table('what was loaded together is not looked up again together', async () => {
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

table('ageing links are looked up again so many a second, and all are answered', async () => {
  const { asked, second } = await setUpInUse(RENEWALS_PER_SEC * 3);
  const seconds = [1, 2, 3, 4].map((n) => {
    const before = asked.length;
    assert.is(second(TTL_MS * 0.8 + n * 1_000), 0);
    return asked.length - before;
  });
  assert.equal(seconds, [RENEWALS_PER_SEC, RENEWALS_PER_SEC, RENEWALS_PER_SEC, 0]);
});

table(
  'of expired links so many a second are looked up before they are answered; the others are answered as they are, for an hour at most',
  async () => {
    const { links, second } = await setUpInUse(RENEWALS_PER_SEC * 3);
    for (const n of [0, 1, 2]) assert.is(second(TTL_MS * 2 + n * 1_000), RENEWALS_PER_SEC);
    assert.is(links.get('s7'), undefined);
    assert.is(second(TTL_MAX_MS), RENEWALS_PER_SEC * 3 * 50, 'too old to be answered unseen');
  },
);

table('while the node is deaf, lifetimes are kept whatever that costs', async () => {
  const { versions, second } = await setUpInUse(RENEWALS_PER_SEC * 3);
  versions.setDeaf(true);
  assert.is(second(TTL_MS), RENEWALS_PER_SEC * 3 * 50);
});

table('bounded, whatever is asked for', async () => {
  const entries = 1_000;
  const links = createLinkTable({
    lookup: async (slug) => (slug.endsWith('7') ? linkOf(slug) : null),
    versions: linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions),
    entries,
    ttlMs: () => TTL_MS,
    clock: () => 1_000_000,
    onFailure: () => assert.unreachable(),
  });
  const [chunks, perChunk] = [100, 10_000];
  for (let chunk = 0; chunk < chunks; chunk++) {
    await Promise.all(Array.from({ length: perChunk }, (_, i) => links.load(`${chunk}-${i}`)));
    assert.ok(links.size() <= entries + entries / 8, `${links.size()} entries`);
  }
  assert.ok(links.size() > entries / 2);
});

/** Each query waits until the test lets it end. */
function setUpLookups() {
  const queries: { slugs: readonly string[]; end(): void; fail(): void }[] = [];
  const lookup = batchedLookup((slugs) => {
    return new Promise((resolve, reject) => {
      const end = () => resolve(new Map(slugs.filter((slug) => !slug.startsWith('none')).map((slug) => [slug, linkOf(slug)])));
      queries.push({ slugs, end, fail: () => reject(away) });
    });
  });
  return { lookup, queries };
}

lookups('all misses of one tick are one query', async () => {
  const { lookup, queries } = setUpLookups();
  const found = Promise.all(['a', 'b', 'none', 'a'].map(lookup));
  assert.is(queries.length, 0, 'not before the tick ends');
  await until('the query', () => queries.length === 1);
  assert.equal(queries[0].slugs, ['a', 'b', 'none']);
  queries[0].end();
  assert.equal(await found, [linkOf('a'), linkOf('b'), null, linkOf('a')]);
  assert.is(queries.length, 1);
});

lookups('two queries at a time; the next one gathers meanwhile', async () => {
  const { lookup, queries } = setUpLookups();
  const all: Promise<Link | null>[] = [];
  for (const slug of ['a', 'b']) {
    all.push(lookup(slug));
    await until(`the query of ${slug}`, () => queries.at(-1)?.slugs.includes(slug));
  }
  for (let i = 0; i < 50; i++) {
    all.push(lookup(`later-${i}`));
    await new Promise(setImmediate);
  }
  assert.is(queries.length, 2);
  queries[1].end();
  await until('the third query', () => queries.length === 3);
  assert.is(queries[2].slugs.length, 50);
  for (const query of queries) query.end();
  assert.is((await Promise.all(all)).filter((link) => link !== null).length, 52);
});

lookups('a failed query fails all that it asked, and the next ones go on', async () => {
  const { lookup, queries } = setUpLookups();
  const failed = ['a', 'b'].map((slug) => thrownBy(lookup(slug)));
  await until('the query', () => queries.length === 1);
  queries[0].fail();
  assert.equal(await Promise.all(failed), [away, away]);
  const found = lookup('a');
  await until('the next query', () => queries.length === 2);
  queries[1].end();
  assert.equal(await found, linkOf('a'));
});

lookups('a query has a thousand slugs at most, and too many that wait are refused', async () => {
  const { lookup, queries } = setUpLookups();
  const waiting = Array.from({ length: 20_000 }, (_, i) => lookup(`s${i}`));
  const refused = await thrownBy(lookup('one-too-many'));
  assert.ok(isAway(refused));
  assert.is((refused as Failure).retryAfterSec, 1);
  assert.is(lookup('s19999'), waiting[19_999], 'who asks for the same slug only joins');
  for (let n = 0; n < 20; n++) {
    await until(`query ${n}`, () => queries.length > n);
    queries[n].end();
  }
  assert.is((await Promise.all(waiting)).length, 20_000);
  assert.equal(new Set(queries.map((query) => query.slugs.length)), new Set([1_000]));
  const next = lookup('one-too-many');
  await until('room again', () => queries.length === 21);
  queries[20].end();
  assert.ok(await next);
});

table.run();
lookups.run();
