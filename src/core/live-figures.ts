/** The figures of the live feed, from documents. */
import type { LinkDay } from './link-day.ts';
import type { LiveFigures } from './live.ts';
import type { LinkTotals } from './ports.ts';
import { todaySpan } from './stats.ts';
import { offsetSegments, QUARTERS_PER_DAY } from './zone.ts';

const HOURS = 24;
const QUARTERS_PER_HOUR = QUARTERS_PER_DAY / HOURS;

/** Today in a zone: its quarters, and the hour that each of them belongs to. */
export type Today = { from: number; to: number; hours: Uint8Array };

export function todayOf(timeZone: string, now: number): Today {
  const { from, to } = todaySpan(timeZone, now);
  const hours = new Uint8Array(to - from);
  for (const segment of offsetSegments(timeZone, from, to)) {
    for (let quarter = segment.from; quarter < segment.to; quarter++) {
      hours[quarter - from] = Math.floor(((quarter + segment.offset) % QUARTERS_PER_DAY) / QUARTERS_PER_HOUR);
    }
  }
  return { from, to, hours };
}

/** @param days of all days that may have clicks today */
export function liveFigures({ clicks, uniques }: LinkTotals, days: Iterable<LinkDay>, today: Today): LiveFigures {
  const hours = new Array<number>(HOURS).fill(0);
  const now = { clicks: 0, uniques: 0 };
  for (const { quarters } of days) {
    for (const [quarter, counts] of quarters) {
      if (quarter < today.from || quarter >= today.to) continue;
      now.clicks += counts.clicks;
      now.uniques += counts.uniques;
      hours[today.hours[quarter - today.from]] += counts.clicks;
    }
  }
  return { clicks, repeatClicks: clicks - uniques, clicksToday: now.clicks, repeatClicksToday: now.clicks - now.uniques, hours };
}
