/** How long what is counted is kept as finely as it came. Days are those of owners' calendars, which are up to a day ahead of UTC or behind. */
import { DAY_MS } from './zone.ts';

/** Who clicked on a day, and the salt that visitors of that day are hashed with, are thrown away so many days after it has ended. */
export const VISITORS_KEPT_DAYS = 3;
/** The quarter-hours of a day become one number so many days after it has ended. */
export const QUARTERS_KEPT_DAYS = 35;

const todayInUtc = (now: number): number => Math.floor(now / DAY_MS);

/** The first day whose visitors are still known. */
export const firstDayOfVisitors = (now: number): number => todayInUtc(now) - VISITORS_KEPT_DAYS;

/** The last day that is one number. */
export const lastWholeDay = (now: number): number => todayInUtc(now) - QUARTERS_KEPT_DAYS - 1;
