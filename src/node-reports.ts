/** Daily reports of a node, on its main thread: figures, PDFs by the pool, the mail, and the ticks. */
import type { Config } from './config.ts';
import type { Counters } from './core/counters.ts';
import { createDocumentReader, createReportReader } from './core/daily-report.ts';
import type { UnstoredClicks } from './core/ports/clicks.ts';
import type { Logger } from './core/ports.ts';
import { createUnsubscribes } from './http/unsubscribe.ts';
import { createReportTicker, reportTasks } from './jobs/daily-report.ts';
import type { MailTransport } from './jobs/mail-transport.ts';
import type { TaskPool } from './jobs/pool.ts';
import type { Tasks } from './jobs/runner.ts';
import type { PoolTasks } from './pool-thread.ts';
import { createClickCounter } from './storage/postgres/click-counts.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { createReportedLinks, createReportStore } from './storage/postgres/reports.ts';

export const DAILY_REPORT_TICK_MS = 5_000;

export type NodeReportsOptions = {
  config: Pick<Config, 'mailFrom'>;
  secrets: readonly [string, ...string[]];
  baseUrl: string;
  node: string;
  pool: Pool;
  unstored: UnstoredClicks;
  tasks: TaskPool<PoolTasks>;
  counters: Counters;
  logger: Logger;
};

export type NodeReports = { tasks: Tasks; tick(): Promise<void> };

export function nodeReports(options: NodeReportsOptions, transport: MailTransport): NodeReports {
  const { config, secrets, baseUrl, node, pool, unstored, tasks, counters, logger } = options;
  const store = createReportStore(pool);
  const documents = createDocumentReader({ count: createClickCounter(pool, node), unstored });
  const daily = reportTasks({
    store,
    read: createReportReader(createReportedLinks(pool), documents),
    render: (order) => tasks.run('dailyPdf', order),
    transport,
    from: config.mailFrom,
    baseUrl,
    unsubscribeUrl: createUnsubscribes(secrets, baseUrl).url,
    clock: Date.now,
    counters,
    logger,
  });
  return { tasks: daily, tick: createReportTicker({ store, clock: Date.now }).tick };
}
