/**
 * The queue of mails: jobs of graphile-worker, whose schema `migrate` makes. A mail is queued exactly when the transaction commits in which it
 * was queued. Only the functions and the view that graphile-worker documents are used; its tables are its own.
 */
import { type MailOrder, readMailOrder } from '../../core/mail.ts';
import type { Queryable } from './pool.ts';

/** Tries grow apart from some seconds to six hours (e^n, n at most 10): together some 16 hours. */
const MAX_ATTEMPTS = 12;
/** More than any try takes, see SEND_TIMEOUT_MS in jobs/mail.ts: whoever has held a mail for so long is dead. */
const DEAD_AFTER = '5 minutes';

/**
 * @param db inside a transaction, its client
 * @param jobKey a mail that still waits under this key is replaced: it would hold an outdated link
 * @throws an Error when this is no order; then nothing was queued
 */
export async function queueMail(db: Queryable, { jobKey, ...rest }: MailOrder & { jobKey: string }): Promise<void> {
  const order = readMailOrder(rest);
  if (order === null) throw new Error('not a mail: its address, kind, language or link is wrong');
  await db.query(`SELECT graphile_worker.add_job('mail', $1::json, job_key => $2, max_attempts => $3)`, [
    JSON.stringify(order),
    jobKey,
    MAX_ATTEMPTS,
  ]);
}

/**
 * Frees the mails that dead nodes were sending (graphile-worker itself waits for four hours), and deletes those that were given up, for
 * their links are secrets. A lock names a node's worker pool, and can only be taken from it as a whole.
 * @returns how many were given up
 */
export async function tidyMailQueue(db: Queryable): Promise<number> {
  await db.query(
    `SELECT graphile_worker.force_unlock_workers(array_agg(pool)) FROM (
       SELECT locked_by AS pool FROM graphile_worker.jobs WHERE locked_by IS NOT NULL
       GROUP BY locked_by HAVING max(locked_at) < now() - $1::interval
     ) AS dead HAVING count(*) > 0`,
    [DEAD_AFTER],
  );
  const { rowCount } = await db.query(
    `SELECT graphile_worker.complete_jobs(array_agg(id)) FROM graphile_worker.jobs
     WHERE task_identifier = 'mail' AND attempts >= max_attempts AND locked_at IS NULL HAVING count(*) > 0`,
  );
  return rowCount ?? 0;
}
