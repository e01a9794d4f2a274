import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recentVisitors } from '../../src/actors/enrich/recent-visitors.ts';
import { HI, LO } from '../../src/actors/enrich/siphash.ts';
import { visitorHasher } from '../../src/actors/enrich/visitor.ts';
import { randomFrom, seed } from '../support/seed.ts';

const visitor = suite('enrich: visitor');
const random = randomFrom(seed);
const randomInt = () => (random() * 2 ** 32) | 0;

const SALT = Uint8Array.from({ length: 16 }, (_, i) => i * 7);
const ADDRESS = Uint8Array.from({ length: 16 }, (_, i) => i + 100);

type Input = { salt: Uint8Array; linkId: number; address: Uint8Array; lo: number; hi: number };
const BASE: Input = { salt: SALT, linkId: 5, address: ADDRESS, lo: 1, hi: -2 };

function numberOf(change: Partial<Input>): string {
  const { salt, linkId, address, lo, hi } = { ...BASE, ...change };
  const out = new Int32Array(2);
  visitorHasher(salt)(linkId, address, lo, hi, out);
  return `${out[HI]}:${out[LO]}`;
}

const changed = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 0x80 : byte));

visitor('the number changes with anything of day, link, address and user agent', () => {
  const numbers = new Set([numberOf({})]);
  const changes: Partial<Input>[] = [
    { linkId: 6 },
    { linkId: 5 + 2 ** 32 },
    { linkId: 5 + 2 ** 31 },
    { linkId: 2 ** 53 - 1 },
    { lo: 2 },
    { hi: 2 },
    { lo: -2, hi: 1 },
  ];
  for (let at = 0; at < 16; at++) changes.push({ salt: changed(SALT, at) }, { address: changed(ADDRESS, at) });
  for (const change of changes) numbers.add(numberOf(change));
  assert.is(numbers.size, changes.length + 1);
});

visitor('the same visitor has the same number, in any thread and wherever the bytes lie', () => {
  const around = Uint8Array.of(1, 2, 3, ...ADDRESS, 4);
  assert.is(numberOf({ address: around.subarray(3, 19), salt: Uint8Array.of(0, ...SALT).subarray(1) }), numberOf({}));
  const hasher = visitorHasher(SALT);
  const out = new Int32Array(2);
  hasher(9, new Uint8Array(16), 3, 4, out);
  hasher(BASE.linkId, BASE.address, BASE.lo, BASE.hi, out);
  assert.is(`${out[HI]}:${out[LO]}`, numberOf({}));
});

visitor('a salt of the wrong length is refused', () => {
  assert.throws(() => visitorHasher(new Uint8Array(15)), RangeError);
});

visitor('numbers of neighbouring addresses are spread evenly', () => {
  const hasher = visitorHasher(SALT);
  const out = new Int32Array(2);
  const ones = new Array<number>(64).fill(0);
  const address = new Uint8Array(16);
  const visitors = 20_000;
  for (let i = 0; i < visitors; i++) {
    new DataView(address.buffer).setUint32(12, i);
    hasher(1, address, 0, 0, out);
    for (let bit = 0; bit < 64; bit++) ones[bit] += (out[bit >> 5] >>> (bit & 31)) & 1;
  }
  // A fair bit strays from one half by more than 6 σ once in 10^9 times.
  for (const [bit, count] of ones.entries())
    assert.ok(Math.abs(count - visitors / 2) < 6 * Math.sqrt(visitors / 4), `bit ${bit}: ${count}`);
});

visitor('recent visitors: never takes a new visitor for one seen before', () => {
  const seenBefore = recentVisitors(1 << 14);
  const seen = new Set<number>();
  let repeats = 0;
  for (let i = 0; i < 5_000_000; i++) {
    // Drawn from 2^25 pairs that differ in few bits, so that visitors do come again and places are fought for.
    const drawn = (random() * 2 ** 25) >>> 0;
    const hi = (drawn >>> 13) << 20;
    const lo = drawn & 0x1fff;
    if (seenBefore(hi, lo)) {
      repeats++;
      assert.ok(seen.has(drawn), `${hi}, ${lo}`);
    }
    seen.add(drawn);
  }
  assert.ok(repeats > 1000, `${repeats} repeats`);
});

visitor('recent visitors: random numbers, none twice', () => {
  const seenBefore = recentVisitors(1 << 12);
  for (let i = 0; i < 1_000_000; i++) assert.is(seenBefore(i, randomInt()), false);
});

visitor('recent visitors: remembers nearly all when there is room, and whoever keeps coming', () => {
  const capacity = 1 << 14;
  const seenBefore = recentVisitors(capacity);
  const visitors = Array.from({ length: capacity / 2 }, () => [randomInt(), randomInt()]);
  for (const [hi, lo] of visitors) assert.is(seenBefore(hi, lo), false);
  const known = visitors.filter(([hi, lo]) => seenBefore(hi, lo)).length;
  assert.ok(known > visitors.length * 0.9, `${known} of ${visitors.length}`);

  const [hi, lo] = visitors[0];
  seenBefore(hi, lo);
  for (let i = 0; i < capacity * 20; i++) {
    seenBefore(randomInt(), randomInt());
    if (i % 1000 === 0) assert.ok(seenBefore(hi, lo), `after ${i} others`);
  }
});

visitor('recent visitors: the number that looks like an empty place is never known', () => {
  const seenBefore = recentVisitors(8);
  assert.is(seenBefore(0, 0), false);
  assert.is(seenBefore(0, 0), false);
  assert.is(seenBefore(0, 8), false);
  assert.is(seenBefore(0, 8), true);
  assert.is(seenBefore(8, 0), false);
});

visitor('recent visitors: a set forgets the one that came longest ago', () => {
  const seenBefore = recentVisitors(8);
  for (let i = 1; i <= 8; i++) assert.is(seenBefore(i, 0), false);
  assert.is(seenBefore(1, 0), true);
  assert.is(seenBefore(9, 0), false); // takes the place of 2
  assert.is(seenBefore(1, 0), true);
  for (let i = 3; i <= 9; i++) assert.is(seenBefore(i, 0), true, `${i}`);
  assert.is(seenBefore(2, 0), false);
});

visitor('recent visitors: the capacity is a power of two', () => {
  for (const capacity of [0, 1, 4, 7, 12, 1000, 2.5, -8, Number.NaN]) assert.throws(() => recentVisitors(capacity), RangeError);
});

visitor.run();
