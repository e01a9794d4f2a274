import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as row from '../../src/core/copy-row.ts';
import { DAY_MS, quarterOf } from '../../src/core/zone.ts';
import { clickRow } from '../support/click-rows.ts';
import { seed } from '../support/seed.ts';

const test = suite('copy-row');

const YEAR_2000 = Date.UTC(2000, 0, 1);
const FAR_PAST = Date.UTC(-200, 0, 1);
const FAR_FUTURE = Date.UTC(4200, 0, 1);

/** Reads the fields one after the other, as the format's description says, without knowing where they must lie. */
function fieldsOf(bytes: Uint8Array, start: number): { fields: Buffer[]; end: number } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields: Buffer[] = [];
  let at = start + 2;
  for (let n = buffer.readInt16BE(start); n > 0; n--) {
    const length = buffer.readInt32BE(at);
    fields.push(buffer.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { fields, end: at };
}

const int16 = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const rowArbitrary: fc.Arbitrary<row.ClickRow> = fc.record({
  linkId: fc.oneof(fc.nat(), fc.maxSafeNat()),
  at: fc.oneof(fc.integer({ min: FAR_PAST, max: FAR_FUTURE }), fc.constantFrom(0, -1, YEAR_2000, YEAR_2000 - 1, FAR_PAST, FAR_FUTURE)),
  day: fc.integer({ min: FAR_PAST / DAY_MS, max: FAR_FUTURE / DAY_MS }),
  visitorHi: int32,
  visitorLo: int32,
  country: int16,
  device: int16,
  os: int16,
  browser: int16,
  language: int16,
  bot: fc.boolean(),
  seen: fc.boolean(),
  referrer: fc.oneof(fc.domain(), fc.string({ maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constant('')),
});

test('property: what is written is read back, at any place', () => {
  fc.assert(
    fc.property(fc.array(rowArbitrary, { minLength: 1, maxLength: 8 }), fc.nat({ max: 50 }), (rows, first) => {
      const bytes = new Uint8Array(first + rows.length * 1000).fill(0xaa);
      const view = new DataView(bytes.buffer);
      let at = first;
      for (const it of rows) {
        const end = row.writeRow(bytes, view, at, it);
        row.setBatchId(view, at, it.linkId);
        const { fields, end: parsedEnd } = fieldsOf(bytes, at);
        assert.is(parsedEnd, end);
        assert.is(fields.length, row.CLICK_COLUMNS.split(', ').length);
        const [batchId, linkId, clickedAt, visitor, day, country, device, os, browser, language, bot, seen, referrer] = fields;
        assert.is(batchId.readBigInt64BE(), BigInt(it.linkId));
        assert.is(linkId.readBigInt64BE(), BigInt(it.linkId));
        assert.is(clickedAt.readBigInt64BE(), BigInt(it.at - YEAR_2000) * 1000n);
        assert.is(visitor.readBigInt64BE(), (BigInt(it.visitorHi) << 32n) | BigInt(it.visitorLo >>> 0));
        assert.is(day.readInt32BE(), it.day - YEAR_2000 / DAY_MS);
        assert.equal(
          [country, device, os, browser, language].map((field) => field.readInt16BE()),
          [it.country, it.device, it.os, it.browser, it.language],
        );
        assert.equal([bot[0], seen[0]], [Number(it.bot), Number(it.seen)]);
        assert.equal([bot.length, seen.length], [1, 1]);
        assert.is(referrer.toString(), Buffer.from(it.referrer).toString());
        // What readers with fixed offsets see.
        assert.is(row.quarterOfRow(view, at), quarterOf(it.at));
        assert.is(row.dayOfRow(view, at), it.day);
        assert.is(row.getInt64(view, at + row.LINK_ID), it.linkId);
        assert.is(view.getInt32(at + row.REFERRER_LENGTH), end - at - row.REFERRER);
        at = end;
      }
      assert.is(bytes[at], 0xaa, 'nothing is written behind the last row');
    }),
    { seed, numRuns: 500 },
  );
});

test('a host that begins in ASCII and goes on otherwise, and half a character', () => {
  const bytes = new Uint8Array(1000);
  const view = new DataView(bytes.buffer);
  for (const [text, written] of [
    ['xn.пример.рф', 'xn.пример.рф'],
    ['a\u007f\u0080b', 'a\u007f\u0080b'],
    ['lone \ud800 surrogate', 'lone \ufffd surrogate'],
  ]) {
    row.writeRow(bytes, view, 0, clickRow({ referrer: text }));
    assert.is(fieldsOf(bytes, 0).fields[12].toString(), written);
  }
});

test('64-bit numbers, negative ones too', () => {
  const view = new DataView(new ArrayBuffer(8));
  for (const value of [0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32), 2 ** 32 - 1, 2 ** 53 - 1, 1 - 2 ** 53]) {
    row.setInt64(view, 0, value);
    assert.is(view.getBigInt64(0), BigInt(value));
    assert.is(row.getInt64(view, 0), value);
  }
});

test.run();
