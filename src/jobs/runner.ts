/**
 * Does the jobs that wait in the queue, with the runner of graphile-worker; tasks are joined by whoever starts it. A job that has failed is tried again later, by
 * whichever node. One whose node dies in the middle of it is done again: a task must bear that.
 *
 *   running ──► ended by itself ──► running      after RESTART_MS
 *   either ──► stopping ──► stopped
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type JobHelpers, run, Logger as WorkerLogger } from 'graphile-worker';
import type { Pool } from 'pg';
import type { Journal } from '../core/journal.ts';
import type { Component, Logger } from '../core/ports.ts';

const CONCURRENCY = 2;
/** Of the pool, while this runs: one listens for new jobs all the time, each worker may have another. */
export const JOB_CONNECTIONS = CONCURRENCY + 1;
/**
 * Else graphile-worker does not wait until the end of a job is stored, not even when it stops, and an error of that would end the process.
 * With batches, of whatever is there at once, it waits, and an error only ends the runner, which is started again.
 */
const IN_BATCHES = { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } };
/** New jobs are announced by Postgres. This is for those to be tried again, and for announcements that were missed. */
const POLL_MS = 2_000;
const RESTART_MS = 5_000;
/** How long `stop` waits for jobs that are being done. */
const STOP_MS = 5_000;

/** Rejects when the job is to be tried again. */
export type Task = (payload: unknown, helpers: JobHelpers) => Promise<void>;
export type Tasks = Readonly<Record<string, Task>>;

export type JobRunnerOptions = {
  /** With at least JOB_CONNECTIONS to spare, listeners for its errors, and the migrated database. */
  pool: Pool;
  /** By the names of the jobs. */
  tasks: Tasks;
  /** Where every run is written down with its duration. */
  journal: Pick<Journal, 'timed'>;
  logger: Logger;
};

/** Starts although Postgres is away. A job whose `stop` was not awaited long enough is done again by the next start. */
export function startJobRunner({ pool, tasks, journal, logger }: JobRunnerOptions): Component<void> {
  const stopping = new AbortController();
  const timed = ([name, task]: [string, Task]) => {
    const work: Task = (payload, helpers) => journal.timed('job', name, () => task(payload, helpers));
    return [name, work] as const;
  };
  const taskList = Object.fromEntries(Object.entries(tasks).map(timed));
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
    if (failures > 0) logger.info({ failures }, 'the worker of jobs runs again');
    failures = 0;
  };
  while (!signal.aborted) {
    try {
      await work(onRunning);
    } catch (error) {
      if (failures++ === 0) logger.warn({ err: error }, 'jobs wait: their worker has ended; it is started again');
    }
    if (!signal.aborted) await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined);
  }
}

type RunOptions = { pool: Pool; taskList: Record<string, Task>; logger: Logger; signal: AbortSignal; onRunning(): void };

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
    runner.stop().catch((error) => logger.debug({ err: error }, 'the worker of jobs did not stop well'));
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await runner.promise;
  } finally {
    signal.removeEventListener('abort', stop);
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
