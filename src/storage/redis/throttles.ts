/** Counts of tries, in Redis, so that they hold over all threads and nodes. */
import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { ThrottlePolicy } from '../../core/ports/accounts.ts';
import { type CountedThrottle, countedThrottle } from '../counted.ts';

const GIVE_BACK = `
  local points = tonumber(redis.call('get', KEYS[1]) or '0')
  if points > 0 then redis.call('decrby', KEYS[1], math.min(points, ARGV[1])) end`;

export function createRedisThrottle(client: Redis, policy: ThrottlePolicy): CountedThrottle {
  const limiter = new RateLimiterRedis({
    storeClient: client,
    rejectIfRedisNotReady: true,
    keyPrefix: `elnk:throttle:${policy.name}`,
    points: policy.limit,
    duration: policy.windowSec,
  });
  return countedThrottle(limiter, policy, async (key, points) => {
    await client.eval(GIVE_BACK, 1, key, points);
  });
}
