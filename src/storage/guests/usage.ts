/**
 * Which guest links a front has served, so that the store displaces others first. The store is told now and then, and about many at once: no
 * redirect waits for it. What is not told when a thread ends is lost; it only makes a link look a minute older.
 */
import type { GuestStore } from '../../core/ports/links.ts';

/** Links that are remembered between two tellings; the others have luck with the next one. */
const USED_MAX = 50_000;
/** Links in one command. */
const TOLD_AT_ONCE = 1_000;

export type GuestUsage = {
  used(slug: string): void;
  /** Tells the store. Rejects when it is away; what was to be told is forgotten then. */
  tick(): Promise<void>;
};

export function createGuestUsage(store: Pick<GuestStore, 'touch'>): GuestUsage {
  let slugs = new Set<string>();
  return {
    used(slug) {
      if (slugs.size < USED_MAX) slugs.add(slug);
    },
    async tick() {
      const told = [...slugs];
      slugs = new Set();
      for (let from = 0; from < told.length; from += TOLD_AT_ONCE) await store.touch(told.slice(from, from + TOLD_AT_ONCE));
    },
  };
}
