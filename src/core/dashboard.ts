/**
 * What a dashboard shows of a link, and of all links together: totals and lists of all time, today's hours, the current week.
 * All of it adds up: what is folded, what is stored and what is neither are each made into figures, and these are added.
 */
import type { Calendar } from './calendar.ts';
import { HOURS, WEEKDAYS } from './calendar.ts';
import { capFacet, type LinkDay, type QuarterCounts, TOTAL_FACETS, type TotalFacet } from './link-day.ts';
import type { OwnedLink, UnstoredBatch } from './ports.ts';
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
export function addRecent(into: DashboardFigures, quarters: ReadonlyMap<number, QuarterCounts>, { hourOf, weekdayOf }: Calendar): void {
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

export function addLists(into: DashboardFigures, lists: Readonly<Record<TotalFacet, ReadonlyMap<string, number>>>): void {
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

/**
 * What a dashboard is made of, so that it can be told whether one of these has changed since.
 * `folds`: how many there have been; `links`: a mark that every change of the owner's links changes; `open`: one that every batch that is stored
 * changes as long as nothing is folded.
 */
export type DashboardMarks = { folds: number; links: string; open: string };

/** Of an owner's links, what is stored and not folded, and what is not stored. */
export type DashboardRest = {
  marks: DashboardMarks;
  /** Null: no batch was stored since the marks that were given, and it was not needed otherwise. */
  stored: FiguresByLink | null;
  /** Stored clicks that are not folded, bots included; 0 when `stored` is null. */
  storedClicks: number;
  unstored: FiguresByLink;
};

/** What is folded. */
export type DashboardFolded = {
  /** The newest first; null: none has changed since the marks that were given. */
  links: OwnedLink[] | null;
  /** Those that have changed in a fold since then, or that were asked for. */
  figures: FiguresByLink;
};

export type DashboardQuestion = {
  ownerId: number;
  /** The links that the shards were asked about. */
  linkIds: readonly number[];
  calendar: Calendar;
  unstored: readonly UnstoredBatch[];
};

/** The database's side of dashboards. */
export type DashboardStore = {
  linkIds(ownerId: number): Promise<number[]>;
  /**
   * One statement, for a dashboard that is at hand.
   * @returns null when links or folded figures have changed since the marks: then ask for a snapshot
   */
  rest(question: DashboardQuestion, marks: DashboardMarks): Promise<DashboardRest | null>;
  /**
   * All in one snapshot.
   * @param since what is at hand; null: nothing
   * @param missing links whose figures are not at hand, whenever they were folded
   */
  snapshot(
    question: DashboardQuestion,
    since: DashboardMarks | null,
    missing: readonly number[],
  ): Promise<{ rest: DashboardRest; folded: DashboardFolded }>;
};
