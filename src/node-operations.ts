/** What main writes down about its node: journal and heartbeat. */
import { DISK_FREE_MIN, isDiskNearlyFull } from './core/alerts.ts';
import type { Counters } from './core/counters.ts';
import { forgetMaxima, readCounters } from './core/counters.ts';
import { createJournal, type Journal } from './core/journal.ts';
import type { Clock, Logger } from './core/ports.ts';
import { todayBoard } from './core/shared.ts';
import { type Trouble, trouble } from './core/troubles.ts';
import { createBookkeeping } from './jobs/bookkeeping.ts';
import { startTicker } from './jobs/ticker.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type NodeShape, nodeState } from './node-state.ts';
import { createJournalStore } from './storage/postgres/journal.ts';
import { writeGoodbye, writeHeartbeat } from './storage/postgres/nodes.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { VERSION } from './version.ts';

const BOOK_TICK_MS = 1_000;
const HEARTBEAT_MS = 15_000;
const DISK_TICK_MS = 5_000;
/** How long a stop waits for a Postgres that does not answer. */
const ABANDON = { abandonAfterMs: 1_000 };

export const nodeJournal = (memory: NodeShape['shared'], clock: Clock): Journal =>
  createJournal({
    readTotals: () => readCounters(memory.counters),
    forgetMaxima: () => forgetMaxima(memory.counters),
    board: todayBoard(memory.today),
    clock,
  });

export type OperationsOptions = {
  journal: Journal;
  pool: Pool;
  node: string;
  run: string;
  startedAt: number;
  counters: Counters;
  logger: Logger;
  life: Lifecycle;
};

/** Before the threads, so that it is stopped after them: what they have counted last is written, too. */
export async function startBookkeeping({ journal, pool, node, run, startedAt, counters, logger, life }: OperationsOptions): Promise<void> {
  const book = createBookkeeping({ journal, store: createJournalStore(pool, node, run), counters, startedAt, clock: Date.now });
  const open = async () => {
    const ticker = startTicker('bookkeeping', BOOK_TICK_MS, book.tick, logger);
    const stop = async () => {
      await ticker.stop();
      await book.write().catch((error) => logger.warn({ err: error }, 'the last figures of this node could not be written'));
    };
    return { value: undefined, stop };
  };
  await life.start('bookkeeping', open, ABANDON);
}

export type Disk = {
  /** How full the file system of the data folder was a moment ago, 0 to 1; null: not known. */
  used(): number | null;
  /** Why the node is not well. */
  health(): readonly Trouble[];
};

/** @param measure how full it is, 0 to 1 */
export async function watchDisk(measure: () => Promise<number>, logger: Logger, life: Lifecycle): Promise<Disk> {
  let used: number | null = null;
  const look = async () => {
    const before = isDiskNearlyFull(used);
    used = await measure();
    const now = isDiskNearlyFull(used);
    if (now && !before) logger.warn({ usedPercent: Math.floor(used * 100) }, 'the disk of the data folder is nearly full');
    if (before && !now) logger.info({ usedPercent: Math.floor(used * 100) }, 'the disk of the data folder has room again');
  };
  await look();
  await life.start('watching the disk', async () => startTicker('watching the disk', DISK_TICK_MS, look, logger));
  return {
    used: () => used,
    health: () => (isDiskNearlyFull(used) ? [trouble('diskNearlyFull', { number: DISK_FREE_MIN * 100 })] : []),
  };
}

export type HeartbeatOptions = Pick<OperationsOptions, 'pool' | 'node' | 'logger' | 'life'> & {
  shape: NodeShape;
  disk: Disk;
  degraded(): readonly Trouble[];
};

export async function startHeartbeat({ pool, node, logger, life, shape, disk, degraded }: HeartbeatOptions): Promise<void> {
  const beat = async () => {
    const state = nodeState(shape, degraded(), disk.used());
    await writeHeartbeat(pool, { node, version: VERSION, startedAt: shape.startedAt, state });
  };
  const open = async () => {
    const ticker = startTicker('heartbeat', HEARTBEAT_MS, beat, logger);
    const first = beat().catch((error) => logger.warn({ err: error }, 'this node could not say that it has started'));
    const stop = async () => {
      await ticker.stop();
      await first;
      await writeGoodbye(pool, node).catch((error) => logger.debug({ err: error }, 'this node could not say that it stops'));
    };
    return { value: undefined, stop };
  };
  await life.start('heartbeat', open, ABANDON);
}
