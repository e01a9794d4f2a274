/** What is over and of no use to anybody: one statement each, of so many rows at a time that nobody waits for it. */
import { forgetDeadJobs } from './jobs.ts';
import type { Pool } from './pool.ts';

/** Rows of one statement. */
const ROWS_AT_ONCE = 5_000;

const HOUR_SEC = 3600;
const DAY_SEC = 24 * HOUR_SEC;
const YEAR_SEC = 365 * DAY_SEC;

/** Where, the key of a row, and when it is over; `$1` is the moment before which everything goes. */
type Rule = { table: string; key: string; where: string; keepSec: number };

const RULES: readonly Rule[] = [
  { table: 'sessions', key: 'id', where: 'expires_at < $1', keepSec: 0 },
  { table: 'mail_tokens', key: 'hash', where: 'expires_at < $1', keepSec: 0 },
  { table: 'idempotency_keys', key: 'ctid', where: 'created_at < $1', keepSec: DAY_SEC },
  {
    table: 'users', // nobody has proved the address, and nothing is lost with it
    key: 'id',
    where: 'confirmed_at IS NULL AND created_at < $1 AND NOT EXISTS (SELECT FROM links WHERE owner_id = users.id)',
    keepSec: 30 * DAY_SEC,
  },
  { table: 'given_up_jobs', key: 'id', where: 'given_up_at < $1', keepSec: 30 * DAY_SEC },
  { table: 'telegram_messages', key: 'id', where: 'created_at < $1', keepSec: 30 * DAY_SEC },
  { table: 'nodes', key: 'node', where: 'seen_at < $1', keepSec: 7 * DAY_SEC },
  { table: 'server_counters', key: 'ctid', where: 'day < $1', keepSec: YEAR_SEC },
  { table: 'work_runs', key: 'ctid', where: 'day < $1', keepSec: YEAR_SEC },
  { table: 'server_events', key: 'ctid', where: 'day < $1', keepSec: YEAR_SEC },
  { table: 'admin_acts', key: 'id', where: 'done_at < $1', keepSec: YEAR_SEC },
  { table: 'quarantined_clicks', key: 'id', where: 'stored_at < $1', keepSec: YEAR_SEC },
  { table: 'throttles', key: 'key', where: 'expire < extract(epoch FROM $1::timestamptz) * 1000', keepSec: HOUR_SEC },
];

/** Jobs that are dead: administrators have seen them by then, or never will. */
const DEAD_JOBS_KEPT_SEC = 30 * DAY_SEC;

/**
 * @param now milliseconds since the epoch
 * @returns rows deleted, by table, and `jobs`; what has lost none is left out
 */
export async function prune(pool: Pool, now: number): Promise<Record<string, number>> {
  const deleted: Record<string, number> = {};
  for (const { table, key, where, keepSec } of RULES) {
    const text = `DELETE FROM ${table} WHERE ${key} = ANY (ARRAY(SELECT ${key} FROM ${table} WHERE ${where} LIMIT ${ROWS_AT_ONCE}))`;
    const before = new Date(now - keepSec * 1_000);
    for (let rows = ROWS_AT_ONCE; rows === ROWS_AT_ONCE; ) {
      rows = (await pool.query(text, [before])).rowCount ?? 0;
      if (rows > 0) deleted[table] = (deleted[table] ?? 0) + rows;
    }
  }
  const jobs = await forgetDeadJobs(pool, new Date(now - DEAD_JOBS_KEPT_SEC * 1_000));
  if (jobs > 0) deleted.jobs = jobs;
  return deleted;
}
