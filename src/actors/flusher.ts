/**
 * Takes batches to Postgres, one at a time; the next one gathers meanwhile and so grows with the load.
 *
 *            add               due                     stored
 *   (empty) ────► gathering ─────────► storing ─────────────────► (cleared, used again)
 *                                       ▲    │ Postgres away
 *                                       └────┘ wait, twice as long each time
 *
 * A batch is due when it has FLUSH_ROWS rows or is FLUSH_MS old. Stores begin at least FLUSH_MS / 4 apart unless the batch is full:
 * fewer, larger transactions cost Postgres less, and nobody waits for them (see "as of now" in docs/architecture.md).
 */

import type { Counters } from '../core/counters.ts';
import type { ClickStore } from '../core/ports/clicks.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { Batch } from './batch.ts';

/** No more rows gather while another batch is under way; what is not read waits on disk. */
export const BATCH_MAX_ROWS = 50_000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;
/** A Postgres that takes longer for a batch is not well: one that is frozen or cut off says nothing for as long as a query may take. */
const STUCK_MS = 5_000;

export type Flusher = {
  /** Where the next clicks go. Ask anew for every click: it changes when a batch is taken away. */
  gathering(): Batch;
  /** Batches that Postgres may not have yet, oldest first. */
  unstored(): Batch[];
  isFull(): boolean;
  /** Begins to store the gathered batch if it is due. */
  tick(): void;
  /** Stores everything that has gathered; resolves true when done, false when that takes longer. */
  drain(timeoutMs: number): Promise<boolean>;
  /** How often the batch under way was tried in vain. */
  failures(): number;
  /** Whether the batch under way takes so long that nobody knows whether it will be stored. */
  isStuck(): boolean;
};

export type FlusherOptions = {
  store: ClickStore;
  flushRows: number;
  flushMs: number;
  clock: Clock;
  counters: Counters;
  logger: Logger;
  /** After a batch is stored, before it is cleared. */
  onStored(batch: Batch): void;
  /** A fault that trying again cannot mend: the thread has to start anew from the stored positions. */
  onFatal(error: unknown): void;
  /** Whether a failed store is worth another try. */
  isRetryable(error: unknown): boolean;
};

export function createFlusher(options: FlusherOptions): Flusher {
  const { store, flushRows, flushMs, clock, counters, logger, onStored, onFatal, isRetryable } = options;
  let gathering = new Batch();
  let spare = new Batch();
  let storing: Batch | null = null;
  let underWay: Promise<void> = Promise.resolve();
  let lastBegin = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let stopWaiting: (() => void) | null = null;

  const isEmpty = (batch: Batch) => batch.rows === 0 && batch.moves.size === 0;

  function isDue(now: number): boolean {
    if (isEmpty(gathering)) return false;
    if (gathering.rows >= BATCH_MAX_ROWS) return true;
    if (now - gathering.openedAt >= flushMs) return true;
    return gathering.rows >= flushRows && now - lastBegin >= flushMs / 4;
  }

  function begin(now: number): void {
    if (now - gathering.openedAt < flushMs) counters.add('earlyBatches');
    storing = gathering;
    gathering = spare;
    lastBegin = now;
    underWay = storeUntilDone(storing).then(() => {
      spare = storing as Batch; // only this promise sets it back
      spare.clear();
      storing = null;
    }, onFatal);
  }

  async function storeUntilDone(batch: Batch): Promise<void> {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      try {
        const { quarantined } = await store.store(batch);
        counters.add('clicksStored', batch.rows - quarantined);
        counters.add('quarantinedClicks', quarantined);
        if (failures > 0) logger.info({ rows: batch.rows, failures }, 'clicks are stored again');
        failures = 0;
        onStored(batch);
        return;
      } catch (error) {
        if (!isRetryable(error)) throw error;
        if (failures++ === 0) logger.warn({ err: error, rows: batch.rows }, 'clicks cannot be stored; they wait in the click log');
        counters.add('flushRetries');
        await wait(waitMs);
      }
    }
  }

  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      stopWaiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  return {
    gathering: () => gathering,
    unstored: () => (storing === null ? [gathering] : [storing, gathering]),
    isFull: () => gathering.rows >= BATCH_MAX_ROWS,
    failures: () => failures,
    isStuck: () => storing !== null && clock() - lastBegin >= STUCK_MS,
    tick() {
      const now = clock();
      if (storing === null && isDue(now)) begin(now);
    },
    async drain(timeoutMs) {
      const overdue = Promise.withResolvers<'late'>();
      const timer = setTimeout(overdue.resolve, timeoutMs, 'late');
      try {
        while (storing !== null || !isEmpty(gathering)) {
          if (storing === null) begin(clock());
          stopWaiting?.();
          if ((await Promise.race([underWay, overdue.promise])) === 'late') return false;
        }
        return true;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
