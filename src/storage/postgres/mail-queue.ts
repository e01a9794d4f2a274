/**
 * The queue of mails: jobs of graphile-worker, whose schema `migrate` makes. A mail is queued exactly when the transaction commits in which it
 * was queued. Only the functions and the view that graphile-worker documents are used; its tables are its own.
 */
import { createHash } from 'node:crypto';
import { MAIL_TASKS, type MailOrder, readMailOrder } from '../../core/mail.ts';
import { addJob, freeDeadWorkers, giveUpJobs } from './jobs.ts';
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
  await addJob(db, MAIL_TASKS.mail, order, { key: jobKey, maxAttempts: MAX_ATTEMPTS });
}

/** Somebody's wish for a new password, whether there is such an account or not; it replaces one of the same address that still waits. */
export const queueResetRequest = (db: Queryable, email: string): Promise<void> =>
  addJob(
    db,
    MAIL_TASKS.reset,
    { email },
    { key: `${MAIL_TASKS.reset}:${createHash('sha256').update(email).digest('base64url')}`, maxAttempts: MAX_ATTEMPTS },
  );

/**
 * Frees what dead nodes were doing, and deletes the mails that were given up, for their links are secrets.
 * @returns how many were given up
 */
export async function tidyMailQueue(db: Queryable): Promise<number> {
  await freeDeadWorkers(db, DEAD_AFTER);
  return giveUpJobs(db, Object.values(MAIL_TASKS));
}
