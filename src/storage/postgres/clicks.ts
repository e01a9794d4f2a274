/** Clicks into Postgres: one transaction a batch, stored exactly once. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { CLICK_COLUMNS, COPY_HEADER, COPY_TRAILER } from '../../core/copy-row.ts';
import type { ClickStore, StorableBatch } from '../../core/ports/clicks.ts';
import type { Logger } from '../../core/ports.ts';
import { dayToISO } from '../../core/zone.ts';
import { inTransaction } from './pool.ts';

/** Moves the positions if they still are where the batch began, and numbers the batch. */
const BEGIN_BATCH = `
  WITH moved AS (
    UPDATE click_positions p SET position = m.new
    FROM unnest($2::int[], $3::int[], $4::bigint[], $5::bigint[]) AS m (front, shard, old, new)
    WHERE p.node = $1 AND p.front = m.front AND p.shard = m.shard AND p.position = m.old
    RETURNING 1
  )
  INSERT INTO click_batches (id, node, rows)
  SELECT (epoch << 32) + nextval('click_batch_numbers'), $1, $6 FROM click_epoch
  RETURNING id, (SELECT count(*) FROM moved)::int AS moved`;

const READ_POSITIONS = `
  SELECT front, shard, position FROM click_positions JOIN unnest($2::int[], $3::int[]) AS l (front, shard) USING (front, shard) WHERE node = $1`;

/** No partition takes the row: the batch's epoch was dropped between its numbering and its COPY. */
const CHECK_VIOLATION = '23514';

export type ClickStoreOptions = {
  pool: pg.Pool;
  node: string;
  /** A cryptographic source. */
  randomBytes: (n: number) => Uint8Array;
  logger: Logger;
};

export function createClickStore({ pool, node, randomBytes, logger }: ClickStoreOptions): ClickStore {
  return {
    async store(batch) {
      const moves = [...batch.moves.values()];
      const columns = [moves.map((m) => m.front), moves.map((m) => m.shard), moves.map((m) => m.from), moves.map((m) => m.to)];
      const result = await inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ id: number; moved: number }>({
          name: 'begin-batch',
          text: BEGIN_BATCH,
          values: [node, ...columns, batch.rows],
        });
        if (rows[0].moved !== moves.length) throw new PositionsMoved();
        batch.setBatchId(rows[0].id);
        const quarantined = await copyOrBisect(client, batch);
        if (quarantined > 0) await client.query('UPDATE click_batches SET rows = $2 WHERE id = $1', [rows[0].id, batch.rows - quarantined]);
        return { outcome: 'stored', quarantined } as const;
      }).catch((error) => {
        if (error instanceof PositionsMoved) return null;
        throw error;
      });
      return result ?? (await isBehind(batch));
    },

    async positions(logs) {
      await pool.query(
        `INSERT INTO click_positions (node, front, shard, position)
         SELECT $1, front, shard, 0 FROM unnest($2::int[], $3::int[]) AS l (front, shard) ON CONFLICT DO NOTHING`,
        [node, logs.map((l) => l.front), logs.map((l) => l.shard)],
      );
      const stored = await positionsOf(logs);
      return new Map(logs.map(({ name, front, shard }) => [name, stored.get(`${front}/${shard}`) as number])); // inserted above
    },

    async salt(day) {
      const date = dayToISO(day);
      await pool.query('INSERT INTO day_salts (day, salt) VALUES ($1, $2) ON CONFLICT DO NOTHING', [date, randomBytes(16)]);
      const { rows } = await pool.query<{ salt: Buffer }>('SELECT salt FROM day_salts WHERE day = $1', [date]);
      return rows[0].salt;
    },
  };

  async function positionsOf(logs: readonly { front: number; shard: number }[]): Promise<Map<string, number>> {
    const { rows } = await pool.query<{ front: number; shard: number; position: number }>(READ_POSITIONS, [
      node,
      logs.map((l) => l.front),
      logs.map((l) => l.shard),
    ]);
    return new Map(rows.map((r) => [`${r.front}/${r.shard}`, r.position]));
  }

  /** After a commit whose answer was lost, a second try finds the positions moved to the batch's end. */
  async function isBehind(batch: StorableBatch): Promise<{ outcome: 'already'; quarantined: number }> {
    const moves = [...batch.moves.values()];
    const stored = await positionsOf(moves);
    if (moves.every((m) => (stored.get(`${m.front}/${m.shard}`) ?? 0) >= m.to)) return { outcome: 'already', quarantined: 0 };
    throw new Error(`the positions of node ${node} were moved by somebody else: does a second node use this data folder?`);
  }

  async function copyOrBisect(client: pg.PoolClient, batch: StorableBatch): Promise<number> {
    if (batch.rows === 0) return 0;
    await client.query('SAVEPOINT copy');
    try {
      await copyRows(client, batch, 0, batch.rows);
      return 0;
    } catch (error) {
      if (!isRowRefused(error)) throw error;
      await client.query('ROLLBACK TO copy');
      return await bisect(client, batch, 0, batch.rows, error);
    }
  }

  /** Halves a refused range until the refused rows stand alone. */
  async function bisect(client: pg.PoolClient, batch: StorableBatch, from: number, to: number, refusal: Error): Promise<number> {
    if (to - from === 1) {
      logger.error({ err: refusal }, 'Postgres refused a click; it is in quarantine');
      await client.query('INSERT INTO quarantined_clicks (node, reason, copy_row) VALUES ($1, $2, $3)', [
        node,
        refusal.message,
        batch.bytes.subarray(batch.starts[from], batch.starts[to]),
      ]);
      return 1;
    }
    const middle = (from + to) >>> 1;
    let quarantined = 0;
    for (const [start, end] of [
      [from, middle],
      [middle, to],
    ]) {
      await client.query('SAVEPOINT half');
      try {
        await copyRows(client, batch, start, end);
      } catch (error) {
        if (!isRowRefused(error)) throw error;
        await client.query('ROLLBACK TO half');
        quarantined += await bisect(client, batch, start, end, error);
      }
    }
    return quarantined;
  }
}

class PositionsMoved extends Error {}

/** Whether Postgres refused the data itself (classes 22 and 23), so that the same rows would be refused again. */
function isRowRefused(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return (code.startsWith('22') || code.startsWith('23')) && code !== CHECK_VIOLATION;
}

async function copyRows(client: pg.PoolClient, batch: StorableBatch, from: number, to: number): Promise<void> {
  const rows = batch.bytes.subarray(batch.starts[from], batch.starts[to]);
  const copy = client.query(copyFrom(`COPY clicks (${CLICK_COLUMNS}) FROM STDIN (FORMAT binary)`));
  await pipeline(Readable.from([COPY_HEADER, rows, COPY_TRAILER].map((it) => Buffer.from(it.buffer, it.byteOffset, it.length))), copy);
}
