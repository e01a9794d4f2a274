/** One fold: stored clicks become documents, each click once. Runs on a pool thread; the store's transaction makes it all or nothing. */
import { emptyLinkDay } from '../../core/link-day.ts';
import { decodeLinkDay, encodeLinkDay } from '../../core/link-day-codec.ts';
import { dayKey, type FoldedDay, type FoldResult, type FoldStore, type FoldTransaction } from '../../core/ports.ts';
import { FOLD_ROWS } from '../fold.ts';
import { ClickAggregate } from './aggregate.ts';

/** Documents that are in memory at once. */
const DAYS_AT_ONCE = 5_000;

export function fold(store: FoldStore): Promise<FoldResult | null> {
  return store.fold(FOLD_ROWS, async (transaction) => {
    const clicks = new ClickAggregate();
    await transaction.readClicks((chunk) => clicks.push(chunk));
    clicks.sort();

    const visitors = clicks.candidates();
    await transaction.addVisitors(visitors, (i) => clicks.markUnique(visitors.rows[i]));

    const cells = clicks.cellOrder();
    for (let from = 0; from < cells.length; from += DAYS_AT_ONCE) {
      await writeCells(transaction, clicks, cells.subarray(from, from + DAYS_AT_ONCE));
    }
    return { days: cells.length };
  });
}

async function writeCells(transaction: FoldTransaction, clicks: ClickAggregate, cells: Int32Array): Promise<void> {
  const keys = Array.from(cells, (cell) => clicks.keyOf(cell));
  const stored = await transaction.readDays(keys);
  const days: FoldedDay[] = [];
  for (const [i, { linkId, day }] of keys.entries()) {
    const before = stored.get(dayKey(linkId, day));
    const doc = before === undefined ? emptyLinkDay() : decodeLinkDay(before);
    const added = clicks.addTo(doc, cells[i]);
    days.push({ ...added, doc: encodeLinkDay(doc) });
  }
  await transaction.writeDays(days);
}
