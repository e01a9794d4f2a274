/** The API of statistics, the dashboard and reports. */

import { z } from 'zod';
import { STATS_UNITS } from '../stats.ts';
import { count, instant, queryInstant } from './common.ts';
import { linkSchema } from './links.ts';

export const statsQuerySchema = z.strictObject({
  from: queryInstant
    .optional()
    .meta({ description: 'Rounded down to a quarter-hour; default: the start of the day of `to` in `timezone`' }),
  to: queryInstant.optional().meta({ description: 'Rounded up to a quarter-hour; default: now' }),
  timezone: z.string().max(64).optional().meta({ description: "IANA zone that cuts the series; default: the owner's" }),
  unit: z.enum(STATS_UNITS).default('hour'),
});
export type StatsQuery = z.output<typeof statsQuerySchema>;

export const reportQuerySchema = z.strictObject({
  day: z.string().max(10).optional().meta({ description: 'YYYY-MM-DD in your calendar; default: yesterday' }),
});
export type ReportQuery = z.output<typeof reportQuerySchema>;
export const unsubscribeQuerySchema = z.strictObject({ token: z.string().max(100).meta({ description: 'From the mail' }) });

const facet = z
  .array(z.object({ key: z.string(), clicks: count }))
  .meta({ description: 'The ten keys with the most clicks, then "other"' });

export const statsSchema = z
  .object({
    slug: z.string(),
    timezone: z.string(),
    from: instant,
    to: instant,
    clicks: count.meta({ description: 'Clicks of people; bots are apart' }),
    uniqueClicks: count,
    repeatClicks: count,
    botClicks: count,
    series: z.array(z.object({ start: instant, clicks: count, uniqueClicks: count })),
    hours: z.array(count).length(24).meta({ description: "Clicks by hour of the owner's day" }),
    week: z.array(count).length(7).meta({ description: "Clicks by day of the owner's week, Monday first" }),
    countries: facet,
    devices: facet,
    os: facet,
    browsers: facet,
    referrers: facet,
    languages: facet,
  })
  .meta({ title: 'Stats' });
export type Stats = z.infer<typeof statsSchema>;

export const ownerStatsSchema = statsSchema.omit({ slug: true }).meta({ title: 'OwnerStats' });
export type OwnerStats = z.infer<typeof ownerStatsSchema>;

const list = facet.meta({ description: 'Of all time: the ten keys with the most clicks, then "other"' });
const dashboardFigures = {
  clicks: count.meta({ description: 'Clicks of people, of all time and as of now' }),
  repeatClicks: count,
  clicksToday: count,
  repeatClicksToday: count,
  botClicks: count,
  hours: count.array().length(24).meta({ description: "Clicks by hour of the owner's today" }),
  week: count.array().length(7).meta({ description: "Clicks by day of the owner's current week, Monday first" }),
  devices: list,
  os: list,
  countries: list,
};

export const dashboardLinkSchema = linkSchema.extend(dashboardFigures).meta({ title: 'DashboardLink' });
export type DashboardLink = z.infer<typeof dashboardLinkSchema>;

export const dashboardSchema = z
  .object({
    timezone: z.string(),
    day: z.iso.date().meta({ description: "The owner's today" }),
    total: z.object(dashboardFigures).meta({ description: 'All links together' }),
    links: z.array(dashboardLinkSchema).meta({ description: 'All of them, the newest first' }),
  })
  .meta({ title: 'Dashboard' });
export type Dashboard = z.infer<typeof dashboardSchema>;
