/**
 * Pages of an owner's links, by creation and by title. An account may have a million links, so it is tried in two ways:
 *  1. in the order that is wanted, from the place where the page begins: the first links that fit. Quick when many fit;
 *  2. when WINDOW links were looked at and the page is not full: all that fit, by whatever index finds them, and then the first of those.
 *     Quick when few fit.
 */
import type { LinkQuestion } from '../../core/link-list.ts';
import type { OwnedLink } from '../../core/ports/links.ts';
import { filterSql } from './link-filter.ts';
import { COLUMNS, type LinkRow, linkOf } from './link-rows.ts';
import type { Queryable } from './pool.ts';
import { type Parameter, queryConditions } from './search.ts';

/** Looking for a text in so many takes some 10 ms. */
export const WINDOW = 5_000;

/**
 * An order by a column, in the words of its index (migrations/0006).
 *   by     what the index has behind the owner
 *   order  the rest of ORDER BY, from the name of that
 *   after  what lies behind the last link of the page before
 */
type ColumnOrder = {
  /** What a page is continued by. */
  key: string;
  by: string;
  order(by: string, isDescending: boolean): string;
  after(place: Place, isDescending: boolean, add: Parameter): string;
};
type Place = NonNullable<LinkQuestion['after']>;

/** Those without a title come last. */
const TITLE = `lower(coalesce(title, chr(1114111))) COLLATE "C"`;

const ORDERS: Readonly<Record<'created' | 'title', ColumnOrder>> = {
  // The newest has the smallest -id.
  created: {
    key: 'id',
    by: '-id',
    order: (by, isDescending) => `${by} ${isDescending ? 'ASC' : 'DESC'}`,
    after: ({ id }, isDescending, add) => `-id ${isDescending ? '>' : '<'} -${add(id)}::bigint`,
  },
  title: {
    key: TITLE,
    by: TITLE,
    order: (by, isDescending) => (isDescending ? `${by} DESC, id DESC` : `${by}, id`),
    after: ({ key, id }, isDescending, add) => `(${TITLE}, id) ${isDescending ? '<' : '>'} (${add(key)}::text, ${add(id)}::bigint)`,
  },
};

export type ListedLink = { link: OwnedLink; key: string | number };

export type ColumnQuestion = LinkQuestion & { sort: 'created' | 'title' };

/** @param window see WINDOW */
export async function listByColumn(db: Queryable, ownerId: number, question: ColumnQuestion, window = WINDOW): Promise<ListedLink[]> {
  const first = await ask(db, ownerId, question, (asked, add) => walkSql(asked, add, window));
  const isWhole = first.length === question.limit || isUnfiltered(question);
  return isWhole ? first : ask(db, ownerId, question, gatherSql);
}

const isUnfiltered = ({ search, tags, states }: LinkQuestion): boolean => search === null && tags.length === 0 && states.length === 0;

/** Makes a statement; $1 is the owner, $2 the limit. */
type SqlOf = (question: ColumnQuestion, add: Parameter) => string;

async function ask(db: Queryable, ownerId: number, question: ColumnQuestion, sqlOf: SqlOf): Promise<ListedLink[]> {
  const { values, parameter: add } = queryConditions(ownerId, question.limit);
  const { rows } = await db.query<LinkRow & { key: string | number }>(sqlOf(question, add), values);
  return rows.map(({ key, ...row }) => ({ link: linkOf(row), key }));
}

function placeSql({ sort, after, isDescending }: ColumnQuestion, add: Parameter): string {
  return after === null ? '' : `AND ${ORDERS[sort].after(after, isDescending, add)}`;
}

/** Exported for the test that looks at its plan. The order has a name, so that Postgres knows it outside, too, and sorts nothing. */
export const walkSql = (question: ColumnQuestion, add: Parameter, window = WINDOW): string => {
  const { isDescending } = question;
  const { key, by, order } = ORDERS[question.sort];
  const filter = filterSql(question, question.now, add);
  return `SELECT ${COLUMNS}, ${key} AS key FROM (
      SELECT *, ${by} AS place FROM links WHERE owner_id = $1 ${placeSql(question, add)}
      ORDER BY ${order(by, isDescending)} LIMIT ${filter === null ? '$2' : window}
    ) l WHERE ${filter ?? 'true'} ORDER BY ${order('place', isDescending)} LIMIT $2`;
};

/** Exported for the test that looks at its plan. */
export const gatherSql: SqlOf = (question, add) => {
  const { key, by, order } = ORDERS[question.sort];
  const inOrder = order(by, question.isDescending);
  const filter = filterSql(question, question.now, add) ?? 'true';
  // Materialized: else the limit would bring the planner back to walking.
  return `WITH found AS MATERIALIZED (SELECT id, title FROM links WHERE owner_id = $1 AND ${filter} ${placeSql(question, add)})
    SELECT ${COLUMNS}, ${key} AS key FROM links
    WHERE id IN (SELECT id FROM found ORDER BY ${inOrder} LIMIT $2) ORDER BY ${inOrder}`;
};
