/**
 * The file of a backup. Numbers are little-endian.
 *
 *     file      "elnk backup\n"   u32 format version   frames, one behind the other, to the end of the file
 *     frame     offset  type
 *               0       u8        kind, see FRAME_KINDS
 *               1       u32       bytes of the payload
 *               5       u32       CRC-32 of the frame's number (u32), of its kind and length, then of the payload
 *               9                 payload
 *
 *     head      JSON: BackupHead. The first frame, and only there
 *     file      JSON: FileEntry; its bytes follow as data. Any number of them
 *     database  JSON: DatabaseEntry. Once
 *     table     JSON: TableEntry; its rows follow as data, in Postgres' binary COPY format. Any number of them
 *     data      the next piece of what was begun last, deflated without a header
 *     tail      JSON: BackupTail. The last frame: a file without it was cut off
 *
 * The number in the checksum means that a frame which is missing, doubled or out of its place is noticed, not only one that was changed.
 */
import { z } from 'zod';

export const MAGIC = Buffer.from('elnk backup\n', 'latin1');
export const FORMAT_VERSION = 1;
export const FILE_HEADER_BYTES = MAGIC.length + 4;

export const FRAME_KINDS = ['head', 'file', 'database', 'table', 'data', 'tail'] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];
/** Offsets in a frame. */
export const FRAME = { kind: 0, length: 1, crc: 5, payload: 9 } as const;
/** Bytes of a piece before it is deflated. */
export const PIECE_BYTES = 256 * 1024;
/** What was not deflated well grows a little; a longer frame is damage. */
export const PAYLOAD_MAX_BYTES = 2 * PIECE_BYTES;

const name = z.string().regex(/^(public|graphile_worker)\.[a-z_][a-z0-9_]*$/);
const position = z.int().min(0);

export const backupHead = z.strictObject({
  /** Of the elnk that made it. */
  version: z.string(),
  /** ISO 8601. */
  madeAt: z.string(),
});
export type BackupHead = z.infer<typeof backupHead>;

export const databaseEntry = z.strictObject({
  /** The last of our migrations, and the last of graphile-worker's. */
  schema: position,
  jobsSchema: position,
  partitions: z.array(
    z.strictObject({
      name,
      parent: name,
      bounds: z.string().regex(/^FOR VALUES (FROM \('\d+'\) TO \('\d+'\)|IN \('\d{4}-\d\d-\d\d'\))$/),
    }),
  ),
});
export type DatabaseEntry = z.infer<typeof databaseEntry>;

export const tableEntry = z.strictObject({ name, columns: z.array(z.string().regex(/^[a-z_][a-z0-9_]*$/)).min(1) });
export type TableEntry = z.infer<typeof tableEntry>;

/** Below the data folder. */
export const fileEntry = z.strictObject({
  path: z.string().regex(/^(node-id|secret-key|click-log\/f\d+-s\d+\/\d{20}\.log|quarantine\/f\d+-s\d+-\d+\.bin)$/),
});
export type FileEntry = z.infer<typeof fileEntry>;

export const backupTail = z.strictObject({
  sequences: z.array(z.strictObject({ name, last: z.int(), isCalled: z.boolean() })),
});
export type BackupTail = z.infer<typeof backupTail>;
