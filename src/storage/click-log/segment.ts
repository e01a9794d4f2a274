/** Folders and files of the click logs: names, lists and the header of a segment (layout in spec.ts). */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { allocateBytes, type Bytes } from './bytes.ts';
import { crc32c } from './crc32c.ts';
import { FORMAT_VERSION, HEADER, HEADER_BYTES, HEADER_MAGIC } from './spec.ts';

export type LogId = { name: string; front: number; shard: number };

export const logName = (front: number, shard: number): string => `f${front}-s${shard}`;

/** All logs that have a folder below `dir`, also those of threads that exist no longer, by front, then shard. */
export function listLogs(dir: string): LogId[] {
  return namesIn(dir)
    .flatMap((name) => {
      const match = /^f(\d+)-s(\d+)$/.exec(name);
      return match === null ? [] : [{ name, front: Number(match[1]), shard: Number(match[2]) }];
    })
    .sort((a, b) => a.front - b.front || a.shard - b.shard);
}

/** Start positions of the segments in a log's folder, ascending; empty when there is no folder yet. */
export function listSegments(folder: string): number[] {
  return namesIn(folder)
    .flatMap((name) => (/^\d{20}\.log$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export const segmentPath = (folder: string, start: number): string => join(folder, `${String(start).padStart(20, '0')}.log`);

/** Makes the log's folder; @returns it */
export function makeLogFolder(dir: string, name: string): string {
  const folder = join(dir, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Makes the names in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Position behind everything that is on disk, complete or not; 0 for a log without segments. */
export function endOnDisk(folder: string): number {
  const newest = listSegments(folder).at(-1);
  return newest === undefined ? 0 : newest + statSync(segmentPath(folder, newest)).size;
}

export function encodeHeader(start: number): Buffer {
  const { buffer, view } = allocateBytes(HEADER_BYTES);
  HEADER_MAGIC.copy(buffer);
  view.setFloat64(HEADER.start, start, true);
  view.setUint32(HEADER.version, FORMAT_VERSION, true);
  view.setUint32(HEADER.crc, crc32c(view, 0, HEADER.crc), true);
  return buffer;
}

/** Whether the first HEADER_BYTES of `bytes` are the header of the segment that begins at `start`. */
export const isHeader = ({ buffer }: Bytes, start: number): boolean => encodeHeader(start).equals(buffer.subarray(0, HEADER_BYTES));
