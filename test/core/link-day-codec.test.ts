import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BROWSERS, DEVICES, OPERATING_SYSTEMS } from '../../src/core/agent.ts';
import { codeToLetters } from '../../src/core/click.ts';
import { countryKey } from '../../src/core/facets.ts';
import { addFacet, addQuarter, emptyLinkDay, FACET_CAPS, FACETS, type LinkDay, OTHER } from '../../src/core/link-day.ts';
import { decodeLinkDay, decodeQuarters, encodeLinkDay, linkDayToJson } from '../../src/core/link-day-codec.ts';
import { linkDayArbitrary, sorted, typicalLinkDay } from '../support/link-days.ts';
import { randomFrom, seed } from '../support/seed.ts';

const codec = suite('link-day-codec');

/** FNV-1a as the format's description has it, so that a test can damage what the checksum guards. */
function sealed(bytes: Uint8Array): Uint8Array {
  let hash = 0x811c9dc5;
  for (const byte of bytes.subarray(5)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(1, hash, true);
  return bytes;
}

function reversed({ quarters, facets }: LinkDay): LinkDay {
  const it = emptyLinkDay();
  for (const [quarter, counts] of [...quarters].reverse()) it.quarters.set(quarter, { ...counts });
  for (const facet of FACETS) for (const [key, clicks] of [...facets[facet]].reverse()) it.facets[facet].set(key, clicks);
  return it;
}

codec('what is written is read again', () => {
  fc.assert(
    fc.property(linkDayArbitrary, (it) => {
      // capFacet leaves out an `other` of 0
      for (const facet of FACETS) if (it.facets[facet].get(OTHER) === 0) it.facets[facet].delete(OTHER);
      assert.equal(sorted(decodeLinkDay(encodeLinkDay(it))), sorted(it));
    }),
    { seed, numRuns: 1000 },
  );
});

codec('the same counts give the same bytes', () => {
  fc.assert(
    fc.property(linkDayArbitrary, (it) => {
      const bytes = encodeLinkDay(it);
      assert.equal(encodeLinkDay(reversed(it)), bytes);
      assert.equal(encodeLinkDay(decodeLinkDay(bytes)), bytes);
    }),
    { seed, numRuns: 300 },
  );
});

codec('the bytes stay as they are: documents of this version lie in databases', () => {
  const it = emptyLinkDay();
  addQuarter(it, 1_980_000, 300, 7, 1);
  addQuarter(it, 1_980_002, 1, 0, 0);
  addFacet(it, 'countries', 'RU', 2);
  addFacet(it, 'devices', 'phone', 1);
  addFacet(it, 'os', 'iPad', 1);
  addFacet(it, 'browsers', 'Safari', 1);
  addFacet(it, 'referrers', 't.me', 2);
  addFacet(it, 'referrers', 'direct', 1);
  addFacet(it, 'languages', 'ru', 1);
  const bytes = '01a170b04b2d00000002c0d9f101ac0207010201000001fc030201020101050101030102000402010101fc0301742e6d65';
  assert.is(Buffer.from(encodeLinkDay(it)).toString('hex'), bytes);
  assert.equal(sorted(decodeLinkDay(Buffer.from(bytes, 'hex'))), sorted(it));
});

codec('every word of the closed lists takes no text, and any other key keeps its letters', () => {
  const it = emptyLinkDay();
  for (const word of DEVICES) addFacet(it, 'devices', word, 1);
  for (const word of OPERATING_SYSTEMS) addFacet(it, 'os', word, 1);
  for (const word of BROWSERS) addFacet(it, 'browsers', word, 1);
  for (let code = 0; code < 100; code++) {
    if (!/^[a-z]{2}$/.test(codeToLetters(code))) continue;
    addFacet(it, 'countries', countryKey(code), 1);
    addFacet(it, 'languages', codeToLetters(code), 1);
  }
  const bytes = encodeLinkDay(it);
  assert.is(new DataView(bytes.buffer).getUint32(5, true), bytes.length);
  addFacet(it, 'countries', 'ru', 1);
  addFacet(it, 'languages', 'RU', 1);
  addFacet(it, 'devices', 'Phone', 1);
  addFacet(it, 'countries', '\ufeff', 99); // first of the text, where a decoder may take it for a byte order mark
  assert.equal(sorted(decodeLinkDay(encodeLinkDay(it))), sorted(it));
});

codec('a facet over its cap keeps the largest keys and the exact sum', () => {
  const it = emptyLinkDay();
  const cap = FACET_CAPS.referrers;
  for (let i = 0; i < cap * 3; i++) addFacet(it, 'referrers', `host-${i}.example`, i + 1);
  const read = decodeLinkDay(encodeLinkDay(it)).facets.referrers;
  assert.is(read.size, cap + 1);
  assert.is(read.get(`host-${cap * 3 - 1}.example`), cap * 3);
  assert.is(
    [...read.values()].reduce((a, b) => a + b),
    (cap * 3 * (cap * 3 + 1)) / 2,
  );
});

codec('quarters alone, of the same bytes; damaged ones are refused', () => {
  fc.assert(
    fc.property(linkDayArbitrary, (linkDay) => {
      assert.equal(decodeQuarters(encodeLinkDay(linkDay)), decodeLinkDay(encodeLinkDay(linkDay)).quarters);
    }),
    { numRuns: 100 },
  );
  const bytes = encodeLinkDay(typicalLinkDay());
  bytes[20] ^= 1;
  assert.throws(() => decodeQuarters(bytes), /damaged/);
});

codec('all countries there can be are kept apart', () => {
  const it = emptyLinkDay();
  for (let first = 65; first <= 90; first++) {
    for (let second = 65; second <= 90; second++) addFacet(it, 'countries', String.fromCharCode(first, second), first * second);
  }
  addFacet(it, 'countries', 'unknown', 1);
  assert.equal(sorted(decodeLinkDay(encodeLinkDay(it))), sorted(it));
});

codec('numbers up to 2^53 − 1, quarters before 1970; nothing else is written', () => {
  const it = emptyLinkDay();
  addQuarter(it, -5, Number.MAX_SAFE_INTEGER, 2 ** 32, 2 ** 31);
  addQuarter(it, 127, 128, 16_383, 16_384);
  assert.equal(sorted(decodeLinkDay(encodeLinkDay(it))), sorted(it));
  for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
    const fault = emptyLinkDay();
    addQuarter(fault, 1, wrong, 0, 0);
    assert.throws(() => encodeLinkDay(fault), RangeError);
  }
});

codec('a document is its own memory, also behind one that was larger', () => {
  const first = encodeLinkDay(typicalLinkDay());
  const copy = first.slice();
  encodeLinkDay(emptyLinkDay());
  const large = emptyLinkDay();
  for (let i = 0; i < 20_000; i++) addQuarter(large, i * 2, i, i, i);
  assert.equal(sorted(decodeLinkDay(encodeLinkDay(large))), sorted(large));
  assert.equal(first, copy);
});

codec('read from the middle of other bytes', () => {
  const bytes = encodeLinkDay(typicalLinkDay());
  const around = new Uint8Array(bytes.length + 20).fill(0xaa);
  around.set(bytes, 7);
  assert.equal(sorted(decodeLinkDay(around.subarray(7, 7 + bytes.length))), sorted(typicalLinkDay()));
});

codec('every damaged bit, every cut and everything behind the end is found', () => {
  const bytes = encodeLinkDay(typicalLinkDay());
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assert.throws(() => decodeLinkDay(damaged), /damaged link-day document/, `bit ${bit}`);
  }
  for (let length = 0; length < bytes.length; length++) assert.throws(() => decodeLinkDay(bytes.slice(0, length)), /damaged/);
  assert.throws(() => decodeLinkDay(Uint8Array.of(...bytes, 0)), /damaged/);
});

codec('damage under a right checksum, too, is refused or read in no time, never more', () => {
  const random = randomFrom(seed);
  const bytes = encodeLinkDay(typicalLinkDay());
  const slow: number[] = [];
  let refused = 0;
  const msToRead = (damaged: Uint8Array): number => {
    const began = performance.now();
    try {
      decodeLinkDay(sealed(damaged));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      refused++;
    }
    return performance.now() - began;
  };
  for (let i = 0; i < 30_000; i++) {
    const damaged = bytes.slice(0, 9 + Math.floor(random() * (bytes.length - 8)));
    for (let n = 1 + random() * 4; n > 0; n--) damaged[5 + Math.floor(random() * (damaged.length - 5))] = random() * 256;
    // Again, because a machine that is busy makes any of them slow once.
    if (msToRead(damaged) > 100 && msToRead(damaged) > 100) slow.push(i);
  }
  assert.ok(refused > 15_000, `${refused} refused`);
  assert.equal(slow, []);
});

codec('random bytes are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.throws(() => decodeLinkDay(bytes));
      bytes[0] = 1;
      if (bytes.length < 9) return;
      try {
        decodeLinkDay(sealed(bytes)); // may mean something by chance
      } catch (error) {
        assert.instance(error, Error);
      }
    }),
    { seed, numRuns: 5000 },
  );
});

codec('each fault has its reason', () => {
  const document = (...numbers: number[]) => sealed(Uint8Array.of(1, 0, 0, 0, 0, 9 + numbers.length, 0, 0, 0, ...numbers));
  assert.equal(sorted(decodeLinkDay(document(0, 0, 0, 0, 0, 0, 0))), sorted(emptyLinkDay()));
  const faults: [bytes: Uint8Array, reason: RegExp][] = [
    [Uint8Array.of(1, 2, 3), /ends too early/],
    [Uint8Array.of(2, 0, 0, 0, 0, 9, 0, 0, 0), /version is 2/],
    [Uint8Array.of(1, 0, 0, 0, 0, 9, 0, 0, 0), /checksum/],
    [sealed(Uint8Array.of(1, 0, 0, 0, 0, 10, 0, 0, 0)), /text is missing/],
    [document(), /ends too early/],
    [document(0xff, 0xff, 0xff, 0xff, 0x7f), /ends too early/],
    [document(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), /too long/],
    [document(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), /too large/],
    [document(2, 8, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0), /quarter stands twice/],
    [document(0, 0, 2, 2, 1, 2, 1, 0, 0, 0, 0), /key stands twice/],
    [document(0, 0, 1, 99, 1, 0, 0, 0, 0), /in no list/],
    [document(0, 1, 28, 1, 0, 0, 0, 0, 0), /in no list/], // a code with a zero digit, which no letters have
    [document(0, 1, 0, 5, 1, 0, 0, 0, 0, 0), /in no list/], // five letters of a text that is empty
    [document(0, 0, 0, 0, 0, 0, 0, 0), /left over/],
  ];
  for (const [bytes, reason] of faults) assert.throws(() => decodeLinkDay(bytes), reason);
  const invalidText = sealed(Uint8Array.of(1, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff));
  assert.throws(() => decodeLinkDay(invalidText), TypeError);
});

codec('a typical document is small, and as JSON readable', () => {
  const it = typicalLinkDay();
  assert.ok(encodeLinkDay(it).length <= 300, `${encodeLinkDay(it).length} bytes`);
  const json = linkDayToJson(it);
  assert.equal(json.quarters[1], { start: '2026-06-21T00:45:00.000Z', clicks: 23, uniques: 11, bots: 1 });
  assert.equal(json.devices, { phone: 300, pc: 270, tablet: 240 });
  assert.equal(Object.keys(json), ['quarters', ...FACETS]);
});

codec.run();
