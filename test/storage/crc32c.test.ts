import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32c } from '../../src/storage/click-log/crc32c.ts';

const test = suite('crc32c');

const checksum = (bytes: Uint8Array, before?: number) =>
  crc32c(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length, before);

test('gives the published values', () => {
  assert.is(checksum(Buffer.from('')), 0);
  assert.is(checksum(Buffer.from('123456789')), 0xe3069283);
  // RFC 3720, appendix B.4
  assert.is(checksum(new Uint8Array(32)), 0x8a9136aa);
  assert.is(checksum(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.is(checksum(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.is(checksum(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
  const readCommand = '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' + '0200000000000000';
  assert.is(checksum(Buffer.from(readCommand, 'hex')), 0xd9963a56);
});

test('goes on from what was summed before, wherever it is cut', () => {
  const bytes = Uint8Array.from({ length: 67 }, (_, i) => (i * 197) & 0xff);
  const whole = checksum(bytes);
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.is(checksum(bytes.subarray(cut), checksum(bytes.subarray(0, cut))), whole, `cut at ${cut}`);
  }
});

test('sums only the range it is given', () => {
  const bytes = Buffer.from('xx123456789yy');
  assert.is(crc32c(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 2, 11), 0xe3069283);
});

test.run();
