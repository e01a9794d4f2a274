/**
 * The blocked hosts that a front thread has at hand, and where they are asked about: whenever a link enters the link table, whatever store it
 * comes from, and before a link is made or edited.
 *
 * No link escapes that is made while its host is being blocked. After the commit of a change, and before its answer, the hosts are announced
 * as changed, and then everything is: a link that was judged by the older hosts is looked up again, and whoever finds the cell of a link moved
 * finds that of the hosts moved, too. That a link is refused when it is made is only a courtesy to its owner.
 */
import { BLOCKED_TARGET, type BlockedHosts, leadsToBlockedHost } from '../../core/blocked-hosts.ts';
import { Failure, type FieldError } from '../../core/failure.ts';
import type { Link } from '../../core/link.ts';
import type { GuestLinks, LinkLookup, LinkStore, NewLink, RefusedLink } from '../../core/ports/links.ts';
import type { Clock } from '../../core/ports.ts';
import type { LinkVersions } from '../../core/shared.ts';

/** What an Announcer calls them; no slug has a colon. */
export const BLOCKED_HOSTS_NAME = 'hosts:blocked';
/** How long a change may go unnoticed that was made where no announcement comes from. */
export const BLOCKED_HOSTS_TTL_MS = 60_000;
/** The same while announcements of other nodes may not come through. */
export const DEAF_BLOCKED_HOSTS_TTL_MS = 5_000;

export type BlockedHostsOptions = {
  /** All of them, from the store. */
  load: () => Promise<string[]>;
  versions: LinkVersions;
  clock: Clock;
  /** They could not be loaded anew, and nothing is known to have changed: those at hand are used for another lifetime. */
  onFailure: (error: unknown) => void;
};

type Held = { hosts: ReadonlySet<string>; version: number; epoch: number; askedAt: number };

export function createBlockedHosts({ load, versions, clock, onFailure }: BlockedHostsOptions): BlockedHosts {
  const cell = versions.cell(BLOCKED_HOSTS_NAME);
  let held: Held | null = null;
  let loading: Promise<ReadonlySet<string>> | null = null;

  async function ask(): Promise<ReadonlySet<string>> {
    for (;;) {
      // Before the question: a change that is committed meanwhile outdates the answer.
      const before = { version: versions.read(cell), epoch: versions.epoch(), askedAt: clock() };
      const hosts = new Set(await load());
      if (versions.read(cell) !== before.version || versions.epoch() !== before.epoch) continue;
      held = { hosts, ...before };
      return hosts;
    }
  }

  function renew(): Promise<ReadonlySet<string>> {
    loading ??= ask().finally(() => {
      loading = null;
    });
    return loading;
  }

  /** In an epoch that has just begun, changes may have been missed; but what is at hand is better than nothing. */
  async function renewFor(epoch: number): Promise<ReadonlySet<string>> {
    try {
      return await renew();
    } catch (error) {
      if (held === null || versions.read(cell) !== held.version) throw error;
      onFailure(error);
      held = { ...held, epoch };
      return held.hosts;
    }
  }

  return {
    async current() {
      if (held === null || versions.read(cell) !== held.version) return renew();
      const epoch = versions.epoch();
      if (held.epoch !== epoch) return renewFor(epoch);
      const now = clock();
      const ttlMs = versions.isDeaf() ? DEAF_BLOCKED_HOSTS_TTL_MS : BLOCKED_HOSTS_TTL_MS;
      if (Math.abs(now - held.askedAt) >= ttlMs) {
        held = { ...held, askedAt: now };
        renew().catch(onFailure);
      }
      return held.hosts;
    },
  };
}

/** A lookup whose links know when they lead to a blocked host. */
export function markingBlocked(lookup: LinkLookup, hosts: BlockedHosts): LinkLookup {
  return async (slugs) => {
    const links = await lookup(slugs);
    const blocked = await hosts.current();
    for (const [slug, link] of links) links.set(slug, judged(link, blocked));
    return links;
  };
}

/** A link whose place for latecomers is on a blocked host has none. */
function judged(link: Link, blocked: ReadonlySet<string>): Link {
  if (leadsToBlockedHost(link.target, blocked)) return { ...link, disabled: true, blocked: true };
  const { rules } = link;
  if (rules === null || rules.expiredUrl === null || !leadsToBlockedHost(rules.expiredUrl, blocked)) return link;
  return { ...link, rules: { ...rules, expiredUrl: null } };
}

/**
 * @param targets by the names of their fields, as `checkTarget` has made them; null and undefined: there is nothing to judge
 * @throws Failure invalid
 */
export async function refuseBlocked(hosts: BlockedHosts, targets: Targets): Promise<void> {
  const errors = blockedFields(await hosts.current(), targets);
  if (errors.length > 0) throw new Failure('invalid', faultText(errors), { errors });
}

type Targets = Readonly<Record<string, string | null | undefined>>;

const blockedFields = (blocked: ReadonlySet<string>, targets: Targets): FieldError[] =>
  Object.entries(targets)
    .filter(([, target]) => typeof target === 'string' && leadsToBlockedHost(target, blocked))
    .map(([path]) => ({ path, message: BLOCKED_TARGET }));

const faultText = (errors: readonly FieldError[]): string =>
  errors.length === 1 ? 'One field is not valid' : `${errors.length} fields are not valid`;

const targetsOf = ({ url, expiredUrl }: { url?: string | undefined; expiredUrl?: string | null | undefined }) => ({ url, expiredUrl });

/** Those that lead to a blocked host are refused. */
export const judgedLinks = (blocked: ReadonlySet<string>, links: readonly (NewLink | RefusedLink)[]): (NewLink | RefusedLink)[] =>
  links.map((link) => {
    const errors = 'code' in link ? [] : blockedFields(blocked, targetsOf(link));
    return errors.length === 0 ? link : { code: 'invalid', message: faultText(errors), errors };
  });

/** A store whose links lead to no blocked host. Each method is named, so that none that takes a target is forgotten. */
export const refusingBlocked = (store: LinkStore, hosts: BlockedHosts): LinkStore => ({
  async create(ownerId, link, idempotency) {
    await refuseBlocked(hosts, targetsOf(link));
    return store.create(ownerId, link, idempotency);
  },
  async createMany(ownerId, links, idempotency) {
    return store.createMany(ownerId, judgedLinks(await hosts.current(), links), idempotency);
  },
  async edit(ownerId, slug, changes, versions) {
    await refuseBlocked(hosts, targetsOf(changes));
    return store.edit(ownerId, slug, changes, versions);
  },
  get: store.get,
  isSlugTaken: store.isSlugTaken,
  list: store.list,
  tags: store.tags,
  delete: store.delete,
  deleteMany: store.deleteMany,
});

/** The same for the links of guests. */
export const refusingBlockedGuests = (guests: GuestLinks, hosts: BlockedHosts): GuestLinks => ({
  async create(target) {
    await refuseBlocked(hosts, { url: target });
    return guests.create(target);
  },
  async share(target) {
    await refuseBlocked(hosts, { url: target });
    return guests.share(target);
  },
});
