/**
 * When to fold. Clicks that wait are read at every question; folding costs by the link and day it touches, so a fold of many links is cheaper
 * by the click the more clicks there are. It begins
 *   at once     when FOLD_ROWS wait
 *   else        when the oldest click is FOLD_AFTER_MS old and REST_FACTOR times as long as the last fold took has passed, REST_MAX_MS at most,
 *               but not while clicks come so fast that FOLD_ROWS are there within REST_MAX_MS: then the cores are the redirects'.
 * Runs on the main thread; the work itself is done by a pool thread.
 */
import type { Counters } from '../core/counters.ts';
import type { Clock, EpochStore, FoldResult, Logger } from '../core/ports.ts';

export const FOLD_AFTER_MS = 5_000;
const REST_FACTOR = 10;
const REST_MAX_MS = 60_000;
/** So many rows are folded without a rest, in one fold: questions have to read them all. They take about 32 bytes of memory each. */
export const FOLD_ROWS = 4_000_000;
/** A partition is closed when it has so many rows … */
const EPOCH_MAX_ROWS = 1_000_000;
/** … or is so old and not empty, so that its space comes back on a quiet server, too. */
const EPOCH_MAX_AGE_MS = 3_600_000;

export type Folding = {
  /** Looks once; folds when it is time. Rejects when the store is away. */
  tick(): Promise<void>;
  /** Folds all there is, now. */
  foldAll(): Promise<void>;
};

export type FoldingOptions = {
  epochs: EpochStore;
  runFold: () => Promise<FoldResult | null>;
  rawClickDays: number;
  clock: Clock;
  counters: Counters;
  logger: Logger;
};

export function createFolding({ epochs, runFold, rawClickDays, clock, counters, logger }: FoldingOptions): Folding {
  let notBefore = Number.NEGATIVE_INFINITY;
  let before = { at: clock(), unfoldedRows: 0 };

  /** Whether FOLD_ROWS will be there in a moment; by what has come since the last tick. */
  function isRush(unfoldedRows: number): boolean {
    const now = clock();
    const added = unfoldedRows - before.unfoldedRows;
    const perMs = added / Math.max(1, now - before.at);
    before = { at: now, unfoldedRows };
    return perMs * REST_MAX_MS >= FOLD_ROWS;
  }

  async function foldOnce(): Promise<FoldResult | null> {
    const from = clock();
    const result = await runFold();
    const ms = clock() - from;
    notBefore = clock() + Math.min(ms * REST_FACTOR, REST_MAX_MS);
    if (result !== null) {
      counters.add('folds');
      counters.add('foldingMs', ms);
      counters.add('clicksFolded', result.rows);
      logger.debug({ ...result, ms }, 'folded');
    }
    return result;
  }

  return {
    async tick() {
      const { unfoldedRows, oldestAgeMs, epochRows, epochAgeMs } = await epochs.state();
      if (epochRows >= EPOCH_MAX_ROWS || (epochRows > 0 && epochAgeMs >= EPOCH_MAX_AGE_MS)) await epochs.advance();
      const rush = isRush(unfoldedRows);
      const isDue = clock() >= notBefore && oldestAgeMs >= FOLD_AFTER_MS && !rush;
      if (unfoldedRows >= FOLD_ROWS || (unfoldedRows > 0 && isDue)) await foldOnce();
      await epochs.dropFolded(rawClickDays);
    },
    async foldAll() {
      while ((await foldOnce()) !== null);
    },
  };
}
