import { once } from 'node:events';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countersOf, readCounters } from '../../src/core/counters.ts';
import { createSharedMemory, linkVersions, logBoard, type SharedMemory } from '../../src/core/shared.ts';

type Work = { memory: SharedMemory; slugs: string[]; bumps: number };

/** What this file does as a thread: edits links, and moves a click log. */
function work({ memory, slugs, bumps }: Work): void {
  const versions = linkVersions(memory.versions);
  for (let i = 0; i < bumps; i++) for (const slug of slugs) versions.bump(slug);
  const log = logBoard(memory.logs, 3);
  log.written = 2 ** 45 + 1;
  log.rotations = 2;
}

async function inThread(data: Work): Promise<void> {
  const [code] = await once(new Worker(new URL(import.meta.url), { workerData: data }), 'exit');
  assert.is(code, 0);
}

if (isMainThread) {
  const shared = suite('shared');

  shared('memory has a lane for main and every thread', () => {
    const memory = createSharedMemory({ fronts: 2, shards: 1 });
    for (let lane = 0; lane < 4; lane++) countersOf(memory.counters, lane).add('redirects');
    assert.is(readCounters(memory.counters).redirects, 4);
    assert.throws(() => countersOf(memory.counters, 4), RangeError);
  });

  shared('a bump is seen by another thread, and moves no other cell', async () => {
    const memory = createSharedMemory({ fronts: 2, shards: 2 });
    const versions = linkVersions(memory.versions);
    const before = versions.read(versions.cell('abc'));
    assert.is.not(versions.cell('abc'), versions.cell('abd'));
    await inThread({ memory, slugs: ['abc'], bumps: 1 });
    assert.is(versions.read(versions.cell('abc')), before + 1);
    assert.is(versions.read(versions.cell('abd')), 0);
  });

  shared('bumps of several threads at once are all counted', async () => {
    const memory = createSharedMemory({ fronts: 1, shards: 1 });
    memory.logs = createSharedMemory({ fronts: 2, shards: 2 }).logs;
    const versions = linkVersions(memory.versions);
    await Promise.all([1, 2, 3].map(() => inThread({ memory, slugs: ['abc'], bumps: 1_000_000 })));
    assert.is(versions.read(versions.cell('abc')), 3_000_000);
  });

  shared('everything moves on at once, and apart from that the epoch', () => {
    const memory = createSharedMemory({ fronts: 1, shards: 1 });
    const versions = linkVersions(memory.versions);
    const other = linkVersions(memory.versions);
    versions.bump('abc');
    versions.bumpAll();
    assert.equal([other.read(other.cell('abc')), other.read(other.cell('abd')), other.read(0), other.read(65_535)], [2, 1, 1, 1]);
    assert.is(other.epoch(), 0);
    versions.expireAll();
    assert.equal([other.epoch(), other.read(65_535)], [1, 1]);
  });

  shared('slugs spread over the cells', () => {
    const { cell } = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions);
    const counts = new Map<number, number>();
    for (let i = 0; i < 65_536; i++) counts.set(cell(`link-${i}`), (counts.get(cell(`link-${i}`)) ?? 0) + 1);
    // Random throws leave 1/e of the cells empty, and one with more than 12 is rarer than 10^-4.
    assert.ok(counts.size > 0.6 * 65_536, `${counts.size} cells used`);
    assert.ok(Math.max(...counts.values()) <= 12, `${Math.max(...counts.values())} in one cell`);
    for (const used of counts.keys()) assert.ok(used >= 0 && used < 65_536);
  });

  shared('each log has a board of its own, seen by the other thread; positions beyond 2^32', async () => {
    const memory = createSharedMemory({ fronts: 2, shards: 2 });
    const boards = [0, 1, 2, 3].map((log) => logBoard(memory.logs, log));
    for (const [i, board] of boards.entries()) Object.assign(board, { written: i + 10, freed: i + 20, stored: i + 30, rotations: i + 40 });
    await inThread({ memory, slugs: [], bumps: 0 });
    const numbers = boards.map(({ written, freed, stored, rotations }) => [written, freed, stored, rotations]);
    assert.equal(numbers, [
      [10, 20, 30, 40],
      [11, 21, 31, 41],
      [12, 22, 32, 42],
      [2 ** 45 + 1, 23, 33, 2],
    ]);
  });

  shared.run();
} else {
  work(workerData);
}
