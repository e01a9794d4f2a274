/** The figures of a front thread: as of now, by itself or by the pool, and dashboards. */
import { type AsOfNow, createAsOfNow } from './core/as-of-now.ts';
import { Failure } from './core/failure.ts';
import type { FrontSetup } from './core/messages.ts';
import type { UnstoredClicks } from './core/ports/clicks.ts';
import type { StatsCounter } from './core/ports/stats.ts';
import type { Component, Logger } from './core/ports.ts';
import type { TuningBoard } from './core/shared.ts';
import { dashboardText } from './http/api/dashboard.ts';
import { createDashboards, type ReadDashboard } from './http/dashboard/dashboards.ts';
import { API_DEADLINE_MS } from './http/exchange.ts';
import type { TaskPool } from './jobs/pool.ts';
import type { PoolTasks } from './pool-thread.ts';
import { createClickCounter } from './storage/postgres/click-counts.ts';
import { createDashboardStore } from './storage/postgres/dashboard-store.ts';
import { createPool, type Pool } from './storage/postgres/pool.ts';
import { createStatsCounter, documentsAtMost } from './storage/postgres/stats-counts.ts';

const DASHBOARD_CONNECTIONS = 2;
/** Documents that a front adds up by itself, some 5 µs each; redirects wait meanwhile. With more of them the pool does it. */
const OWN_DOCUMENTS = 1_000;

export type FrontFigures = { asOfNow: AsOfNow; dashboard: ReadDashboard };

export type FrontFiguresOptions = {
  setup: FrontSetup;
  /** Of the thread. */
  name: string;
  pool: Pool;
  tasks: TaskPool<PoolTasks>;
  unstored: UnstoredClicks;
  tuning: TuningBoard;
  logger: Logger;
};

export async function openFrontFigures(options: FrontFiguresOptions): Promise<Component<FrontFigures>> {
  const { setup, name, pool, tasks, unstored, tuning, logger } = options;
  const { node, databaseUrl, baseUrl } = setup;
  const dashboards = await createPool({
    url: databaseUrl,
    name: `${name} dashboards`,
    max: DASHBOARD_CONNECTIONS,
    logger,
    queryTimeoutMs: API_DEADLINE_MS,
    connectTimeoutMs: API_DEADLINE_MS,
    // The same few statements again and again: planning them takes four times as long as they do.
    settings: { plan_cache_mode: 'force_generic_plan' },
  });
  return {
    value: {
      asOfNow: createAsOfNow({
        count: createClickCounter(pool, node),
        sum: bySize(createStatsCounter(pool, node), tasks),
        unstored,
        clock: Date.now,
      }),
      dashboard: createDashboards({
        store: createDashboardStore(dashboards.value, node),
        unstored,
        text: dashboardText({ baseUrl }),
        clock: Date.now,
        ttlMs: () => tuning.ttlMs,
        wantFold: () => {
          tuning.foldWantedAt = Date.now();
        },
      }),
    },
    stop: dashboards.stop,
  };
}

/** @param own of this thread */
function bySize(own: StatsCounter, tasks: TaskPool<PoolTasks>): StatsCounter {
  return async (question) => {
    if (documentsAtMost(question) <= OWN_DOCUMENTS) return own(question);
    const figures = await tasks.run('sumStats', question);
    if (figures === 'store away') throw new Failure('store_away', 'The store cannot be asked right now', { retryAfterSec: 5 });
    return figures;
  };
}
