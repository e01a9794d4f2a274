/** Counts of tries, in Postgres, so that they hold over all threads and nodes. */
import { createHash } from 'node:crypto';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { Failure } from '../../core/failure.ts';
import type { Throttle, ThrottlePolicy } from '../../core/ports.ts';
import type { Pool } from './pool.ts';

/** What keys are made of, addresses and e-mails, is not kept. */
const hashed = (key: string): string => createHash('sha256').update(key).digest('base64url');

export function createThrottle(pool: Pool, policy: ThrottlePolicy): Throttle {
  const limiter = new RateLimiterPostgres({
    storeClient: pool,
    storeType: 'pool',
    tableName: 'throttles',
    tableCreated: true,
    keyPrefix: policy.name,
    points: policy.limit,
    duration: policy.windowSec,
  });
  return {
    async take(key) {
      try {
        await limiter.consume(hashed(key));
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        const retryAfterSec = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
        throw new Failure('too_many_requests', `Too many tries: again in ${retryAfterSec} seconds`, {
          retryAfterSec,
          policy,
          cause: error,
        });
      }
    },
    async giveBack(key) {
      await limiter.reward(hashed(key));
    },
    async forget(key) {
      await limiter.delete(hashed(key));
    },
  };
}
