/** What main does in the background: the tasks of the queue, joined with what they need, and the care for the queue. */
import type { Config } from './config.ts';
import type { Journal } from './core/journal.ts';
import { resetToken } from './core/mail.ts';
import type { Logger } from './core/ports.ts';
import { mailTasks } from './jobs/mail.ts';
import { createLogTransport, createSmtpTransport } from './jobs/mail-transport.ts';
import { startJobRunner, type Tasks } from './jobs/runner.ts';
import { startTicker } from './jobs/ticker.ts';
import type { Lifecycle } from './lifecycle.ts';
import { tidyMailQueue } from './storage/postgres/mail-queue.ts';
import { newMailToken } from './storage/postgres/mail-tokens.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { createRegistrationStore } from './storage/postgres/registration.ts';

const TIDY_TICK_MS = 60_000;
/** A job that is being done when Postgres is away ends by itself. */
const ABANDON = { abandonAfterMs: 1_000 };

export type NodeJobsOptions = {
  config: Config;
  baseUrl: string;
  pool: Pool;
  journal: Journal;
  logger: Logger;
  life: Lifecycle;
};

/** After the threads, so that jobs are stopped first: one that is being done has until the threads have stopped. */
export async function startNodeJobs({ config, baseUrl, pool, journal, logger, life }: NodeJobsOptions): Promise<void> {
  const tasks: Tasks = { ...mailTasksOf(config, baseUrl, pool, logger) };
  await life.start('jobs', async () => startJobRunner({ pool, tasks, journal, logger }), ABANDON);
  const tidy = async () => {
    const givenUp = await tidyMailQueue(pool);
    if (givenUp > 0) logger.info({ mails: givenUp }, 'mails that could not be sent were deleted');
  };
  await life.start('tidying mails', async () => startTicker('tidying mails', TIDY_TICK_MS, tidy, logger), ABANDON);
}

function mailTasksOf({ smtpUrl, mailFrom, isProduction }: Config, baseUrl: string, pool: Pool, logger: Logger): Tasks {
  if (smtpUrl === null && isProduction) {
    logger.warn({}, 'SMTP_URL is not set: no mail is sent, and links that confirm addresses or reset passwords are printed to this log');
  }
  const transport = smtpUrl === null ? createLogTransport(logger) : createSmtpTransport(smtpUrl);
  const { sendReset } = createRegistrationStore(pool);
  return mailTasks({ transport, from: mailFrom, sendReset: (email) => sendReset(email, resetToken(baseUrl, newMailToken())), logger });
}
