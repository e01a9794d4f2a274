/** The cookie that keeps people signed in, and who may make a browser send it. */
import { Failure } from '../core/failure.ts';
import type { HeaderDescription } from './route.ts';
import { REFRESH_TTL_SEC } from './tokens.ts';

/**
 * `__Host-`: a browser takes it only over HTTPS, or from this machine itself, and from no other host: else whoever has a sibling of our host could
 * set it, and sign a visitor in to an account of theirs. The price is the path, which brings it along with every request.
 */
const NAME = '__Host-elnk-refresh';
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';

/** In the description of whatever route sets or clears the cookie: these are closed to other origins, see routes.ts. */
export const SET_COOKIE: HeaderDescription = { name: 'Set-Cookie', description: 'The refresh token, which no script can read' };

export const refreshCookie = (token: string): string => `${NAME}=${token}; ${ATTRIBUTES}; Max-Age=${REFRESH_TTL_SEC}`;
export const clearedRefreshCookie = `${NAME}=; ${ATTRIBUTES}; Max-Age=0`;

/** @returns null when there is none, or more than one: no browser of ours sends two */
export function refreshTokenOf(headers: ReadonlyMap<string, string>): string | null {
  const tokens = refreshTokensOf(headers);
  return tokens.length === 1 ? tokens[0] : null;
}

function refreshTokensOf(headers: ReadonlyMap<string, string>): string[] {
  const pairs = (headers.get('cookie') ?? '').split(/[;,] ?/).filter((pair) => pair.startsWith(`${NAME}=`));
  return pairs.map((pair) => pair.slice(NAME.length + 1));
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

/** The same for whatever brings the cookie, wanted or not. @throws Failure forbidden */
export function requireOwnOriginOfCookie(headers: ReadonlyMap<string, string>, baseUrl: string): void {
  if (refreshTokensOf(headers).length > 0) requireOwnOrigin(headers, baseUrl);
}
