/**
 * The throttles of one thread: counted in Redis where there is one, and in Postgres while Redis is away, so that a sign-in never becomes unlimited.
 * The two do not know each other's counts: whoever tries while the store changes, has at most the limit of each.
 */
import type { Redis } from 'ioredis';
import type { ThrottlePolicy } from '../core/ports/accounts.ts';
import type { Clock } from '../core/ports.ts';
import type { CountedThrottle } from './counted.ts';
import type { Pool } from './postgres/pool.ts';
import { createThrottle } from './postgres/throttles.ts';
import { isRedisAway } from './redis/connection.ts';
import { createRedisThrottle } from './redis/throttles.ts';

/** How long Redis is not asked after it has failed: whoever comes meanwhile does not wait for it. */
export const REDIS_REST_MS = 1_000;

export type ThrottlesOptions = {
  pool: Pool;
  /** Null: Postgres counts everything. */
  redis: Redis | null;
  /** Monotonic. */
  clock: Clock;
};

export function createThrottles({ pool, redis, clock }: ThrottlesOptions): (policy: ThrottlePolicy) => CountedThrottle {
  let restsUntil = Number.NEGATIVE_INFINITY;

  type Ask<T> = (throttle: CountedThrottle) => Promise<T>;

  async function ask<T>(inRedis: CountedThrottle, inPostgres: CountedThrottle, question: Ask<T>): Promise<T> {
    if (clock() < restsUntil) return question(inPostgres);
    try {
      return await question(inRedis);
    } catch (error) {
      if (!isRedisAway(error)) throw error;
      restsUntil = clock() + REDIS_REST_MS; // the connection says why
      return question(inPostgres);
    }
  }

  return (policy) => {
    const inPostgres = createThrottle(pool, policy);
    if (redis === null) return inPostgres;
    const inRedis = createRedisThrottle(redis, policy);
    const count = <T>(question: Ask<T>) => ask(inRedis, inPostgres, question);
    return {
      take: (key, points) => count((throttle) => throttle.take(key, points)),
      giveBack: (key) => count((throttle) => throttle.giveBack(key)),
      forget: (key) => count((throttle) => throttle.forget(key)),
      lease: (key, points) => count((throttle) => throttle.lease(key, points)),
    };
  };
}
