/**
 * Tries of links' passwords: so many wrong ones from one address for one link, and so many for one link from wherever they come. The store
 * counts over all threads and nodes. In front of it each thread counts what it has seen itself and remembers what the store has refused, and
 * lets only so many be under way at a time: whoever guesses without end is answered from memory. What reaches the store in a window is
 * bounded by a link's cap and what was under way when it was reached, whatever the storm.
 * While the store is away each thread goes by its own count alone.
 */
import { Failure } from '../core/failure.ts';
import { GenerationMap } from '../core/generation-map.ts';
import type { Throttle, ThrottlePolicy } from '../core/ports/accounts.ts';
import type { Clock } from '../core/ports.ts';

export const UNLOCK_POLICY: ThrottlePolicy = { name: 'link-password', limit: 10, windowSec: 15 * 60 };
export const UNLOCK_LINK_POLICY: ThrottlePolicy = { name: 'link-password-total', limit: 100, windowSec: 15 * 60 };

/** Tries under way in one thread, of all links together: what argon2 works through in a second, also on a busy machine. */
export const UNDER_WAY_MAX = 32;
/** Keys that a thread remembers of each policy. One that is forgotten is asked for again. */
const ENTRIES = 20_000;
/**
 * How long a refusal by the store is believed without asking again. An address may have been refused only for tries that were under way
 * and turned out to be right.
 */
const ADDRESS_BELIEVED_SEC = 60;
/** A store that takes longer counts as away, and is left alone for a while. */
export const STORE_WAIT_MS = 1_000;
export const STORE_REST_MS = 5_000;
const BUSY_RETRY_AFTER_SEC = 2;

/** A try that was let through. Exactly one of these is called, once. */
export type Try = {
  right(): Promise<void>;
  wrong(): Promise<void>;
  /** The password was not looked at. */
  notMade(): Promise<void>;
};

export type UnlockTries = {
  /**
   * Counts one try, before it is made.
   * @throws Failure too_many_requests, with the policy when there were enough wrong ones, without when too many are under way
   */
  begin(linkId: number, address: string): Promise<Try>;
};

export type UnlockTriesDeps = {
  perAddress: Throttle;
  perLink: Throttle;
  /** Whether an error says that a store cannot be asked right now. */
  isStoreAway(error: unknown): boolean;
  clock: Clock;
  onStoreAway(error: unknown): void;
};

export function createUnlockTries({ perAddress, perLink, isStoreAway, clock, onStoreAway }: UnlockTriesDeps): UnlockTries {
  const ofAddress = new Tries(UNLOCK_POLICY, clock);
  const ofLink = new Tries(UNLOCK_LINK_POLICY, clock);
  const ask = patientWith({ isStoreAway, clock, onStoreAway });
  let underWay = 0;

  return {
    async begin(linkId, address) {
      const [link, pair] = [String(linkId), `${linkId} ${address}`];
      const refusal = ofLink.refusal(link) ?? ofAddress.refusal(pair) ?? (underWay >= UNDER_WAY_MAX ? busy() : null);
      if (refusal !== null) throw refusal;
      // Before the first wait: of a thousand tries that come at once, ten ask the store.
      underWay++;
      ofAddress.begin(pair);
      const end = (isWrong: boolean) => {
        underWay--;
        ofAddress.end(pair, isWrong);
      };
      try {
        await ask(() => perAddress.take(pair));
      } catch (error) {
        end(false);
        if (error instanceof Failure) ofAddress.exhaust(pair, error.retryAfterSec, ADDRESS_BELIEVED_SEC);
        throw error;
      }
      return {
        async right() {
          end(false);
          ofAddress.forget(pair);
          await ask(() => perAddress.forget(pair));
        },
        async wrong() {
          end(true);
          ofLink.count(link);
          try {
            await ask(() => perLink.take(link));
          } catch (error) {
            if (!(error instanceof Failure)) throw error;
            ofLink.exhaust(link, error.retryAfterSec);
          }
        },
        async notMade() {
          end(false);
          await ask(() => perAddress.giveBack(pair));
        },
      };
    },
  };
}

const busy = () =>
  new Failure('too_many_requests', 'Too many passwords are being checked right now', { retryAfterSec: BUSY_RETRY_AFTER_SEC });

type Asking = Pick<UnlockTriesDeps, 'isStoreAway' | 'clock' | 'onStoreAway'>;

/** Asks the store a question, unless it is away: then nothing is asked, and nothing refused. What the store refuses is thrown. */
function patientWith({ isStoreAway, clock, onStoreAway }: Asking): (question: () => Promise<void>) => Promise<void> {
  let restsUntil = Number.NEGATIVE_INFINITY;
  const isAway = (error: unknown) => isStoreAway(error) || (error instanceof Failure && error.code === 'store_away');
  return async (question) => {
    if (clock() < restsUntil) return;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<void>((_, reject) => {
      timer = setTimeout(() => reject(new Failure('store_away', 'The store does not answer')), STORE_WAIT_MS);
    });
    try {
      await Promise.race([question(), tooLate]);
    } catch (error) {
      if (!isAway(error)) throw error;
      if (clock() >= restsUntil) onStoreAway(error);
      restsUntil = clock() + STORE_REST_MS;
    } finally {
      clearTimeout(timer);
    }
  };
}

/** `askAgainAt`: until then a refusal is believed. `retryAt`: what whoever is refused is told. Milliseconds since the epoch. */
type Window = { wrong: number; underWay: number; askAgainAt: number; retryAt: number };

/** What one thread knows of the tries under one policy. */
class Tries {
  readonly #policy: ThrottlePolicy;
  readonly #clock: Clock;
  readonly #windows = new GenerationMap<string, Window>(ENTRIES);

  constructor(policy: ThrottlePolicy, clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
  }

  refusal(key: string): Failure | null {
    const window = this.#current(key);
    if (window === undefined || window.wrong + window.underWay < this.#policy.limit) return null;
    if (window.wrong < this.#policy.limit) return busy();
    const retryAfterSec = Math.max(1, Math.ceil((window.retryAt - this.#clock()) / 1000));
    const policy = this.#policy;
    return new Failure('too_many_requests', `Too many tries: again in ${retryAfterSec} seconds`, { retryAfterSec, policy });
  }

  begin(key: string): void {
    this.#open(key).underWay++;
  }

  end(key: string, isWrong: boolean): void {
    const window = this.#open(key);
    window.underWay = Math.max(0, window.underWay - 1);
    if (isWrong) window.wrong++;
  }

  count(key: string): void {
    this.#open(key).wrong++;
  }

  exhaust(key: string, retryAfterSec = this.#policy.windowSec, believedSec = retryAfterSec): void {
    const window = this.#open(key);
    window.wrong = this.#policy.limit;
    window.retryAt = this.#clock() + retryAfterSec * 1000;
    window.askAgainAt = this.#clock() + Math.min(believedSec, retryAfterSec) * 1000;
  }

  forget(key: string): void {
    this.#windows.delete(key);
  }

  #current(key: string): Window | undefined {
    const window = this.#windows.get(key);
    return window === undefined || window.askAgainAt <= this.#clock() ? undefined : window;
  }

  #open(key: string): Window {
    const known = this.#current(key);
    if (known !== undefined) return known;
    const endsAt = this.#clock() + this.#policy.windowSec * 1000;
    const window = { wrong: 0, underWay: 0, askAgainAt: endsAt, retryAt: endsAt };
    this.#windows.set(key, window);
    return window;
  }
}
