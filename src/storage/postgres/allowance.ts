/** How many links an account may still make. */
import type { Plan } from '../../core/account.ts';
import { Failure } from '../../core/failure.ts';
import { QuotaExceeded, type Quotas, quotaOf } from '../../core/quota.ts';
import type { PoolClient } from './pool.ts';

export type Room = {
  /** Links that may be made; Infinity for a plan without a limit. */
  free: number;
  /** Why there may be no more. @param made how many were made of those that were free */
  refusal(made: number): QuotaExceeded;
};

/**
 * Asked twice: first without a lock, so that whoever has no limit or no place left waits for nobody; then, with a place left, behind the lock
 * of the account, which is held until the links are committed. So of any number at once only as many get through as there are places.
 * @param client in the transaction that makes the links
 * @returns a Failure when the account may not make links at all
 */
export async function roomFor(client: PoolClient, ownerId: number, quotas: Quotas): Promise<Room | Failure> {
  const before = await judge(client, ownerId, quotas);
  if (before instanceof Failure || before.free <= 0 || before.free === Number.POSITIVE_INFINITY) return before;
  // Not FOR UPDATE: a row that refers to the account (a link, an idempotency key) holds KEY SHARE on it, and two of those would wait for each other.
  await client.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [ownerId]);
  return judge(client, ownerId, quotas);
}

/** The same for one link. @returns null when it may be made */
export async function whyNotAllowed(client: PoolClient, ownerId: number, quotas: Quotas): Promise<Failure | null> {
  const room = await roomFor(client, ownerId, quotas);
  if (room instanceof Failure) return room;
  return room.free > 0 ? null : room.refusal(0);
}

const NO_LIMIT: Room = {
  free: Number.POSITIVE_INFINITY,
  refusal() {
    throw new Error('a plan without a limit refuses nothing');
  },
};

async function judge(client: PoolClient, ownerId: number, quotas: Quotas): Promise<Room | Failure> {
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
  if (quota === null) return NO_LIMIT;
  const counted = await client.query<{ links: number }>('SELECT count(*) AS links FROM links WHERE owner_id = $1', [ownerId]);
  const [{ links }] = counted.rows;
  return { free: Math.max(0, quota - links), refusal: (made) => new QuotaExceeded(plan, quota, links + made) };
}
