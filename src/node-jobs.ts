/** What main does in the background: the tasks of the queue, joined with what they need, and the care for the queue. */
import { type Config, mailWay } from './config.ts';
import type { Counters } from './core/counters.ts';
import type { Journal } from './core/journal.ts';
import { resetToken } from './core/mail.ts';
import type { CounterStore } from './core/operations.ts';
import type { Logger } from './core/ports.ts';
import { mailTasks } from './jobs/mail.ts';
import { createLogTransport, createSmtpTransport, type MailTransport } from './jobs/mail-transport.ts';
import { startJobRunner, type Tasks } from './jobs/runner.ts';
import { startTicker } from './jobs/ticker.ts';
import type { Lifecycle } from './lifecycle.ts';
import { IMPORT_CARE_TICK_MS, type NodeImports } from './node-imports.ts';
import { DAILY_REPORT_TICK_MS, type NodeReports } from './node-reports.ts';
import { opsReport, type Telegram, telegramTasks } from './node-telegram.ts';
import { tidyMailQueue } from './storage/postgres/mail-queue.ts';
import { newMailToken } from './storage/postgres/mail-tokens.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { createRegistrationStore } from './storage/postgres/registration.ts';

const TIDY_TICK_MS = 60_000;
const REPORT_TICK_MS = 5_000;
/** A job that is being done when Postgres is away ends by itself. */
const ABANDON = { abandonAfterMs: 1_000 };

export type NodeJobsOptions = {
  config: Config;
  baseUrl: string;
  pool: Pool;
  journal: Journal;
  counters: Counters;
  /** What this node and the others have counted. */
  figures: CounterStore;
  /** Null: there is no Telegram. */
  telegram: Telegram | null;
  imports: NodeImports;
  /** Given the way out for mails. */
  reports(transport: MailTransport): NodeReports;
  logger: Logger;
  life: Lifecycle;
};

/** After the threads, so that jobs are stopped first: one that is being done has until the threads have stopped. */
export async function startNodeJobs({
  config,
  baseUrl,
  pool,
  journal,
  counters,
  figures,
  telegram,
  imports,
  reports,
  logger,
  life,
}: NodeJobsOptions): Promise<void> {
  const messages = telegram === null ? {} : telegramTasks(pool, telegram.send, counters, logger);
  const transport = transportOf(config, logger);
  const daily = transport === null ? null : reports(transport);
  const mails = transport === null ? {} : mailTasksOf(transport, config, baseUrl, pool, logger);
  const tasks: Tasks = { ...mails, ...daily?.tasks, ...imports.tasks, ...messages };
  await life.start('jobs', async () => startJobRunner({ pool, tasks, journal, logger }), ABANDON);
  if (daily !== null) {
    const start = async () => startTicker('reports of owners', DAILY_REPORT_TICK_MS, daily.tick, logger);
    await life.start('reports of owners', start, ABANDON);
  }
  const tidy = async () => {
    const givenUp = await tidyMailQueue(pool);
    if (givenUp > 0) logger.info({ mails: givenUp }, 'mails that could not be sent were deleted');
  };
  if (telegram !== null) {
    const report = opsReport({ telegram, pool, figures, baseUrl, logger });
    await life.start('daily report', async () => startTicker('daily report', REPORT_TICK_MS, report, logger), ABANDON);
  }
  await life.start('tidying mails', async () => startTicker('tidying mails', TIDY_TICK_MS, tidy, logger), ABANDON);
  await life.start('imports', async () => startTicker('imports', IMPORT_CARE_TICK_MS, imports.care, logger), ABANDON);
}

/** @returns null: what waits in the queue is left to nodes that can send it */
function transportOf(config: Config, logger: Logger): MailTransport | null {
  if (config.smtpUrl !== null) return createSmtpTransport(config.smtpUrl);
  if (mailWay(config) === 'log') return createLogTransport(logger);
  logger.warn(
    {},
    'SMTP_URL is not set, and in production mails are not printed: nobody can register, confirm an address or set a forgotten password, and no reports are sent. Set SMTP_URL, or make accounts with `elnk user add`',
  );
  return null;
}

function mailTasksOf(transport: MailTransport, { mailFrom }: Config, baseUrl: string, pool: Pool, logger: Logger): Tasks {
  const { sendReset } = createRegistrationStore(pool);
  return mailTasks({ transport, from: mailFrom, sendReset: (email) => sendReset(email, resetToken(baseUrl, newMailToken())), logger });
}
