/**
 * When to fold. Clicks that wait are read at every question, folding costs by the link and day it touches: so a fold waits
 * until the oldest click is FOLD_AFTER_MS old and until REST_FACTOR times as long as the last one took has passed, but never for more than
 * FOLD_ROWS: a fold of many links with few clicks each is dear, and cheaper by the click the more there are.
 * Runs on the main thread; the work itself is done by a pool thread.
 */
import type { Counters } from '../core/counters.ts';
import type { Clock, EpochStore, FoldResult, Logger } from '../core/ports.ts';

export const FOLD_AFTER_MS = 5_000;
const REST_FACTOR = 10;
/** So many rows are folded without a rest: questions have to read them all. */
const FOLD_ROWS = 2_000_000;
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

  async function foldOnce(): Promise<FoldResult | null> {
    const from = clock();
    const result = await runFold();
    const ms = clock() - from;
    notBefore = clock() + ms * REST_FACTOR;
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
      const isRested = clock() >= notBefore && oldestAgeMs >= FOLD_AFTER_MS;
      if (unfoldedRows >= FOLD_ROWS || (unfoldedRows > 0 && isRested)) await foldOnce();
      await epochs.dropFolded(rawClickDays);
    },
    async foldAll() {
      while ((await foldOnce()) !== null);
    },
  };
}
