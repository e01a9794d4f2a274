/** What administrators need of a front, joined. */
import type { Announcer } from './core/announce.ts';
import type { Belongings } from './core/ports/accounts.ts';
import { BLOCKED_HOSTS_NAME } from './storage/links/blocked-hosts.ts';
import { createLinkAdministration } from './storage/postgres/admin-links.ts';
import { createUserAdministration } from './storage/postgres/admin-users.ts';
import { createAuditStore } from './storage/postgres/administration.ts';
import { createBlockedHostStore } from './storage/postgres/blocked-hosts.ts';
import { createJobAdministration } from './storage/postgres/jobs.ts';
import { keyName } from './storage/postgres/key-cache.ts';
import { createNodeStore } from './storage/postgres/nodes.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { type CounterStoreOptions, createCounterStore } from './storage/postgres/server-counters.ts';
import { createSettingsStore } from './storage/postgres/server-settings.ts';
import { createSetupStore } from './storage/postgres/setup.ts';

export type AdministrationOptions = Omit<CounterStoreOptions, 'pool'> & {
  pool: Pool;
  announcer: Announcer;
  /** REGISTRATION, asked at each use. */
  isOpenBySetting(): boolean;
};

export function joinAdministration({ pool, announcer, isOpenBySetting, ...figures }: AdministrationOptions) {
  const serverSettings = createSettingsStore(pool);
  /** In this order, see storage/links/blocked-hosts.ts. */
  const hostsChanged = async () => {
    await announcer.changed([BLOCKED_HOSTS_NAME]);
    await announcer.everythingChanged();
  };
  const belongingsEnded = ({ slugs, keyHashes }: Belongings) => announcer.changed([...slugs, ...keyHashes.map(keyName)]);
  return {
    adminUsers: createUserAdministration(pool, belongingsEnded),
    adminLinks: createLinkAdministration(pool),
    blockedHosts: createBlockedHostStore(pool, hostsChanged),
    serverSettings,
    isRegistrationOpen: async () => isOpenBySetting() && (await serverSettings.read()).registrationOpen,
    isRegistrationClosedBySetting: () => !isOpenBySetting(),
    audit: createAuditStore(pool),
    serverCounters: createCounterStore({ pool, ...figures }),
    nodes: createNodeStore(pool),
    jobs: createJobAdministration(pool),
    setup: createSetupStore(pool),
  };
}
