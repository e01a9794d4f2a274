import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  addFacet,
  addQuarter,
  capFacet,
  emptyLinkDay,
  FACETS,
  type LinkDay,
  type LinkDays,
  linkDayOf,
  mergeLinkDay,
  mergeLinkDays,
  OTHER,
  wholeLinkDay,
} from '../../src/core/link-day.ts';
import { linkDayArbitrary, sorted } from '../support/link-days.ts';
import { seed } from '../support/seed.ts';

const linkDay = suite('link-day');
const options = { seed, numRuns: 300 };

function merged(...days: LinkDay[]): LinkDay {
  const into = emptyLinkDay();
  for (const it of days) mergeLinkDay(into, it);
  return into;
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
const sums = ({ quarters, facets }: LinkDay) => [
  sum([...quarters.values()].map((it) => it.clicks)),
  sum([...quarters.values()].map((it) => it.uniques)),
  sum([...quarters.values()].map((it) => it.bots)),
  ...FACETS.map((facet) => sum(facets[facet].values())),
];

linkDay('merging is commutative', () => {
  fc.assert(
    fc.property(linkDayArbitrary, linkDayArbitrary, (a, b) => assert.equal(sorted(merged(a, b)), sorted(merged(b, a)))),
    options,
  );
});

linkDay('merging is associative', () => {
  fc.assert(
    fc.property(linkDayArbitrary, linkDayArbitrary, linkDayArbitrary, (a, b, c) =>
      assert.equal(sorted(merged(merged(a, b), c)), sorted(merged(a, merged(b, c)))),
    ),
    options,
  );
});

linkDay('merging conserves every sum, and leaves what is merged alone', () => {
  fc.assert(
    fc.property(linkDayArbitrary, linkDayArbitrary, (a, b) => {
      const before = sorted(b);
      const both = sums(merged(a, b));
      const sumsA = sums(a);
      assert.equal(
        both,
        sums(b).map((it, i) => it + sumsA[i]),
      );
      mergeLinkDay(merged(a, b), a); // into what was made of b
      assert.equal(sorted(b), before);
    }),
    options,
  );
});

linkDay('merging many links and days is merging each', () => {
  const address = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 20_000, max: 20_002 }), linkDayArbitrary);
  fc.assert(
    fc.property(fc.array(address, { maxLength: 6 }), fc.array(address, { maxLength: 6 }), (some, more) => {
      const collect = (parts: typeof some): LinkDays => {
        const days: LinkDays = new Map();
        for (const [linkId, day, it] of parts) mergeLinkDay(linkDayOf(days, linkId, day), it);
        return days;
      };
      const into = collect(some);
      mergeLinkDays(into, collect(more));
      const flat = (days: LinkDays) =>
        [...days]
          .flatMap(([linkId, ofLink]) => [...ofLink].map(([day, it]) => [linkId * 1e6 + day, sorted(it)] as const))
          .sort((a, b) => a[0] - b[0]);
      assert.equal(flat(into), flat(collect([...some, ...more])));
    }),
    { seed, numRuns: 100 },
  );
});

linkDay('capFacet lists the largest, conserves the sum, and does not depend on the order of counting', () => {
  const counts = fc.uniqueArray(fc.tuple(fc.oneof(fc.constant(OTHER), fc.string({ maxLength: 3 })), fc.nat({ max: 5 })), {
    selector: ([key]) => key,
    maxLength: 20,
  });
  fc.assert(
    fc.property(counts, fc.nat({ max: 12 }), (entries, cap) => {
      const list = capFacet(new Map(entries), cap);
      assert.is(sum(list.map(([, clicks]) => clicks)), sum(entries.map(([, clicks]) => clicks)));
      assert.equal(capFacet(new Map(entries.toReversed()), cap), list);
      const keys = list.map(([key]) => key);
      assert.is(new Set(keys).size, keys.length);
      const listed = list.filter(([key]) => key !== OTHER);
      assert.ok(listed.length <= cap);
      for (let i = 1; i < listed.length; i++) assert.ok(listed[i - 1][1] >= listed[i][1]);
      const smallest = listed.at(-1)?.[1] ?? 0;
      for (const [key, clicks] of entries)
        if (key !== OTHER && listed.length === cap && clicks > smallest && cap > 0) assert.ok(keys.includes(key));
    }),
    { seed, numRuns: 1000 },
  );
});

linkDay('capFacet puts the rest last, under other, ties by key', () => {
  const counts = new Map([
    ['b', 2],
    [OTHER, 5],
    ['a', 2],
    ['c', 9],
    ['d', 1],
  ]);
  assert.equal(capFacet(counts, 2), [
    ['c', 9],
    ['a', 2],
    [OTHER, 8],
  ]);
  assert.equal(capFacet(new Map([['a', 1]]), 2), [['a', 1]]);
  assert.equal(capFacet(new Map(), 2), []);
});

linkDay('counting', () => {
  const it = emptyLinkDay();
  addQuarter(it, 5, 1, 1, 0);
  addQuarter(it, 5, 1, 0, 2);
  addFacet(it, 'os', 'Linux', 2);
  addFacet(it, 'os', 'Linux', 3);
  assert.equal(it.quarters.get(5), { clicks: 2, uniques: 1, bots: 2 });
  assert.is(it.facets.os.get('Linux'), 5);
});

linkDay('a whole day has all counts in one quarter, and the same lists', () => {
  const it = emptyLinkDay();
  assert.equal(wholeLinkDay(it, 7), it);
  addQuarter(it, 5, 3, 2, 0);
  addQuarter(it, 90, 4, 0, 2);
  addFacet(it, 'os', 'Linux', 7);
  const whole = wholeLinkDay(it, 48);
  assert.equal([...whole.quarters], [[48, { clicks: 7, uniques: 2, bots: 2 }]]);
  assert.equal(whole.facets, it.facets);
  assert.is(it.quarters.size, 2, 'what it was made of is left as it is');
});

linkDay.run();
