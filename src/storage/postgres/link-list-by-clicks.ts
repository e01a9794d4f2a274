/**
 * Pages of an owner's links by their clicks: of all time, or of the owner's day; see link-list-page.ts. What is folded stands in
 * `link_rankings`, in order; the links that have clicks which no fold has taken yet are few, and are put in their places here. All of it is read
 * in one snapshot, so that a fold that ends meanwhile makes no click count twice or not at all. Clicks that are not stored yet, those of about
 * the last half second, are not seen.
 *
 * Links without a click come after all others (before them, in ascending order); of those with as many clicks the one with the larger id
 * comes first (last).
 */
import type { LinkQuestion } from '../../core/link-list.ts';
import { dayToISO } from '../../core/zone.ts';
import { filterSql } from './link-filter.ts';
import { type ListedLink, type ListedRow, listed, type Stretch, type Ways } from './link-list-page.ts';
import { COLUMNS } from './link-rows.ts';
import type { Queryable } from './pool.ts';
import { type Parameter, queryConditions } from './search.ts';

/** See migrations/0006. */
const ALL_TIME = '-infinity';

/** What a link costs here, beside one that is read in its place: it is looked up. */
const COST = 3;

export type ClickQuestion = LinkQuestion & { sort: 'clicks' | 'clicksToday' };
type Place = { key: number; id: number };
type Row = ListedRow & Place;

/** `fresh`: links of the owner with clicks that are not folded, and how many. */
type Context = ClickQuestion & { db: Queryable; ownerId: number; period: string; fresh: Map<number, number>; after: Place | null };

/** @param db see findPage */
export async function waysByClicks(db: Queryable, ownerId: number, question: ClickQuestion): Promise<Ways> {
  const period = question.sort === 'clicks' ? ALL_TIME : dayToISO(question.today);
  const fresh = await freshClicks(db, ownerId, question.sort === 'clicks' ? null : period);
  const context: Context = { ...question, db, ownerId, period, fresh, after: question.after as Place | null };
  return { walk: (window) => walk(context, Math.ceil(window / COST)), collect: () => collect(context) };
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

/** In the order of the list: the ranking, with the fresh ones merged in, and the links without a click. */
async function walk(context: Context, window: number): Promise<Stretch> {
  const { limit, isDescending, after } = context;
  const parts = isDescending
    ? [...(after?.key === 0 ? [] : [clickedLinks]), unclickedLinks]
    : [...(after !== null && after.key > 0 ? [] : [unclickedLinks]), clickedLinks];
  const page: Row[] = [];
  let end: Place | null = null;
  for (const part of parts) {
    const next = await part(context, limit - page.length, window);
    page.push(...next.rows);
    end = next.end;
    if (page.length === limit || end !== null) break;
  }
  return { rows: page.map(listed), end };
}

/** The first links of a part of the list that fit; `end` as in Stretch. */
type Met = { rows: Row[]; end: Place | null };

async function clickedLinks(context: Context, limit: number, window: number): Promise<Met> {
  const ranked = await readInOrder(context, RANKED, limit, window);
  const fresh = await freshLinks(context, limit);
  const sign = context.isDescending ? -1 : 1;
  const compare = (a: Place, b: Place) => sign * (a.key - b.key || a.id - b.id);
  // Behind the end may be others that come before a fresh one.
  const met = fresh.filter((row) => ranked.end === null || compare(row, ranked.end) < 0);
  return { rows: [...ranked.rows, ...met].sort(compare).slice(0, limit), end: ranked.end };
}

const unclickedLinks = (context: Context, limit: number, window: number): Promise<Met> => readInOrder(context, UNCLICKED, limit, window);

/**
 * Links that are read in their order.
 *   sql    without a limit; `key` is how many clicks they have
 *   order  its order, from the names of its columns
 */
type Ordered = {
  sql(context: Context, add: Parameter): string;
  order(isDescending: boolean): string;
};

const byKey = (isDescending: boolean, key = 'key', id = 'id'): string => `${key} ${down(isDescending)}, ${id} ${down(isDescending)}`;
const down = (isDescending: boolean): string => (isDescending ? 'DESC' : 'ASC');

/** Folded clicks, and no fresh ones. */
const RANKED: Ordered = {
  sql: (context, add) =>
    `SELECT links.*, r.clicks AS key FROM link_rankings r JOIN links ON links.id = r.link_id
     WHERE r.owner_id = ${add(context.ownerId)} AND r.period = ${add(context.period)} AND r.clicks > 0
       AND r.link_id <> ALL(${add([...context.fresh.keys()])}::bigint[]) AND ${beyond(context, 'r.clicks', 'r.link_id', add)}
     ORDER BY ${byKey(context.isDescending, 'r.clicks', 'r.link_id')}`,
  order: byKey,
};

/** Neither. */
const UNCLICKED: Ordered = {
  sql: ({ ownerId, period, fresh, after, isDescending }, add) =>
    `SELECT *, 0 AS key, -id AS place FROM links
     WHERE owner_id = ${add(ownerId)} AND id <> ALL(${add([...fresh.keys()])}::bigint[])
       AND ${after?.key === 0 ? `-id ${isDescending ? '>' : '<'} -${add(after.id)}::bigint` : 'true'}
       AND NOT EXISTS (SELECT FROM link_rankings r WHERE r.period = ${add(period)} AND r.link_id = links.id AND r.clicks > 0)
     ORDER BY -id ${down(!isDescending)}`,
  order: (isDescending) => `place ${down(!isDescending)}`,
};

function beyond({ after, isDescending }: Context, key: string, id: string, add: Parameter): string {
  return after === null ? 'true' : `(${key}, ${id}) ${isDescending ? '<' : '>'} (${add(after.key)}::bigint, ${add(after.id)}::bigint)`;
}

async function readInOrder(context: Context, { sql, order }: Ordered, limit: number, window: number): Promise<Met> {
  const { db, isDescending, now } = context;
  const page = queryConditions(limit, window);
  const { rows } = await db.query<Row>(
    `SELECT ${COLUMNS}, key FROM (${sql(context, page.parameter)} LIMIT $2) links
     WHERE ${filterSql(context, now, page.parameter) ?? 'true'} ORDER BY ${order(isDescending)} LIMIT $1`,
    page.values,
  );
  if (rows.length === limit) return { rows, end: null };
  const last = queryConditions(window - 1);
  const end = await db.query<Place>(`SELECT key, id FROM (${sql(context, last.parameter)} OFFSET $1 LIMIT 1) links`, last.values);
  return { rows, end: end.rows[0] ?? null };
}

async function freshLinks(context: Context, limit: number): Promise<Row[]> {
  const { db, period, fresh, isDescending, now } = context;
  if (fresh.size === 0) return [];
  const { values, parameter: add } = queryConditions([...fresh.keys()], [...fresh.values()], period, limit);
  const { rows } = await db.query<Row>(
    `SELECT ${COLUMNS}, key FROM (
       SELECT f.link_id, coalesce(r.clicks, 0) + f.n AS key FROM unnest($1::bigint[], $2::bigint[]) AS f (link_id, n)
       LEFT JOIN link_rankings r ON r.period = $3 AND r.link_id = f.link_id
     ) fresh JOIN links ON links.id = fresh.link_id
     WHERE ${beyond(context, 'key', 'id', add)} AND ${filterSql(context, now, add) ?? 'true'} ORDER BY ${byKey(isDescending)} LIMIT $4`,
    values,
  );
  return rows;
}

/** All that fit, with their clicks, and the first of those. */
async function collect(context: Context): Promise<ListedLink[]> {
  const { db, ownerId, period, fresh, isDescending, limit, now } = context;
  const { values, parameter: add } = queryConditions(ownerId, limit, period, [...fresh.keys()], [...fresh.values()]);
  const { rows } = await db.query<Row>(
    `WITH found AS MATERIALIZED (SELECT id FROM links WHERE owner_id = $1 AND ${filterSql(context, now, add) ?? 'true'}),
     counted AS (
       SELECT found.id AS link_id, coalesce(r.clicks, 0) + coalesce(f.n, 0) AS key FROM found
       LEFT JOIN link_rankings r ON r.period = $3 AND r.link_id = found.id
       LEFT JOIN unnest($4::bigint[], $5::bigint[]) AS f (link_id, n) ON f.link_id = found.id
     ),
     page AS (SELECT link_id, key FROM counted WHERE ${beyond(context, 'key', 'link_id', add)}
              ORDER BY ${byKey(isDescending, 'key', 'link_id')} LIMIT $2)
     SELECT ${COLUMNS}, key FROM page JOIN links ON links.id = page.link_id ORDER BY ${byKey(isDescending)}`,
    values,
  );
  return rows.map(listed);
}
