/** That there is always an administrator, once there is one. */
import { Failure } from '../../core/failure.ts';
import { ADVISORY_LOCKS } from './locks.ts';
import type { PoolClient, Queryable } from './pool.ts';

/** Of a row of `users`: whether the account may administrate. */
export const IS_ADMINISTRATOR = 'is_admin AND banned_at IS NULL';

export async function hasAdministrator(db: Queryable): Promise<boolean> {
  const { rowCount } = await db.query(`SELECT FROM users WHERE ${IS_ADMINISTRATOR} LIMIT 1`);
  return rowCount === 1;
}

/** Whoever makes or removes administrators waits for others who do. */
export async function lockAdministrators(client: PoolClient): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.administrators]);
}

/**
 * To be asked before an administrator is banned, demoted or deleted. Whoever asks waits for others who have asked and have not committed, so
 * that of two who remove each other one stays.
 * @param client in a transaction of READ COMMITTED that has locked the account's row
 * @returns null when there is another one
 */
export async function whyLastStays(client: PoolClient, id: number): Promise<Failure | null> {
  await lockAdministrators(client);
  const { rowCount } = await client.query(`SELECT FROM users WHERE ${IS_ADMINISTRATOR} AND id <> $1 LIMIT 1`, [id]);
  return rowCount === 1 ? null : new Failure('last_administrator', 'This is the only administrator: make another one first');
}
