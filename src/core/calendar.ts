/** Today and the current week of a zone, Monday first. Spans are of quarters (zone.ts), `to` is not included. */
import { dayOf, dayStart, offsetAt, offsetSegments, QUARTERS_PER_DAY, quarterOf } from './zone.ts';

export const HOURS = 24;
export const WEEKDAYS = 7;
const QUARTERS_PER_HOUR = 4;
/** Day 0, 1970-01-01, was a Thursday; Monday is 0. */
const WEEKDAY_OF_DAY_0 = 3;

export type Span = { from: number; to: number };

export type Calendar = {
  timeZone: string;
  /** Today, in days since 1970. */
  day: number;
  today: Span;
  week: Span;
  /** The hour of today that a quarter lies in, by the clock on the wall; −1 when it is not of today. */
  hourOf(quarter: number): number;
  /** The day of this week, 0 for Monday; −1 when it is not of this week. */
  weekdayOf(quarter: number): number;
};

export function todaySpan(timeZone: string, now: number): Span {
  return daySpan(timeZone, today(timeZone, now));
}

export function weekSpan(timeZone: string, now: number): Span {
  const monday = mondayOf(today(timeZone, now));
  return { from: dayStart(timeZone, monday), to: dayStart(timeZone, monday + WEEKDAYS) };
}

export function calendarAt(timeZone: string, now: number): Calendar {
  const day = today(timeZone, now);
  const span = daySpan(timeZone, day);
  const starts = Array.from({ length: WEEKDAYS + 1 }, (_, weekday) => dayStart(timeZone, mondayOf(day) + weekday));
  const week = { from: starts[0], to: starts[WEEKDAYS] };
  return { timeZone, day, today: span, week, hourOf: tableOf(span, hours(timeZone, span)), weekdayOf: tableOf(week, weekdays(starts)) };
}

/** Looked up for every quarter-hour of thousands of documents. */
function tableOf({ from, to }: Span, table: Int8Array): (quarter: number) => number {
  return (quarter) => (quarter >= from && quarter < to ? table[quarter - from] : -1);
}

function hours(timeZone: string, span: Span): Int8Array {
  const table = new Int8Array(span.to - span.from);
  for (const { from, to, offset } of offsetSegments(timeZone, span.from, span.to)) {
    for (let quarter = from; quarter < to; quarter++) {
      table[quarter - span.from] = Math.floor(((quarter + offset) % QUARTERS_PER_DAY) / QUARTERS_PER_HOUR);
    }
  }
  return table;
}

/** @param starts of the week's days, and of the next week; a day that does not exist begins where the next one does */
function weekdays(starts: readonly number[]): Int8Array {
  const table = new Int8Array(starts[WEEKDAYS] - starts[0]);
  for (let weekday = 0; weekday < WEEKDAYS; weekday++) table.fill(weekday, starts[weekday] - starts[0], starts[weekday + 1] - starts[0]);
  return table;
}

/** `calendarAt`, remembered for each zone until the next quarter-hour: nothing changes within one. */
export function calendarMemory(): typeof calendarAt {
  let current = -1;
  const calendars = new Map<string, Calendar>();
  return (timeZone, now) => {
    const quarter = quarterOf(now);
    if (quarter !== current) {
      calendars.clear();
      current = quarter;
    }
    let calendar = calendars.get(timeZone);
    if (calendar === undefined) {
      calendar = calendarAt(timeZone, now);
      calendars.set(timeZone, calendar);
    }
    return calendar;
  };
}

function today(timeZone: string, now: number): number {
  const quarter = quarterOf(now);
  return dayOf(quarter, offsetAt(timeZone, quarter));
}

const daySpan = (timeZone: string, day: number): Span => ({ from: dayStart(timeZone, day), to: dayStart(timeZone, day + 1) });

function mondayOf(day: number): number {
  const weekday = (((day + WEEKDAY_OF_DAY_0) % WEEKDAYS) + WEEKDAYS) % WEEKDAYS;
  return day - weekday;
}
