/** A store of guest links whose errors are counted, and say so when the store is away. */
import type { Counters } from '../../core/counters.ts';
import { Failure } from '../../core/failure.ts';
import type { GuestStore } from '../../core/ports/links.ts';

/** What a guest is told to wait. */
const RETRY_AFTER_SEC = 5;

/** @param isAway whether an error says that the store cannot be asked right now */
export function guardedGuestStore(store: GuestStore, isAway: (error: unknown) => boolean, counters: Counters): GuestStore {
  async function guarded<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      counters.add('guestStoreErrors');
      if (!isAway(error)) throw error;
      throw new Failure('store_away', 'Guest links cannot be made or found right now', { retryAfterSec: RETRY_AFTER_SEC, cause: error });
    }
  }
  return {
    put: (slug, target) => guarded(store.put(slug, target)),
    lookup: (slugs) => guarded(store.lookup(slugs)),
    touch: (slugs) => guarded(store.touch(slugs)),
  };
}
