/**
 * One day of an owner's calendar as the daily report shows it: all links together against the day before and the same weekday a week before,
 * then link by link. The same documents and spans as everywhere (stats.ts), so the same numbers.
 */
import type { Locale } from './account.ts';
import { type Calendar, calendarAt, HOURS, type Span } from './calendar.ts';
import { capFacet, type LinkDay, type LinkDays, type TotalFacet } from './link-day.ts';
import type { ClickCounter, UnstoredClicks } from './ports/clicks.ts';
import { lastWholeDay } from './retention.ts';
import { countSpan, TOP } from './stats.ts';
import { dayOf, dayStart, offsetAt, QUARTER_MS, quarterOf } from './zone.ts';

/** Links in the table; of more, those with the most clicks, and the rest in one line. */
export const REPORT_MAX_LINKS = 1_000;
const DAYS_OF_WEEK = 7;

/** A link as far as the report names it. */
export type ReportedLink = { id: number; slug: string; title: string | null; url: string };

export type ReportRow = {
  slug: string;
  /** Its title; where there is none, where it leads. */
  name: string;
  clicks: number;
  repeatClicks: number;
  pc: number;
  phone: number;
  /** Tablets, and what nobody knows. */
  other: number;
  /** By the clock on the wall; a day on which clocks are put back has its clicks of both hours in one. */
  hours: number[];
};

export type DayCounts = { clicks: number; repeatClicks: number };

export type DailyReport = DayCounts & {
  /** Days since 1970-01-01. */
  day: number;
  timeZone: string;
  botClicks: number;
  dayBefore: DayCounts;
  weekBefore: DayCounts;
  hours: number[];
  /** The most clicks first; ties by slug. */
  rows: ReportRow[];
  /** Links with clicks that are not in `rows`. */
  more: { links: number; clicks: number };
  linksWithoutClicks: number;
} & Record<TotalFacet, { key: string; clicks: number }[]>;

/** The day that was over last, where it is now; a day that the calendar left out was never one. */
export function lastDay(timeZone: string, now: number): { day: number; endMs: number } {
  const quarter = quarterOf(now);
  const start = dayStart(timeZone, dayOf(quarter, offsetAt(timeZone, quarter)));
  return { day: dayBeforeQuarter(timeZone, start), endMs: start * QUARTER_MS };
}

/** @returns what is wrong with a day that there can be no report of, where it is now; null when there can be one */
export function faultOfDay(timeZone: string, day: number, now: number): string | null {
  const quarter = quarterOf(now);
  if (day > dayOf(quarter, offsetAt(timeZone, quarter))) return 'is still to come';
  return day <= lastWholeDay(now) ? 'is so long ago that its hours are not known any more' : null;
}

/** Days whose documents a report is made of, both included. Documents of owners who have changed their zone may be of a day beside. */
export const reportDays = (day: number): { fromDay: number; toDay: number } => ({ fromDay: day - DAYS_OF_WEEK - 1, toDay: day + 1 });

const dayBeforeQuarter = (timeZone: string, quarter: number): number => dayOf(quarter - 1, offsetAt(timeZone, quarter - 1));

const spanOf = (timeZone: string, day: number): Span => ({ from: dayStart(timeZone, day), to: dayStart(timeZone, day + 1) });

/** Gathers a report from any number of links, some at a time. */
export type ReportTally = {
  /** @param days documents of `reportDays`, at least those of these links */
  add(links: readonly ReportedLink[], days: LinkDays): void;
  finish(): DailyReport;
};

export function createReportTally(timeZone: string, day: number): ReportTally {
  const span = spanOf(timeZone, day);
  const calendar = calendarAt(timeZone, span.from * QUARTER_MS);
  const before = { day: spanOf(timeZone, dayBeforeQuarter(timeZone, span.from)), week: spanOf(timeZone, day - DAYS_OF_WEEK) };
  const report: DailyReport = { ...emptyReport(), day, timeZone };
  const facets: Record<TotalFacet, Map<string, number>> = { countries: new Map(), devices: new Map(), os: new Map() };

  function addLink(link: ReportedLink, docs: readonly LinkDay[]): void {
    addCounts(report.dayBefore, docs, before.day);
    addCounts(report.weekBefore, docs, before.week);
    const { clicks, uniques, bots } = countSpan(docs, span);
    report.botClicks += bots;
    if (clicks === 0) {
      report.linksWithoutClicks++;
      return;
    }
    report.clicks += clicks;
    report.repeatClicks += clicks - uniques;
    const ofDay = docs.filter((doc) => countSpan([doc], span).clicks > 0);
    for (const facet of TOTALS) for (const doc of ofDay) addAll(facets[facet], doc.facets[facet]);
    const row = rowOf(link, clicks, clicks - uniques, ofDay, calendar);
    for (let hour = 0; hour < HOURS; hour++) report.hours[hour] += row.hours[hour];
    report.rows.push(row);
  }

  return {
    add(links, days) {
      for (const link of links) addLink(link, [...(days.get(link.id)?.values() ?? [])]);
      report.more = keepTop(report.rows, report.more);
    },
    finish() {
      for (const facet of TOTALS) report[facet] = capFacet(facets[facet], TOP).map(([key, clicks]) => ({ key, clicks }));
      return report;
    },
  };
}

const TOTALS = ['countries', 'devices', 'os'] as const satisfies readonly TotalFacet[];

const emptyReport = (): Omit<DailyReport, 'day' | 'timeZone'> => ({
  clicks: 0,
  repeatClicks: 0,
  botClicks: 0,
  dayBefore: { clicks: 0, repeatClicks: 0 },
  weekBefore: { clicks: 0, repeatClicks: 0 },
  hours: new Array<number>(HOURS).fill(0),
  rows: [],
  more: { links: 0, clicks: 0 },
  linksWithoutClicks: 0,
  countries: [],
  devices: [],
  os: [],
});

function addCounts(into: DayCounts, docs: readonly LinkDay[], span: Span): void {
  const { clicks, uniques } = countSpan(docs, span);
  into.clicks += clicks;
  into.repeatClicks += clicks - uniques;
}

function addAll(into: Map<string, number>, from: ReadonlyMap<string, number>): void {
  for (const [key, clicks] of from) into.set(key, (into.get(key) ?? 0) + clicks);
}

function rowOf(link: ReportedLink, clicks: number, repeatClicks: number, docs: readonly LinkDay[], calendar: Calendar): ReportRow {
  const hours = new Array<number>(HOURS).fill(0);
  const devices = new Map<string, number>();
  for (const doc of docs) {
    addAll(devices, doc.facets.devices);
    for (const [quarter, counts] of doc.quarters) {
      const hour = calendar.hourOf(quarter);
      if (hour >= 0) hours[hour] += counts.clicks;
    }
  }
  const { pc = 0, phone = 0, ...others } = Object.fromEntries(devices);
  const other = Object.values(others).reduce((sum, n) => sum + n, 0);
  const { slug, title, url } = link;
  return { slug, name: title ?? url.replace(/^https?:\/\//, ''), clicks, repeatClicks, pc, phone, other, hours };
}

/** Sorts the rows and drops those beyond the limit. @returns what was dropped, now and before */
function keepTop(rows: ReportRow[], dropped: DailyReport['more']): DailyReport['more'] {
  rows.sort((a, b) => b.clicks - a.clicks || (a.slug < b.slug ? -1 : 1));
  const beyond = rows.splice(REPORT_MAX_LINKS);
  return { links: dropped.links + beyond.length, clicks: beyond.reduce((sum, { clicks }) => sum + clicks, dropped.clicks) };
}

/** What a PDF is made of. `host` as short links have it, such as `s.example.com`; `madeAt` in milliseconds since the epoch. */
export type DailyPdfOrder = { report: DailyReport; locale: Locale; host: string; madeAt: number };

/** @throws Failure busy when it cannot be made right now */
export type RenderDailyPdf = (order: DailyPdfOrder) => Promise<Uint8Array>;

/** Links of an owner in the order of their ids, so many at a time, from behind an id on; those that there were before the end of a day. */
export type ReportedLinks = (ownerId: number, beforeMs: number, afterId: number, limit: number) => Promise<ReportedLink[]>;

/** Documents of links, as of now. */
export type DocumentReader = (linkIds: readonly number[], days: { fromDay: number; toDay: number }) => Promise<LinkDays>;

export type ReportReader = (owner: { id: number; timeZone: string }, day: number) => Promise<DailyReport>;

export const createDocumentReader =
  ({ count, unstored }: { count: ClickCounter; unstored: UnstoredClicks }): DocumentReader =>
  async (linkIds, span) => {
    const batches = await unstored(linkIds); // before the store is asked, see as-of-now.ts
    return (await count({ linkIds, ...span, facets: true, unstored: batches })).days;
  };

/** Links whose documents are in memory at once. */
const LINKS_AT_ONCE = 500;

export const createReportReader =
  (links: ReportedLinks, documents: DocumentReader): ReportReader =>
  async ({ id, timeZone }, day) => {
    const tally = createReportTally(timeZone, day);
    const endMs = dayStart(timeZone, day + 1) * QUARTER_MS;
    for (let afterId = 0; ; ) {
      const some = await links(id, endMs, afterId, LINKS_AT_ONCE);
      if (some.length === 0) return tally.finish();
      afterId = some[some.length - 1].id;
      const ids = some.map((link) => link.id);
      tally.add(some, await documents(ids, reportDays(day)));
    }
  };
