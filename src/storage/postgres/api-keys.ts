/** Keys of programs. A key is shown once; its SHA-256 is kept (it is random, so a slow hash would protect nothing). */
import { createHash, randomBytes } from 'node:crypto';
import { API_KEYS_MAX } from '../../core/api/accounts.ts';
import type { Scope } from '../../core/api/common.ts';
import { apiKeyPrefix, generateApiKey } from '../../core/api-key.ts';
import { Failure } from '../../core/failure.ts';
import type { ApiCaller, ApiKeyStore, OwnedApiKey } from '../../core/ports/accounts.ts';
import type { Clock, Logger } from '../../core/ports.ts';
import type { FoundKey } from './key-cache.ts';
import { inTransaction, type Pool, type PoolClient, type Queryable } from './pool.ts';

/** How exact `last_used_at` is: it is not written at every request. */
const LAST_USE_MS = 60_000;

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

const COLUMNS = 'id, name, prefix, scopes, created_at, expires_at, last_used_at';

type Row = {
  id: number;
  name: string;
  prefix: string;
  scopes: Scope[];
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
};

const keyOf = ({ created_at, expires_at, last_used_at, ...row }: Row): OwnedApiKey => ({
  ...row,
  createdAt: created_at.getTime(),
  expiresAt: expires_at?.getTime() ?? null,
  lastUsedAt: last_used_at?.getTime() ?? null,
});

type NewKey = { userId: number; name: string; scopes: readonly Scope[]; expiresAt?: number | null | undefined };
type MadeKey = { key: OwnedApiKey; secret: string };

/** Whatever the account may have and give. @returns the key itself: nobody can read it again */
export async function createApiKey(db: Queryable, key: NewKey): Promise<string> {
  return (await insertKey(db, key)).secret;
}

/** Within what the account may have and give. @throws Failure as ApiKeyStore.create does */
export async function addApiKey(pool: Pool, key: NewKey): Promise<MadeKey> {
  const made = await inTransaction(pool, (client) => insertKeyWithin(client, key));
  if (made instanceof Failure) throw made;
  return made;
}

async function insertKey(db: Queryable, { userId, name, scopes, expiresAt = null }: NewKey): Promise<MadeKey> {
  const secret = generateApiKey(randomBytes);
  const { rows } = await db.query<Row>(
    `INSERT INTO api_keys (user_id, name, prefix, hash, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
    [userId, name, apiKeyPrefix(secret), hashOf(secret), scopes, expiresAt === null ? null : new Date(expiresAt)],
  );
  return { key: keyOf(rows[0]), secret };
}

/** @param onRevoked makes the end of a key known everywhere, by its hash */
export function createApiKeyStore(pool: Pool, onRevoked: (hash: Uint8Array) => Promise<void>): ApiKeyStore {
  return {
    create: (ownerId, key) => addApiKey(pool, { userId: ownerId, ...key }),

    async list(ownerId) {
      const { rows } = await pool.query<Row>(`SELECT ${COLUMNS} FROM api_keys WHERE user_id = $1 ORDER BY id DESC`, [ownerId]);
      return rows.map(keyOf);
    },

    async delete(ownerId, id) {
      // The hash first: a delete whose answer is lost may have happened all the same, and has to be made known.
      const { rows } = await pool.query<{ hash: Buffer }>('SELECT hash FROM api_keys WHERE id = $1 AND user_id = $2', [id, ownerId]);
      if (rows.length === 0) throw notFound();
      try {
        const { rowCount } = await pool.query('DELETE FROM api_keys WHERE id = $1 AND user_id = $2', [id, ownerId]);
        if (rowCount === 0) throw notFound();
      } finally {
        await onRevoked(rows[0].hash);
      }
    },
  };
}

/**
 * Within what the account may have and give. Its row is locked, or many at once would all count before any of them is there.
 * Failures are returned: one that is thrown costs the connection, see inTransaction.
 */
async function insertKeyWithin(client: PoolClient, key: NewKey): Promise<MadeKey | Failure> {
  const { rows: users } = await client.query<{ isAdmin: boolean }>(
    'SELECT is_admin AS "isAdmin" FROM users WHERE id = $1 FOR NO KEY UPDATE',
    [key.userId],
  );
  if (users.length === 0) return new Failure('unauthenticated', 'This account is gone');
  if (key.scopes.includes('admin') && !users[0].isAdmin) return refused('scopes', 'only administrators may have keys with the scope admin');
  const { rows } = await client.query<{ keys: number }>('SELECT count(*) AS keys FROM api_keys WHERE user_id = $1', [key.userId]);
  if (rows[0].keys >= API_KEYS_MAX) return refused('', `an account may have ${API_KEYS_MAX} keys: delete one first`);
  return insertKey(client, key);
}

const refused = (path: string, message: string) => new Failure('invalid', message, { errors: [{ path, message }] });
const notFound = () => new Failure('not_found', 'There is no such key');

/**
 * Finds whom a key speaks for, in one query, and writes down that it was used, without making the caller wait.
 * Null for a key that is unknown, revoked or expired. The scope admin is worth nothing where the account is no administrator's.
 */
export function apiKeyLookup(
  db: Queryable,
  { clock, logger }: { clock: Clock; logger: Logger },
): (hash: Uint8Array) => Promise<FoundKey | null> {
  return async (hash) => {
    const { rows } = await db.query<ApiCaller & { id: number; expiresAt: Date | null; lastUsedAt: Date | null; isBanned: boolean }>({
      name: 'api-key-lookup',
      text: `SELECT u.id AS "userId", NULL AS "publicId", 'key' AS kind, u.time_zone AS "timeZone",
                    CASE WHEN u.is_admin THEN k.scopes ELSE array_remove(k.scopes, 'admin') END AS scopes,
                    k.id, k.expires_at AS "expiresAt", k.last_used_at AS "lastUsedAt", u.banned_at IS NOT NULL AS "isBanned"
             FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.hash = $1`,
      values: [hash],
    });
    if (rows.length === 0) return null;
    const [{ id, expiresAt, lastUsedAt, isBanned, ...caller }] = rows;
    const now = clock();
    if (expiresAt !== null && now >= expiresAt.getTime()) return null;
    if (isBanned) return { caller: 'banned', expiresAt: expiresAt?.getTime() ?? null };
    if (isDue(lastUsedAt, now))
      markUsed(db, id, now).catch((err) => logger.warn({ err, key: id }, 'the last use of a key was not written'));
    return { caller, expiresAt: expiresAt?.getTime() ?? null };
  };
}

const isDue = (lastUsedAt: Date | null, now: number): boolean => lastUsedAt === null || now - lastUsedAt.getTime() >= LAST_USE_MS;

/** Threads and nodes that find it due at the same time write it once. */
async function markUsed(db: Queryable, id: number, now: number): Promise<void> {
  await db.query('UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)', [
    id,
    new Date(now),
    new Date(now - LAST_USE_MS),
  ]);
}
