/** Whether an account may make one more link. */
import type { Plan } from '../../core/account.ts';
import { Failure } from '../../core/failure.ts';
import { QuotaExceeded, type Quotas, quotaOf } from '../../core/quota.ts';
import type { PoolClient } from './pool.ts';

/** Of the transaction that asks: what is counted behind the lock has to be as of then, not as of the transaction's begin. */
export const BEGIN_ALLOWANCE = 'BEGIN ISOLATION LEVEL READ COMMITTED';

/**
 * Asked twice: first without a lock, so that whoever has no limit or no place left waits for nobody; then, with a place left, behind the lock
 * of the account, which is held until the link is committed. So of any number at once only as many get through as there are places.
 * @param client in the transaction that makes the link, begun with BEGIN_ALLOWANCE
 * @returns null when the link may be made
 */
export async function whyNotAllowed(client: PoolClient, ownerId: number, quotas: Quotas): Promise<Failure | null> {
  const before = await judge(client, ownerId, quotas);
  if (before !== 'place left') return before;
  // Not FOR UPDATE: a row that refers to the account (a link, an idempotency key) holds KEY SHARE on it, and two of those would wait for each other.
  await client.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [ownerId]);
  const now = await judge(client, ownerId, quotas);
  return now === 'place left' ? null : now;
}

/** @returns null: there is no limit */
async function judge(client: PoolClient, ownerId: number, quotas: Quotas): Promise<Failure | 'place left' | null> {
  const { rows } = await client.query<{ plan: Plan; isConfirmed: boolean }>(
    'SELECT plan, confirmed_at IS NOT NULL AS "isConfirmed" FROM users WHERE id = $1',
    [ownerId],
  );
  if (rows.length === 0) return new Failure('unauthenticated', 'This account has been deleted');
  const [{ plan, isConfirmed }] = rows;
  if (!isConfirmed) {
    return new Failure(
      'unconfirmed',
      'Confirm your e-mail address first, by the link in the mail that was sent to it; POST /api/v1/auth/confirm/resend sends the mail again',
    );
  }
  const quota = quotaOf(plan, quotas);
  if (quota === null) return null;
  const counted = await client.query<{ links: number }>('SELECT count(*) AS links FROM links WHERE owner_id = $1', [ownerId]);
  const [{ links }] = counted.rows;
  return links < quota ? 'place left' : new QuotaExceeded(plan, quota, links);
}
