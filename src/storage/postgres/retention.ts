/** The SQL of retention: what is thrown away, and what is kept more briefly, as it grows old. */
import type pg from 'pg';
import type { DocumentKey, RetentionStore } from '../../core/ports/clicks.ts';
import { dayToISO } from '../../core/zone.ts';
import { withBriefLocks } from './brief-lock.ts';
import { inTransaction } from './pool.ts';
import { VISITOR_DAY_PREFIX, visitorDayName } from './visitor-days.ts';

/** Documents of one transaction: some tens of milliseconds. */
const DAYS_AT_ONCE = 500;

const VISITOR_DAYS = `
  SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'click_visitors'::regclass AND c.relname LIKE $1 AND c.relname < $2 ORDER BY 1`;

/** Waits for a fold under way, and holds up the next one for a moment; so a fold either has been looked at or sees the target. */
const BEGIN_WHOLE_DAYS = `
  UPDATE fold_state SET whole_target = greatest(whole_target, $1) WHERE whole_through < $1
  RETURNING whole_through - date '1970-01-01' AS after, late_folds AS "lateFolds"`;

const END_WHOLE_DAYS = 'UPDATE fold_state SET whole_through = $1 WHERE late_folds = $2 AND whole_through < $1';

/**
 * In the order in which folds and deletions lock documents, too. A fold under way that has read a document before, writes it with its quarter-hours
 * afterwards, and notes that.
 */
const READ_DAYS = `
  WITH d AS MATERIALIZED (
    SELECT link_id, day, doc FROM link_days
    WHERE (link_id, day) > ($1, $2) AND day > $3 AND day <= $4 ORDER BY link_id, day LIMIT ${DAYS_AT_ONCE} FOR NO KEY UPDATE
  )
  SELECT d.link_id, d.day - date '1970-01-01' AS day, d.doc, u.time_zone FROM d
  LEFT JOIN links l ON l.id = d.link_id LEFT JOIN users u ON u.id = l.owner_id ORDER BY d.link_id, d.day`;

const WRITE_DAYS = `
  UPDATE link_days d SET doc = n.doc FROM unnest($1::bigint[], $2::date[], $3::bytea[]) AS n (link_id, day, doc)
  WHERE d.link_id = n.link_id AND d.day = n.day`;

const BEFORE_ALL = [0, '-infinity'];

export function createRetentionStore(pool: pg.Pool): RetentionStore {
  return {
    async dropVisitors(beforeDay) {
      const { rows } = await pool.query<{ name: string }>(VISITOR_DAYS, [`${VISITOR_DAY_PREFIX}%`, visitorDayName(beforeDay)]);
      let dropped = 0;
      for (const { name } of rows) {
        const isDropped = await withBriefLocks(pool, async (client) => {
          await client.query('LOCK TABLE ONLY click_visitors IN ACCESS EXCLUSIVE MODE'); // as readers do: the whole before its part
          await client.query(`DROP TABLE IF EXISTS ${name}`);
          return true;
        });
        if (isDropped) dropped++;
      }
      return dropped;
    },

    async dropSalts(beforeDay) {
      const { rowCount } = await pool.query('DELETE FROM day_salts WHERE day < $1', [dayToISO(beforeDay)]);
      return rowCount ?? 0;
    },

    async beginWholeDays(through) {
      const { rows } = await pool.query<{ after: number; lateFolds: number }>(BEGIN_WHOLE_DAYS, [dayToISO(through)]);
      return rows.length === 0 ? null : { ...rows[0], through };
    },

    rewriteDays: ({ after, through }, last, whole) =>
      inTransaction(pool, async (client) => {
        const from = last === null ? BEFORE_ALL : [last.linkId, dayToISO(last.day)];
        const { rows } = await client.query<DayRow>(READ_DAYS, [...from, dayToISO(after), dayToISO(through)]);
        const replaced = rows.flatMap((row) => {
          // Its link is just being deleted: nobody reads it any more.
          const doc = row.time_zone === null ? null : whole(row.doc, row.day, row.time_zone);
          return doc === null ? [] : [{ ...row, doc: Buffer.from(doc.buffer, doc.byteOffset, doc.length) }];
        });
        if (replaced.length > 0) {
          const columns = [replaced.map((it) => it.link_id), replaced.map((it) => dayToISO(it.day)), replaced.map((it) => it.doc)];
          await client.query(WRITE_DAYS, columns);
        }
        return { last: keyOf(rows.at(-1)), rewritten: replaced.length };
      }),

    async endWholeDays({ through, lateFolds }) {
      await pool.query(END_WHOLE_DAYS, [dayToISO(through), lateFolds]);
    },

    async reuseSpace() {
      await pool.query('VACUUM link_days');
    },
  };
}

type DayRow = { link_id: number; day: number; doc: Buffer; time_zone: string | null };

const keyOf = (row: DayRow | undefined): DocumentKey | null => (row === undefined ? null : { linkId: row.link_id, day: row.day });
