/** Reads the file of a backup (layout in spec.ts), and believes nothing of it that its checksums do not say. */
import { type FileHandle, open } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import type { z } from 'zod';
import { hasErrorCode } from '../private-file.ts';
import {
  type BackupHead,
  type BackupTail,
  backupHead,
  backupTail,
  type DatabaseEntry,
  databaseEntry,
  FILE_HEADER_BYTES,
  type FileEntry,
  FORMAT_VERSION,
  FRAME,
  FRAME_KINDS,
  type FrameKind,
  fileEntry,
  MAGIC,
  PAYLOAD_MAX_BYTES,
  PIECE_BYTES,
  type TableEntry,
  tableEntry,
} from './spec.ts';
import { checksumOf } from './writer.ts';

/** The file cannot be restored from. Its message is for people. */
export class BackupUnreadable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'BackupUnreadable';
  }
}

/** In the order of the file. What is not read of `data` when the next part is asked for is passed over. */
export type BackupPart =
  | { kind: 'head'; head: BackupHead }
  | { kind: 'database'; database: DatabaseEntry }
  | { kind: 'table'; table: TableEntry; data: AsyncIterable<Buffer> }
  | { kind: 'file'; file: FileEntry; data: AsyncIterable<Buffer> }
  | { kind: 'tail'; tail: BackupTail };

/** Reads all of it. @throws BackupUnreadable when anything is wrong with it */
export async function checkBackup(path: string): Promise<BackupHead> {
  let found: BackupHead | null = null;
  for await (const part of readBackup(path)) {
    if (part.kind === 'head') found = part.head;
    if (part.kind === 'table' || part.kind === 'file') for await (const _ of part.data);
  }
  if (found === null) throw new BackupUnreadable(`${path} has no head`);
  return found;
}

/** @throws BackupUnreadable, at the place where something is wrong */
export async function* readBackup(path: string): AsyncGenerator<BackupPart> {
  const cursor = new Cursor(path);
  try {
    const head = await cursor.take();
    if (head.kind !== 'head') throw damaged(path, head.at);
    yield { kind: 'head', head: parsed(backupHead, head, path) };
    for (;;) {
      const entry = await cursor.take();
      if (entry.kind === 'tail') {
        const tail = parsed(backupTail, entry, path);
        await cursor.end();
        yield { kind: 'tail', tail };
        return;
      }
      if (entry.kind === 'database') yield { kind: 'database', database: parsed(databaseEntry, entry, path) };
      else if (entry.kind === 'table') yield { kind: 'table', table: parsed(tableEntry, entry, path), data: cursor.data() };
      else if (entry.kind === 'file') yield { kind: 'file', file: parsed(fileEntry, entry, path), data: cursor.data() };
      else throw damaged(path, entry.at);
      if (entry.kind !== 'database') for await (const _ of cursor.data());
    }
  } finally {
    await cursor.close();
  }
}

/** One frame is looked at before it is taken. */
class Cursor {
  readonly #path: string;
  readonly #frames: AsyncGenerator<Frame>;
  #next: Frame | null = null;

  constructor(path: string) {
    this.#path = path;
    this.#frames = framesOf(path);
  }

  async take(): Promise<Frame> {
    const frame = await this.#look();
    if (frame === null) throw new BackupUnreadable(`${this.#path} is cut off: its end is missing`);
    this.#next = null;
    return frame;
  }

  /** The data that comes next, up to what is none. */
  async *data(): AsyncGenerator<Buffer> {
    for (;;) {
      const frame = await this.#look();
      if (frame?.kind !== 'data') return;
      this.#next = null;
      yield inflated(frame, this.#path);
    }
  }

  async end(): Promise<void> {
    const more = await this.#look();
    if (more !== null)
      throw new BackupUnreadable(`${this.#path} goes on behind its end, at byte ${more.at}: it is not what elnk has written`);
  }

  async close(): Promise<void> {
    await this.#frames.return(undefined);
  }

  async #look(): Promise<Frame | null> {
    if (this.#next !== null) return this.#next;
    const { done, value } = await this.#frames.next();
    this.#next = done ? null : value;
    return this.#next;
  }
}

type Frame = { kind: FrameKind; payload: Buffer; at: number };

async function* framesOf(path: string): AsyncGenerator<Frame> {
  const file = await open(path, 'r').catch((error) => {
    if (!hasErrorCode(error, 'ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR')) throw error;
    throw new BackupUnreadable(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  });
  try {
    await checkFileHeader(file, path);
    for (let at = FILE_HEADER_BYTES, number = 0; ; number++) {
      const start = await read(file, at, FRAME.payload);
      if (start.length === 0) return;
      const length = start.length < FRAME.payload ? 0 : start.readUInt32LE(FRAME.length);
      if (length > PAYLOAD_MAX_BYTES) throw damaged(path, at);
      const bytes = await read(file, at, FRAME.payload + length);
      if (bytes.length < FRAME.payload + length) throw new BackupUnreadable(`${path} is cut off, or damaged at byte ${at}`);
      const kind = FRAME_KINDS[bytes[FRAME.kind]];
      if (kind === undefined || bytes.readUInt32LE(FRAME.crc) !== checksumOf(number, bytes)) throw damaged(path, at);
      yield { kind, payload: bytes.subarray(FRAME.payload), at };
      at += bytes.length;
    }
  } finally {
    await file.close();
  }
}

async function checkFileHeader(file: FileHandle, path: string): Promise<void> {
  const header = await read(file, 0, FILE_HEADER_BYTES).catch((error) => {
    if (!hasErrorCode(error, 'EISDIR')) throw error;
    throw new BackupUnreadable(`${path} is a folder`, error);
  });
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw new BackupUnreadable(`${path} is no backup that elnk has made`);
  if (header.length < FILE_HEADER_BYTES) throw new BackupUnreadable(`${path} is cut off: its end is missing`);
  const version = header.readUInt32LE(MAGIC.length);
  if (version !== FORMAT_VERSION) {
    throw new BackupUnreadable(`${path} has format ${version}, this elnk reads ${FORMAT_VERSION}: restore it with the elnk that made it`);
  }
}

/** @returns fewer bytes at the end of the file */
async function read(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  let got = 0;
  while (got < bytes) {
    const { bytesRead } = await file.read(buffer, got, bytes - got, at + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return buffer.subarray(0, got);
}

function inflated({ payload, at }: Frame, path: string): Buffer {
  try {
    return inflateRawSync(payload, { maxOutputLength: PIECE_BYTES });
  } catch (error) {
    throw damaged(path, at, error);
  }
}

function parsed<T>(schema: z.ZodType<T>, { payload, at }: Frame, path: string): T {
  try {
    return schema.parse(JSON.parse(payload.toString('utf8')));
  } catch (error) {
    throw damaged(path, at, error);
  }
}

const damaged = (path: string, at: number, cause?: unknown) => new BackupUnreadable(`${path} is damaged at byte ${at}`, cause);
