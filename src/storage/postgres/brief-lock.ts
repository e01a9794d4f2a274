/** Transactions that need a table for themselves for a moment. */
import type pg from 'pg';
import { inTransaction, type PoolClient } from './pool.ts';

/** It is given up rather than make others queue behind a long reader. */
const LOCK_TIMEOUT_MS = 200;
const LOCK_NOT_AVAILABLE = '55P03';

/** @returns what `work` returns; null when somebody keeps what it wants to lock: try again later */
export async function withBriefLocks<T>(pool: pg.Pool, work: (client: PoolClient) => Promise<T>): Promise<T | null> {
  try {
    return await inTransaction(pool, async (client) => {
      await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
      return work(client);
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE) return null;
    throw error;
  }
}
