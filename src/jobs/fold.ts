/**
 * When to fold. Clicks that wait are read at every question; folding costs by the link and day it touches, so a fold of many links is cheaper
 * by the click the more clicks there are. It begins
 *   at once     when FOLD_ROWS wait
 *   else        when the oldest click is FOLD_AFTER_MS old and REST_FACTOR times as long as the last fold took has passed, REST_MAX_MS at most,
 *               but not while clicks come so fast that FOLD_ROWS are there within REST_MAX_MS: then the cores are the redirects';
 *   when it is wanted, because somebody's dashboard has to add up many clicks each time: after a rest as long as the last fold took.
 * Runs on the main thread; the work itself is done by a pool thread.
 */
import type { Counters } from '../core/counters.ts';
import type { EpochStore, FoldResult } from '../core/ports/clicks.ts';
import type { Clock, Logger } from '../core/ports.ts';

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
  /** When somebody last wanted a fold, in milliseconds since the epoch; 0: never. */
  wantedAt: () => number;
  rawClickDays: number;
  clock: Clock;
  counters: Counters;
  logger: Logger;
};

export function createFolding({ epochs, runFold, wantedAt, rawClickDays, clock, counters, logger }: FoldingOptions): Folding {
  let notBefore = Number.NEGATIVE_INFINITY;
  let last = { began: 0, ended: 0 };
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
    last = { began: from, ended: from + ms };
    notBefore = clock() + Math.min(ms * REST_FACTOR, REST_MAX_MS);
    if (result !== null) {
      counters.add('folds');
      counters.add('foldingMs', ms);
      counters.add('clicksFolded', result.rows);
      logger.debug({ ...result, ms }, 'folded');
      await epochs.settle();
    }
    return result;
  }

  const isWanted = (): boolean => wantedAt() > last.began && clock() >= last.ended + Math.min(last.ended - last.began, REST_MAX_MS);

  return {
    async tick() {
      const { unfoldedRows, oldestAgeMs, epochRows, epochAgeMs } = await epochs.state();
      if (epochRows >= EPOCH_MAX_ROWS || (epochRows > 0 && epochAgeMs >= EPOCH_MAX_AGE_MS)) await epochs.advance();
      const rush = isRush(unfoldedRows);
      const isDue = (clock() >= notBefore && oldestAgeMs >= FOLD_AFTER_MS && !rush) || isWanted();
      if (unfoldedRows >= FOLD_ROWS || (unfoldedRows > 0 && isDue)) await foldOnce();
      await epochs.dropFolded(rawClickDays);
    },
    async foldAll() {
      while ((await foldOnce()) !== null);
    },
  };
}
