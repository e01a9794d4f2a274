/** The SQL of dashboards: what is folded, which a front keeps, and what is not, of which it asks for what it has not counted yet. */
import type { Calendar } from '../../core/calendar.ts';
import {
  addLists,
  addRecent,
  addTotals,
  type CountedBatches,
  type DashboardFigures,
  type DashboardMarks,
  type DashboardNews,
  type DashboardQuestion,
  type DashboardStore,
  type FiguresByLink,
  figuresOf,
  type NewsMarks,
  noFigures,
  type StoredRows,
} from '../../core/dashboard.ts';
import { Failure } from '../../core/failure.ts';
import { type LinkDays, mergeLinkDays, type QuarterCounts, TOTAL_FACETS } from '../../core/link-day.ts';
import { decodeLinkDay, decodeQuarters } from '../../core/link-day-codec.ts';
import { daysAround } from '../../core/stats.ts';
import { QUARTER_MS } from '../../core/zone.ts';
import { SNAPSHOT } from './click-counts.ts';
import { COLUMNS, type LinkRow, linkOf } from './link-rows.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';
import { addRestRow, distinctCandidates, newCandidates, notStored, OPEN, REST_COUNTS, type RestRow, restFacets, restOf } from './rest.ts';

/** Links of one dashboard at most. */
export const DASHBOARD_MAX_LINKS = 2_000;
/** Rows of all owners in the batches of one `news`, at most (but one batch in any case); some 2 µs each on the front. */
export const NEWS_ROWS = 20_000;

/** Any change of a row gives it another `xmin`, and ids grow: count, highest id and sum change with every change of the owner's links. */
const linksMark = (owner: string) =>
  `(SELECT count(*) || ':' || coalesce(max(id), 0) || ':' || coalesce(sum(xmin::text::bigint), 0) FROM links WHERE owner_id = ${owner})`;

const READ_MARKS = `SELECT folds, ${linksMark('$1')} AS links FROM fold_state`;

const READ_LINKS = `SELECT ${COLUMNS} FROM links WHERE owner_id = $1 ORDER BY id DESC LIMIT ${DASHBOARD_MAX_LINKS + 1}`;

const READ_TOTALS = `
  SELECT link_id, clicks, uniques, bots, facets FROM link_totals WHERE link_id = ANY ($1) AND (fold > $2 OR link_id = ANY ($3))`;

const READ_WEEK = `
  SELECT link_id, doc FROM link_days
  WHERE link_id = ANY ($1) AND day BETWEEN date '1970-01-01' + $2::int AND date '1970-01-01' + $3::int`;

const READ_ALL_DAYS = 'SELECT link_id, doc FROM link_days WHERE link_id = ANY ($1)';

/** $1 owner, $2 and $3 marks, $4 node. The row is not there when the marks have moved on. */
const STATE = `
  state AS MATERIALIZED (
    SELECT coalesce((SELECT json_object_agg('f' || front || '-s' || shard, position) FROM click_positions WHERE node = $4), '{}') AS positions
    FROM fold_state WHERE folds = $2 AND ($3::text IS NULL OR $3 = ${linksMark('$1')})
  )`;

/** $5 links, $6 and $7 candidates, $8 and $9 what is counted. Numbers of bits and columns as in StoredRows. */
const NEWS = `
  WITH open AS MATERIALIZED (SELECT id, rows FROM click_batches WHERE NOT folded), ${STATE},
  base AS MATERIALIZED (SELECT CASE WHEN (SELECT count(*) FROM open WHERE id <= $8) = $9 THEN $8::bigint ELSE 0 END AS last FROM state),
  fresh AS MATERIALIZED (
    SELECT id FROM (SELECT id, sum(rows) OVER (ORDER BY id) - rows AS before FROM open WHERE id > (SELECT last FROM base)) b
    WHERE before < ${NEWS_ROWS}
  ),
  counted AS MATERIALIZED (SELECT coalesce((SELECT max(id) FROM fresh), (SELECT last FROM base)) AS last)
  SELECT state.positions, base.last = 0 AS "isAll", counted.last AS last, (SELECT count(*)::int FROM open WHERE id <= counted.last) AS count,
         NOT EXISTS (SELECT FROM open WHERE id > counted.last) AS "isComplete", rest.*,
         (SELECT coalesce(json_agg(c.i), '[]') FROM unnest($6::int[], $7::bigint[]) WITH ORDINALITY AS c (day, visitor, i)
          WHERE NOT EXISTS (SELECT FROM click_visitors v WHERE v.day = date '1970-01-01' + c.day AND v.visitor = c.visitor)) AS candidates
  FROM state, base, counted, (
    SELECT coalesce(json_agg(c.link_id), '[]') AS "linkIds",
           coalesce(json_agg(c.day - date '1970-01-01'), '[]') AS days,
           coalesce(json_agg(floor(extract(epoch FROM c.clicked_at) / 900)::int), '[]') AS quarters,
           coalesce(json_agg(c.bot), '[]') AS bots,
           coalesce(json_agg(CASE WHEN NOT c.bot AND NOT c.seen AND NOT EXISTS (
             SELECT FROM click_visitors v WHERE v.day = c.day AND v.visitor = c.visitor
           ) THEN c.visitor::text END), '[]') AS visitors,
           coalesce(json_agg(c.country), '[]') AS countries, coalesce(json_agg(c.device), '[]') AS devices,
           coalesce(json_agg(c.os), '[]') AS systems
    FROM (SELECT min(id) AS first, max(id) AS last FROM fresh) f, LATERAL clicks_between(f.first, f.last, $5) c
    WHERE f.first IS NOT NULL AND c.batch_id IN (SELECT id FROM fresh)
  ) rest`;

const SUMS = `
  WITH ${OPEN}, ${STATE}, ${restOf('$5', 'EXISTS (SELECT FROM state)')}
  SELECT 'state' AS kind, 0::bigint AS link_id, 0 AS day, 0 AS number, positions::text AS word, 0 AS n FROM state
  UNION ALL ${REST_COUNTS} ${restFacets(TOTAL_FACETS)} ${newCandidates('$6', '$7')}`;

type NewsRow = StoredRows & {
  positions: Record<string, number>;
  isAll: boolean;
  last: number;
  count: number;
  isComplete: boolean;
  /** Places in the question, from 1 on. */
  candidates: number[];
};

/** @param node whose shards were asked for what is not stored */
export function createDashboardStore(pool: Pool, node: string): DashboardStore {
  const parameters = ({ ownerId, linkIds }: DashboardQuestion, { folds, links }: NewsMarks) => [ownerId, folds, links, node, linkIds];

  return {
    folded: (ownerId, calendar, since, known) =>
      inTransaction(
        pool,
        async (client) => {
          const marks = (await client.query<DashboardMarks>({ name: 'dashboard-marks', text: READ_MARKS, values: [ownerId] })).rows[0];
          const links = marks.links === since?.links ? null : (await client.query<LinkRow>(READ_LINKS, [ownerId])).rows.map(linkOf);
          if ((links?.length ?? 0) > DASHBOARD_MAX_LINKS) throw tooManyLinks();
          const ids = links?.map(({ id }) => id) ?? known;
          const isKnown = new Set(known);
          const missing = ids.filter((id) => !isKnown.has(id));
          return { marks, links, figures: await readFolded(client, calendar, ids, since?.folds ?? -1, missing) };
        },
        SNAPSHOT,
      ),

    async news(question, marks, counted) {
      const candidates = distinctCandidates(question.unstored);
      const { rows } = await pool.query<NewsRow>({
        name: 'dashboard-news',
        text: NEWS,
        values: [
          ...parameters(question, marks),
          candidates.map((c) => c.day),
          candidates.map((c) => c.visitor),
          counted.last,
          counted.count,
        ],
      });
      if (rows.length === 0) return null;
      const [{ positions, isAll, last, count, isComplete, candidates: places, ...columns }] = rows;
      const batches: CountedBatches = { last, count };
      return {
        kind: 'rows',
        rows: columns,
        batches,
        isAll,
        isComplete,
        unstored: notStored(new Map(Object.entries(positions)), question.unstored),
        candidates: places.map((place) => candidates[place - 1]),
      } satisfies DashboardNews;
    },

    async sums(question, marks) {
      const candidates = distinctCandidates(question.unstored);
      const { rows } = await pool.query<RestRow | { kind: 'state'; word: string }>(SUMS, [
        ...parameters(question, marks),
        candidates.map((c) => c.day),
        candidates.map((c) => c.visitor),
      ]);
      const [stored, unstored]: LinkDays[] = [new Map(), new Map()];
      let positions: Record<string, number> | null = null;
      for (const row of rows) {
        if (row.kind === 'state') positions = JSON.parse(row.word);
        else addRestRow(stored, unstored, candidates, row);
      }
      if (positions === null) return null;
      for (const batch of notStored(new Map(Object.entries(positions)), question.unstored)) mergeLinkDays(unstored, batch.days);
      const { calendar } = question;
      return { kind: 'sums', stored: figuresOf(stored, calendar), unstored: figuresOf(unstored, calendar) };
    },
  };
}

const tooManyLinks = () =>
  new Failure('too_many_links', `A dashboard shows ${DASHBOARD_MAX_LINKS} links at most: ask for /api/v1/links and /api/v1/stats instead`);

type TotalsRow = QuarterCounts & { link_id: number; facets: Buffer | null };
type DayRow = { link_id: number; doc: Buffer };

/** Figures of the links that a fold after `afterFold` has changed, and of those that are missing. */
async function readFolded(
  client: Queryable,
  calendar: Calendar,
  ids: readonly number[],
  afterFold: number,
  missing: readonly number[],
): Promise<FiguresByLink> {
  const figures: FiguresByLink = new Map(missing.map((id) => [id, noFigures()]));
  const of = (linkId: number): DashboardFigures => {
    const known = figures.get(linkId) ?? noFigures();
    figures.set(linkId, known);
    return known;
  };
  const totals = await client.query<TotalsRow>(READ_TOTALS, [ids, afterFold, missing]);
  const withoutLists: number[] = [];
  for (const { link_id, facets, ...counts } of totals.rows) {
    addTotals(of(link_id), counts);
    if (facets === null) withoutLists.push(link_id);
    else addLists(of(link_id), decodeLinkDay(facets).facets);
  }
  const changed = totals.rows.map((row) => row.link_id);
  if (changed.length === 0) return figures;
  const { fromDay, toDay } = daysAround(calendar.week.from * QUARTER_MS, calendar.week.to * QUARTER_MS);
  const week = await client.query<DayRow>(READ_WEEK, [changed, fromDay, toDay]);
  for (const { link_id, doc } of week.rows) addRecent(of(link_id), decodeQuarters(doc), calendar);
  if (withoutLists.length > 0) {
    const all = await client.query<DayRow>(READ_ALL_DAYS, [withoutLists]);
    for (const { link_id, doc } of all.rows) addLists(of(link_id), decodeLinkDay(doc).facets);
  }
  return figures;
}
