/** Imports of links on a node: the task of the queue, done by the pool, and the care for what is left of them. */
import type { Counters } from './core/counters.ts';
import type { Logger } from './core/ports.ts';
import type { Quotas } from './core/quota.ts';
import { importTasks } from './jobs/link-import.ts';
import type { TaskPool } from './jobs/pool.ts';
import type { Tasks } from './jobs/runner.ts';
import type { PoolTasks } from './pool-thread.ts';
import { failImport, pruneImports, queueImport, reviveImports } from './storage/postgres/link-imports.ts';
import type { Pool } from './storage/postgres/pool.ts';

export type NodeImportsOptions = {
  pool: Pool;
  tasks: TaskPool<PoolTasks>;
  quotas: Quotas;
  /** See core/target.ts. */
  ownHosts: readonly string[];
  counters: Counters;
  logger: Logger;
};

/** How often `care` is to be called. */
export const IMPORT_CARE_TICK_MS = 5_000;

/** `care`: goes on with what dead nodes were at, and deletes what is over. */
export type NodeImports = { tasks: Tasks; care(): Promise<void> };

export function nodeImports({ pool, tasks, quotas, ownHosts, counters, logger }: NodeImportsOptions): NodeImports {
  return {
    tasks: importTasks({
      runSlice: (importId) => tasks.run('importLinks', { importId, quotas, ownHosts }),
      queue: (importId) => queueImport(pool, importId),
      fail: (importId, reason) => failImport(pool, importId, reason),
      counters,
      logger,
    }),
    async care() {
      await reviveImports(pool);
      await pruneImports(pool);
    },
  };
}
