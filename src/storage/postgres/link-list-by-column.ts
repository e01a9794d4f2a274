/** Pages of an owner's links by creation and by title: see link-list-page.ts. */
import type { LinkQuestion } from '../../core/link-list.ts';
import type { Cursor } from '../../core/slice.ts';
import { filterSql } from './link-filter.ts';
import { type ListedLink, type ListedRow, listed, type Stretch, type Ways } from './link-list-page.ts';
import { COLUMNS } from './link-rows.ts';
import type { Queryable } from './pool.ts';
import { type Parameter, queryConditions } from './search.ts';

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
  after(place: Cursor, isDescending: boolean, add: Parameter): string;
};

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

export type ColumnQuestion = LinkQuestion & { sort: 'created' | 'title' };

/** @param db see findPage */
export function waysByColumn(db: Queryable, ownerId: number, question: ColumnQuestion): Ways {
  const ask = async (sqlOf: SqlOf): Promise<ListedLink[]> => {
    const { values, parameter: add } = queryConditions(ownerId, question.limit);
    const { rows } = await db.query<ListedRow>(sqlOf(question, add), values);
    return rows.map(listed);
  };
  return {
    async walk(window): Promise<Stretch> {
      const rows = await ask((asked, add) => walkSql(asked, add, window));
      return { rows, end: rows.length === question.limit ? null : await endOf(db, ownerId, question, window) };
    },
    collect: () => ask(collectSql),
  };
}

/** Makes a statement; $1 is the owner, $2 the limit. */
type SqlOf = (question: ColumnQuestion, add: Parameter) => string;

function placeSql({ sort, after, isDescending }: ColumnQuestion, add: Parameter): string {
  return after === null ? '' : `AND ${ORDERS[sort].after(after, isDescending, add)}`;
}

/** Exported for the test that looks at its plan. The order has a name, so that Postgres knows it outside, too, and sorts nothing. */
export const walkSql = (question: ColumnQuestion, add: Parameter, window: number): string => {
  const { isDescending } = question;
  const { key, by, order } = ORDERS[question.sort];
  return `SELECT ${COLUMNS}, ${key} AS key FROM (
      SELECT *, ${by} AS place FROM links WHERE owner_id = $1 ${placeSql(question, add)} ORDER BY ${order(by, isDescending)} LIMIT ${window}
    ) l WHERE ${filterSql(question, question.now, add) ?? 'true'} ORDER BY ${order('place', isDescending)} LIMIT $2`;
};

/** @returns the last link of a walk over so many; null when there are fewer */
async function endOf(db: Queryable, ownerId: number, question: ColumnQuestion, window: number): Promise<Cursor | null> {
  const { values, parameter: add } = queryConditions(ownerId, window - 1);
  const { key, by, order } = ORDERS[question.sort];
  const { rows } = await db.query<Cursor>(
    `SELECT ${key} AS key, id FROM links WHERE owner_id = $1 ${placeSql(question, add)}
     ORDER BY ${order(by, question.isDescending)} OFFSET $2 LIMIT 1`,
    values,
  );
  return rows[0] ?? null;
}

/** Exported for the test that looks at its plan. */
export const collectSql: SqlOf = (question, add) => {
  const { key, by, order } = ORDERS[question.sort];
  const inOrder = order(by, question.isDescending);
  const filter = filterSql(question, question.now, add) ?? 'true';
  // Materialized: else the limit would bring the planner back to walking.
  return `WITH found AS MATERIALIZED (SELECT id, title FROM links WHERE owner_id = $1 AND ${filter} ${placeSql(question, add)})
    SELECT ${COLUMNS}, ${key} AS key FROM links
    WHERE id IN (SELECT id FROM found ORDER BY ${inOrder} LIMIT $2) ORDER BY ${inOrder}`;
};
