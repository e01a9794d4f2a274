/** Counts of tries, in Redis, so that they hold over all threads and nodes. */
import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { ThrottlePolicy } from '../../core/ports.ts';
import { type CountedThrottle, countedThrottle } from '../counted.ts';

const GIVE_BACK = `if tonumber(redis.call('get', KEYS[1]) or '0') > 0 then redis.call('decr', KEYS[1]) end`;

export function createRedisThrottle(client: Redis, policy: ThrottlePolicy): CountedThrottle {
  const limiter = new RateLimiterRedis({
    storeClient: client,
    rejectIfRedisNotReady: true,
    keyPrefix: `elnk:throttle:${policy.name}`,
    points: policy.limit,
    duration: policy.windowSec,
  });
  return countedThrottle(limiter, policy, async (key) => {
    await client.eval(GIVE_BACK, 1, key);
  });
}
