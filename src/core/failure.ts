/** Expected failures: a stable code with details. `http/problem.ts` turns codes into answers, in one table. */

import type { ThrottlePolicy } from './ports/accounts.ts';

export type FailureCode =
  | 'malformed' // the request cannot be read at all
  | 'unauthenticated'
  | 'banned' // the account of a key is; whoever signs in is only told that they cannot
  | 'forbidden'
  | 'unconfirmed' // the account's e-mail address has to be confirmed first
  | 'quota_exceeded' // the plan allows no more links
  | 'own_account' // what an administrator may do with every account but the own one
  | 'last_administrator' // there has to be one
  | 'not_found' // also what belongs to somebody else
  | 'method_not_allowed'
  | 'upgrade_required' // this address speaks WebSocket only
  | 'slug_taken'
  | 'job_running' // what runs can be neither deleted nor begun again
  | 'job_gone' // what the job carried was deleted
  | 'idempotency_conflict' // the same Idempotency-Key with another body
  | 'stale' // If-Match names an older version
  | 'not_yet' // there is a link, but it does not lead anywhere yet
  | 'gone' // there is a link, but it does not lead anywhere any more
  | 'password_required' // the link leads on for those who send its password
  | 'wrong_password' // of a link
  | 'too_large'
  | 'unsupported_media_type'
  | 'request_timeout' // the request did not arrive completely within the route's time
  | 'invalid' // read, but a field is wrong: see `errors`
  | 'too_many_links' // more than one answer can hold
  | 'too_many_requests'
  | 'busy' // as much is being done as can be; try again
  | 'store_away' // Postgres cannot be asked right now; try again
  | 'mail_off' // this server sends no mails, and what was asked for begins with one
  | 'deadline' // no answer within the route's time; try again
  | 'internal';

export type FieldError = { path: string; message: string };

type FailureDetails = { errors?: readonly FieldError[]; retryAfterSec?: number; policy?: ThrottlePolicy; cause?: unknown };

export class Failure extends Error {
  readonly code: FailureCode;
  readonly errors: readonly FieldError[];
  /** Seconds after which trying again may help; absent when it will not. */
  readonly retryAfterSec: number | undefined;
  /** Which limit was reached. */
  readonly policy: ThrottlePolicy | undefined;

  constructor(code: FailureCode, detail: string, more: FailureDetails = {}) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'Failure';
    this.code = code;
    this.errors = more.errors ?? [];
    this.retryAfterSec = more.retryAfterSec;
    this.policy = more.policy;
  }
}

/** A limit was reached. @param resetMs until there will be room again */
export function tooManyRequests(policy: ThrottlePolicy, resetMs: number): Failure {
  const retryAfterSec = Math.max(1, Math.ceil(resetMs / 1000));
  return new Failure('too_many_requests', `Too many tries: again in ${retryAfterSec} seconds`, { retryAfterSec, policy });
}
