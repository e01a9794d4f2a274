import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LANGUAGE_MAX_BYTES, type LoggedClick, REFERRER_MAX_BYTES, USER_AGENT_MAX_BYTES } from '../../src/core/click.ts';
import { allocateBytes } from '../../src/storage/click-log/bytes.ts';
import { HeaderTextTable } from '../../src/storage/click-log/header-texts.ts';
import { decodeRecord, encodeRecord, recordSize } from '../../src/storage/click-log/record.ts';
import { RECORD_MAX_BYTES, RECORD_MIN_BYTES } from '../../src/storage/click-log/spec.ts';
import { seed } from '../support/seed.ts';
import { address } from './click-log-rig.ts';

const test = suite('click log record');

const bytes = allocateBytes(RECORD_MAX_BYTES);
/** One for all tests: what it remembers of one record must not show in another. */
const texts = new HeaderTextTable();

type Given = [at: number, linkId: number, zoneOffset: number, address: ArrayBuffer, userAgent: string, referrer: string, language: string];

function roundTrip(...given: Given): LoggedClick & { size: number } {
  const click: LoggedClick = { at: 0, linkId: 0, zoneOffset: 0, address: new Uint8Array(16), userAgent: '', referrer: '', language: '' };
  const size = encodeRecord(bytes, ...given);
  assert.is(recordSize(bytes.view, 0, size), size);
  decodeRecord(bytes, 0, size, texts, click);
  return { ...click, size };
}

/** What is kept of a text, character by character. */
function kept(text: string, maxBytes: number): string {
  let result = '';
  let size = 0;
  for (const character of text.replaceAll('\0', '').toWellFormed()) {
    size += Buffer.byteLength(character);
    if (size > maxBytes) break;
    result += character;
  }
  return result;
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 700 }),
  fc.string({ unit: 'grapheme', maxLength: 700 }),
  // Any code units: lone surrogates and NUL among them.
  fc
    .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0xd83e, 0xdd8a, 0xe9, 0x41)), { maxLength: 700 })
    .map((units) => String.fromCharCode(...units)),
  fc.tuple(fc.integer({ min: 500, max: 515 }), fc.constantFrom('é', '€', '🦊', '\ud83e')).map(([n, last]) => `${'a'.repeat(n) + last}b`),
);
const addresses = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }));

test('reads back what was written, cropped and cleaned', async () => {
  await fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 8.64e15 }),
      fc.maxSafeNat(),
      fc.integer({ min: -128, max: 127 }),
      addresses,
      text,
      text,
      text,
      (at, linkId, zoneOffset, from, userAgent, referrer, language) => {
        const click = roundTrip(at, linkId, zoneOffset, from.slice().buffer, userAgent, referrer, language);
        assert.is(click.at, at);
        assert.is(click.linkId, linkId);
        assert.is(click.zoneOffset, zoneOffset);
        const mapped = from.length === 16 ? from : [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...from];
        assert.equal([...click.address], [...mapped]);
        assert.is(click.userAgent, kept(userAgent, USER_AGENT_MAX_BYTES));
        assert.is(click.referrer, kept(referrer, REFERRER_MAX_BYTES));
        assert.is(click.language, kept(language, LANGUAGE_MAX_BYTES));
      },
    ),
    { seed, numRuns: 3000 },
  );
});

test('does the same when V8 has optimised it', () => {
  // Node 22.7 wrote Latin-1 instead of UTF-8 after some thousand calls (nodejs/node#54521).
  const latin = Buffer.from('caf\xe9 cr\xe8me', 'latin1').toString('latin1');
  for (let i = 0; i < 50_000; i++) {
    const click = roundTrip(i, i, 0, address(1, 2, 3, 4), latin, 'https://example.com/', 'fr');
    if (click.userAgent !== latin || click.language !== 'fr') assert.unreachable(`after ${i} calls`);
  }
});

test('takes naughty input', () => {
  const ua = (userAgent: string) => roundTrip(0, 1, 0, address(1, 2, 3, 4), userAgent, '', '').userAgent;
  assert.is(ua('a\0b\0'), 'ab');
  assert.is(ua('\0'.repeat(9)), '');
  assert.is(ua(`${'\0'.repeat(600)}behind`), 'behind');
  assert.is(ua('x\ud800y\udc00'), 'x\ufffdy\ufffd');
  assert.is(ua('one\r\nX-Two: 2'), 'one\r\nX-Two: 2');
  assert.is(ua('z'.repeat(10_240)), 'z'.repeat(USER_AGENT_MAX_BYTES));
  assert.is(ua('🦊'.repeat(1000)), '🦊'.repeat(USER_AGENT_MAX_BYTES / 4));
  assert.is(ua(`a${'🦊'.repeat(1000)}`), `a${'🦊'.repeat(USER_AGENT_MAX_BYTES / 4 - 1)}`);
  assert.is(ua('\ufeffbom'), '\ufeffbom');
});

test('writes an address it does not know as zeros', () => {
  for (const length of [0, 3, 5, 15, 17]) {
    const click = roundTrip(0, 1, 0, new Uint8Array(length).fill(7).buffer, '', '', '');
    assert.equal([...click.address], new Array(16).fill(0), `${length} bytes`);
  }
});

test('has the sizes that the specification names', () => {
  assert.is(roundTrip(0, 1, 0, address(1, 2, 3, 4), '', '', '').size, RECORD_MIN_BYTES);
  const long = 'l'.repeat(9999);
  assert.is(roundTrip(0, 1, 0, address(1, 2, 3, 4), long, long, long).size, RECORD_MAX_BYTES);
});

test('holds no zero byte in its text, so that no header can hold a record', () => {
  const inner = encodeRecord(bytes, 5, 6, 7, address(1, 2, 3, 4), 'forged', '', '');
  const forged = bytes.buffer.toString('latin1', 0, inner);
  const { size } = roundTrip(0, 1, 0, address(1, 2, 3, 4), forged, forged, forged);
  assert.not(bytes.buffer.subarray(RECORD_MIN_BYTES, size).includes(0));
  for (let offset = 1; offset < size; offset++) assert.is(recordSize(bytes.view, offset, size), 0);
});

test('is refused after any change of any bit, and when a byte is missing', () => {
  const { size } = roundTrip(1_750_000_000_000, 2 ** 50, -48, address(1, 2, 3, 4), 'Агент', 'https://example.com/', 'en');
  for (let bit = 0; bit < size * 8; bit++) {
    bytes.buffer[bit >> 3] ^= 1 << (bit & 7);
    assert.is(recordSize(bytes.view, 0, RECORD_MAX_BYTES), 0, `bit ${bit}`);
    bytes.buffer[bit >> 3] ^= 1 << (bit & 7);
  }
  assert.is(recordSize(bytes.view, 0, size), size);
  for (let end = 0; end < size; end++) assert.is(recordSize(bytes.view, 0, end), 0);
});

test('texts that share their bytes or their place in the table are told apart', () => {
  const address = new ArrayBuffer(4);
  // Few texts, cut at every place: the same bytes as other headers. And more of them than the table has places.
  for (let n = 0; n < 3; n++) {
    for (let cut = 0; cut <= 12; cut++) {
      const [userAgent, referrer] = ['abcdefghijkl'.slice(0, cut), 'abcdefghijkl'.slice(cut)];
      const click = roundTrip(1, 2, 3, address, userAgent, referrer, 'ru');
      assert.equal([click.userAgent, click.referrer, click.language], [userAgent, referrer, 'ru']);
    }
    for (let i = 0; i < 10_000; i++) {
      const click = roundTrip(1, 2, 3, address, `agent ${i}`, `https://example.com/${i % 7}`, `l${i % 3}`);
      assert.equal([click.userAgent, click.referrer, click.language], [`agent ${i}`, `https://example.com/${i % 7}`, `l${i % 3}`]);
    }
  }
});

test.run();
