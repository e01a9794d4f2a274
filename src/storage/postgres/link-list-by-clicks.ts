/**
 * Pages of an owner's links by their clicks: of all time, or of the owner's day. What is folded stands in `link_rankings`, in order; the links
 * that have clicks which no fold has taken yet are few, and are put in their places here. All of it is read in one snapshot, so that a fold that
 * ends meanwhile makes no click count twice or not at all. Clicks that are not stored yet, those of about the last half second, are not seen.
 *
 * Links without a click come after all others (before them, in ascending order); of those with as many clicks the one with the larger id
 * comes first (last).
 */
import type { LinkQuestion } from '../../core/link-list.ts';
import { dayToISO } from '../../core/zone.ts';
import { filterSql } from './link-filter.ts';
import { type ListedLink, WINDOW } from './link-list.ts';
import { COLUMNS, type LinkRow, linkOf } from './link-rows.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';
import { type Parameter, queryConditions } from './search.ts';

const SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** See migrations/0006. */
const ALL_TIME = '-infinity';

export type ClickQuestion = LinkQuestion & { sort: 'clicks' | 'clicksToday' };
type After = { key: number; id: number } | null;
type Row = LinkRow & { key: number };

/** `fresh`: links of the owner with clicks that are not folded, and how many. `window`: so many links are looked at in the order of the list. */
type Context = ClickQuestion & { db: Queryable; ownerId: number; period: string; fresh: Map<number, number>; after: After; window: number };

/** @param window see WINDOW */
export function listByClicks(pool: Pool, ownerId: number, question: ClickQuestion, window = WINDOW): Promise<ListedLink[]> {
  return inTransaction(
    pool,
    async (db) => {
      const period = question.sort === 'clicks' ? ALL_TIME : dayToISO(question.today);
      const fresh = await freshClicks(db, ownerId, question.sort === 'clicks' ? null : period);
      const context: Context = { ...question, db, ownerId, period, fresh, after: question.after as After, window };
      const rows = (await walk(context)) ?? (await gather(context));
      return rows.map(({ key, ...row }) => ({ link: linkOf(row), key }));
    },
    SNAPSHOT,
  );
}

/** Grouped before they are joined: a rush of clicks is one of few links. @param day null: of any */
async function freshClicks(db: Queryable, ownerId: number, day: string | null): Promise<Map<number, number>> {
  const { rows } = await db.query<{ link_id: number; n: number }>(
    `WITH open AS MATERIALIZED (SELECT id FROM click_batches WHERE NOT folded),
     fresh AS MATERIALIZED (
       SELECT link_id, count(*) AS n FROM clicks
       WHERE batch_id >= (SELECT min(id) FROM open) AND batch_id <= (SELECT max(id) FROM open) AND batch_id IN (SELECT id FROM open)
         AND NOT bot AND ($2::date IS NULL OR day = $2) GROUP BY link_id
     )
     SELECT fresh.link_id, fresh.n FROM fresh JOIN links ON links.id = fresh.link_id AND links.owner_id = $1`,
    [ownerId, day],
  );
  return new Map(rows.map(({ link_id, n }) => [link_id, n]));
}

/**
 * In the order of the list: the ranking, with the fresh ones merged in, and the links without a click, as far as the page needs them.
 * @returns null when a filter has left too few of those that were looked at to say what the page is
 */
async function walk(context: Context): Promise<Row[] | null> {
  const { limit, isDescending, after } = context;
  const parts = isDescending
    ? [...(after?.key === 0 ? [] : [clickedLinks]), unclickedLinks]
    : [...(after !== null && after.key > 0 ? [] : [unclickedLinks]), clickedLinks];
  const page: Row[] = [];
  for (const part of parts) {
    const { rows, isAll } = await part(context, limit - page.length);
    page.push(...rows);
    if (page.length === limit) return page;
    if (!isAll) return null;
  }
  return page;
}

/** The first links of a part of the list. `isAll`: when they are fewer than were asked for, then because there are no more. */
type Part = { rows: Row[]; isAll: boolean };

async function clickedLinks(context: Context, limit: number): Promise<Part> {
  const [ranked, fresh] = [await rankedLinks(context, limit), await freshLinks(context, limit)];
  // Behind the last one that was looked at may be others that come before a fresh one.
  if (!ranked.isAll && ranked.rows.length < limit) return { rows: [], isAll: false };
  const sign = context.isDescending ? -1 : 1;
  return { rows: [...ranked.rows, ...fresh].sort((a, b) => sign * (a.key - b.key || a.id - b.id)).slice(0, limit), isAll: true };
}

const order = ({ isDescending }: Context, key: string): string =>
  `ORDER BY ${key} ${isDescending ? 'DESC' : 'ASC'}, id ${isDescending ? 'DESC' : 'ASC'}`;

function beyond({ after, isDescending }: Context, key: string, id: string, add: Parameter): string {
  return after === null ? 'true' : `(${key}, ${id}) ${isDescending ? '<' : '>'} (${add(after.key)}::bigint, ${add(after.id)}::bigint)`;
}

async function rankedLinks(context: Context, limit: number): Promise<Part> {
  const { db, ownerId, period, fresh, isDescending, now, window } = context;
  const { values, parameter: add } = queryConditions(ownerId, limit, period, [...fresh.keys()]);
  const direction = isDescending ? 'DESC' : 'ASC';
  const filter = filterSql(context, now, add);
  const { rows } = await db.query<Row & { looked: number }>(
    `WITH ranked AS MATERIALIZED (
       SELECT r.link_id, r.clicks AS key FROM link_rankings r JOIN links ON links.id = r.link_id
       WHERE r.owner_id = $1 AND r.period = $3 AND r.clicks > 0 AND r.link_id <> ALL($4::bigint[]) AND ${beyond(context, 'r.clicks', 'r.link_id', add)}
       ORDER BY r.clicks ${direction}, r.link_id ${direction} LIMIT ${filter === null ? '$2' : window}
     ), page AS (
       SELECT ${COLUMNS}, key FROM ranked JOIN links ON links.id = ranked.link_id WHERE ${filter ?? 'true'} ${order(context, 'key')} LIMIT $2
     )
     SELECT page.*, looked.looked FROM (SELECT count(*) AS looked FROM ranked) looked LEFT JOIN page ON true ${order(context, 'key')}`,
    values,
  );
  return partOf(rows, filter === null ? limit : window);
}

/** @param rows each with how many were looked at, also when there is no link among them; @param atMost so many were to be looked at */
function partOf(rows: readonly (Row & { looked: number })[], atMost: number): Part {
  return { rows: rows.filter(({ id }) => id !== null), isAll: rows[0].looked < atMost };
}

async function freshLinks(context: Context, limit: number): Promise<Row[]> {
  const { db, period, fresh, now } = context;
  if (fresh.size === 0) return [];
  const { values, parameter: add } = queryConditions([...fresh.keys()], [...fresh.values()], period, limit);
  const { rows } = await db.query<Row>(
    `SELECT ${COLUMNS}, key FROM (
       SELECT f.link_id, coalesce(r.clicks, 0) + f.n AS key FROM unnest($1::bigint[], $2::bigint[]) AS f (link_id, n)
       LEFT JOIN link_rankings r ON r.period = $3 AND r.link_id = f.link_id
     ) fresh JOIN links ON links.id = fresh.link_id
     WHERE ${beyond(context, 'key', 'id', add)} AND ${filterSql(context, now, add) ?? 'true'} ${order(context, 'key')} LIMIT $4`,
    values,
  );
  return rows;
}

async function unclickedLinks(context: Context, limit: number): Promise<Part> {
  const { db, ownerId, period, fresh, isDescending, after, now, window } = context;
  const { values, parameter: add } = queryConditions(ownerId, limit, period, [...fresh.keys()]);
  const place = after?.key === 0 ? `-id ${isDescending ? '>' : '<'} -${add(after.id)}::bigint` : 'true';
  const filter = filterSql(context, now, add);
  const direction = isDescending ? 'ASC' : 'DESC';
  const { rows } = await db.query<Row & { looked: number }>(
    `WITH unclicked AS MATERIALIZED (
       SELECT * FROM links
       WHERE owner_id = $1 AND id <> ALL($4::bigint[]) AND ${place}
         AND NOT EXISTS (SELECT FROM link_rankings r WHERE r.period = $3 AND r.link_id = links.id AND r.clicks > 0)
       ORDER BY -id ${direction} LIMIT ${filter === null ? '$2' : window}
     ), page AS (SELECT ${COLUMNS}, 0 AS key FROM unclicked links WHERE ${filter ?? 'true'} ORDER BY -id ${direction} LIMIT $2)
     SELECT page.*, looked.looked FROM (SELECT count(*) AS looked FROM unclicked) looked LEFT JOIN page ON true ORDER BY -page.id ${direction}`,
    values,
  );
  return partOf(rows, filter === null ? limit : window);
}

/** All that fit, with their clicks, and the first of those. */
async function gather(context: Context): Promise<Row[]> {
  const { db, ownerId, period, fresh, limit, now } = context;
  const { values, parameter: add } = queryConditions(ownerId, limit, period, [...fresh.keys()], [...fresh.values()]);
  const { rows } = await db.query<Row>(
    `WITH found AS MATERIALIZED (SELECT id FROM links WHERE owner_id = $1 AND ${filterSql(context, now, add) ?? 'true'}),
     counted AS (
       SELECT found.id AS link_id, coalesce(r.clicks, 0) + coalesce(f.n, 0) AS key FROM found
       LEFT JOIN link_rankings r ON r.period = $3 AND r.link_id = found.id
       LEFT JOIN unnest($4::bigint[], $5::bigint[]) AS f (link_id, n) ON f.link_id = found.id
     ),
     page AS (SELECT link_id, key FROM counted WHERE ${beyond(context, 'key', 'link_id', add)}
              ORDER BY key ${context.isDescending ? 'DESC' : 'ASC'}, link_id ${context.isDescending ? 'DESC' : 'ASC'} LIMIT $2)
     SELECT ${COLUMNS}, key FROM page JOIN links ON links.id = page.link_id ${order(context, 'key')}`,
    values,
  );
  return rows;
}
