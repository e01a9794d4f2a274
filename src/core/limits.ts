/** Limits on how often things may be done that the operator sets; the others stand beside what they limit. */
import type { ThrottlePolicy } from './ports/accounts.ts';

export type Limits = { requestsPerMinute: number; strangersRequestsPerMinute: number; linksPerHour: number };

const MINUTE_SEC = 60;
const HOUR_SEC = 3600;

/** Requests of the API by an account, whatever keys it has. */
export const requestPolicy = ({ requestsPerMinute }: Limits): ThrottlePolicy => ({
  name: 'requests',
  limit: requestsPerMinute,
  windowSec: MINUTE_SEC,
});

/** Requests of the API from an address by whoever does not say who he is. */
export const strangersPolicy = ({ strangersRequestsPerMinute }: Limits): ThrottlePolicy => ({
  name: 'requests-address',
  limit: strangersRequestsPerMinute,
  windowSec: MINUTE_SEC,
});

/** Links made by an account. */
export const linkPolicy = ({ linksPerHour }: Limits): ThrottlePolicy => ({ name: 'links', limit: linksPerHour, windowSec: HOUR_SEC });
