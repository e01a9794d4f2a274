/**
 * What the click log costs: the front's append beside a bare write of the same bytes, the shard's read beside a bare read of the same files.
 */
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countersOf } from '../src/core/counters.ts';
import type { Logger } from '../src/core/ports.ts';
import { createSharedMemory, logBoard } from '../src/core/shared.ts';
import { openLogReader } from '../src/storage/click-log/reader.ts';
import { logName } from '../src/storage/click-log/segment.ts';
import { openLogWriter } from '../src/storage/click-log/writer.ts';
import type { BenchRow } from './support/row.ts';

const CLICKS = 200_000;
const ROUNDS = 4;
const READ_BYTES = 512 * 1024;
const BROWSER = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

/** As a server gives them: each string made anew from bytes. */
const REQUESTS = Array.from({ length: 1000 }, (_, i) => ({
  address: new Uint8Array([10, 0, i >> 8, i & 255]).buffer,
  userAgent: Buffer.from(BROWSER.replace('126', String(100 + i))).toString(),
  referrer: Buffer.from(i % 2 === 0 ? '' : `https://www.example.com/${i}`).toString(),
  language: Buffer.from(`ru-RU,ru;q=0.9,en;q=0.${i % 10}`).toString(),
}));

const ignore = (): void => undefined;
const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

const round = (value: number): number => Number(value.toPrecision(3));

/** @returns seconds */
function time(work: () => void): number {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1000;
}

/** Front and shard of one log in one thread. */
function openLog(dir: string) {
  const memory = createSharedMemory({ fronts: 1, shards: 1 });
  const common = { dir, board: logBoard(memory.logs, 0), counters: countersOf(memory.counters, 0), logger };
  const writer = openLogWriter({ ...common, front: 0, shard: 0, fsync: 'no', maxBytes: 1e12, startAtLeast: 0 });
  const openReader = () => openLogReader({ ...common, name: logName(0, 0), from: 0, quarantineDir: join(dir, 'quarantine') });
  const append = () => {
    for (let i = 0; i < CLICKS; i++) {
      const { address, userAgent, referrer, language } = REQUESTS[i % REQUESTS.length];
      writer.value.append(1_780_000_000_000 + i, 10_000_000_000 + i, 12, address, userAgent, referrer, language);
    }
  };
  return { board: common.board, append, openReader, stop: writer.stop };
}

function writeBare(path: string, recordBytes: number): void {
  const bytes = Buffer.alloc(recordBytes, 'x');
  const fd = openSync(path, 'w');
  for (let i = 0; i < CLICKS; i++) writeSync(fd, bytes, 0, recordBytes, i * recordBytes);
  closeSync(fd);
}

function readBare(folder: string): void {
  const bytes = Buffer.alloc(READ_BYTES);
  for (const name of readdirSync(folder)) {
    const fd = openSync(join(folder, name), 'r');
    while (readSync(fd, bytes, 0, READ_BYTES, null) > 0);
    closeSync(fd);
  }
}

export async function run(): Promise<BenchRow[]> {
  const dir = mkdtempSync(join(tmpdir(), 'elnk-bench-click-log-'));
  const log = openLog(dir);
  const sec = { append: Infinity, writeBare: Infinity, read: Infinity, readBare: Infinity };
  const keepFastest = (what: keyof typeof sec, seconds: number) => {
    sec[what] = Math.min(sec[what], seconds);
  };
  try {
    // Turn by turn, so that whatever else the machine does meets both.
    for (let n = 0; n < ROUNDS; n++) {
      const begin = log.board.written;
      keepFastest('append', time(log.append));
      const recordBytes = Math.round((log.board.written - begin) / CLICKS);
      keepFastest(
        'writeBare',
        time(() => writeBare(join(dir, `bare-${n}`), recordBytes)),
      );
    }
    const clicks = CLICKS * ROUNDS;
    for (let n = 0; n < ROUNDS; n++) {
      const reader = log.openReader();
      let read = 0;
      keepFastest(
        'read',
        time(() => {
          for (let more = 1; more > 0; read += more) more = reader.value.read(READ_BYTES, () => true);
        }),
      );
      await reader.stop();
      if (read !== clicks) throw new Error(`${read} of ${clicks} clicks were read`);
      keepFastest(
        'readBare',
        time(() => readBare(join(dir, logName(0, 0)))),
      );
    }
    return [
      {
        name: 'append a click to the log (baseline: bare writeSync)',
        value: round((sec.append / CLICKS) * 1e9),
        unit: 'ns',
        baseline: round((sec.writeBare / CLICKS) * 1e9),
        ratio: round(sec.writeBare / sec.append),
      },
      {
        name: 'read clicks from the log (baseline: bare readSync)',
        value: round(clicks / sec.read),
        unit: 'clicks/s',
        baseline: round(clicks / sec.readBare),
        ratio: round(sec.readBare / sec.read),
      },
    ];
  } finally {
    await log.stop();
    rmSync(dir, { recursive: true });
  }
}

if (import.meta.main) console.table(await run());
