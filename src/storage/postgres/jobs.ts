/**
 * The queue of graphile-worker as administrators see it, by the view and the functions that it documents. What jobs carry is not in that view, and is never
 * read here: it may be secret.
 */

import { Failure } from '../../core/failure.ts';
import { plainText } from '../../core/journal.ts';
import type { Job, JobAdministration, JobState, WorkSummary } from '../../core/operations.ts';
import type { Cursor, Slice } from '../../core/slice.ts';
import { administer, sliceOf } from './administration.ts';
import type { Pool, Queryable } from './pool.ts';

const ERROR_MAX_LENGTH = 300;
const WORK_ROWS_MAX = 1_000;

const STATE = `CASE WHEN locked_at IS NOT NULL THEN 'running' WHEN attempts >= max_attempts THEN 'dead' WHEN attempts > 0 THEN 'failed' ELSE 'waiting' END`;
/** Those that are in the queue, and what is left of those that are not any more. */
const JOBS = `
  SELECT id, task_identifier AS task, ${STATE} AS state, attempts::int, max_attempts::int AS "maxAttempts", run_at AS "runAt", created_at AS "createdAt",
         last_error AS "lastError", locked_by AS "lockedBy", locked_at AS "lockedAt", locked_at IS NULL AS "canRetry"
  FROM graphile_worker.jobs
  UNION ALL
  SELECT id, task, 'dead', attempts, attempts, given_up_at, created_at, error, NULL, NULL, false FROM given_up_jobs`;

const shown = (job: Job): Job => ({ ...job, lastError: job.lastError === null ? null : plainText(job.lastError, ERROR_MAX_LENGTH) });

export function createJobAdministration(pool: Pool): JobAdministration {
  return {
    async list(state: JobState | undefined, limit: number, after: Cursor | null): Promise<Slice<Job>> {
      const { rows } = await pool.query<Job>(
        `SELECT * FROM (${JOBS}) AS it WHERE ($1::text IS NULL OR state = $1) AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
        [state ?? null, after?.id ?? null, limit + 1],
      );
      return sliceOf(rows.map(shown), limit, ({ id }) => ({ key: id, id }));
    },

    async counts() {
      const { rows } = await pool.query<{ state: JobState; jobs: number }>(
        `SELECT state, count(*)::int AS jobs FROM (${JOBS}) AS it GROUP BY state`,
      );
      return { running: 0, waiting: 0, failed: 0, dead: 0, ...Object.fromEntries(rows.map(({ state, jobs }) => [state, jobs])) };
    },

    work: (from) => workSince(pool, from, null),

    retry: (adminId, id) =>
      administer(pool, adminId, async ({ client, record }) => {
        const job = await jobOf(client, id);
        if (job instanceof Failure) return job;
        if (job.state === 'running') return running(id);
        if (!job.canRetry)
          return new Failure('job_gone', `What job ${id} carried was deleted when it was given up: it cannot be done again`);
        const { rowCount } = await client.query(
          'SELECT FROM graphile_worker.reschedule_jobs(ARRAY[$1::bigint], run_at => now(), attempts => 0)',
          [id],
        );
        if (rowCount === 0) return running(id);
        await record('job.retry', { id, name: job.task }, {});
        return jobOf(client, id);
      }),

    delete: (adminId, id) =>
      administer(pool, adminId, async ({ client, record }) => {
        const job = await jobOf(client, id);
        if (job instanceof Failure) return job;
        if (job.state === 'running') return running(id);
        const remains = await client.query('DELETE FROM given_up_jobs WHERE id = $1', [id]);
        const { rowCount } = await client.query('SELECT FROM graphile_worker.complete_jobs(ARRAY[$1::bigint])', [id]);
        if ((remains.rowCount ?? 0) + (rowCount ?? 0) === 0) return running(id);
        await record('job.delete', { id, name: job.task }, {});
        return undefined;
      }),
  };
}

const running = (id: number): Failure => new Failure('job_running', `Job ${id} is running right now`);

async function jobOf(db: Queryable, id: number): Promise<Job | Failure> {
  const { rows } = await db.query<Job>(`SELECT * FROM (${JOBS}) AS it WHERE id = $1`, [id]);
  return rows.length === 0 ? new Failure('not_found', `There is no job ${id}`) : shown(rows[0]);
}

/** By day, over nodes. @param to null: until now */
export async function workSince(db: Queryable, from: string, to: string | null): Promise<WorkSummary[]> {
  type Row = Omit<WorkSummary, 'lastAt' | 'lastFailedAt'> & { lastAt: Date; lastFailedAt: Date | null };
  const { rows } = await db.query<Row>(
    `SELECT day, kind, name, sum(runs)::bigint AS runs, sum(failures)::bigint AS failures, sum(total_ms) AS "totalMs", max(longest_ms) AS "longestMs",
            (array_agg(last_ms ORDER BY last_at DESC))[1] AS "lastMs", max(last_at) AS "lastAt", max(last_failed_at) AS "lastFailedAt",
            (array_agg(last_error ORDER BY last_failed_at DESC NULLS LAST))[1] AS "lastError"
     FROM work_runs WHERE day >= $1 AND ($2::date IS NULL OR day <= $2) GROUP BY day, kind, name ORDER BY day DESC, kind, name LIMIT $3`,
    [from, to, WORK_ROWS_MAX],
  );
  return rows.map((row) => ({ ...row, lastAt: row.lastAt.getTime(), lastFailedAt: row.lastFailedAt?.getTime() ?? null }));
}

export type JobOptions = {
  /** A job that waits under the same key is replaced. */
  key: string;
  /** Tries grow apart by e^n seconds, n at most 10. */
  maxAttempts: number;
  delaySec?: number;
};

/** @param db inside a transaction, its client: then there is the job exactly when it commits */
export async function addJob(db: Queryable, task: string, payload: object, { key, maxAttempts, delaySec = 0 }: JobOptions): Promise<void> {
  await db.query(
    'SELECT graphile_worker.add_job($1, $2::json, job_key => $3, max_attempts => $4, run_at => now() + make_interval(secs => $5))',
    [task, JSON.stringify(payload), key, maxAttempts, delaySec],
  );
}

/**
 * Frees what dead nodes were doing (graphile-worker itself waits for four hours). A lock names a node's worker pool, and can only be taken from it as a whole.
 * @param deadAfter an interval of Postgres, longer than any job may take
 */
export async function freeDeadWorkers(db: Queryable, deadAfter: string): Promise<void> {
  await db.query(
    `SELECT graphile_worker.force_unlock_workers(array_agg(pool)) FROM (
       SELECT locked_by AS pool FROM graphile_worker.jobs WHERE locked_by IS NOT NULL
       GROUP BY locked_by HAVING max(locked_at) < now() - $1::interval
     ) AS dead HAVING count(*) > 0`,
    [deadAfter],
  );
}

/** Deletes dead jobs of some tasks, since what they carry is secret, and leaves a record of each without it. @returns how many */
export async function giveUpJobs(db: Queryable, tasks: readonly string[]): Promise<number> {
  const { rows } = await db.query<{ jobs: number }>(
    `WITH dead AS (
       SELECT id, task_identifier, attempts, last_error, created_at FROM graphile_worker.jobs
       WHERE task_identifier = ANY($1) AND attempts >= max_attempts AND locked_at IS NULL
     ), kept AS (
       INSERT INTO given_up_jobs (id, task, attempts, error, created_at)
       SELECT id, task_identifier, attempts, left(regexp_replace(split_part(coalesce(last_error, ''), E'\n', 1), 'https?://\\S+', '…', 'g'), $2), created_at
       FROM dead ON CONFLICT (id) DO NOTHING
     )
     SELECT count(*)::int AS jobs FROM graphile_worker.complete_jobs((SELECT array_agg(id) FROM dead))`,
    [tasks, ERROR_MAX_LENGTH],
  );
  return rows[0].jobs;
}

/** @returns how many had their last try before that moment */
export async function forgetDeadJobs(db: Queryable, before: Date): Promise<number> {
  const { rows } = await db.query<{ jobs: number }>(
    `SELECT count(*)::int AS jobs FROM graphile_worker.complete_jobs((
       SELECT array_agg(id) FROM graphile_worker.jobs WHERE attempts >= max_attempts AND locked_at IS NULL AND updated_at < $1
     ))`,
    [before],
  );
  return rows[0].jobs;
}
