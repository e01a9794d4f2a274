/** The throttles of a front thread: which limits there are, and where they are counted. */
import { createAllowance } from './core/allowance.ts';
import { linkPolicy, requestPolicy, strangersPolicy } from './core/limits.ts';
import type { FrontSetup } from './core/messages.ts';
import type { Throttle, ThrottlePolicy } from './core/ports/accounts.ts';
import type { Component, Logger } from './core/ports.ts';
import { LOGIN_ADDRESS_POLICY, LOGIN_POLICY } from './http/api/auth.ts';
import { GUEST_LINKS_POLICY } from './http/api/guest-links.ts';
import { MAIL_POLICY, REGISTER_POLICY, TOKEN_POLICY } from './http/api/registration.ts';
import { PDF_POLICY, REPORT_POLICY } from './http/api/reports.ts';
import type { RequestThrottle } from './http/throttle.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { openRedis } from './storage/redis/connection.ts';
import { createThrottles } from './storage/throttles.ts';

/** Callers that a thread remembers, some 100 bytes each. */
const CALLER_ENTRIES = 50_000;
/** Postgres is behind it: whoever calls need not wait for long. */
const REDIS_TIMEOUT_MS = 250;

export type FrontThrottles = {
  throttles: Record<'login' | 'loginAddress' | 'register' | 'mail' | 'token' | 'links' | 'guestLinks' | 'reports' | 'reportPdfs', Throttle>;
  requests: RequestThrottle;
  /** For what is not of the API. */
  throttle(policy: ThrottlePolicy): Throttle;
};

export type FrontThrottlesOptions = { setup: Pick<FrontSetup, 'index' | 'redisUrl' | 'limits'>; pool: Pool; logger: Logger };

export async function openFrontThrottles({ setup, pool, logger }: FrontThrottlesOptions): Promise<Component<FrontThrottles>> {
  const { index, redisUrl, limits } = setup;
  const name = `throttles of front ${index}`;
  const redis = redisUrl === null ? null : await openRedis({ url: redisUrl, name, logger, commandTimeoutMs: REDIS_TIMEOUT_MS });
  const clock = () => performance.now();
  const throttle = createThrottles({ pool, redis: redis?.value.client ?? null, clock });
  const allowance = (policy: ThrottlePolicy) => createAllowance({ policy, store: throttle(policy), entries: CALLER_ENTRIES, clock });
  const ofAccount = allowance(requestPolicy(limits));
  return {
    value: {
      throttles: {
        login: throttle(LOGIN_POLICY),
        loginAddress: throttle(LOGIN_ADDRESS_POLICY),
        register: throttle(REGISTER_POLICY),
        mail: throttle(MAIL_POLICY),
        token: throttle(TOKEN_POLICY),
        links: throttle(linkPolicy(limits)),
        guestLinks: throttle(GUEST_LINKS_POLICY),
        reports: throttle(REPORT_POLICY),
        reportPdfs: throttle(PDF_POLICY),
      },
      requests: { ofAccount: (userId) => ofAccount(String(userId)), ofAddress: allowance(strangersPolicy(limits)) },
      throttle,
    },
    stop: async () => redis?.stop(),
  };
}
