/**
 * The live feed of one front. One loop, at most four rounds a second, reads the figures of all links that have moved, once for all sockets, and
 * tells the sockets. Rounds never overlap, so figures never go back.
 *
 *   a shard: these have moved ──┐
 *   another node has stored ────┤
 *   a link was edited or made ──┼──► due ──round──► figures as of now ──► sockets that follow the link
 *   read long ago, a new hour ──┘
 */
import type { LiveFigures, LiveStore, LiveWish, MovedClick, ReadLiveFigures } from '../../core/live.ts';
import { LIVE_LINKS_MAX } from '../../core/live.ts';
import type { Clock, Logger } from '../../core/ports.ts';
import type { LinkVersions } from '../../core/shared.ts';
import { quarterOf } from '../../core/zone.ts';
import { createFollowedLinks, type Followed, type ShardWatch } from './followed.ts';
import type { Follower } from './follower.ts';

/** Rounds are so far apart at least: a socket gets no more than four messages a second. */
export const ROUND_MS = 250;
/** A round that took long is followed by a rest of this share of it, so that the feed never keeps Postgres busy alone. */
const REST_SHARE = 0.25;
/** How often it is looked for what nobody tells of: new links, accounts that have ended, clicks of other nodes when there is no Redis. */
export const LOOK_MS = 1_000;
/** Figures are read again after so long, whatever was heard. */
const STALE_MS = 30_000;
/** Links whose figures are read in one round. */
const ROUND_LINKS_MAX = 2_000;
/** A snapshot that cannot be made in that time is given up, and the socket with it. */
const SNAPSHOT_MS = 10_000;

export type LiveHubOptions = {
  store: LiveStore;
  figures: ReadLiveFigures;
  versions: LinkVersions;
  shards: ShardWatch;
  /** Whether a key or token still holds. */
  isValid(follower: Follower): Promise<boolean>;
  isStoreAway(error: unknown): boolean;
  clock: Clock;
  /** Never goes back: rounds are paced by it. */
  monotonic: Clock;
  logger: Logger;
};

export type LiveHub = {
  add(follower: Follower): void;
  remove(follower: Follower): void;
  /** Never rejects. */
  subscribe(follower: Follower, wish: LiveWish): Promise<void>;
  /** From a shard. */
  moved(linkIds: readonly number[], clicks: readonly MovedClick[]): void;
  /** A shard was started anew, and has told nobody what had moved. */
  allMoved(): void;
  /** Another node has stored clicks. */
  movedElsewhere(): void;
  followers(): Iterable<Follower>;
  stop(): void;
};

export function createLiveHub(options: LiveHubOptions): LiveHub {
  const { store, figures, versions, shards, isValid, isStoreAway, clock, monotonic, logger } = options;
  const followers = new Set<Follower>();
  const zones = new Map<number, string>();
  const links = createFollowedLinks(versions, shards);
  let timer: NodeJS.Timeout | undefined;
  let isRunning = false;
  let isStopped = false;
  let isAway = false;
  let notBefore = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let elsewhere = true;
  let quarter = 0;

  function wake(): void {
    if (timer !== undefined || isRunning || isStopped || followers.size === 0) return;
    const isWanted = links.due.size > 0 || elsewhere;
    timer = setTimeout(run, Math.max(0, notBefore - monotonic(), isWanted ? 0 : lookedAt + LOOK_MS - monotonic()));
  }

  function wakeNow(): void {
    clearTimeout(timer);
    timer = undefined;
    wake();
  }

  function run(): void {
    timer = undefined;
    isRunning = true;
    const from = monotonic();
    void round(from)
      .then(
        () => {
          isAway = false;
        },
        (error) => {
          if (!isStoreAway(error)) throw error;
          if (!isAway) logger.warn({ err: error }, 'the live feed has no figures while they cannot be asked for');
          isAway = true;
        },
      )
      .finally(() => {
        isRunning = false;
        const tookMs = monotonic() - from;
        notBefore = from + (isAway ? LOOK_MS : Math.max(ROUND_MS, tookMs * (1 + REST_SHARE)));
        giveUp();
        wake();
      });
  }

  async function round(now: number): Promise<void> {
    if (now - lookedAt >= LOOK_MS) {
      await lookAround();
      lookedAt = now;
      elsewhere = true;
    }
    if (elsewhere) {
      elsewhere = false;
      links.moved(await store.movedElsewhere(links.ids()), []);
    }
    if (quarter !== quarterOf(clock())) links.allMoved(); // today and its hours may have changed
    quarter = quarterOf(clock());
    links.look(now - STALE_MS);
    await read(now);
    for (const follower of followers) follower.tell(links);
  }

  /** What nobody tells of. */
  async function lookAround(): Promise<void> {
    const asked = [...followers]; // of those that come meanwhile nothing is known yet
    await Promise.all(asked.map(async (it) => (await isValid(it)) || end(it)));
    const owners = [...new Set(asked.map((it) => it.ownerId))];
    const accounts = await store.accounts(owners);
    for (const it of asked) {
      const account = accounts.get(it.ownerId);
      if (account === undefined || (it.caller.publicId !== null && it.caller.publicId !== account.publicId)) end(it);
      else if (zones.get(it.ownerId) !== account.timeZone) {
        zones.set(it.ownerId, account.timeZone);
        links.moved([...it.links], []);
      }
    }
    for (const link of await store.newLinks(owners)) {
      for (const it of followers) {
        if (it.ownerId !== link.ownerId || it.awaitingSince !== null || it.links.has(link.id) || it.links.size >= LIVE_LINKS_MAX) continue;
        if (it.wish === 'all' || it.wish.has(link.slug)) links.follow(it, [link]);
      }
    }
  }

  async function read(now: number): Promise<void> {
    const asked = [...links.due].slice(0, ROUND_LINKS_MAX).flatMap((id) => links.get(id) ?? []);
    if (asked.length === 0) return;
    for (const { id } of asked) links.due.delete(id);
    try {
      const zoneOf = (it: Followed) => zones.get(it.ownerId) ?? 'UTC';
      const ids = asked.map(({ id }) => id);
      const [slugs, read] = await Promise.all([store.slugs(ids), figures(asked.map((it) => ({ id: it.id, timeZone: zoneOf(it) })))]);
      for (const it of asked) take(it, slugs.get(it.id), read.get(it.id), now);
    } catch (error) {
      for (const { id } of asked) if (links.get(id) !== undefined) links.due.add(id);
      throw error;
    }
  }

  function take(it: Followed, slug: string | undefined, figures: LiveFigures | undefined, readAt: number): void {
    if (slug !== it.slug) {
      for (const follower of it.followers) follower.left(it.slug);
      if (slug !== undefined) rename(it, slug);
    }
    if (slug === undefined || figures === undefined) {
      for (const follower of [...it.followers]) links.unfollow(follower, [it.id]);
      return;
    }
    const json = `${JSON.stringify(slug)}:${JSON.stringify(figures)}`;
    const clicks = it.clicks.map(({ linkId: _, at, ...click }) => JSON.stringify({ at: new Date(at).toISOString(), slug, ...click }));
    const isSame = json === it.json && clicks.length === 0;
    it.json = json;
    it.readAt = readAt;
    it.clicks = [];
    if (!isSame) for (const follower of it.followers) follower.changed(it.id, clicks);
  }

  /** Who follows all of an owner's links goes on to follow it, who wanted it by its slug does not. */
  function rename(it: Followed, slug: string): void {
    for (const follower of [...it.followers]) {
      if (follower.wish === 'all' || follower.wish.has(slug)) continue;
      links.unfollow(follower, [it.id]);
    }
    it.slug = slug;
    it.cell = versions.cell(slug);
    it.version = Number.NaN; // looked at once more: it may have been edited again meanwhile
  }

  function end(follower: Follower): void {
    if (!followers.has(follower)) return;
    remove(follower);
    follower.line.close('unauthenticated');
  }

  function giveUp(): void {
    const before = monotonic() - SNAPSHOT_MS;
    for (const it of [...followers]) {
      if (it.awaitingSince === null || it.awaitingSince >= before || it.line.isBusy()) continue;
      remove(it);
      it.line.close('away');
    }
  }

  function remove(follower: Follower): void {
    if (!followers.delete(follower)) return;
    links.unfollow(follower, [...follower.links]);
    if (![...followers].some((it) => it.ownerId === follower.ownerId)) zones.delete(follower.ownerId);
  }

  return {
    add(follower) {
      followers.add(follower);
      zones.set(follower.ownerId, follower.caller.timeZone);
    },
    remove,
    async subscribe(follower, wish) {
      follower.restart(wish, monotonic());
      const wanted = await store.links(follower.ownerId, wish).catch((error) => {
        if (!isStoreAway(error)) throw error;
        return null;
      });
      if (!followers.has(follower) || follower.wish !== wish) return; // closed, or it wants something else by now
      if (wanted === null) {
        remove(follower);
        follower.line.close('away');
        return;
      }
      const ids = new Set(wanted.map(({ id }) => id));
      const left = [...follower.links].filter((id) => !ids.has(id));
      links.follow(follower, wanted);
      links.unfollow(follower, left);
      elsewhere = true; // a round now, also when there is nothing to read
      wakeNow();
    },
    moved(linkIds, clicks) {
      links.moved(linkIds, clicks);
      wakeNow();
    },
    allMoved() {
      links.allMoved();
      wakeNow();
    },
    movedElsewhere() {
      elsewhere = true;
      wakeNow();
    },
    followers: () => followers,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
