/** A pool thread: one exported function a task. Each task opens what it needs and closes it again, so that an idle thread holds nothing. */
import { workerData } from 'node:worker_threads';
import type { PoolSetup } from './core/messages.ts';
import type { FoldResult } from './core/ports.ts';
import { fold } from './jobs/tasks/fold.ts';
import { createLogger } from './logging.ts';
import { lowerPriority } from './priority.ts';
import { createFoldStore } from './storage/postgres/fold-store.ts';
import { createPool } from './storage/postgres/pool.ts';

/** A fold of FOLD_ROWS on a busy machine. */
const FOLD_QUERY_TIMEOUT_MS = 600_000;

lowerPriority('background');

/** What the tasks answer. */
export type PoolTasks = { foldClicks: FoldResult | null };

export async function foldClicks(): Promise<PoolTasks['foldClicks']> {
  const setup: PoolSetup = workerData;
  const logger = createLogger({ level: setup.logLevel, fields: { thread: 'pool' } });
  const pool = await createPool({ url: setup.databaseUrl, name: 'fold', max: 1, logger, queryTimeoutMs: FOLD_QUERY_TIMEOUT_MS });
  try {
    return await fold(createFoldStore(pool.value));
  } finally {
    await pool.stop();
  }
}
