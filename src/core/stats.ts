/** From documents to what an owner reads: totals, series, hours of today, days of the week, top lists. */
import { type Calendar, HOURS, type Span, WEEKDAYS } from './calendar.ts';
import { addFacet, addQuarter, capFacet, emptyLinkDay, FACETS, type Facet, type LinkDay, type QuarterCounts } from './link-day.ts';
import { DAY_MS, dayOf, offsetSegments, QUARTER_MS, QUARTERS_PER_DAY, quarterOf } from './zone.ts';

export const STATS_UNITS = ['15min', 'hour', 'day', 'month'] as const;
export type StatsUnit = (typeof STATS_UNITS)[number];

/** Keys in a top list, before "other". */
export const TOP = 10;
const QUARTERS_PER_HOUR = 4;

/** [from, to) in milliseconds, in whole quarter-hours: `from` is moved back and `to` on to the next one. `timeZone` cuts the series. */
export type StatsRange = { from: number; to: number; timeZone: string; unit: StatsUnit };

export type StatsFigures = {
  timezone: string;
  from: string;
  to: string;
  clicks: number;
  uniqueClicks: number;
  repeatClicks: number;
  botClicks: number;
  series: { start: string; clicks: number; uniqueClicks: number }[];
  hours: number[];
  week: number[];
} & Record<Facet, { key: string; clicks: number }[]>;

type Quarters = Map<number, QuarterCounts>;

const iso = (quarter: number): string => new Date(quarter * QUARTER_MS).toISOString();

/** The days of any owner's calendar whose clicks may lie in a range of time: no zone is further than 14 hours from UTC. */
export function daysAround(fromMs: number, toMs: number): { fromDay: number; toDay: number } {
  return { fromDay: Math.floor(fromMs / DAY_MS) - 1, toDay: Math.floor(toMs / DAY_MS) + 1 };
}

/** What was counted in some quarters, over documents of one link or of many. */
export function countSpan(days: Iterable<LinkDay>, { from, to }: Span): { clicks: number; uniques: number; bots: number } {
  const sum = { clicks: 0, uniques: 0, bots: 0 };
  for (const { quarters } of days) {
    for (const [quarter, counts] of quarters) {
      if (quarter < from || quarter >= to) continue;
      sum.clicks += counts.clicks;
      sum.uniques += counts.uniques;
      sum.bots += counts.bots;
    }
  }
  return sum;
}

/**
 * Adds up documents, one after the other, to the figures of one link or of several together. The range's zone cuts the series; hours of today and days
 * of the week are the owner's. Facets are kept by link and day of the owner's calendar: those of every document that has clicks within the range
 * are added up whole. So a link's day comes as one document.
 */
export class StatsSum {
  readonly #range: StatsRange;
  readonly #span: Span;
  readonly #calendar: Calendar;
  readonly #sum = emptyLinkDay();

  /** @param calendar the owner's */
  constructor(range: StatsRange, calendar: Calendar) {
    this.#range = range;
    this.#span = { from: quarterOf(range.from), to: Math.ceil(range.to / QUARTER_MS) };
    this.#calendar = calendar;
  }

  add(doc: LinkDay): void {
    for (const [quarter, { clicks, uniques, bots }] of doc.quarters) addQuarter(this.#sum, quarter, clicks, uniques, bots);
    if (!hasClicksIn(doc, this.#span)) return;
    for (const facet of FACETS) for (const [key, clicks] of doc.facets[facet]) addFacet(this.#sum, facet, key, clicks);
  }

  figures(): StatsFigures {
    const { timeZone, unit } = this.#range;
    const { quarters, facets } = this.#sum;
    const { clicks, uniques, bots } = countSpan([this.#sum], this.#span);
    const list = (facet: Facet) => capFacet(facets[facet], TOP).map(([key, count]) => ({ key, clicks: count }));
    return {
      timezone: timeZone,
      from: iso(this.#span.from),
      to: iso(this.#span.to),
      clicks,
      uniqueClicks: uniques,
      repeatClicks: clicks - uniques,
      botClicks: bots,
      series: series(quarters, timeZone, this.#span, unit),
      hours: clicksBy(quarters, HOURS, this.#calendar.hourOf),
      week: clicksBy(quarters, WEEKDAYS, this.#calendar.weekdayOf),
      ...(Object.fromEntries(FACETS.map((facet) => [facet, list(facet)])) as Record<Facet, { key: string; clicks: number }[]>),
    };
  }
}

/** @param docs of all days that may have clicks in the range, today or in the current week */
export function statsFigures(docs: Iterable<LinkDay>, range: StatsRange, calendar: Calendar): StatsFigures {
  const sum = new StatsSum(range, calendar);
  for (const doc of docs) sum.add(doc);
  return sum.figures();
}

const hasClicksIn = ({ quarters }: LinkDay, { from, to }: Span): boolean => {
  for (const [quarter, { clicks }] of quarters) if (clicks > 0 && quarter >= from && quarter < to) return true;
  return false;
};

function clicksBy(quarters: Quarters, length: number, indexOf: (quarter: number) => number): number[] {
  const counts = new Array<number>(length).fill(0);
  for (const [quarter, { clicks }] of quarters) {
    const index = indexOf(quarter);
    if (index >= 0) counts[index] += clicks;
  }
  return counts;
}

function series(quarters: Quarters, timeZone: string, span: Span, unit: StatsUnit): StatsFigures['series'] {
  const starts = bucketStarts(timeZone, span, unit);
  const buckets = starts.map((start) => ({ start: iso(start), clicks: 0, uniqueClicks: 0 }));
  for (const [quarter, { clicks, uniques }] of quarters) {
    if (quarter < span.from || quarter >= span.to) continue;
    const bucket = buckets[lastAtMost(starts, quarter)];
    bucket.clicks += clicks;
    bucket.uniqueClicks += uniques;
  }
  return buckets;
}

/**
 * The quarters at which buckets begin. The first begins with the span. An hour that the clock repeats is two buckets, an hour cut by a
 * change of the clock is cut; days and months are whole whatever the clock does.
 */
export function bucketStarts(timeZone: string, span: Span, unit: StatsUnit): number[] {
  const starts: number[] = [];
  let label = '';
  for (const { from, to, offset } of offsetSegments(timeZone, span.from, span.to)) {
    const step = unit === '15min' ? 1 : unit === 'hour' ? QUARTERS_PER_HOUR : QUARTERS_PER_DAY;
    for (let at = from; at < to; at = (Math.floor((at + offset) / step) + 1) * step - offset) {
      const next = unit === 'day' ? String(dayOf(at, offset)) : unit === 'month' ? monthOf(dayOf(at, offset)) : `${at}`;
      if (next === label) continue;
      label = next;
      starts.push(at);
    }
  }
  return starts;
}

const monthOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 7);

/** Index of the last element that is not above `value`; the first element is at most `value`. */
function lastAtMost(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}
