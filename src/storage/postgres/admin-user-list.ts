/** Accounts, as administrators list them. */
import type { AdminUser, UserFilter, UserSort } from '../../core/administration.ts';
import type { Cursor, Slice } from '../../core/slice.ts';
import { sliceOf } from './administration.ts';
import type { Pool } from './pool.ts';
import { containing, queryConditions } from './search.ts';

/** Of an `AdminUser`, without `links`. */
export const USER_COLUMNS = `u.id, u.email, u.pending_email AS "pendingEmail", u.plan, u.is_admin AS "isAdmin", u.confirmed_at IS NOT NULL AS "isConfirmed",
  u.daily_report AS "dailyReport", u.time_zone AS "timeZone", u.locale, u.created_at AS "createdAt", u.banned_at AS "bannedAt"`;

/** What is sorted by; ids grow with time. Links are counted for all accounts only when they are sorted by. */
const KEYS: Readonly<Record<string, { key: string; join: string }>> = {
  createdAt: { key: 'u.id', join: '' },
  email: { key: 'lower(u.email)', join: '' },
  links: {
    key: 'coalesce(c.links, 0)',
    join: 'LEFT JOIN (SELECT owner_id, count(*) AS links FROM links GROUP BY owner_id) c ON c.owner_id = u.id',
  },
};

export async function listUsers(
  pool: Pool,
  filter: UserFilter,
  sort: UserSort,
  limit: number,
  after: Cursor | null,
): Promise<Slice<AdminUser>> {
  const isDown = sort.startsWith('-');
  const { key, join } = KEYS[isDown ? sort.slice(1) : sort];
  const direction = isDown ? 'DESC' : 'ASC';
  const query = queryConditions();
  query.where(filter.search, (value) => `u.email ILIKE ${value}`, containing);
  query.where(filter.plan, (value) => `u.plan = ${value}`);
  query.where(filter.isBanned, (value) => `(u.banned_at IS NOT NULL) = ${value}`);
  query.where(filter.isConfirmed, (value) => `(u.confirmed_at IS NOT NULL) = ${value}`);
  query.where(filter.isAdmin, (value) => `u.is_admin = ${value}`);
  query.where(filter.dailyReport, (value) => `u.daily_report = ${value}`);
  if (after !== null) query.add(`(${key}, u.id) ${isDown ? '<' : '>'} (${query.parameter(after.key)}, ${query.parameter(after.id)})`);
  const { rows } = await pool.query<AdminUser & { key: string | number }>(
    `WITH page AS (
       SELECT u.*, ${key} AS key FROM users u ${join} ${query.text()}
       ORDER BY ${key} ${direction}, u.id ${direction} LIMIT ${query.parameter(limit + 1)}
     )
     SELECT ${USER_COLUMNS}, u.key, (SELECT count(*) FROM links l WHERE l.owner_id = u.id) AS links
     FROM page u ORDER BY u.key ${direction}, u.id ${direction}`,
    query.values,
  );
  const slice = sliceOf(rows, limit, (last) => ({ key: last.key, id: last.id }));
  return { ...slice, data: slice.data.map(({ key: _, ...user }) => user) };
}
