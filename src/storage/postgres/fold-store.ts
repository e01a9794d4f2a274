/** The SQL of folding. Everything of one fold happens in one transaction; one fold at a time in the whole cluster. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { CLICK_COLUMNS, POSTGRES_EPOCH_DAY } from '../../core/copy-row.ts';
import { dayKey, type FoldedDay, type FoldedTotal, type FoldStore, type FoldTransaction } from '../../core/ports/clicks.ts';
import { CopyRows, copyOut, readSingleColumn } from './copy-format.ts';
import { ADVISORY_LOCKS } from './locks.ts';
import { inTransaction } from './pool.ts';
import { ensureVisitorDay } from './visitor-days.ts';

/** Oldest first, as many as fit into a number of rows (the first one always does). */
const TAKE_BATCHES = `
  SELECT id, rows FROM (
    SELECT id, rows, sum(rows) OVER (ORDER BY id) - rows AS before FROM click_batches WHERE NOT folded
  ) b WHERE before < $1 ORDER BY id`;

const TEMPORARY = `
  CREATE TEMPORARY TABLE IF NOT EXISTS fold_visitors (n int NOT NULL, day date NOT NULL, visitor bigint NOT NULL) ON COMMIT DELETE ROWS;
  CREATE TEMPORARY TABLE IF NOT EXISTS fold_days (
    link_id bigint NOT NULL, day date NOT NULL, doc bytea NOT NULL, clicks bigint NOT NULL, uniques bigint NOT NULL, bots bigint NOT NULL
  ) ON COMMIT DELETE ROWS;
  CREATE TEMPORARY TABLE IF NOT EXISTS fold_totals (link_id bigint NOT NULL, facets bytea NOT NULL) ON COMMIT DELETE ROWS`;

/** Keeps others out until the end of the transaction: other folds, and retention.ts where it begins and ends. */
const BEGIN_FOLD = `UPDATE fold_state SET folds = folds + 1 RETURNING folds, whole_target - date '1970-01-01' AS "wholeTarget"`;
type FoldState = { folds: number; wholeTarget: number };

/** Quarter-hours have come into days that had none any more. */
const NOTE_LATE = `
  UPDATE fold_state SET late_folds = late_folds + 1, whole_through = least(whole_through, date '1970-01-01' + $1::int)`;
/** No calendar of the world is more than a day behind; the other day is for clicks that are folded late. */
const OLDEST_RANKED_DAY = 'current_date - 2';

/**
 * Waits for deletions of links that have begun to delete figures (link-deletion.ts); those that come later wait for the totals, so for the end of
 * the fold. What is gone after that is seen by the next statement, which has a snapshot of its own.
 */
const WRITE_TOTALS = `
  INSERT INTO link_totals AS t (link_id, clicks, uniques, bots, fold, facets)
  SELECT d.link_id, sum(d.clicks), sum(d.uniques), sum(d.bots), $1::bigint, f.facets
  FROM fold_days d JOIN fold_totals f USING (link_id) JOIN links l ON l.id = d.link_id GROUP BY d.link_id, f.facets ORDER BY d.link_id
  ON CONFLICT (link_id) DO UPDATE
    SET clicks = t.clicks + excluded.clicks, uniques = t.uniques + excluded.uniques, bots = t.bots + excluded.bots,
        fold = excluded.fold, facets = excluded.facets`;

const WRITE_OTHERS = `
  WITH d AS MATERIALIZED (SELECT f.*, l.owner_id FROM fold_days f LEFT JOIN links l ON l.id = f.link_id),
  docs AS (
    INSERT INTO link_days (link_id, day, doc) SELECT link_id, day, doc FROM d WHERE owner_id IS NOT NULL ORDER BY link_id, day
    ON CONFLICT (link_id, day) DO UPDATE SET doc = excluded.doc
  ),
  rankings AS (
    INSERT INTO link_rankings AS r (period, link_id, owner_id, clicks)
    SELECT period, link_id, owner_id, clicks FROM (
      SELECT '-infinity'::date AS period, link_id, owner_id, sum(clicks) AS clicks FROM d GROUP BY link_id, owner_id
      UNION ALL
      SELECT day, link_id, owner_id, clicks FROM d WHERE day >= ${OLDEST_RANKED_DAY}
    ) it WHERE owner_id IS NOT NULL AND clicks > 0 ORDER BY period, link_id
    ON CONFLICT (period, link_id) DO UPDATE SET clicks = r.clicks + excluded.clicks
  )
  DELETE FROM link_totals t USING d WHERE t.link_id = d.link_id AND d.owner_id IS NULL`;

export function createFoldStore(pool: pg.Pool): FoldStore {
  return {
    fold: (maxRows, work) =>
      inTransaction(pool, async (client) => {
        const lock = await client.query('SELECT pg_try_advisory_xact_lock($1) AS locked', [ADVISORY_LOCKS.fold]);
        if (!lock.rows[0].locked) return null;
        const { rows: batches } = await client.query<{ id: number; rows: number }>(TAKE_BATCHES, [maxRows]);
        if (batches.length === 0) return null;
        await client.query(TEMPORARY);
        const begun = await client.query<FoldState>(BEGIN_FOLD);
        const ids = batches.map((batch) => batch.id);
        const { days } = await work(transaction(client, ids, begun.rows[0]));
        await client.query(`DELETE FROM link_rankings WHERE period > '-infinity' AND period < ${OLDEST_RANKED_DAY}`);
        await client.query('UPDATE click_batches SET folded = true WHERE id = ANY($1)', [ids]);
        return { rows: batches.reduce((sum, batch) => sum + batch.rows, 0), batches: ids.length, days };
      }),
  };
}

function transaction(client: pg.PoolClient, batchIds: readonly number[], { folds, wholeTarget }: FoldState): FoldTransaction {
  return {
    async readClicks(push) {
      const range = `batch_id BETWEEN ${batchIds[0]} AND ${batchIds.at(-1)} AND batch_id = ANY ('{${batchIds.join(',')}}'::bigint[])`;
      const stream = copyOut(client, `COPY (SELECT ${CLICK_COLUMNS} FROM clicks WHERE ${range}) TO STDOUT (FORMAT binary)`);
      for await (const chunk of stream) push(chunk);
    },

    async addVisitors(visitors, isNew) {
      if (visitors.count === 0) return;
      for (const day of new Set(visitors.days)) await ensureVisitorDay(client, day);
      await copyIn(client, 'fold_visitors (n, day, visitor)', visitorRows(visitors));
      await client.query('ANALYZE fold_visitors');
      // One folder at a time: nobody adds a visitor between the question and the answer. A conflict is two links whose hashes are the same.
      const added = copyOut(
        client,
        `COPY (
          WITH new AS MATERIALIZED (
            SELECT n, day, visitor FROM fold_visitors f
            WHERE NOT EXISTS (SELECT FROM click_visitors v WHERE v.day = f.day AND v.visitor = f.visitor)
          ), added AS (INSERT INTO click_visitors (day, visitor) SELECT day, visitor FROM new ORDER BY day, visitor ON CONFLICT DO NOTHING)
          SELECT n FROM new
        ) TO STDOUT (FORMAT binary)`,
      );
      await readSingleColumn(added, isNew);
    },

    async readDays(keys) {
      const { rows } = await client.query<[number, string, Buffer]>({
        name: 'fold-read-days',
        rowMode: 'array',
        text: `SELECT link_id, day - date '1970-01-01', doc FROM link_days
               JOIN unnest($1::bigint[], $2::int[]) AS k (link_id, n) USING (link_id) WHERE day = date '1970-01-01' + n`,
        values: [keys.map((key) => key.linkId), keys.map((key) => key.day)],
      });
      return new Map(rows.map(([linkId, day, doc]) => [dayKey(linkId, Number(day)), doc]));
    },

    async readTotals(linkIds) {
      const { rows } = await client.query<{ link_id: number; facets: Buffer | null }>(
        'SELECT link_id, facets FROM link_totals WHERE link_id = ANY($1)',
        [linkIds],
      );
      return new Map(rows.map(({ link_id, facets }) => [link_id, facets]));
    },

    async readAllDays(linkId) {
      const { rows } = await client.query<{ doc: Buffer }>('SELECT doc FROM link_days WHERE link_id = $1', [linkId]);
      return rows.map(({ doc }) => doc);
    },

    async writeDays(days, totals) {
      await copyIn(client, 'fold_days (link_id, day, doc, clicks, uniques, bots)', dayRows(days));
      await copyIn(client, 'fold_totals (link_id, facets)', totalRows(totals));
      await client.query(WRITE_TOTALS, [folds]);
      await client.query(WRITE_OTHERS);
      await client.query('TRUNCATE fold_days, fold_totals');
      const firstDay = days.reduce((first, { day }) => Math.min(first, day), Number.POSITIVE_INFINITY);
      if (firstDay <= wholeTarget) await client.query(NOTE_LATE, [firstDay - 1]);
    },
  };
}

async function copyIn(client: pg.PoolClient, into: string, chunks: Iterable<Buffer>): Promise<void> {
  await pipeline(Readable.from(chunks, { objectMode: false }), client.query(copyFrom(`COPY ${into} FROM STDIN (FORMAT binary)`)));
}

function* visitorRows({ count, days, hi, lo }: { count: number; days: Int32Array; hi: Int32Array; lo: Int32Array }): Generator<Buffer> {
  const rows = new CopyRows(3);
  for (let i = 0; i < count; i++) {
    rows
      .begin()
      .int4(i)
      .int4(days[i] - POSTGRES_EPOCH_DAY)
      .int8Words(hi[i], lo[i]);
    if (rows.isFull) yield rows.take();
  }
  yield rows.finish();
}

function* dayRows(days: readonly FoldedDay[]): Generator<Buffer> {
  const rows = new CopyRows(6);
  for (const it of days) {
    rows
      .begin()
      .int8(it.linkId)
      .int4(it.day - POSTGRES_EPOCH_DAY)
      .bytes(it.doc)
      .int8(it.clicks)
      .int8(it.uniques)
      .int8(it.bots);
    if (rows.isFull) yield rows.take();
  }
  yield rows.finish();
}

function* totalRows(totals: readonly FoldedTotal[]): Generator<Buffer> {
  const rows = new CopyRows(2);
  for (const { linkId, facets } of totals) {
    rows.begin().int8(linkId).bytes(facets);
    if (rows.isFull) yield rows.take();
  }
  yield rows.finish();
}
