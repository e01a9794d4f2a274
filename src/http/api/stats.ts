/** Statistics of one link, and of all links of an owner together. */
import { type OwnerStats, ownerStatsSchema, type Stats, type StatsQuery, statsQuerySchema, statsSchema } from '../../core/api/stats.ts';
import { inPieces } from '../../core/csv.ts';
import type { FieldError } from '../../core/failure.ts';
import type { LinkStore } from '../../core/ports/links.ts';
import type { OwnerLinkIds, StatsReader } from '../../core/ports/stats.ts';
import type { Clock } from '../../core/ports.ts';
import type { StatsFigures, StatsRange, StatsUnit } from '../../core/stats.ts';
import { statsCsv } from '../../core/stats-csv.ts';
import { canonicalZone, DAY_MS, dayOf, dayStart, offsetAt, QUARTER_MS, quarterOf } from '../../core/zone.ts';
import { csvHeaders } from '../csv.ts';
import { invalid } from '../input.ts';
import { type ApiRoute, apiRoute } from '../route.ts';
import { slugOf } from './links.ts';

/** Buckets of a series at most. */
export const STATS_MAX_BUCKETS = 10_000;
/** Before 1972, offsets of zones were not whole quarter-hours (core/zone.ts). */
const EARLIEST = Date.UTC(1972, 0, 1);
const LATEST = Date.UTC(3000, 0, 1);

/** The shortest that a bucket can be, daylight saving aside. */
const UNIT_MS: Readonly<Record<StatsUnit, number>> = { '15min': QUARTER_MS, hour: 4 * QUARTER_MS, day: DAY_MS, month: 28 * DAY_MS };

export type StatsDeps = { links: LinkStore; ownerLinkIds: OwnerLinkIds; stats: StatsReader; clock: Clock };

const COMMON = {
  method: 'GET',
  scope: 'stats:read',
  query: statsQuerySchema,
  body: null,
  requestHeaders: [],
  failures: ['busy'],
  countRefusal: () => [],
} as const;
const DESCRIPTION = 'What happened from `from` up to `to`';

export function statsRoutes({ links, ownerLinkIds, stats, clock }: StatsDeps): ApiRoute[] {
  return [
    apiRoute({
      ...COMMON,
      path: '/api/v1/links/{slug}/stats',
      summary: 'Statistics of a link, as of now',
      reply: { status: 200, description: DESCRIPTION, schema: statsSchema, headers: [] },
      handler: async ({ exchange, caller: { userId, timeZone }, query }) => {
        const range = statsRange(query, timeZone, clock());
        const { id, slug } = await links.get(userId, slugOf(exchange));
        return { status: 200, body: { slug, ...named(await stats({ ids: [id], timeZone }, range), query) } satisfies Stats };
      },
    }),
    apiRoute({
      ...COMMON,
      path: '/api/v1/links/{slug}/stats.csv',
      summary: 'The same as CSV: section, key, clicks, uniqueClicks, repeatClicks, botClicks',
      reply: { status: 200, description: 'A line for each number', schema: null, mediaTypes: ['text/csv'], headers: [] },
      handler: async ({ exchange, caller: { userId, timeZone }, query }) => {
        const range = statsRange(query, timeZone, clock());
        const { id, slug } = await links.get(userId, slugOf(exchange));
        const figures = await stats({ ids: [id], timeZone }, range);
        return { status: 200, headers: csvHeaders(`${slug}-stats.csv`), stream: inPieces(statsCsv(figures)) };
      },
    }),
    apiRoute({
      ...COMMON,
      path: '/api/v1/stats',
      summary: 'Statistics of all your links together, as of now',
      reply: { status: 200, description: DESCRIPTION, schema: ownerStatsSchema, headers: [] },
      handler: async ({ caller: { userId, timeZone }, query }) => {
        const range = statsRange(query, timeZone, clock());
        const ids = await ownerLinkIds(userId);
        return { status: 200, body: named(await stats({ ids, timeZone }, range), query) satisfies OwnerStats };
      },
    }),
  ];
}

/**
 * Fills in the defaults: up to now, from the start of that day, in the owner's zone.
 * @throws Failure invalid
 */
export function statsRange(query: StatsQuery, ownerTimeZone: string, now: number): StatsRange {
  const timeZone = query.timezone === undefined ? ownerTimeZone : canonicalZone(query.timezone);
  if (timeZone === null) throw invalid([{ path: 'timezone', message: 'must be a zone of the IANA database, such as Europe/Moscow' }]);
  const end = query.to === undefined ? now : Date.parse(query.to);
  const outside = [boundsFault('to', end), query.from === undefined ? null : boundsFault('from', Date.parse(query.from))];
  const errors = outside.filter((error) => error !== null);
  if (errors.length > 0) throw invalid(errors);

  const toQuarter = Math.ceil((query.to === undefined ? end + 1 : end) / QUARTER_MS); // a click of this very millisecond is in
  const from = (query.from === undefined ? startOfDay(timeZone, toQuarter - 1) : quarterOf(Date.parse(query.from))) * QUARTER_MS;
  const to = toQuarter * QUARTER_MS;
  if (from >= to) throw invalid([{ path: 'from', message: 'must lie before `to`' }]);
  if ((to - from) / UNIT_MS[query.unit] > STATS_MAX_BUCKETS) {
    throw invalid([{ path: 'unit', message: `would make more than ${STATS_MAX_BUCKETS} points; choose a longer unit or a shorter time` }]);
  }
  return { from, to, timeZone, unit: query.unit };
}

/** Zones have several names, and Intl calls some of them by the oldest (Asia/Katmandu): the answer says the one that was asked for. */
const named = (figures: StatsFigures, { timezone: asked }: StatsQuery): StatsFigures =>
  asked === undefined || asked.toLowerCase() === figures.timezone.toLowerCase() ? figures : { ...figures, timezone: asked };

const boundsFault = (path: string, at: number): FieldError | null =>
  at >= EARLIEST && at <= LATEST ? null : { path, message: 'must lie between the years 1972 and 3000' };

const startOfDay = (timeZone: string, quarter: number) => dayStart(timeZone, dayOf(quarter, offsetAt(timeZone, quarter)));
