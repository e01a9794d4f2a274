import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HI, LO, sipHash24, sipHashKey } from '../../src/actors/enrich/siphash.ts';
import { randomFrom, seed } from '../support/seed.ts';

const siphash = suite('enrich: siphash');
const random = randomFrom(seed);

/** The bytes as `sipHash24` wants them. */
function padded(bytes: Uint8Array): Int32Array {
  const room = new Uint8Array(((bytes.length >> 3) + 1) * 8);
  room.set(bytes);
  return new Int32Array(room.buffer);
}

function hash(key: Uint8Array, bytes: Uint8Array): bigint {
  const out = new Int32Array(2);
  sipHash24(sipHashKey(key), padded(bytes), bytes.length, out);
  return (BigInt(out[HI] >>> 0) << 32n) | BigInt(out[LO] >>> 0);
}

/** The paper's section 2.1, word by word, in whole 64-bit words. */
function plainSipHash(key: Uint8Array, bytes: Uint8Array): bigint {
  const mask = (1n << 64n) - 1n;
  const word = (from: Uint8Array, at: number) => new DataView(from.buffer, from.byteOffset).getBigUint64(at, true);
  const rotl = (it: bigint, by: bigint) => ((it << by) | (it >> (64n - by))) & mask;
  const [k0, k1] = [word(key, 0), word(key, 8)];
  let [v0, v1, v2, v3] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const round = () => {
    v0 = (v0 + v1) & mask;
    v2 = (v2 + v3) & mask;
    v1 = rotl(v1, 13n) ^ v0;
    v3 = rotl(v3, 16n) ^ v2;
    v0 = rotl(v0, 32n);
    v2 = (v2 + v1) & mask;
    v0 = (v0 + v3) & mask;
    v1 = rotl(v1, 17n) ^ v2;
    v3 = rotl(v3, 21n) ^ v0;
    v2 = rotl(v2, 32n);
  };
  const room = new Uint8Array(((bytes.length >> 3) + 1) * 8);
  room.set(bytes);
  room[room.length - 1] = bytes.length & 0xff;
  for (let at = 0; at < room.length; at += 8) {
    const m = word(room, at);
    v3 ^= m;
    round();
    round();
    v0 ^= m;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const counting = (length: number) => Uint8Array.from({ length }, (_, i) => i);

siphash("the paper's example (appendix A), and others of the authors' test vectors", () => {
  assert.is(hash(KEY, counting(15)), 0xa129ca6149be45e5n);
  assert.is(hash(KEY, counting(0)), 0x726fdb47dd0e0e31n);
  assert.is(hash(KEY, counting(1)), 0x74f839c593dc67fdn);
  assert.is(hash(KEY, counting(7)), 0xab0200f58b01d137n);
  assert.is(hash(KEY, counting(8)), 0x93f5f5799a932462n);
  assert.is(hash(KEY, counting(16)), 0x3f2acc7f57c29bdbn);
  assert.is(hash(KEY, counting(32)), 0x7127512f72f27ccen);
  assert.is(hash(KEY, counting(63)), 0x958a324ceb064572n);
});

siphash('agrees with the definition in 64-bit words, random keys, all lengths', () => {
  for (let length = 0; length < 300; length++) {
    const key = Uint8Array.from({ length: 16 }, () => random() * 256);
    const bytes = Uint8Array.from({ length }, () => random() * 256);
    assert.is(hash(key, bytes), plainSipHash(key, bytes), `length ${length}`);
  }
  const ones = new Uint8Array(40).fill(0xff);
  assert.is(hash(ones.subarray(0, 16), ones), plainSipHash(ones.subarray(0, 16), ones));
});

siphash('a key has 16 bytes', () => {
  for (const length of [0, 8, 15, 17, 32]) assert.throws(() => sipHashKey(new Uint8Array(length)), RangeError);
  assert.equal(sipHashKey(Uint8Array.of(9, ...KEY).subarray(1)), sipHashKey(KEY));
});

siphash.run();
