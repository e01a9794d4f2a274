/** Counts of tries, in Postgres, so that they hold over all threads and nodes. */
import { RateLimiterPostgres } from 'rate-limiter-flexible';
import type { ThrottlePolicy } from '../../core/ports/accounts.ts';
import { type CountedThrottle, countedThrottle } from '../counted.ts';
import type { Pool } from './pool.ts';

export function createThrottle(pool: Pool, policy: ThrottlePolicy): CountedThrottle {
  const limiter = new RateLimiterPostgres({
    storeClient: pool,
    storeType: 'pool',
    tableName: 'throttles',
    tableCreated: true,
    clearExpiredByTimeout: false, // once an hour by prune.ts, not by each limiter of each thread
    keyPrefix: policy.name,
    points: policy.limit,
    duration: policy.windowSec,
  });
  return countedThrottle(limiter, policy, async (key, points) => {
    const text = 'UPDATE throttles SET points = greatest(0, points - $2) WHERE key = $1 AND expire > $3';
    await pool.query(text, [key, points, Date.now()]);
  });
}
