/** What a backup has of the data folder beside the database. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listLogs, listSegments, segmentPath } from '../click-log/segment.ts';
import { HEADER_BYTES } from '../click-log/spec.ts';
import { hasErrorCode, syncFolder } from '../private-file.ts';
import { type FileEntry, fileEntry, PIECE_BYTES } from './spec.ts';

const SMALL_FILES = ['node-id', 'secret-key'];
const CLICK_LOG = 'click-log';
const QUARANTINE = 'quarantine';
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

type FileOfFolder = { entry: FileEntry; content: AsyncIterable<Buffer> };

/**
 * Of click logs only what Postgres did not have: the rest of a segment is zeros, so that no backup keeps addresses of visitors longer than the node does.
 * Files that are deleted meanwhile are passed over: of segments, Postgres has everything.
 * @param positions by log, of a moment before
 */
export async function* folderFiles(dataDir: string, positions: ReadonlyMap<string, number>): AsyncGenerator<FileOfFolder> {
  for (const path of SMALL_FILES) if (existsSync(join(dataDir, path))) yield* existing(dataDir, path, null);
  const logs = join(dataDir, CLICK_LOG);
  for (const { name } of listLogs(logs)) {
    const from = positions.get(name) ?? 0;
    for (const start of listSegments(join(logs, name))) {
      const path = segmentPath(join(CLICK_LOG, name), start);
      yield* existing(dataDir, path, { zeroUpTo: from - start });
    }
  }
  const damaged = join(dataDir, QUARANTINE);
  const names = existsSync(damaged) ? readdirSync(damaged) : [];
  for (const path of names.map((name) => `${QUARANTINE}/${name}`)) if (isOfBackup(path)) yield* existing(dataDir, path, null);
}

const isOfBackup = (path: string): boolean => fileEntry.safeParse({ path }).success;

async function* existing(dataDir: string, path: string, segment: { zeroUpTo: number } | null): AsyncGenerator<FileOfFolder> {
  const file = await openIfPresent(join(dataDir, path));
  if (file === null) return;
  try {
    // A segment may be growing: what is there now is enough.
    const { size } = await file.stat();
    yield { entry: { path }, content: segment === null ? bytesOf(file, 0, size) : segmentBytes(file, size, segment.zeroUpTo) };
  } finally {
    await file.close();
  }
}

async function openIfPresent(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return null;
    throw error;
  }
}

async function* segmentBytes(file: FileHandle, size: number, zeroUpTo: number): AsyncGenerator<Buffer> {
  const from = Math.min(size, Math.max(HEADER_BYTES, zeroUpTo));
  yield* bytesOf(file, 0, Math.min(HEADER_BYTES, size));
  for (let at = HEADER_BYTES; at < from; at += PIECE_BYTES) yield Buffer.alloc(Math.min(PIECE_BYTES, from - at));
  yield* bytesOf(file, from, size);
}

async function* bytesOf(file: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(PIECE_BYTES, to - at)), { position: at });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** Writes a file of a backup below a folder, to the disk. */
export async function restoreFile(folder: string, { path }: FileEntry, content: AsyncIterable<Buffer>): Promise<void> {
  const whole = join(folder, path);
  mkdirSync(dirname(whole), { recursive: true, mode: FOLDER_MODE });
  const file = await open(whole, 'wx', FILE_MODE);
  try {
    for await (const bytes of content) await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  syncFolder(dirname(whole));
}
