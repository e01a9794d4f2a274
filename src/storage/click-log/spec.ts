/**
 * The click log: an append-only queue on disk between one front thread (its writer) and one shard thread (its reader).
 *
 *     <dir>/f<front>-s<shard>/<start, 20 digits>.log        one folder a log, one file a segment
 *
 * A position counts bytes since the log began, file headers included; it never falls and never comes back, so a position
 * alone says what is stored. Position in the file = position − start of the segment. All numbers are little-endian.
 *
 *     segment   offset  type      what
 *               0       8 bytes   "elnk log"
 *               8       f64       start of this segment (a renamed file is noticed)
 *               16      u32       format version
 *               20      u32       CRC32C of bytes 0..20
 *               24                records, one behind the other
 *
 *     record    0       u32       length of the payload, the bytes from 8 on
 *               4       u32       CRC32C of the length field, then of the payload
 *               8       u8        format version
 *               9       u8        flags, none yet: 0
 *               10      i8        zone offset, quarter-hours
 *               11      u8        bytes of language
 *               12      u16       bytes of user agent
 *               14      u16       bytes of referrer
 *               16      f64       time, milliseconds since the epoch
 *               24      f64       link id, an integer below 2^53
 *               32      16 bytes  address; IPv4 as ::ffff:a.b.c.d, 0 when unknown
 *               48                user agent, referrer, language: valid UTF-8 without NUL, cropped between characters
 *
 * What holds:
 *  1. Each file has one writer in its life: a writer begins a new segment and leaves older ones alone, whatever their end looks like.
 *  2. A click is acknowledged when its whole record was taken by one pwrite(2). One that was not is overwritten by the next
 *     click at the same position, so acknowledged records stand gapless from the header on.
 *  3. A segment ends where the next one begins, or at the end of its file if that comes first; positions in between do not exist.
 *     Bytes of the file beyond the next one's start were never acknowledged.
 *  4. A segment with a successor does not change any more. The newest one may end in a record that is being written.
 *  5. A record is believed only if lengths, versions and CRC fit. Text holds no zero byte, each length field holds two: nobody can plant
 *     a record inside a header for the search behind a damaged stretch to find.
 *  6. Only the reader deletes, whole segments, never the newest.
 */
import { LANGUAGE_MAX_BYTES, REFERRER_MAX_BYTES, USER_AGENT_MAX_BYTES } from '../../core/click.ts';

/** A segment that has reached this size is followed by a new one. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;

export const FORMAT_VERSION = 1;
export const HEADER_MAGIC = Buffer.from('elnk log', 'latin1');
/** Offsets in the header of a segment. */
export const HEADER = { start: 8, version: 16, crc: 20 } as const;
export const HEADER_BYTES = 24;

/** Offsets in a record. */
export const RECORD = {
  length: 0,
  crc: 4,
  payload: 8,
  version: 8,
  flags: 9,
  zoneOffset: 10,
  languageBytes: 11,
  userAgentBytes: 12,
  referrerBytes: 14,
  at: 16,
  linkId: 24,
  address: 32,
  text: 48,
} as const;
export const ADDRESS_BYTES = 16;
export const RECORD_MIN_BYTES = RECORD.text;
export const RECORD_MAX_BYTES = RECORD.text + USER_AGENT_MAX_BYTES + REFERRER_MAX_BYTES + LANGUAGE_MAX_BYTES;
