/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4), eight bytes a step ("slicing by 8", Kounavis and Berry 2005).
 *
 * Measured for 190 bytes on one core: byte by byte 382 ns, by 4 142 ns, by 8 103 ns, by 16 106 ns; indexing bytes instead of
 * a DataView 130 ns; zlib.crc32 (another polynomial, needs a subarray for every call) 197 ns.
 */
const POLYNOMIAL = 0x82f63b78; // bit-reversed

/** TABLES[k][b]: what byte b does to the checksum when k bytes follow it. */
const TABLES = Array.from({ length: 8 }, () => new Int32Array(256));
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (const table of TABLES) {
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
}
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES;

/**
 * @param from first offset in `view`
 * @param to offset behind the last byte
 * @param before checksum of what comes in front of these bytes
 * @returns an unsigned 32-bit integer
 */
export function crc32c(view: DataView, from: number, to: number, before = 0): number {
  let crc = ~before;
  let i = from;
  for (; i + 8 <= to; i += 8) {
    const low = crc ^ view.getInt32(i, true);
    const high = view.getInt32(i + 4, true);
    crc =
      T7[low & 0xff] ^
      T6[(low >>> 8) & 0xff] ^
      T5[(low >>> 16) & 0xff] ^
      T4[low >>> 24] ^
      T3[high & 0xff] ^
      T2[(high >>> 8) & 0xff] ^
      T1[(high >>> 16) & 0xff] ^
      T0[high >>> 24];
  }
  for (; i < to; i++) crc = T0[(crc ^ view.getUint8(i)) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}
