/** Who calls. A key is looked up by its SHA-256: the comparison is the index's, on something an attacker cannot choose byte by byte. */
import { createHash } from 'node:crypto';
import { SCOPES, type Scope } from '../core/api/common.ts';
import { isApiKeyForm } from '../core/api-key.ts';
import { Failure } from '../core/failure.ts';
import type { AccountStore, ApiCaller, KeyLookup, SessionLookup } from '../core/ports/accounts.ts';
import type { Tokens } from './tokens.ts';

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

/** The key of a request: `Authorization: Bearer` or, without an Authorization header, `X-Api-Key`; null when there is none. */
export function bearerOf(headers: ReadonlyMap<string, string>): string | null {
  const authorization = headers.get('authorization');
  if (authorization === undefined) return headers.get('x-api-key') || null;
  return BEARER.exec(authorization)?.[1] ?? null;
}

/** Whether a request says who it is, rightly or not. */
export const hasCredentials = (headers: ReadonlyMap<string, string>): boolean => headers.has('authorization') || headers.has('x-api-key');

export type CallerLookups = { findKey: KeyLookup; findSession: SessionLookup };

/** @throws Failure unauthenticated, banned */
export async function authenticate(headers: ReadonlyMap<string, string>, { findKey, findSession }: CallerLookups): Promise<ApiCaller> {
  const token = bearerOf(headers);
  if (token === null) {
    throw new Failure('unauthenticated', 'Send an access token or an API key as "Authorization: Bearer …", or a key as "X-Api-Key: …"');
  }
  const caller = isApiKeyForm(token) ? await findKey(createHash('sha256').update(token).digest()) : await findSession(token);
  if (caller === null) throw new Failure('unauthenticated', 'This key or token is not known here, or has expired');
  if (caller === 'banned') throw new Failure('banned', 'The account of this key is banned');
  return caller;
}

/** The account is asked for at every call: a token that it no longer goes by is worthless at once. */
export const sessionLookup =
  ({ tokens, accounts }: { tokens: Tokens; accounts: AccountStore }): SessionLookup =>
  async (token) => {
    const publicId = await tokens.readAccess(token);
    const account = publicId === null ? null : await accounts.findByPublicId(publicId);
    if (account === null) return null;
    const scopes = SCOPES.filter((scope) => scope !== 'admin' || account.isAdmin);
    return { userId: account.id, publicId, kind: 'session', scopes, timeZone: account.timeZone };
  };

/** @throws Failure forbidden */
export function requireScope(caller: ApiCaller, scope: Scope | 'session'): void {
  if (scope === 'session') {
    if (caller.kind !== 'session') throw new Failure('forbidden', 'Sign in for this: a key may not do it');
    return;
  }
  if (!caller.scopes.includes(scope)) throw new Failure('forbidden', `This key has no scope ${scope}`);
}
