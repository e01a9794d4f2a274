/** The cookie that keeps people signed in, and who may make a browser send it. */
import { Failure } from '../core/failure.ts';
import { REFRESH_TTL_SEC } from './tokens.ts';

/** `__Secure-`: a browser takes it only over HTTPS, or from this machine itself. */
const NAME = '__Secure-elnk-refresh';
/** Path is no protection; it only keeps the cookie out of requests that have no use for it. */
const ATTRIBUTES = 'Path=/api/v1/auth; Secure; HttpOnly; SameSite=Strict';

export const refreshCookie = (token: string): string => `${NAME}=${token}; ${ATTRIBUTES}; Max-Age=${REFRESH_TTL_SEC}`;
export const clearedRefreshCookie = `${NAME}=; ${ATTRIBUTES}; Max-Age=0`;

/** @returns null when there is none. Of several the first: RFC 6265 sends the one with the longest path first */
export function refreshTokenOf(headers: ReadonlyMap<string, string>): string | null {
  for (const pair of (headers.get('cookie') ?? '').split(/[;,] ?/)) {
    if (pair.startsWith(`${NAME}=`)) return pair.slice(NAME.length + 1);
  }
  return null;
}

/**
 * Every browser says from which page an unsafe request comes; a program that says nothing has no cookie of a visitor's to abuse.
 * @throws Failure forbidden
 */
export function requireOwnOrigin(headers: ReadonlyMap<string, string>, baseUrl: string): void {
  const origin = headers.get('origin');
  if (origin !== undefined && origin !== new URL(baseUrl).origin)
    throw new Failure('forbidden', 'This may be asked only from our own pages');
}
