/**
 * A limit on what happens often, such as requests of the API, which holds over all threads and nodes without asking the store each time: a thread
 * takes points beforehand and spends them by itself. What it has asked for is counted as used at once, so all threads together never exceed the limit.
 * The less is left, the fewer points are taken, so that few lie unused in one thread while another one has to refuse.
 */
import { tooManyRequests } from './failure.ts';
import { GenerationMap } from './generation-map.ts';
import type { PointStore, ThrottlePolicy } from './ports/accounts.ts';
import type { Clock } from './ports.ts';

/** Of what is left, the part that is taken at once: a tenth makes some 80 questions of a thread that uses a limit of 3,000 up alone. */
const LEASED_SHARE = 0.1;

/** What a caller may still do. `left` is what is known of it: other threads may have used it meanwhile. */
export type Allowance = { policy: ThrottlePolicy; left: number; resetMs: number };

export type AllowanceOptions = {
  policy: ThrottlePolicy;
  store: PointStore;
  /** Keys that are remembered at most; a forgotten one is asked for anew. */
  entries: number;
  /** Monotonic. */
  clock: Clock;
};

/** `points` of our own, `left` in the store when it was asked, all until `endsAt`. */
type Held = { points: number; left: number; endsAt: number };

/** @returns spends one point of a key. Rejects with Failure too_many_requests, or when the store has to be asked and cannot be */
export function createAllowance({ policy, store, entries, clock }: AllowanceOptions): (key: string) => Promise<Allowance> {
  const held = new GenerationMap<string, Held>(entries);
  const asking = new Map<string, Promise<void>>();

  async function lease(key: string, wanted: number): Promise<void> {
    const askedAt = clock(); // the window ends in the store; measured from before the question it never ends later here
    const { granted, left, resetMs } = await store.lease(key, wanted);
    held.set(key, { points: granted, left, endsAt: askedAt + resetMs });
  }

  function ask(key: string, left: number): Promise<void> {
    const underWay = asking.get(key);
    if (underWay !== undefined) return underWay;
    const promise = lease(key, Math.max(1, Math.ceil(left * LEASED_SHARE))).finally(() => asking.delete(key));
    asking.set(key, promise);
    return promise;
  }

  return async (key) => {
    for (;;) {
      const now = clock();
      const mine = held.get(key);
      const isOver = mine === undefined || now >= mine.endsAt;
      if (!isOver && mine.points > 0) {
        mine.points--;
        return { policy, left: mine.points + mine.left, resetMs: mine.endsAt - now };
      }
      if (!isOver && mine.left === 0) throw tooManyRequests(policy, mine.endsAt - now);
      await ask(key, isOver ? policy.limit : mine.left);
    }
  };
}
