/**
 * What a dashboard shows of a link, and of all links together: totals and lists of all time, today's hours, the current week.
 * All of it adds up: what is folded, what is stored and what is neither are each made into figures, and these are added.
 */
import type { Calendar } from './calendar.ts';
import { HOURS, WEEKDAYS } from './calendar.ts';
import { capFacet, type LinkDay, type LinkDays, type QuarterCounts, TOTAL_FACETS, type TotalFacet } from './link-day.ts';
import type { UnstoredBatch, VisitorCandidate } from './ports/clicks.ts';
import type { OwnedLink } from './ports/links.ts';
import { TOP } from './stats.ts';

/** Counts of people, but `bots`. */
export type DashboardFigures = {
  clicks: number;
  uniques: number;
  bots: number;
  clicksToday: number;
  uniquesToday: number;
  hours: number[];
  week: number[];
} & Record<TotalFacet, Map<string, number>>;

export function noFigures(): DashboardFigures {
  return {
    clicks: 0,
    uniques: 0,
    bots: 0,
    clicksToday: 0,
    uniquesToday: 0,
    hours: new Array<number>(HOURS).fill(0),
    week: new Array<number>(WEEKDAYS).fill(0),
    countries: new Map(),
    devices: new Map(),
    os: new Map(),
  };
}

/** What of some quarters belongs to today and to this week; not to the totals. */
export function addRecent(into: DashboardFigures, quarters: Iterable<[number, QuarterCounts]>, { hourOf, weekdayOf }: Calendar): void {
  for (const [quarter, { clicks, uniques }] of quarters) {
    const weekday = weekdayOf(quarter);
    if (weekday < 0) continue; // today is of this week
    into.week[weekday] += clicks;
    const hour = hourOf(quarter);
    if (hour < 0) continue;
    into.hours[hour] += clicks;
    into.clicksToday += clicks;
    into.uniquesToday += uniques;
  }
}

export function addTotals(into: DashboardFigures, { clicks, uniques, bots }: QuarterCounts): void {
  into.clicks += clicks;
  into.uniques += uniques;
  into.bots += bots;
}

export function addLists(into: DashboardFigures, lists: Readonly<Record<TotalFacet, Iterable<[string, number]>>>): void {
  for (const facet of TOTAL_FACETS) {
    for (const [key, clicks] of lists[facet]) into[facet].set(key, (into[facet].get(key) ?? 0) + clicks);
  }
}

/** All of a document whose clicks are in no totals yet. */
export function addDay(into: DashboardFigures, { quarters, facets }: LinkDay, calendar: Calendar): void {
  for (const counts of quarters.values()) addTotals(into, counts);
  addRecent(into, quarters, calendar);
  addLists(into, facets);
}

export function addFigures(into: DashboardFigures, from: DashboardFigures): void {
  addTotals(into, from);
  addLists(into, from);
  into.clicksToday += from.clicksToday;
  into.uniquesToday += from.uniquesToday;
  for (let hour = 0; hour < HOURS; hour++) into.hours[hour] += from.hours[hour];
  for (let weekday = 0; weekday < WEEKDAYS; weekday++) into.week[weekday] += from.week[weekday];
}

/** As the API writes them. */
export type ShownFigures = {
  clicks: number;
  repeatClicks: number;
  clicksToday: number;
  repeatClicksToday: number;
  botClicks: number;
  hours: number[];
  week: number[];
} & Record<TotalFacet, { key: string; clicks: number }[]>;

export function showFigures(figures: DashboardFigures): ShownFigures {
  const { clicks, uniques, bots, clicksToday, uniquesToday, hours, week } = figures;
  const top = (facet: TotalFacet) => capFacet(figures[facet], TOP).map(([key, count]) => ({ key, clicks: count }));
  return {
    clicks,
    repeatClicks: clicks - uniques,
    clicksToday,
    repeatClicksToday: clicksToday - uniquesToday,
    botClicks: bots,
    hours,
    week,
    countries: top('countries'),
    devices: top('devices'),
    os: top('os'),
  };
}

/** By link id; a link without an entry has nothing. */
export type FiguresByLink = Map<number, DashboardFigures>;

export function figuresOf(days: LinkDays, calendar: Calendar): FiguresByLink {
  const figures: FiguresByLink = new Map();
  for (const [linkId, byDay] of days) {
    const sum = noFigures();
    for (const doc of byDay.values()) addDay(sum, doc, calendar);
    figures.set(linkId, sum);
  }
  return figures;
}

/** What a dashboard's folded part is of: how many folds there have been, and a mark that every change of the owner's links changes. */
export type DashboardMarks = { folds: number; links: string };

/** Batches that are stored and not folded: those up to an id, and how many they are. Another number up to that id means that they are others. */
export type CountedBatches = { last: number; count: number };

/** Stored clicks, column by column. */
export type StoredRows = {
  linkIds: number[];
  /** Of the owner's calendar, in days since 1970. */
  days: number[];
  quarters: number[];
  bots: boolean[];
  /** Null for bots, and for a visitor who is known already: to a shard, or to a fold. */
  visitors: (string | null)[];
  countries: number[];
  devices: number[];
  systems: number[];
};

/** What is not folded. */
export type DashboardNews =
  | {
      kind: 'rows';
      rows: StoredRows;
      /** The rows are of these, less those that were counted before; `isAll`: of all these. */
      batches: CountedBatches;
      isAll: boolean;
      /** There are no more batches behind these. */
      isComplete: boolean;
      /** What was not stored then. */
      unstored: UnstoredBatch[];
      /** Visitors of what was not stored, whom no fold knows. */
      candidates: VisitorCandidate[];
    }
  /** Too many rows to be handed over: they were added up by the database. */
  | { kind: 'sums'; stored: FiguresByLink; unstored: FiguresByLink };

/** What is folded. */
export type DashboardFolded = {
  marks: DashboardMarks;
  /** The newest first; null: none has changed since the marks that were given. */
  links: OwnedLink[] | null;
  /** Those that have changed in a fold since then, and those of links that were not known. */
  figures: FiguresByLink;
};

export type DashboardQuestion = {
  ownerId: number;
  /** The links that the shards were asked about. */
  linkIds: readonly number[];
  calendar: Calendar;
  unstored: readonly UnstoredBatch[];
};

/** The database's side of dashboards. Each answer is of one snapshot. */
export type DashboardStore = {
  /**
   * What is folded, in a few statements.
   * @param since the marks of what is at hand, of the links `known`; null: nothing is
   * @throws Failure too_many_links
   */
  folded(ownerId: number, calendar: Calendar, since: DashboardMarks | null, known: readonly number[]): Promise<DashboardFolded>;
  /**
   * What is not folded, in one statement.
   * @param marks those of what is at hand; `links` null: as they were is good enough
   * @param counted what is at hand of that already
   * @returns null when the marks have moved on: then what is folded has to be read again
   */
  news(question: DashboardQuestion, marks: NewsMarks, counted: CountedBatches): Promise<DashboardNews | null>;
  /** The same, all of it and added up. */
  sums(question: DashboardQuestion, marks: NewsMarks): Promise<DashboardNews | null>;
};

export type NewsMarks = Omit<DashboardMarks, 'links'> & { links: string | null };
