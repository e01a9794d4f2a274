/**
 * What of an owner's links is stored and not folded, added up batch by batch as it comes in, so that no click is read twice for one dashboard. It begins anew when
 * something was folded.
 */
import type { Calendar } from './calendar.ts';
import {
  addLists,
  addRecent,
  addTotals,
  type CountedBatches,
  type FiguresByLink,
  figuresOf,
  noFigures,
  type StoredRows,
} from './dashboard.ts';
import { countryKey, deviceKey, osKey } from './facets.ts';
import { type LinkDays, mergeLinkDays, type QuarterCounts } from './link-day.ts';
import type { UnstoredBatch, VisitorCandidate } from './ports/clicks.ts';

export const NO_BATCHES: CountedBatches = { last: 0, count: 0 };

const visitorKey = (day: number, visitor: string | bigint): string => `${day}/${visitor}`;

export class DashboardRest {
  batches = NO_BATCHES;
  /** Clicks of people and of bots. */
  clicks = 0;
  readonly figures: FiguresByLink = new Map();
  /** Day and visitor → the quarter of the earliest click that may be a first one. */
  readonly #visitors = new Map<string, number>();

  /** Of them may be many. */
  get visitorCount(): number {
    return this.#visitors.size;
  }

  add(rows: StoredRows, calendar: Calendar): void {
    for (const [i, linkId] of rows.linkIds.entries()) {
      this.clicks++;
      let figures = this.figures.get(linkId);
      if (figures === undefined) {
        figures = noFigures();
        this.figures.set(linkId, figures);
      }
      if (rows.bots[i]) {
        figures.bots++;
        continue;
      }
      const quarter = rows.quarters[i];
      const add = (at: number, counts: QuarterCounts) => {
        if (figures === undefined) return;
        addTotals(figures, counts);
        addRecent(figures, [[at, counts]], calendar);
      };
      add(quarter, { clicks: 1, uniques: 0, bots: 0 });
      addLists(figures, {
        countries: [[countryKey(rows.countries[i]), 1]],
        devices: [[deviceKey(rows.devices[i]), 1]],
        os: [[osKey(rows.systems[i]), 1]],
      });
      const visitor = rows.visitors[i];
      if (visitor === null) continue;
      const key = visitorKey(rows.days[i], visitor);
      const before = this.#visitors.get(key);
      if (before !== undefined && before <= quarter) continue;
      if (before !== undefined) add(before, { clicks: 0, uniques: -1, bots: 0 });
      add(quarter, { clicks: 0, uniques: 1, bots: 0 });
      this.#visitors.set(key, quarter);
    }
  }

  /**
   * Figures of what is not stored.
   * @param fresh those of the batches' candidates, each visitor once, who are not among the folded visitors
   */
  unstored(batches: readonly UnstoredBatch[], fresh: readonly VisitorCandidate[], calendar: Calendar): FiguresByLink {
    const days: LinkDays = new Map();
    for (const batch of batches) mergeLinkDays(days, batch.days);
    const sums = figuresOf(days, calendar);
    for (const { linkId, day, visitor, quarter } of fresh) {
      const figures = sums.get(linkId);
      if (figures === undefined || this.#visitors.has(visitorKey(day, visitor))) continue;
      const counts = { clicks: 0, uniques: 1, bots: 0 };
      addTotals(figures, counts);
      addRecent(figures, [[quarter, counts]], calendar);
    }
    return sums;
  }
}
