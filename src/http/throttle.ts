/** The API as a whole is limited by caller: an account, whatever keys it has, or the address of whoever does not say who he is. */
import type { Allowance } from '../core/allowance.ts';
import type { ThrottlePolicy } from '../core/ports/accounts.ts';

/** Each spends one request. @throws Failure too_many_requests */
export type RequestThrottle = {
  ofAccount(userId: number): Promise<Allowance>;
  /** @param address as `exchangeAddress` says it */
  ofAddress(address: string): Promise<Allowance>;
};

/** As draft-ietf-httpapi-ratelimit-headers-10 has them. @param resetSec whole seconds until there will be room again */
export function rateLimitHeaders({ name, limit, windowSec }: ThrottlePolicy, left: number, resetSec: number): Record<string, string> {
  return { 'RateLimit-Policy': `"${name}";q=${limit};w=${windowSec}`, RateLimit: `"${name}";r=${left};t=${resetSec}` };
}

export const allowanceHeaders = ({ policy, left, resetMs }: Allowance): Record<string, string> =>
  rateLimitHeaders(policy, left, Math.ceil(resetMs / 1000));
