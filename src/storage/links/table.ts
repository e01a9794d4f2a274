/**
 * The links that a front thread has at hand, so that a redirect asks nobody.
 *
 * An entry is one of:
 *   fresh     until 3/5 to 4/5 of its lifetime, links differ in that, so that those that were loaded together are not due together: answered as it is
 *   ageing    until the end of its lifetime: answered, and looked up again meanwhile, so that a link in use never expires
 *   expired   its lifetime is over, or the epoch has moved on: looked up before it is answered — unless the store is away: then answered as it is
 *   outdated  its version has moved on (an edit was committed): looked up before it is answered, always
 * Lifetimes are kept as far as RENEWALS_PER_SEC allow: with more links in use than that, some are answered beyond their lifetime, TTL_MAX_MS at most.
 * Not so while the node is deaf: then the lifetime is all that makes edits of other nodes known.
 * That a slug has no link is remembered too, apart and for a shorter time, so that a flood of unknown slugs displaces no link.
 */
import { randomBytes } from 'node:crypto';
import { Failure } from '../../core/failure.ts';
import { GenerationMap } from '../../core/generation-map.ts';
import type { Link } from '../../core/link.ts';
import type { Clock } from '../../core/ports.ts';
import { type LinkVersions, VERSION_CELLS } from '../../core/shared.ts';
import { SlugMap } from '../../core/slug-map.ts';
import { TTL_MAX_MS } from '../../core/ttl.ts';

const NEGATIVE_TTL_MS = 10_000;
/** For each link, how many unknown slugs are remembered. */
const NEGATIVE_SHARE = 1 / 8;
const FRESH_SHARE = 0.6;
const FRESH_SPREAD = 0.2;
/** Links that are looked up because of their age, in a second: about 2 % of a core, whatever the lifetime. What comes sooner is answered as it is. */
export const RENEWALS_PER_SEC = 1_000;
/** They are had in so many parts. */
const RENEWAL_PARTS = 10;
/** While the store is away, one lookup an interval finds out when it is back. */
const PROBE_MS = 500;

/** `loadedAt` in milliseconds since the table was made: for weeks a small integer, which V8 keeps in the entry and not in a place of its own. */
type Entry = { slug: string; link: Link | null; cell: number; version: number; epoch: number; loadedAt: number; refreshing: boolean };

export type LinkTable = {
  /** The link, null when there is none with this slug, undefined when the store has to be asked: then call `load`. */
  get(slug: string): Link | null | undefined;
  /** Asks the store; one question for all who ask for the same slug. Rejects when the store is away. */
  load(slug: string): Promise<Link | null>;
  size(): number;
};

export type LinkTableOptions = {
  /** Looks one slug up (see lookup.ts). */
  lookup: (slug: string) => Promise<Link | null>;
  versions: LinkVersions;
  entries: number;
  /** Lifetime of an entry, asked for at every use: it follows the load of the machine. */
  ttlMs: () => number;
  clock: Clock;
  /** A lookup failed; the error is the store's. */
  onFailure: (error: unknown) => void;
};

const randomSeed = (): number => randomBytes(4).readInt32LE();

export function createLinkTable({ lookup, versions, entries, ttlMs, clock, onFailure }: LinkTableOptions): LinkTable {
  const makeStore = () => new SlugMap<Entry>(randomSeed());
  const links = new GenerationMap(entries, makeStore);
  const unknown = new GenerationMap(entries * NEGATIVE_SHARE, makeStore);
  const loading = new Map<string, Promise<Link | null>>();
  const madeAt = clock();
  const renewals = rateLimit(RENEWALS_PER_SEC / RENEWAL_PARTS, 1_000 / RENEWAL_PARTS);
  let away = false;
  let lastProbe = Number.NEGATIVE_INFINITY;

  async function ask(slug: string): Promise<Link | null> {
    const cell = versions.cell(slug);
    for (;;) {
      // Before the question: an edit that is committed meanwhile outdates the answer.
      const version = versions.read(cell);
      const epochs = { link: versions.epoch(), absence: versions.absenceEpoch() };
      const link = await lookup(slug);
      if (versions.read(cell) !== version || versions.absenceEpoch() !== epochs.absence) continue; // it moves on with the other one
      const [to, from, epoch] = link === null ? [unknown, links, epochs.absence] : [links, unknown, epochs.link];
      from.delete(slug);
      to.set(slug, { slug, link, cell, version, epoch, loadedAt: clock() - madeAt, refreshing: false });
      return link;
    }
  }

  function load(slug: string): Promise<Link | null> {
    const underWay = loading.get(slug);
    if (underWay !== undefined) return underWay;
    const promise = ask(slug)
      .then(
        (link) => {
          away = false;
          return link;
        },
        (error) => {
          away = true;
          lastProbe = clock();
          onFailure(error);
          throw error;
        },
      )
      .finally(() => loading.delete(slug));
    loading.set(slug, promise);
    return promise;
  }

  /** Whether the store may be asked now; a question asked while it is away is the interval's one. */
  function mayAsk(now: number): boolean {
    if (!away) return true;
    if (now - lastProbe < PROBE_MS) return false;
    lastProbe = now;
    return true;
  }

  /** Whether an edit has just been heard of: then the store was there a moment ago, whatever was known. Once for each edit: an outdated entry is of no use. */
  function isNews(slug: string): boolean {
    const entry = links.get(slug) ?? unknown.get(slug);
    if (entry === undefined || versions.read(entry.cell) === entry.version) return false;
    links.delete(slug);
    unknown.delete(slug);
    return true;
  }

  function refresh(slug: string, entry: Entry, now: number, mayRenew: RateLimit): void {
    if (!mayAsk(now) || !(versions.isDeaf() || mayRenew(now))) return;
    entry.refreshing = true;
    load(slug).catch(() => {
      entry.refreshing = false; // onFailure has reported it; the entry is good enough meanwhile
    });
  }

  function current(slug: string, entry: Entry, epoch: number, lifetimeMs: number, mayRenew: RateLimit): Link | null | undefined {
    if (versions.read(entry.cell) !== entry.version) return undefined;
    const now = clock();
    const age = now - madeAt - entry.loadedAt;
    const isOfThisEpoch = epoch === entry.epoch;
    if (isOfThisEpoch && age < lifetimeMs * (FRESH_SHARE + FRESH_SPREAD * (entry.cell / VERSION_CELLS))) return entry.link;
    if (!away) {
      if (!isOfThisEpoch || age >= TTL_MAX_MS) return undefined;
      if (age >= lifetimeMs && (entry.refreshing || versions.isDeaf() || mayRenew(now))) return undefined;
    }
    if (!entry.refreshing) refresh(slug, entry, now, mayRenew);
    return entry.link;
  }

  function get(slug: string): Link | null | undefined {
    const entry = links.get(slug);
    if (entry !== undefined) return current(slug, entry, versions.epoch(), ttlMs(), renewals);
    const none = unknown.get(slug);
    return none === undefined ? undefined : current(slug, none, versions.absenceEpoch(), NEGATIVE_TTL_MS, unlimited);
  }

  return {
    get,
    async load(slug) {
      if (!mayAsk(clock()) && !isNews(slug)) throw new Failure('store_away', 'The store was away a moment ago', { retryAfterSec: 1 });
      try {
        return await load(slug);
      } catch (error) {
        const expired = links.get(slug) ?? unknown.get(slug); // it had to be asked for while nobody knew that the store is away
        if (expired === undefined || versions.read(expired.cell) !== expired.version) throw error;
        return expired.link;
      }
    },
    size: () => links.size + unknown.size,
  };
}

/** @returns whether something may be done now */
type RateLimit = (now: number) => boolean;

const unlimited: RateLimit = () => true;

/** So often in each stretch of time. */
function rateLimit(times: number, stretchMs: number): RateLimit {
  let begin = Number.NEGATIVE_INFINITY;
  let left = 0;
  return (now) => {
    if (now - begin >= stretchMs || now < begin) {
      begin = now;
      left = times;
    }
    return left-- > 0;
  };
}
