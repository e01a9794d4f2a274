/** One fold: stored clicks become documents, each click once. Runs on a pool thread; the store's transaction makes it all or nothing. */
import { emptyLinkDay, type LinkDay, mergeLinkDay, mergeTotalFacets } from '../../core/link-day.ts';
import { decodeLinkDay, encodeLinkDay } from '../../core/link-day-codec.ts';
import { dayKey, type FoldedDay, type FoldResult, type FoldStore, type FoldTransaction } from '../../core/ports/clicks.ts';
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
  const totals = await readTotals(transaction, new Set(keys.map(({ linkId }) => linkId)));
  const days: FoldedDay[] = [];
  for (const [i, { linkId, day }] of keys.entries()) {
    const added = emptyLinkDay();
    const counts = clicks.addTo(added, cells[i]);
    const total = totals.get(linkId);
    if (total !== undefined) mergeTotalFacets(total, added);
    const before = stored.get(dayKey(linkId, day));
    if (before !== undefined) mergeLinkDay(added, decodeLinkDay(before));
    days.push({ ...counts, doc: encodeLinkDay(added) });
  }
  await transaction.writeDays(
    days,
    Array.from(totals, ([linkId, total]) => ({ linkId, facets: encodeLinkDay(total) })),
  );
}

/** The facets of all time of some links, before this fold. */
async function readTotals(transaction: FoldTransaction, linkIds: ReadonlySet<number>): Promise<Map<number, LinkDay>> {
  const stored = await transaction.readTotals([...linkIds]);
  const totals = new Map<number, LinkDay>();
  for (const linkId of linkIds) {
    const bytes = stored.get(linkId);
    if (bytes !== null) totals.set(linkId, bytes === undefined ? emptyLinkDay() : decodeLinkDay(bytes));
    else totals.set(linkId, totalOf(await transaction.readAllDays(linkId)));
  }
  return totals;
}

function totalOf(docs: readonly Uint8Array[]): LinkDay {
  const total = emptyLinkDay();
  for (const doc of docs) mergeTotalFacets(total, decodeLinkDay(doc));
  return total;
}
