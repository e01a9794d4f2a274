/** Writes the file of a backup (layout in spec.ts). It gets its name when it is whole and on the disk. */
import { existsSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { syncFolder } from '../private-file.ts';
import {
  type BackupHead,
  type BackupTail,
  type DatabaseEntry,
  FILE_HEADER_BYTES,
  type FileEntry,
  FORMAT_VERSION,
  FRAME,
  FRAME_KINDS,
  type FrameKind,
  MAGIC,
  PIECE_BYTES,
  type TableEntry,
} from './spec.ts';

/** The file holds everything that the data folder does. */
const OWNER_ONLY = 0o600;
/** Rows of figures and the zeros of what is left out shrink to a fraction even so. */
const DEFLATE = { level: 1 };

export type BackupWriter = {
  head(head: BackupHead): Promise<void>;
  database(entry: DatabaseEntry): Promise<void>;
  table(entry: TableEntry, rows: AsyncIterable<Buffer>): Promise<void>;
  file(entry: FileEntry, content: AsyncIterable<Buffer>): Promise<void>;
  /** Nothing comes behind it. @returns bytes of the whole file */
  tail(tail: BackupTail): Promise<number>;
};

/**
 * @param write writes everything, `tail` last
 * @throws an Error for people when the file is there, or cannot be written; nothing is left of it then
 */
export async function writeBackup(path: string, write: (writer: BackupWriter) => Promise<void>): Promise<void> {
  const whole = resolve(path);
  if (existsSync(whole)) throw new Error(`${path} is there already: give the backup another name`);
  const draft = `${whole}.part`;
  rmSync(draft, { force: true });
  const file = await open(draft, 'wx', OWNER_ONLY);
  try {
    try {
      await write(await writerTo((bytes) => file.writeFile(bytes)));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, whole);
    syncFolder(dirname(whole));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

async function writerTo(append: (bytes: Buffer) => Promise<void>): Promise<BackupWriter> {
  let frames = 0;
  let written = FILE_HEADER_BYTES;
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(FORMAT_VERSION, MAGIC.length);
  await append(header);

  async function frame(kind: FrameKind, payload: Buffer): Promise<void> {
    const bytes = encodeFrame(frames++, kind, payload);
    await append(bytes);
    written += bytes.length;
  }
  const json = (kind: FrameKind, value: object) => frame(kind, Buffer.from(JSON.stringify(value)));
  async function entry(kind: FrameKind, about: object, content: AsyncIterable<Buffer>): Promise<void> {
    await json(kind, about);
    for await (const piece of inPieces(content)) await frame('data', deflateRawSync(piece, DEFLATE));
  }
  return {
    head: (head) => json('head', head),
    database: (about) => json('database', about),
    table: (about, rows) => entry('table', about, rows),
    file: (about, content) => entry('file', about, content),
    async tail(tail) {
      await json('tail', tail);
      return written;
    },
  };
}

function encodeFrame(number: number, kind: FrameKind, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(FRAME.payload + payload.length);
  bytes.writeUInt8(FRAME_KINDS.indexOf(kind), FRAME.kind);
  bytes.writeUInt32LE(payload.length, FRAME.length);
  payload.copy(bytes, FRAME.payload);
  bytes.writeUInt32LE(checksumOf(number, bytes), FRAME.crc);
  return bytes;
}

/** @param frame whole */
export function checksumOf(number: number, frame: Buffer): number {
  const numbered = Buffer.alloc(4);
  numbered.writeUInt32LE(number);
  return crc32(frame.subarray(FRAME.payload), crc32(frame.subarray(0, FRAME.crc), crc32(numbered)));
}

/** Streams hand over pieces of whatever size; each frame has one of its own. */
async function* inPieces(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    for (let rest = chunk; rest.length > 0; ) {
      const part = rest.subarray(0, PIECE_BYTES - bytes);
      rest = rest.subarray(part.length);
      waiting.push(part);
      bytes += part.length;
      if (bytes < PIECE_BYTES) continue;
      yield Buffer.concat(waiting);
      waiting = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}
