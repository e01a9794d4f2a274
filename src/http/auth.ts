/** Who calls. A key is looked up by its SHA-256: the comparison is the index's, on something an attacker cannot choose byte by byte. */
import { createHash } from 'node:crypto';
import type { Scope } from '../core/api.ts';
import { isApiKeyForm } from '../core/api-key.ts';
import { Failure } from '../core/failure.ts';
import type { ApiCaller, KeyLookup } from '../core/ports.ts';

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

/** The key of a request: `Authorization: Bearer` or, without an Authorization header, `X-Api-Key`; null when there is none. */
export function bearerOf(headers: ReadonlyMap<string, string>): string | null {
  const authorization = headers.get('authorization');
  if (authorization === undefined) return headers.get('x-api-key') || null;
  return BEARER.exec(authorization)?.[1] ?? null;
}

/** @throws Failure unauthenticated */
export async function authenticate(headers: ReadonlyMap<string, string>, findKey: KeyLookup): Promise<ApiCaller> {
  const key = bearerOf(headers);
  if (key === null) throw new Failure('unauthenticated', 'Send an API key as "Authorization: Bearer …" or "X-Api-Key: …"');
  const caller = isApiKeyForm(key) ? await findKey(createHash('sha256').update(key).digest()) : null;
  if (caller === null) throw new Failure('unauthenticated', 'This key is not known here, or has expired');
  return caller;
}

/** @throws Failure forbidden */
export function requireScope(caller: ApiCaller, scope: Scope | 'session'): void {
  if (scope === 'session') {
    if (caller.kind !== 'session') throw new Failure('forbidden', 'Sign in for this: a key may not do it');
    return;
  }
  if (!caller.scopes.includes(scope)) throw new Failure('forbidden', `This key has no scope ${scope}`);
}
