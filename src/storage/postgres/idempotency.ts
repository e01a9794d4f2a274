/** Requests that are made once, however often they come. */
import { Failure } from '../../core/failure.ts';
import type { Idempotency } from '../../core/ports/links.ts';
import type { PoolClient } from './pool.ts';

/**
 * The key, what is made and what is answered, all or nothing. Whoever comes second with a key waits here for the first to commit, or to fail:
 * then it is the first. Failures are returned: one that is thrown costs the connection, see inTransaction.
 * The key comes before the lock of the account: a repeat is answered whatever the quota, and nobody holds the lock while waiting for a key.
 * @param make what is kept of its answer is its JSON
 */
export async function makeOnce<T extends object>(
  client: PoolClient,
  ownerId: number,
  { key, requestHash }: Idempotency,
  make: () => Promise<T | Failure>,
): Promise<T | Failure> {
  const taken = await client.query(
    'INSERT INTO idempotency_keys (user_id, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT (user_id, key) DO NOTHING',
    [ownerId, key, requestHash],
  );
  if (taken.rowCount === 0) {
    const { rows } = await client.query<{ same: boolean; response: T }>(
      'SELECT request_hash = $3 AS same, response FROM idempotency_keys WHERE user_id = $1 AND key = $2',
      [ownerId, key, requestHash],
    );
    return rows[0].same ? rows[0].response : new Failure('idempotency_conflict', 'This Idempotency-Key came with another request before');
  }
  const made = await make();
  if (made instanceof Failure) await client.query('DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2', [ownerId, key]);
  else {
    await client.query('UPDATE idempotency_keys SET response = $3 WHERE user_id = $1 AND key = $2', [ownerId, key, JSON.stringify(made)]);
  }
  return made;
}
