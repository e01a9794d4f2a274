/**
 * Asks the store for links, gathering what is asked for meanwhile: all misses of one tick are one query, and while MAX_QUERIES are under way the
 * next one gathers. A slug that is being asked for is not asked for twice.
 */
import { Failure } from '../../core/failure.ts';
import type { Link } from '../../core/link.ts';
import type { LinkLookup } from '../../core/ports/links.ts';

const MAX_QUERIES = 2;
/** Slugs in one query. */
const MAX_SLUGS = 1_000;
/** Slugs that may wait for a query; beyond it a lookup is refused, so that a flood of unknown slugs cannot fill the memory. */
const MAX_WAITING = 20_000;
/** Whoever has to wait for the store gives up after this, waiting for a query's turn included. */
export const LOOKUP_TIMEOUT_MS = 1_500;

/** @returns a lookup of one slug: the link, or null when there is none. Rejects when the store cannot be asked, or does not answer in time. */
export function batchedLookup(lookup: LinkLookup, timeoutMs = LOOKUP_TIMEOUT_MS): (slug: string) => Promise<Link | null> {
  type Waiting = { promise: Promise<Link | null>; resolve: (link: Link | null) => void; reject: (error: unknown) => void };
  const waiting = new Map<string, Waiting>();
  let queries = 0;
  let scheduled = false;

  function schedule(): void {
    if (scheduled || queries >= MAX_QUERIES || waiting.size === 0) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      void ask();
      schedule();
    });
  }

  async function ask(): Promise<void> {
    const asked = [...waiting].slice(0, MAX_SLUGS);
    for (const [slug] of asked) waiting.delete(slug);
    queries++;
    try {
      const found = await lookup(asked.map(([slug]) => slug));
      for (const [slug, { resolve }] of asked) resolve(found.get(slug) ?? null);
    } catch (error) {
      for (const [, { reject }] of asked) reject(error);
    } finally {
      queries--;
      schedule();
    }
  }

  return (slug) => {
    const known = waiting.get(slug);
    if (known !== undefined) return known.promise;
    if (waiting.size >= MAX_WAITING)
      return Promise.reject(new Failure('store_away', 'Too many links are being looked up', { retryAfterSec: 1 }));
    const { promise, resolve, reject } = Promise.withResolvers<Link | null>();
    waiting.set(slug, { promise, resolve, reject });
    schedule();
    const timer = setTimeout(() => {
      if (waiting.get(slug)?.promise === promise) waiting.delete(slug);
      reject(new Failure('store_away', 'The store does not answer', { retryAfterSec: 1 }));
    }, timeoutMs);
    promise.catch(() => undefined).finally(() => clearTimeout(timer));
    return promise;
  };
}
