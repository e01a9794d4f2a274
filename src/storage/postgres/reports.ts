/** Daily reports: who gets one, which were begun, and which the mail server has got. */
import type { ReportedLink, ReportedLinks } from '../../core/daily-report.ts';
import { DAILY_REPORT_TASK, type DueZone, type ReportOwner, type ReportStore } from '../../core/report-jobs.ts';
import { dayToISO } from '../../core/zone.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';

/** Tries grow apart from some seconds to six hours (e^n, n at most 10): together some 16 hours. */
const MAX_ATTEMPTS = 12;
/** Behind the mails that somebody is waiting for, which have 0. */
const PRIORITY = 10;
const GETS_REPORTS = 'u.daily_report AND u.confirmed_at IS NOT NULL AND u.banned_at IS NULL';

const QUEUE_DUE = `
  WITH missing AS MATERIALIZED (
    SELECT u.id, z.day FROM unnest($1::text[], $2::date[], $3::timestamptz[]) AS z (time_zone, day, ends_at)
    JOIN users u ON u.time_zone = z.time_zone
    WHERE ${GETS_REPORTS}
      AND EXISTS (SELECT FROM links l WHERE l.owner_id = u.id AND l.created_at < z.ends_at)
      AND NOT EXISTS (SELECT FROM daily_reports r WHERE r.user_id = u.id AND r.day = z.day)
    ORDER BY u.id LIMIT $4
  ), begun AS (
    INSERT INTO daily_reports (user_id, day) SELECT id, day FROM missing ON CONFLICT DO NOTHING RETURNING user_id, day
  )
  SELECT (SELECT count(*)::int FROM missing) AS missing, count(job.id)::int AS queued FROM begun
  LEFT JOIN LATERAL graphile_worker.add_job($5, json_build_object('userId', user_id, 'day', day), job_key => format('%s:%s:%s', $5::text, user_id, day),
    max_attempts => $6, priority => $7) AS job ON true`;

const askedKey = (userId: number): string => `${DAILY_REPORT_TASK}:asked:${userId}`;

const FIND_OWNER = `
  SELECT id, email, time_zone AS "timeZone", locale, confirmed_at IS NOT NULL AS "isConfirmed", ${GETS_REPORTS} AS "getsReports" FROM users u WHERE id = $1`;

export function createReportStore(pool: Pool): ReportStore {
  return {
    async zones() {
      const { rows } = await pool.query<{ timeZone: string }>(`SELECT DISTINCT time_zone AS "timeZone" FROM users u WHERE ${GETS_REPORTS}`);
      return rows.map(({ timeZone }) => timeZone);
    },

    async queueDue(zones: readonly DueZone[], limit: number) {
      const columns = [
        zones.map(({ timeZone }) => timeZone),
        zones.map(({ day }) => dayToISO(day)),
        zones.map(({ endMs }) => new Date(endMs)),
      ];
      const { rows } = await pool.query<{ missing: number; queued: number }>(QUEUE_DUE, [
        ...columns,
        limit,
        DAILY_REPORT_TASK,
        MAX_ATTEMPTS,
        PRIORITY,
      ]);
      return rows[0];
    },

    async owner(id: number) {
      const { rows } = await pool.query<ReportOwner>(FIND_OWNER, [id]);
      return rows[0] ?? null;
    },

    async state(userId: number, day: number) {
      const { rows } = await pool.query<{ sent: boolean }>(
        'SELECT sent_at IS NOT NULL AS sent FROM daily_reports WHERE user_id = $1 AND day = $2',
        [userId, dayToISO(day)],
      );
      return rows.length === 0 ? 'none' : rows[0].sent ? 'sent' : 'queued';
    },

    async markSent(userId: number, day: number) {
      const { rowCount } = await pool.query(
        'UPDATE daily_reports SET sent_at = now() WHERE user_id = $1 AND day = $2 AND sent_at IS NULL',
        [userId, dayToISO(day)],
      );
      return rowCount === 1;
    },

    async markRefused(userId: number, day: number) {
      await pool.query('UPDATE daily_reports SET sent_at = NULL WHERE user_id = $1 AND day = $2', [userId, dayToISO(day)]);
    },

    forget: (beforeDay: number) =>
      inTransaction(pool, async (client) => {
        const day = dayToISO(beforeDay);
        await client.query('DELETE FROM daily_reports WHERE day < $1', [day]);
        await client.query(
          `SELECT graphile_worker.complete_jobs(array_agg(id)) FROM graphile_worker.jobs
           WHERE task_identifier = $1 AND attempts >= max_attempts AND locked_at IS NULL AND created_at < $2::date HAVING count(*) > 0`,
          [DAILY_REPORT_TASK, day],
        );
      }),

    async order(userId: number, day: number) {
      await pool.query(
        `SELECT graphile_worker.add_job($1, json_build_object('userId', $2::bigint, 'day', $3::text, 'isAsked', true), job_key => $4, max_attempts => $5)`,
        [DAILY_REPORT_TASK, userId, dayToISO(day), askedKey(userId), MAX_ATTEMPTS],
      );
    },

    async ordered(userId: number) {
      const { rows } = await pool.query<{ lastError: string | null }>(
        'SELECT last_error AS "lastError" FROM graphile_worker.jobs WHERE key = $1',
        [askedKey(userId)],
      );
      return { isWaiting: rows.length > 0, lastError: rows[0]?.lastError ?? null };
    },

    async unsubscribe(userId: number) {
      await pool.query('UPDATE users SET daily_report = false WHERE id = $1', [userId]);
    },
  };
}

export const createReportedLinks =
  (db: Queryable): ReportedLinks =>
  async (ownerId, beforeMs, afterId, limit) => {
    const { rows } = await db.query<ReportedLink>(
      'SELECT id, slug, title, target AS url FROM links WHERE owner_id = $1 AND created_at < $2 AND id > $3 ORDER BY id LIMIT $4',
      [ownerId, new Date(beforeMs), afterId, limit],
    );
    return rows;
  };
