/**
 * Calendar arithmetic in quarter-hours. Every offset that a zone of the IANA database has had since 1972 is a multiple of
 * 15 minutes, so hours and days of any zone are unions of UTC quarter-hours.
 * A quarter is floor(ms / 900,000); a day is a number of days since 1970-01-01 in the calendar at hand.
 */

export const QUARTER_MS = 900_000;
export const QUARTERS_PER_DAY = 96;
export const DAY_MS = 86_400_000;

export const quarterOf = (ms: number): number => Math.floor(ms / QUARTER_MS);

/** The calendar day of a quarter where clocks are `offset` quarter-hours ahead of UTC. */
export const dayOf = (quarter: number, offset: number): number => Math.floor((quarter + offset) / QUARTERS_PER_DAY);

/** `YYYY-MM-DD` of a day number. */
export const dayToISO = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError when the zone is not known */
function format(timeZone: string): Intl.DateTimeFormat {
  let it = formats.get(timeZone);
  if (it === undefined) {
    it = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      era: 'short',
    });
    formats.set(timeZone, it);
  }
  return it;
}

/**
 * A zone by one of its names, in the spelling of the IANA database: each zone is kept once, however it is written. A bare offset such as
 * +03:00, which Intl knows too, is no zone. @returns null when there is no such zone
 */
export function canonicalZone(text: string): string | null {
  if (!/^[A-Za-z]/.test(text)) return null;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    return null; // RangeError is how Intl says no
  }
}

/**
 * The zone's offset from UTC in quarter-hours at the start of a quarter. It holds for the whole quarter, but where clocks were changed at
 * 00:01 (St. John's until 2011).
 */
export function offsetAt(timeZone: string, quarter: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of format(timeZone).formatToParts(quarter * QUARTER_MS)) part[type] = Number(value);
  const local = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  return Math.round((local - quarter * QUARTER_MS) / QUARTER_MS);
}

/** Remembers each zone's offset for the current quarter: the redirect asks for it at every click. */
export function offsetMemory(): (timeZone: string, quarter: number) => number {
  let current = -1;
  const offsets = new Map<string, number>();
  return (timeZone, quarter) => {
    if (quarter !== current) {
      offsets.clear();
      current = quarter;
    }
    let offset = offsets.get(timeZone);
    if (offset === undefined) {
      offset = offsetAt(timeZone, quarter);
      offsets.set(timeZone, offset);
    }
    return offset;
  };
}

/** Quarter-hours; no zone is further from UTC (+14 hours). */
const OFFSET_BOUND = 60;

/**
 * The first quarter of a calendar day in a zone: the first whose local date is that day, also where midnight does not exist; the next
 * day's where the whole day does not exist (Samoa, 2011-12-30).
 */
export function dayStart(timeZone: string, day: number): number {
  const midnight = day * QUARTERS_PER_DAY; // in UTC; the zone's lies in between, and no zone changes its offset twice in so short a time
  const ahead = Math.max(offsetAt(timeZone, midnight - OFFSET_BOUND), offsetAt(timeZone, midnight + OFFSET_BOUND));
  let quarter = midnight - ahead;
  while (dayOf(quarter, offsetAt(timeZone, quarter)) < day) quarter++;
  return quarter;
}

/** The quarter in the middle of a calendar day: noon, but on days that are shorter or longer. */
export function dayMiddle(timeZone: string, day: number): number {
  const start = dayStart(timeZone, day);
  return start + ((dayStart(timeZone, day + 1) - start) >> 1);
}

/** A stretch of time in which a zone's offset does not change. Quarters; `to` is not included. */
export type OffsetSegment = { from: number; to: number; offset: number };

/** The offsets of a zone over a range, in order and without gaps. No zone changes its offset and back within a day. */
export function offsetSegments(timeZone: string, from: number, to: number): OffsetSegment[] {
  const segments: OffsetSegment[] = [];
  let start = from;
  let offset = offsetAt(timeZone, from);
  for (let at = from; at < to; ) {
    const next = Math.min(at + QUARTERS_PER_DAY, to);
    if (offsetAt(timeZone, next) === offset) at = next;
    else {
      at = firstWithOtherOffset(timeZone, at, next, offset);
      segments.push({ from: start, to: at, offset });
      start = at;
      offset = offsetAt(timeZone, at);
    }
  }
  if (start < to) segments.push({ from: start, to, offset });
  return segments;
}

/** @param low a quarter with the offset; `high` one without it */
function firstWithOtherOffset(timeZone: string, low: number, high: number, offset: number): number {
  let [known, other] = [low, high];
  while (other - known > 1) {
    const middle = (known + other) >>> 1;
    if (offsetAt(timeZone, middle) === offset) known = middle;
    else other = middle;
  }
  return other;
}
