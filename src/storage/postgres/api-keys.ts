/** Keys of programs. A key is shown once; its SHA-256 is kept (it is random, so a slow hash would protect nothing). */
import { createHash, randomBytes } from 'node:crypto';
import type { Scope } from '../../core/api.ts';
import { apiKeyPrefix, generateApiKey } from '../../core/api-key.ts';
import type { ApiCaller, KeyLookup } from '../../core/ports.ts';
import type { Queryable } from './pool.ts';

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** @returns the key itself: nobody can read it again */
export async function createApiKey(db: Queryable, key: { userId: number; name: string; scopes: readonly Scope[] }): Promise<string> {
  const secret = generateApiKey(randomBytes);
  await db.query('INSERT INTO api_keys (user_id, name, prefix, hash, scopes) VALUES ($1, $2, $3, $4, $5)', [
    key.userId,
    key.name,
    apiKeyPrefix(secret),
    hashOf(secret),
    key.scopes,
  ]);
  return secret;
}

/** Finds whom a key speaks for, in one query. Null for a key that is unknown or revoked. */
export const apiKeyLookup =
  (db: Queryable): KeyLookup =>
  async (hash) => {
    const { rows } = await db.query<ApiCaller>({
      name: 'api-key-lookup',
      text: `SELECT u.id AS "userId", NULL AS "publicId", 'key' AS kind, k.scopes, u.time_zone AS "timeZone", u.confirmed_at IS NOT NULL AS "isConfirmed"
             FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.hash = $1 AND u.banned_at IS NULL`,
      values: [hash],
    });
    return rows[0] ?? null;
  };
