/**
 * The partitions of `clicks`. Batches go into the current epoch; when that has grown enough, a new one begins, and an older one whose
 * batches are all folded is dropped whole. Nothing is ever deleted row by row.
 */
import type pg from 'pg';
import type { EpochStore } from '../../core/ports/clicks.ts';
import { withBriefLocks } from './brief-lock.ts';
import { inTransaction } from './pool.ts';

/** An epoch is not dropped before a writer that numbered its batch in it must have stored it or failed. */
const DROP_AFTER_SEC = 30;

const STATE = `
  SELECT coalesce(sum(rows) FILTER (WHERE NOT folded), 0)::bigint AS "unfoldedRows",
         coalesce(extract(epoch FROM now() - min(stored_at) FILTER (WHERE NOT folded)) * 1000, 0)::float8 AS "oldestAgeMs",
         coalesce(sum(rows) FILTER (WHERE id >> 32 = (SELECT epoch FROM click_epoch)), 0)::bigint AS "epochRows",
         (SELECT extract(epoch FROM now() - started_at) * 1000 FROM click_epoch)::float8 AS "epochAgeMs"
  FROM click_batches`;

/** Epochs before the current one without a batch that waits, and without one younger than the raw clicks are kept. */
const DROPPABLE = `
  SELECT id >> 32 AS epoch FROM click_batches WHERE id >> 32 < (SELECT epoch FROM click_epoch)
  GROUP BY 1 HAVING bool_and(folded) AND max(stored_at) < now() - make_interval(days => $1, secs => $2)`;

/** Pages that were filled since the last time get their smallest and largest batch id. Partitions before the last two do not grow. */
const SUMMARIZE = `
  SELECT brin_summarize_new_values(i.indexrelid) FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
  WHERE a.amname = 'brin' AND i.indrelid IN (SELECT to_regclass('clicks_' || n) FROM click_epoch, generate_series(epoch - 1, epoch) AS n)`;

export function createEpochStore(pool: pg.Pool): EpochStore {
  return {
    async state() {
      const { rows } = await pool.query<Awaited<ReturnType<EpochStore['state']>>>(STATE);
      return rows[0];
    },

    advance: () =>
      inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ next: number }>('SELECT epoch + 1 AS next FROM click_epoch FOR UPDATE');
        const { next } = rows[0];
        // Attached rather than created as a partition: that lock lets readers and writers pass.
        await client.query(`CREATE TABLE clicks_${next} (LIKE clicks INCLUDING ALL)`);
        await client.query(
          `ALTER TABLE clicks ATTACH PARTITION clicks_${next} FOR VALUES FROM (${next * 2 ** 32}) TO (${(next + 1) * 2 ** 32})`,
        );
        await client.query('UPDATE click_epoch SET epoch = $1, started_at = now()', [next]);
      }),

    async settle() {
      await pool.query(SUMMARIZE);
    },

    async dropFolded(keepDays) {
      const { rows } = await pool.query<{ epoch: number }>(DROPPABLE, [keepDays, DROP_AFTER_SEC]);
      let dropped = 0;
      for (const { epoch } of rows) if (await dropEpoch(pool, epoch)) dropped++;
      return dropped;
    },
  };
}

/** @returns false when it cannot be dropped right now */
async function dropEpoch(pool: pg.Pool, epoch: number): Promise<boolean> {
  const dropped = await withBriefLocks(pool, async (client) => {
    await client.query(`LOCK TABLE clicks_${epoch} IN ACCESS EXCLUSIVE MODE`);
    const batches = [epoch * 2 ** 32, (epoch + 1) * 2 ** 32];
    const waiting = await client.query('SELECT FROM click_batches WHERE NOT folded AND id >= $1 AND id < $2 LIMIT 1', batches);
    if (waiting.rowCount !== 0) return false;
    await client.query(`DROP TABLE clicks_${epoch}`);
    await client.query('DELETE FROM click_batches WHERE id >= $1 AND id < $2', batches);
    return true;
  });
  return dropped ?? false;
}
