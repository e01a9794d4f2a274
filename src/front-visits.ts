/** What visitors of links meet on a front thread: the redirect, and the form of links with a password. */

import type { TemplatedApp } from 'uWebSockets.js';
import type { FrontSetup } from './core/messages.ts';
import type { Passwords, Throttle, ThrottlePolicy } from './core/ports/accounts.ts';
import { offsetMemory } from './core/zone.ts';
import { clientAddress, exchangeAddress, exchangeClient } from './http/client-address.ts';
import { type ExchangeDeps, otherHostServer, serveRoute } from './http/exchange.ts';
import { type RedirectDeps, serveRedirects } from './http/redirect.ts';
import type { TrustedProxies } from './http/trusted-proxies.ts';
import { unlockRoute } from './http/unlock.ts';
import { createUnlocks } from './http/unlock-cookie.ts';
import { createUnlockTries, UNLOCK_LINK_POLICY, UNLOCK_POLICY } from './http/unlock-tries.ts';

export type VisitsOptions = Pick<RedirectDeps, 'links' | 'guests' | 'clicks' | 'limits'> & {
  setup: FrontSetup;
  exchange: ExchangeDeps;
  isTrusted: TrustedProxies | null;
  passwords: Passwords;
  throttle(policy: ThrottlePolicy): Throttle;
};

export function serveVisits(app: TemplatedApp, { setup, exchange, isTrusted, passwords, throttle, ...links }: VisitsOptions): void {
  const { counters, isStoreAway, logger } = exchange;
  const common = {
    ...links,
    unlocks: createUnlocks(setup.secrets, setup.baseUrl),
    offsetOf: offsetMemory(),
    clock: Date.now,
    counters,
  };
  serveRedirects(app, { ...common, clientAddress: clientAddress(isTrusted), otherHosts: otherHostServer(exchange) });
  const tries = createUnlockTries({
    perAddress: throttle(UNLOCK_POLICY),
    perLink: throttle(UNLOCK_LINK_POLICY),
    isStoreAway,
    clock: Date.now,
    onStoreAway: (error) => logger.warn({ err: error }, 'tries of link passwords are counted by each thread alone'),
  });
  const clients = { clientOf: exchangeClient(isTrusted), addressOf: exchangeAddress(isTrusted) };
  serveRoute(app, unlockRoute({ ...common, ...clients, tries, passwords }), exchange);
}
