/** The figures of the live feed, from documents. */
import { type Calendar, HOURS } from './calendar.ts';
import type { LinkDay } from './link-day.ts';
import type { LiveFigures } from './live.ts';
import type { LinkTotals } from './ports/clicks.ts';

/** @param days of all days that may have clicks today */
export function liveFigures({ clicks, uniques }: LinkTotals, days: Iterable<LinkDay>, { hourOf }: Calendar): LiveFigures {
  const hours = new Array<number>(HOURS).fill(0);
  const now = { clicks: 0, uniques: 0 };
  for (const { quarters } of days) {
    for (const [quarter, counts] of quarters) {
      const hour = hourOf(quarter);
      if (hour < 0) continue;
      now.clicks += counts.clicks;
      now.uniques += counts.uniques;
      hours[hour] += counts.clicks;
    }
  }
  return { clicks, repeatClicks: clicks - uniques, clicksToday: now.clicks, repeatClicksToday: now.clicks - now.uniques, hours };
}
