/**
 * Sends the mails that wait in the queue (storage/postgres/mail-queue.ts), with the runner of graphile-worker. A mail that could not be sent is
 * tried again later, by whichever node; one whose node dies between the server's yes and the end of the job is sent twice, never not at all.
 *
 *   running ──► ended by itself ──► running      after RESTART_MS
 *   either ──► stopping ──► stopped
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type JobHelpers, run, Logger as WorkerLogger } from 'graphile-worker';
import type { Pool } from 'pg';
import { normalizeEmail } from '../core/account.ts';
import { composeMail, MAIL_TASKS, readMailOrder } from '../core/mail.ts';
import type { Component, Logger } from '../core/ports.ts';
import type { MailTransport } from './mail-transport.ts';

const CONCURRENCY = 2;
/** Of the pool, while this runs: one listens for new mails all the time, each worker may have another. */
export const MAIL_CONNECTIONS = CONCURRENCY + 1;
/**
 * Else graphile-worker does not wait until the end of a job is stored, not even when it stops, and an error of that would end the process.
 * With batches, of whatever is there at once, it waits, and an error only ends the runner, which is started again.
 */
const IN_BATCHES = { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } };
/** New mails are announced by Postgres. This is for those to be tried again, and for announcements that were missed. */
const POLL_MS = 2_000;
const RESTART_MS = 5_000;
/** How long `stop` waits for mails that are being sent. */
const STOP_MS = 5_000;
/** Of one try as a whole, however the server drags it out. */
const SEND_TIMEOUT_MS = 60_000;

export type MailJobsOptions = {
  /** With at least MAIL_CONNECTIONS to spare, listeners for its errors, and the migrated database. */
  pool: Pool;
  transport: MailTransport;
  /** An address. */
  from: string;
  /** Makes a mail of the wish for a new password, if there is such an account. */
  sendReset(email: string): Promise<void>;
  logger: Logger;
};

/** Starts although Postgres is away. A mail whose `stop` was not awaited long enough is sent again by the next start. */
export function startMailJobs({ pool, logger, ...parts }: MailJobsOptions): Component<void> {
  const stopping = new AbortController();
  const taskList = { [MAIL_TASKS.mail]: mailTask({ ...parts, logger }), [MAIL_TASKS.reset]: resetTask({ ...parts, logger }) };
  const ended = keepRunning(
    (onRunning) => runOnce({ pool, taskList, logger, signal: stopping.signal, onRunning }),
    logger,
    stopping.signal,
  );
  return {
    value: undefined,
    async stop() {
      stopping.abort();
      const over = new AbortController();
      await Promise.race([ended, sleep(STOP_MS, undefined, { signal: over.signal }).catch(() => undefined)]);
      over.abort();
    },
  };
}

/** @param work calls `onRunning` once it runs well */
async function keepRunning(work: (onRunning: () => void) => Promise<void>, logger: Logger, signal: AbortSignal): Promise<void> {
  let failures = 0;
  const onRunning = () => {
    if (failures > 0) logger.info({ failures }, 'the worker of mails runs again');
    failures = 0;
  };
  while (!signal.aborted) {
    try {
      await work(onRunning);
    } catch (error) {
      if (failures++ === 0) logger.warn({ err: error }, 'mails wait: their worker has ended; it is started again');
    }
    if (!signal.aborted) await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined);
  }
}

type RunOptions = { pool: Pool; taskList: Record<string, Task>; logger: Logger; signal: AbortSignal; onRunning(): void };

type Task = (payload: unknown, helpers: JobHelpers) => Promise<void>;

/** Settles when the runner has ended, asked by the signal or not. */
async function runOnce({ pool, taskList, logger, signal, onRunning }: RunOptions): Promise<void> {
  const runner = await run({
    pgPool: pool,
    taskList,
    parsedCronItems: [], // else it would look for a file `crontab` in the working folder
    concurrency: CONCURRENCY,
    pollInterval: POLL_MS,
    noHandleSignals: true,
    preset: IN_BATCHES,
    logger: workerLogger(logger),
  });
  onRunning();
  const stop = () => {
    runner.stop().catch((error) => logger.debug({ err: error }, 'the worker of mails did not stop well'));
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await runner.promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function mailTask({ transport, from, logger }: Pick<MailJobsOptions, 'transport' | 'from' | 'logger'>): Task {
  return async (payload, { job }) => {
    const order = readMailOrder(payload);
    if (order === null) {
      logger.error({ job: job.id }, 'a job in the queue of mails is no mail; it is dropped');
      return;
    }
    const { kind, to, link } = order;
    try {
      await within(SEND_TIMEOUT_MS, transport({ ...composeMail(order), from, to, link }));
      logger.debug({ job: job.id, kind }, 'mail sent');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const isLast = job.attempts >= job.max_attempts;
      const fields = { job: job.id, kind, attempt: job.attempts, of: job.max_attempts, reason };
      if (isLast) logger.error(fields, 'a mail could not be sent; it is given up');
      else logger.warn(fields, 'a mail could not be sent; it is tried again');
      throw error;
    }
  };
}

function resetTask({ sendReset, logger }: Pick<MailJobsOptions, 'sendReset' | 'logger'>): Task {
  return async (payload, { job }) => {
    const email = typeof payload === 'object' && payload !== null && 'email' in payload ? normalizeEmail(String(payload.email)) : null;
    if (email === null) logger.error({ job: job.id }, 'a job for a new password names no address; it is dropped');
    else await sendReset(email);
  };
}

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  const over = new AbortController();
  const timeout = sleep(timeoutMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`took longer than ${timeoutMs} ms`);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    timeout.catch(() => undefined); // the abort that follows
    over.abort();
  }
}

/** What it says, without what it adds: that holds jobs, and so links. What matters is logged by the task. */
function workerLogger(logger: Logger): WorkerLogger {
  return new WorkerLogger(
    ({ label, jobId }) =>
      (level, message) =>
        logger.debug({ worker: label, job: jobId, level }, message),
  );
}
