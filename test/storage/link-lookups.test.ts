import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Failure } from '../../src/core/failure.ts';
import type { Link } from '../../src/core/link.ts';
import { batchedLookup } from '../../src/storage/links/lookup.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { away, isAway, linkOf } from './link-table-rig.ts';

const test = suite('link lookups');

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

test('all misses of one tick are one query', async () => {
  const { lookup, queries } = setUpLookups();
  const found = Promise.all(['a', 'b', 'none', 'a'].map(lookup));
  assert.is(queries.length, 0, 'not before the tick ends');
  await until('the query', () => queries.length === 1);
  assert.equal(queries[0].slugs, ['a', 'b', 'none']);
  queries[0].end();
  assert.equal(await found, [linkOf('a'), linkOf('b'), null, linkOf('a')]);
  assert.is(queries.length, 1);
});

test('two queries at a time; the next one gathers meanwhile', async () => {
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

test('a failed query fails all that it asked, and the next ones go on', async () => {
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

test('a query has a thousand slugs at most, and too many that wait are refused', async () => {
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

test.run();
