/** Asks the server. The access token is only in memory; a new one comes for the refresh cookie, which no script can read. */

import { signal } from '@preact/signals';
import type { Session, User } from '../../../src/core/api/accounts.ts';
import type { Problem } from '../../../src/core/api/common.ts';
import { forget, onForgotten, readStored, store } from '../stored.ts';

const API = new URL('api/v1/', document.baseURI);
/** Longer than the server's own deadline. */
const TIMEOUT_MS = 15_000;
/** Set while somebody is signed in here, so that guests cause no request for a token. */
const SIGNED_IN = 'signedIn';
const REFRESH_LOCK = 'elnk-refresh';
/** Since when a page asks for a token; stays when the page is left before the answer. */
const ASKING_SINCE = 'askingSince';
/** Such an answer has come by then. */
const LEFT_REQUEST_MS = 1_500;

/** Who is signed in: undefined until that is known, null for nobody. */
export const user = signal<User | null | undefined>(readStored(SIGNED_IN, (it) => it === true) ? undefined : null);
/** Why that is not known, while it is not: the server could not say. */
export const sessionError = signal<unknown>(null);
let accessToken: string | null = null;

/** The server said no. */
export class ProblemError extends Error {
  readonly problem: Problem;
  /** Seconds to wait; null: waiting does not help. */
  readonly retryAfterSec: number | null;

  constructor(problem: Problem, retryAfterSec: number | null) {
    super(problem.detail);
    this.problem = problem;
    this.retryAfterSec = retryAfterSec;
  }
}

/** The server could not be reached, or its answer made no sense. */
export class UnreachableError extends Error {}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
/** `keepalive`: sent although the page is left. `timeoutMs`: for what takes longer than usual. */
export type Ask = {
  body?: unknown;
  keepalive?: boolean;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  timeoutMs?: number;
};

/**
 * @param path below /api/v1/
 * @returns the answer's JSON; undefined when it has none
 * @throws ProblemError, UnreachableError; what `signal` was aborted with
 */
export async function ask<T>(method: Method, path: string, options: Ask = {}): Promise<T> {
  const response = await askRaw(method, path, options);
  const isEmpty = response.status === 204 || response.headers.get('content-length') === '0';
  return (isEmpty ? undefined : await response.json()) as T;
}

/** The same for answers that are no JSON. */
export async function askRaw(method: Method, path: string, options: Ask = {}): Promise<Response> {
  if (accessToken === null && user.value !== null) await refresh();
  const first = await send(method, path, options);
  if (first.status !== 401 || accessToken === null) return checked(first);
  // The token is over (15 minutes), or the session has ended elsewhere: the cookie tells.
  accessToken = null;
  return (await refresh()) ? checked(await send(method, path, options)) : checked(first);
}

/** Signs in by an answer that brings a session. */
export function startSession(session: Session): void {
  accessToken = session.accessToken;
  user.value = session.user;
  store(SIGNED_IN, true);
}

export function endSession(): void {
  accessToken = null;
  user.value = null;
  forget(SIGNED_IN);
}

/** For the live feed, which has no headers. @param refused the last one was not good any more @returns null when nobody is signed in */
export async function freshToken({ refused = false } = {}): Promise<string | null> {
  if (refused) accessToken = null;
  return accessToken ?? ((await refresh()) ? accessToken : null);
}

/** Finds out who is signed in when the page is opened. */
export async function restoreSession(): Promise<void> {
  if (user.value !== undefined) return;
  sessionError.value = null;
  try {
    await refresh();
  } catch (error) {
    sessionError.value = error;
  }
}

/** Who signs out in one tab is out in all of them. */
onForgotten(SIGNED_IN, () => {
  if (user.value != null) endSession();
});

let refreshing: Promise<boolean> | null = null;

/** One at a time, over all tabs: a refresh token is good once, and the second tab's would count as stolen. @returns whether somebody is signed in */
function refresh(): Promise<boolean> {
  refreshing ??= withLock(askAlone).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

const withLock = <T>(work: () => Promise<T>): Promise<T> =>
  'locks' in navigator ? (navigator.locks.request(REFRESH_LOCK, work) as Promise<T>) : work();

/**
 * Not while the request of a page that was just left may be under way: it goes on without that page (`keepalive`) and brings the next cookie,
 * before which this page's would be old.
 */
async function askAlone(): Promise<boolean> {
  const sinceMs = Date.now() - (readStored(ASKING_SINCE, (it) => (typeof it === 'number' ? it : undefined)) ?? 0);
  if (sinceMs >= 0 && sinceMs < LEFT_REQUEST_MS) await new Promise((resolve) => setTimeout(resolve, LEFT_REQUEST_MS - sinceMs));
  store(ASKING_SINCE, Date.now());
  let wasAnswered = true;
  try {
    return await askForToken();
  } catch (error) {
    wasAnswered = error instanceof ProblemError;
    throw error;
  } finally {
    if (wasAnswered) forget(ASKING_SINCE);
  }
}

async function askForToken(): Promise<boolean> {
  const response = await send('POST', 'auth/refresh', { keepalive: true });
  if (response.status === 401 || response.status === 403) {
    endSession();
    return false;
  }
  startSession((await (await checked(response)).json()) as Session);
  return true;
}

async function send(method: Method, path: string, options: Ask): Promise<Response> {
  const { body, headers, keepalive = false, signal: abort, timeoutMs = TIMEOUT_MS } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await fetch(new URL(path, API), {
      method,
      keepalive,
      headers: {
        Accept: 'application/json',
        ...(body === undefined || body instanceof Blob ? {} : { 'Content-Type': 'application/json' }),
        ...(accessToken === null ? {} : { Authorization: `Bearer ${accessToken}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: body instanceof Blob ? body : JSON.stringify(body) }),
      signal: abort === undefined ? timeout : AbortSignal.any([timeout, abort]),
    });
  } catch (cause) {
    if (abort?.aborted) throw cause;
    throw new UnreachableError('the server cannot be reached', { cause });
  }
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const seconds = Number(response.headers.get('retry-after'));
  const problem = await response.json().catch((cause) => {
    throw new UnreachableError(`an answer ${response.status} without a reason`, { cause }); // of a proxy in between, say
  });
  throw new ProblemError(problem as Problem, seconds > 0 ? seconds : null);
}
