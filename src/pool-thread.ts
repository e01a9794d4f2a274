/** A pool thread: one exported function a task. */
import { randomBytes } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import { linkRequestSchemas } from './core/api/links.ts';
import type { DailyPdfOrder } from './core/daily-report.ts';
import type { PoolSetup } from './core/messages.ts';
import type { FoldResult } from './core/ports/clicks.ts';
import type { StatsQuestion } from './core/ports/stats.ts';
import type { Quotas } from './core/quota.ts';
import type { StatsFigures } from './core/stats.ts';
import { fold } from './jobs/tasks/fold.ts';
import { importSlice, type SliceDeps, type SliceResult } from './jobs/tasks/import-links.ts';
import { createLogger } from './logging.ts';
import { lowerPriority } from './priority.ts';
import { judgedLinks } from './storage/links/blocked-hosts.ts';
import { hashPassword } from './storage/passwords.ts';
import { loadBlockedHosts } from './storage/postgres/blocked-hosts.ts';
import { createFoldStore } from './storage/postgres/fold-store.ts';
import { createImportWorkStore } from './storage/postgres/link-import-work.ts';
import { createImporter } from './storage/postgres/link-importer.ts';
import { createPool, isStoreAway, type Pool } from './storage/postgres/pool.ts';
import { createStatsCounter } from './storage/postgres/stats-counts.ts';

/** A fold of FOLD_ROWS on a busy machine. */
const FOLD_QUERY_TIMEOUT_MS = 600_000;
const IMPORT_QUERY_TIMEOUT_MS = 60_000;
/** As long as whoever waits for the answer. */
const STATS_QUERY_TIMEOUT_MS = 5_000;

lowerPriority('background');

/** What the tasks get and answer. */
export type PoolTasks = {
  foldClicks: { input: null; result: FoldResult | null };
  sumStats: { input: StatsQuestion; result: StatsFigures | 'store away' };
  dailyPdf: { input: DailyPdfOrder; result: Uint8Array };
  importLinks: { input: { importId: number; quotas: Quotas; ownHosts: readonly string[] }; result: SliceResult };
};

export async function dailyPdf(order: DailyPdfOrder): Promise<PoolTasks['dailyPdf']['result']> {
  const { renderDailyPdf } = await import('./jobs/tasks/daily-pdf.ts'); // with modules that take long to load, and which no other task needs
  return renderDailyPdf(order);
}

export async function foldClicks(): Promise<PoolTasks['foldClicks']['result']> {
  return withStore('fold', FOLD_QUERY_TIMEOUT_MS, (pool) => fold(createFoldStore(pool)));
}

export async function sumStats(question: StatsQuestion): Promise<PoolTasks['sumStats']['result']> {
  const { node }: PoolSetup = workerData;
  try {
    return await withStore('statistics', STATS_QUERY_TIMEOUT_MS, (pool) => createStatsCounter(pool, node)(question));
  } catch (error) {
    if (isStoreAway(error)) return 'store away'; // an error loses its kind on its way to another thread
    throw error;
  }
}

export async function importLinks({ importId, quotas, ownHosts }: PoolTasks['importLinks']['input']): Promise<SliceResult> {
  return withStore('import', IMPORT_QUERY_TIMEOUT_MS, async (pool) => {
    const { createLink } = linkRequestSchemas(new Set(ownHosts));
    const work = createImportWorkStore(pool, createImporter(randomBytes, quotas));
    const blocked = new Set(await loadBlockedHosts(pool));
    const judge: SliceDeps['judge'] = async (links) => judgedLinks(blocked, links);
    return importSlice({ work, createLink, hash: hashPassword, judge, clock: Date.now }, importId);
  });
}

/** Each task opens its connection and closes it again, so that an idle thread holds nothing. */
async function withStore<T>(name: string, queryTimeoutMs: number, work: (pool: Pool) => Promise<T>): Promise<T> {
  const setup: PoolSetup = workerData;
  const logger = createLogger({ level: setup.logLevel, fields: { thread: 'pool' } });
  const pool = await createPool({ url: setup.databaseUrl, name, max: 1, logger, queryTimeoutMs });
  try {
    return await work(pool.value);
  } finally {
    await pool.stop();
  }
}
