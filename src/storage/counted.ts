/** What throttles of both stores have in common: rate-limiter-flexible counts in windows of a fixed length that begin with the first try. */
import { createHash } from 'node:crypto';
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import { tooManyRequests } from '../core/failure.ts';
import type { PointStore, Throttle, ThrottlePolicy } from '../core/ports/accounts.ts';

export type CountedThrottle = Throttle & PointStore;

/** What keys are made of, addresses and e-mails, is not kept. */
const hashed = (key: string): string => createHash('sha256').update(key).digest('base64url');

/** @param giveBack takes points off the count under the store's key, if there is one that is not over. The library would begin a new window below 0 */
export function countedThrottle(
  limiter: RateLimiterAbstract,
  policy: ThrottlePolicy,
  giveBack: (storedKey: string, points: number) => Promise<void>,
): CountedThrottle {
  return {
    async take(key, points = 1) {
      try {
        await limiter.consume(hashed(key), points);
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        if (points > 1) await giveBack(limiter.getKey(hashed(key)), points); // what is too much for many is not too much for one
        throw tooManyRequests(policy, error.msBeforeNext);
      }
    },
    giveBack: (key) => giveBack(limiter.getKey(hashed(key)), 1),
    async forget(key) {
      await limiter.delete(hashed(key));
    },
    async lease(key, points) {
      const { consumedPoints, msBeforeNext } = await limiter.penalty(hashed(key), points);
      const over = Math.max(0, consumedPoints - policy.limit);
      return { granted: Math.max(0, points - over), left: Math.max(0, policy.limit - consumedPoints), resetMs: msBeforeNext };
    },
  };
}
