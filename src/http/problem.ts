/** The one table that turns failures into HTTP answers (RFC 9457). */
import type { Problem } from '../core/api/common.ts';
import type { Failure, FailureCode } from '../core/failure.ts';
import type { Reply } from './route.ts';
import { rateLimitHeaders } from './throttle.ts';

export const PROBLEM_TYPE = 'application/problem+json';

type Entry = { status: number; title: string; headers?: Readonly<Record<string, string>> };

export const PROBLEMS: Readonly<Record<FailureCode, Entry>> = {
  malformed: { status: 400, title: 'The request cannot be read' },
  unauthenticated: { status: 401, title: 'Who are you?', headers: { 'WWW-Authenticate': 'Bearer realm="elnk"' } },
  banned: { status: 401, title: 'This account is banned', headers: { 'WWW-Authenticate': 'Bearer realm="elnk"' } },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    headers: { 'WWW-Authenticate': 'Bearer realm="elnk", error="insufficient_scope"' },
  },
  unconfirmed: { status: 403, title: 'The e-mail address is not confirmed yet' },
  quota_exceeded: { status: 403, title: 'There are as many links as the plan allows' },
  password_required: { status: 403, title: 'This link has a password' },
  wrong_password: { status: 403, title: 'The password is wrong' },
  own_account: { status: 409, title: 'Not with your own account' },
  last_administrator: { status: 409, title: 'An administrator has to stay' },
  not_found: { status: 404, title: 'There is nothing here' },
  not_yet: { status: 404, title: 'This link does not lead anywhere yet' },
  method_not_allowed: { status: 405, title: 'Not with this method' },
  request_timeout: { status: 408, title: 'The request did not arrive in time' },
  job_running: { status: 409, title: 'The job is running' },
  job_gone: { status: 409, title: 'The job cannot be done again' },
  slug_taken: { status: 409, title: 'The slug is taken' },
  gone: { status: 410, title: 'This link is no longer available' },
  stale: { status: 412, title: 'It was changed in the meantime' },
  too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The body has another type than it must have' },
  upgrade_required: { status: 426, title: 'This address speaks WebSocket', headers: { Upgrade: 'websocket', Connection: 'Upgrade' } },
  idempotency_conflict: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  invalid: { status: 422, title: 'The request is not valid' },
  too_many_links: { status: 422, title: 'There are too many links for this' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong here' },
  busy: { status: 503, title: 'Too much at once' },
  store_away: { status: 503, title: 'Not available right now' },
  mail_off: { status: 503, title: 'This server sends no mails' },
  deadline: { status: 503, title: 'No answer in time' },
};

export function problemOf(failure: Pick<Failure, 'code' | 'message' | 'errors'>): Problem {
  const { status, title } = PROBLEMS[failure.code];
  const problem = { type: `urn:elnk:problem:${failure.code}`, title, status, detail: failure.message, code: failure.code };
  return failure.errors.length === 0 ? problem : { ...problem, errors: [...failure.errors] };
}

export function problemReply(failure: Failure, headers: Readonly<Record<string, string>> = {}): Reply {
  const entry = PROBLEMS[failure.code];
  const retry: Record<string, string> = failure.retryAfterSec === undefined ? {} : { 'Retry-After': String(failure.retryAfterSec) };
  return {
    status: entry.status,
    headers: { ...entry.headers, ...headers, ...retry, ...rateLimit(failure), 'Content-Type': PROBLEM_TYPE },
    body: problemOf(failure),
  };
}

const rateLimit = ({ policy, retryAfterSec }: Failure): Record<string, string> =>
  policy === undefined ? {} : rateLimitHeaders(policy, 0, retryAfterSec ?? policy.windowSec);
