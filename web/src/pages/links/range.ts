/** Which stretch of time is shown: it stands in the address bar. Days are of the owner's calendar, `YYYY-MM-DD`. */
import { fromLocalInput, toLocalInput } from '../../zoned-time.ts';

export const RANGES = ['today', 'week', 'month', 'year', 'own'] as const;
export type RangeName = (typeof RANGES)[number];
/** Today's hours stand above. */
export const USUAL_RANGE: RangeName = 'week';
/** Both days included. */
export type Range = { name: RangeName; from: string; to: string };

const DAY_MS = 86_400_000;
const DAYS_BACK: Readonly<Record<Exclude<RangeName, 'own'>, number>> = { today: 0, week: 6, month: 29, year: 364 };
const DAY_FORM = /^\d{4}-\d{2}-\d{2}$/;
/** Days up to which a point is an hour, then a day, then a month. */
const HOURS_UP_TO_DAYS = 2;
const DAYS_UP_TO_DAYS = 120;

export const todayIn = (timeZone: string, now = Date.now()): string => toLocalInput(new Date(now).toISOString(), timeZone).slice(0, 10);

export const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

export function rangeOf(query: URLSearchParams, timeZone: string, now = Date.now()): Range {
  const today = todayIn(timeZone, now);
  const name = RANGES.find((it) => it === query.get('range')) ?? USUAL_RANGE;
  if (name !== 'own') return { name, from: addDays(today, -DAYS_BACK[name]), to: today };
  const [from, to] = ['from', 'to'].map((it) => query.get(it) ?? '').map((day) => (DAY_FORM.test(day) ? day : today));
  return from <= to ? { name, from, to } : { name, from: to, to: from };
}

/** For the query of the statistics. */
export function statsQuery({ from, to }: Range, timeZone: string): string {
  const start = fromLocalInput(`${from}T00:00`, timeZone);
  const end = fromLocalInput(`${addDays(to, 1)}T00:00`, timeZone);
  const days = (Date.parse(end) - Date.parse(start)) / DAY_MS;
  const unit = days <= HOURS_UP_TO_DAYS ? 'hour' : days <= DAYS_UP_TO_DAYS ? 'day' : 'month';
  return new URLSearchParams({ from: start, to: end, unit }).toString();
}

export const unitOf = (query: string): string => new URLSearchParams(query).get('unit') ?? 'hour';
