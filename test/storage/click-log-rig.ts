/** A click log in a folder of its own, with everything a test wants to see of it. */
import {
  closeSync,
  constants,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoggedClick } from '../../src/core/click.ts';
import { type CounterName, countersOf, readCounters } from '../../src/core/counters.ts';
import type { Component } from '../../src/core/ports.ts';
import { createSharedMemory, logBoard } from '../../src/core/shared.ts';
import { type LogReader, type LogReaderOptions, openLogReader } from '../../src/storage/click-log/reader.ts';
import { listSegments, segmentPath } from '../../src/storage/click-log/segment.ts';
import { type LogWriter, type LogWriterOptions, openLogWriter } from '../../src/storage/click-log/writer.ts';
import { recordingLogger } from '../support/logger.ts';

export type Rig = ReturnType<typeof createRig>;
/** What `write` and `drain` deal in: a click, its address as hexadecimal text, and where its record ends. */
export type Entry = Omit<LoggedClick, 'address'> & { address: string; end: number };

export const LOG = 'f0-s0';

/** @param dir where the logs shall be; a temporary folder if absent */
export function createRig(dir = mkdtempSync(join(tmpdir(), 'elnk-click-log-'))) {
  const memory = createSharedMemory({ fronts: 1, shards: 1 });
  const board = logBoard(memory.logs, 0);
  const counters = countersOf(memory.counters, 0);
  const { logger, lines } = recordingLogger();
  const folder = join(dir, LOG);
  const quarantineDir = join(dir, 'quarantine');
  const opened: Component<unknown>[] = [];
  const keep = <T>(component: Component<T>): T => {
    opened.push(component);
    return component.value;
  };
  return {
    dir,
    folder,
    quarantineDir,
    board,
    counters,
    logger,
    /** Messages of all lines logged so far. */
    logged: () => lines.map((line) => line.message),
    count: (name: CounterName) => readCounters(memory.counters)[name],
    writer: (options: Partial<LogWriterOptions> = {}): LogWriter =>
      keep(openLogWriter({ dir, front: 0, shard: 0, board, fsync: 'no', maxBytes: 1e9, startAtLeast: 0, counters, logger, ...options })),
    reader: (options: Partial<LogReaderOptions> = {}): LogReader =>
      keep(openLogReader({ dir, name: LOG, from: 0, board, counters, quarantineDir, logger, ...options })),
    segments: () => listSegments(folder),
    bytes: (start: number) => readFileSync(segmentPath(folder, start)),
    /** In place and not truncated to nothing first: for that ext4 would flush the file, which takes a hundred times longer. */
    overwrite(start: number, bytes: Uint8Array) {
      const fd = openSync(segmentPath(folder, start), constants.O_RDWR | constants.O_CREAT);
      writeSync(fd, bytes, 0, bytes.length, 0);
      ftruncateSync(fd, bytes.length);
      closeSync(fd);
    },
    quarantined: () => readdirSync(quarantineDir).map((name) => ({ name, size: statSync(join(quarantineDir, name)).size })),
    async remove() {
      for (const component of opened.reverse()) await component.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export const address = (...bytes: number[]): ArrayBuffer => new Uint8Array(bytes).buffer;

const AGENTS = ['curl/8.5.0', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', '', 'Агент — 🦊'];

/** The n-th click of a fixed, varied sequence. */
export function nthClick(n: number): Omit<Entry, 'end'> {
  return {
    at: 1_750_000_000_000 + n,
    linkId: n % 3 === 0 ? n : 2 ** 40 + n,
    zoneOffset: (n % 105) - 48,
    address: `00000000000000000000ffff0a00${(n % 65536).toString(16).padStart(4, '0')}`,
    userAgent: AGENTS[n % AGENTS.length],
    referrer: n % 2 === 0 ? '' : `https://example.com/${'x'.repeat(n % 50)}`,
    language: n % 5 === 0 ? '' : 'ru-RU,ru;q=0.9',
  };
}

/** Appends the n-th click. @returns whether it was acknowledged */
export function writeNth(writer: LogWriter, n: number): boolean {
  const click = nthClick(n);
  const ipv4 = address(10, 0, (n >> 8) & 255, n & 255);
  return writer.append(click.at, click.linkId, click.zoneOffset, ipv4, click.userAgent, click.referrer, click.language);
}

/** Appends clicks first … first + count − 1. @returns them with the ends of their records; fails if one is not acknowledged */
export function write({ board }: Rig, writer: LogWriter, first: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, i) => {
    if (!writeNth(writer, first + i)) throw new Error(`click ${first + i} was not acknowledged`);
    return { ...nthClick(first + i), end: board.written };
  });
}

/** Reads until there is no more. */
export function drain(reader: LogReader, maxBytes = 1_000_000): Entry[] {
  const entries: Entry[] = [];
  const visit = (click: LoggedClick, end: number) =>
    entries.push({ ...click, address: Buffer.from(click.address).toString('hex'), end }) > 0;
  while (reader.read(maxBytes, visit) > 0);
  return entries;
}
