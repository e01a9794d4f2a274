/** Clicks as rows, without the way that leads there. */
import { Batch } from '../../src/actors/batch.ts';
import type { ClickRow } from '../../src/core/copy-row.ts';

/** 2026-11-23, 09:00 UTC. */
export const ROW_TIME = Date.UTC(2026, 10, 23, 9);
export const ROW_DAY = Math.floor(ROW_TIME / 86_400_000);

export const clickRow = (changes: Partial<ClickRow> = {}): ClickRow => ({
  linkId: 1,
  at: ROW_TIME,
  day: ROW_DAY,
  visitorHi: 1,
  visitorLo: 2,
  country: 0,
  device: 1,
  os: 1,
  browser: 1,
  language: 0,
  bot: false,
  seen: false,
  referrer: '',
  ...changes,
});

/** A batch that moves log f0-s0. */
export function batchOf(rows: readonly Partial<ClickRow>[], move: { from: number; to: number }): Batch {
  const batch = new Batch();
  for (const row of rows) batch.add(clickRow(row));
  batch.moveLog('f0-s0', 0, 0, move.from, move.to);
  return batch;
}
