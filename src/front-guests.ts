/** The guest links of a front thread: the store, wherever it is, what is at hand of it, which of them were used, and quick links. */
import { randomBytes } from 'node:crypto';
import { basePathOf } from './core/base-url.ts';
import type { BlockedHosts } from './core/blocked-hosts.ts';
import type { Counters } from './core/counters.ts';
import { linkOfGuest } from './core/link.ts';
import type { FrontSetup } from './core/messages.ts';
import type { Throttle } from './core/ports/accounts.ts';
import type { GuestLinks, GuestStore, LinkLookup } from './core/ports/links.ts';
import type { Component, Logger } from './core/ports.ts';
import { quickHosts, quickHostsOf } from './core/quick-links.ts';
import type { LinkVersions } from './core/shared.ts';
import type { OtherHosts } from './http/exchange.ts';
import { type QuickLinkDeps, quickLinkHosts } from './http/quick-links.ts';
import { startTicker } from './jobs/ticker.ts';
import { guardedGuestStore } from './storage/guests/guarded.ts';
import { createGuestLinks } from './storage/guests/links.ts';
import { createGuestUsage } from './storage/guests/usage.ts';
import { markingBlocked, refusingBlockedGuests } from './storage/links/blocked-hosts.ts';
import { batchedLookup, LOOKUP_TIMEOUT_MS } from './storage/links/lookup.ts';
import { createLinkTable, type LinkTable } from './storage/links/table.ts';
import { createGuestStore } from './storage/postgres/guest-links.ts';
import { createPool, isStoreAway, type Pool } from './storage/postgres/pool.ts';
import { isRedisAway } from './storage/redis/connection.ts';
import { openGuestStore } from './storage/redis/guest-links.ts';

/** Guest links at hand, for each link of owners that may be. */
const GUEST_SHARE = 1 / 4;
/** A guest link never changes, so that only memory and what was displaced speak against keeping it at hand. */
const GUEST_TTL_MS = 3_600_000;
/** How long the store may not know that a link is in use. */
const USAGE_TICK_MS = 60_000;

export type FrontGuests = {
  links: GuestLinks;
  table: LinkTable;
  used(slug: string): void;
};

export type FrontGuestsOptions = {
  setup: FrontSetup;
  /** Of the thread. */
  name: string;
  /** For finding links in Postgres. */
  lookups: Pool;
  /** Where no link may lead. */
  hosts: BlockedHosts;
  versions: LinkVersions;
  counters: Counters;
  logger: Logger;
};

export async function openFrontGuests(options: FrontGuestsOptions): Promise<Component<FrontGuests>> {
  const { setup, hosts, versions, counters, logger } = options;
  const opened = await openStore(options);
  const store = guardedGuestStore(opened.value, (error) => isRedisAway(error) || isStoreAway(error), counters);
  const usage = createGuestUsage(store);
  const ticker = startTicker('use of guest links', USAGE_TICK_MS, usage.tick, logger);
  return {
    value: {
      links: refusingBlockedGuests(createGuestLinks(store, randomBytes, versions.bump), hosts),
      table: createLinkTable({
        lookup: batchedLookup(markingBlocked(guestLookup(store), hosts)),
        versions,
        entries: setup.linkCacheEntries * GUEST_SHARE,
        ttlMs: () => GUEST_TTL_MS,
        clock: Date.now,
        onFailure: (error) => logger.debug({ err: error }, 'guest link lookup failed'),
      }),
      used: usage.used,
    },
    async stop() {
      await Promise.all([ticker.stop(), opened.stop()]);
    },
  };
}

/** @returns null when there is no shop to make quick links for */
export function frontQuickLinks(
  { baseUrl, quickLinkShops }: FrontSetup,
  deps: Omit<QuickLinkDeps, 'hosts' | 'baseUrl' | 'throttles'> & { throttle: Throttle },
): OtherHosts | null {
  if (quickLinkShops.length === 0) return null;
  const hosts = quickHostsOf(quickLinkShops, new URL(baseUrl).host);
  return quickLinkHosts({ ...deps, hosts, baseUrl, throttles: { guestLinks: deps.throttle } });
}

/** What this server answers itself, whole hosts or, under a path, a part of one: a link to it would lead nowhere else. */
export const ownHostsOf = ({ baseUrl, quickLinkShops }: Pick<FrontSetup, 'baseUrl' | 'quickLinkShops'>): Set<string> =>
  new Set([new URL(baseUrl).hostname + basePathOf(baseUrl), ...quickLinkShops.flatMap(quickHosts)]);

async function openStore({ setup, name, lookups, counters, logger }: FrontGuestsOptions): Promise<Component<GuestStore>> {
  if (setup.redisGuestUrl !== null) return openGuestStore(setup.redisGuestUrl, `${name} guests`, logger);
  const { value: pool, stop } = await createPool({
    url: setup.databaseUrl,
    name: `${name} guests`,
    max: 1, // links are made one after the other anyway, see the store
    logger,
    queryTimeoutMs: LOOKUP_TIMEOUT_MS,
    connectTimeoutMs: LOOKUP_TIMEOUT_MS,
  });
  return { value: createGuestStore({ pool, lookups, capBytes: setup.guestCacheBytes, counters }), stop };
}

const guestLookup =
  (store: GuestStore): LinkLookup =>
  async (slugs) =>
    new Map([...(await store.lookup(slugs))].map(([slug, link]) => [slug, linkOfGuest(link)]));
