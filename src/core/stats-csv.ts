/**
 * Statistics as CSV: one table of all sections, so that a spreadsheet can filter and pivot it. `clicks` counts people, as everywhere.
 *
 *   section,key,clicks,uniqueClicks,repeatClicks,botClicks
 *   total,,120,90,30,4
 *   series,2026-05-10T21:00:00.000Z,7,6,1,
 *   hours,0,7,,,
 *   week,1,…                                  1 is Monday
 *   countries,RU,64,,,
 */
import { csvLine } from './csv.ts';
import { FACETS } from './link-day.ts';
import type { StatsFigures } from './stats.ts';

export const STATS_CSV_HEADER = ['section', 'key', 'clicks', 'uniqueClicks', 'repeatClicks', 'botClicks'] as const;

/** Line by line. */
export function* statsCsv(stats: StatsFigures): Generator<string> {
  const { clicks, uniqueClicks, repeatClicks, botClicks, series, hours, week } = stats;
  yield csvLine(STATS_CSV_HEADER);
  yield csvLine(['total', null, clicks, uniqueClicks, repeatClicks, botClicks]);
  for (const { start, clicks: all, uniqueClicks: uniques } of series) yield csvLine(['series', start, all, uniques, all - uniques, null]);
  for (const [hour, count] of hours.entries()) yield csvLine(['hours', hour, count, null, null, null]);
  for (const [day, count] of week.entries()) yield csvLine(['week', day + 1, count, null, null, null]);
  for (const facet of FACETS) for (const { key, clicks: count } of stats[facet]) yield csvLine([facet, key, count, null, null, null]);
}
