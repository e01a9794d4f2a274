/**
 * Writes the node's journal (core/journal.ts) to the store: once a minute, when a day is over, and at a clean stop. What was not written yet is only in the
 * memory of the process: a node that is killed loses the figures of its last minute, though no click.
 */
import type { Counters } from '../core/counters.ts';
import type { Journal } from '../core/journal.ts';
import type { JournalStore } from '../core/operations.ts';
import type { Clock } from '../core/ports.ts';
import { DAY_MS } from '../core/zone.ts';

export const WRITE_EVERY_MS = 60_000;
/** After a write that has failed. */
const RETRY_AFTER_MS = 5_000;

export type BookkeepingOptions = { journal: Journal; store: JournalStore; counters: Counters; startedAt: number; clock: Clock };

export type Bookkeeping = {
  /** To be called about once a second, so that days end in time. Rejects when the store is away. */
  tick(): Promise<void>;
  /** Writes what there is. */
  write(): Promise<void>;
};

export function createBookkeeping({ journal, store, counters, startedAt, clock }: BookkeepingOptions): Bookkeeping {
  let notBefore = Number.NEGATIVE_INFINITY;

  async function write(): Promise<void> {
    const now = clock();
    notBefore = now + RETRY_AFTER_MS;
    counters.raise('daysWithoutRestart', Math.floor((now - startedAt) / DAY_MS));
    const days = journal.days(now);
    for (const [i, { day, totals }] of days.entries()) {
      await store.write(day, totals);
      if (i < days.length - 1) journal.settled(day);
    }
    notBefore = now + WRITE_EVERY_MS;
  }

  return {
    write,
    async tick() {
      const isDayOver = journal.days(clock()).length > 1;
      if (clock() >= notBefore || (isDayOver && notBefore - clock() > RETRY_AFTER_MS)) await write();
    },
  };
}
