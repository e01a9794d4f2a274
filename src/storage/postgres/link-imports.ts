/** Imports in the background, as their owners see them: begun by a front, done by whichever node takes the job (link-import-work.ts). */
import { Failure } from '../../core/failure.ts';
import type { CsvEncoding } from '../../core/link-csv-reader.ts';
import { IMPORT_TASK, IMPORTS_OPEN_MAX, type LinkImport, type LinkImportStore } from '../../core/link-import.ts';
import { addJob } from './jobs.ts';
import { inTransaction, type Pool, type PoolClient, type Queryable } from './pool.ts';

/** A slice of an import that has failed is tried again after 1, 3, 7, 20, … seconds. */
const MAX_ATTEMPTS = 10;
/** How long finished ones can be looked at. */
const KEPT = '7 days';
/** Longer than an upload may take: the node that took it has died. */
const UPLOAD_ABANDONED = '15 minutes';
/** Longer than a slice takes on a busy machine. Whoever is taken for dead too early does no harm: see link-import-work.ts. */
const DEAD_AFTER = '20 seconds';

const COLUMNS = `id, state, dry_run AS "isDryRun", encoding, bytes, bytes_done AS "bytesDone", rows_done AS rows, imported, refused,
  ignored AS "ignoredColumns", reason, created_at AS "createdAt", finished_at AS "finishedAt"`;
const OPEN = `state IN ('uploading', 'waiting', 'running')`;

export function createLinkImportStore(pool: Pool): LinkImportStore {
  return {
    async begin(ownerId, isDryRun) {
      const id = await inTransaction(pool, async (client) => {
        await client.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [ownerId]); // one after the other, so that none is too many
        const open = await client.query(`SELECT FROM link_imports WHERE owner_id = $1 AND ${OPEN}`, [ownerId]);
        if ((open.rowCount ?? 0) >= IMPORTS_OPEN_MAX) return tooMany();
        const { rows } = await client.query<{ id: number }>('INSERT INTO link_imports (owner_id, dry_run) VALUES ($1, $2) RETURNING id', [
          ownerId,
          isDryRun,
        ]);
        return rows[0].id;
      });
      if (id instanceof Failure) throw id;
      return id;
    },

    async addChunk(id, number, bytes) {
      await pool.query('INSERT INTO link_import_chunks (import_id, number, bytes) VALUES ($1, $2, $3)', [id, number, bytes]);
    },

    async start(ownerId, id, encoding, bytes) {
      await inTransaction(pool, async (client) => {
        if (await makeReady(client, ownerId, id, encoding, bytes)) await queueImport(client, id); // else it was cancelled meanwhile
      });
      return get(pool, ownerId, id);
    },

    async hold(ownerId, id, encoding, bytes) {
      await makeReady(pool, ownerId, id, encoding, bytes);
      return get(pool, ownerId, id);
    },

    async abandon(id) {
      await pool.query(`DELETE FROM link_imports WHERE id = $1 AND state = 'uploading'`, [id]);
    },

    get: (ownerId, id) => get(pool, ownerId, id),

    async list(ownerId, limit, beforeId) {
      const { rows } = await pool.query<LinkImport>(
        `SELECT ${COLUMNS} FROM link_imports WHERE owner_id = $1 AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $2`,
        [ownerId, limit, beforeId],
      );
      return rows;
    },

    async faults(id, limit, afterLine) {
      const { rows } = await pool.query<{ line: number; message: string }>(
        'SELECT line, message FROM link_import_faults WHERE import_id = $1 AND line > $3 ORDER BY line LIMIT $2',
        [id, limit, afterLine],
      );
      return rows;
    },

    async cancel(ownerId, id) {
      await inTransaction(pool, async (client) => {
        const { rowCount } = await client.query(
          `UPDATE link_imports SET state = 'cancelled', finished_at = now() WHERE id = $1 AND owner_id = $2 AND ${OPEN}`,
          [id, ownerId],
        );
        if (rowCount === 1) await deleteFile(client, id);
      });
      return get(pool, ownerId, id);
    },
  };
}

async function makeReady(db: Queryable, ownerId: number, id: number, encoding: CsvEncoding, bytes: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE link_imports SET state = 'waiting', encoding = $2, bytes = $3, touched_at = now() WHERE id = $1 AND owner_id = $4 AND state = 'uploading'`,
    [id, encoding, bytes, ownerId],
  );
  return rowCount === 1;
}

const tooMany = (): Failure =>
  new Failure('too_many_requests', `${IMPORTS_OPEN_MAX} imports are under way, which is as many as may be`, { retryAfterSec: 30 });

async function get(db: Queryable, ownerId: number, id: number): Promise<LinkImport> {
  const { rows } = await db.query<LinkImport>(`SELECT ${COLUMNS} FROM link_imports WHERE id = $1 AND owner_id = $2`, [id, ownerId]);
  if (rows.length === 0) throw new Failure('not_found', 'There is no such import');
  return rows[0];
}

const jobKey = (importId: number | ''): string => `${IMPORT_TASK}:${importId}`;

/** The next slice of an import; one that waits already is enough. */
export const queueImport = (db: Queryable, importId: number): Promise<void> =>
  addJob(db, IMPORT_TASK, { importId }, { key: jobKey(importId), maxAttempts: MAX_ATTEMPTS });

/** Queues again what nobody is at, and nobody will be: the node that was at it has died. */
export async function reviveImports(pool: Pool): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: number }>(
      `SELECT id FROM link_imports WHERE state IN ('waiting', 'running') AND touched_at < now() - $1::interval AND NOT EXISTS (
         SELECT FROM graphile_worker.jobs WHERE key = $2 || link_imports.id AND locked_at IS NULL AND attempts < max_attempts
       ) FOR UPDATE SKIP LOCKED`,
      [DEAD_AFTER, jobKey('')],
    );
    for (const { id } of rows) await queueImport(client, id);
  });
}

export async function failImport(pool: Pool, importId: number, reason: string): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE link_imports SET state = 'failed', reason = $2, finished_at = now() WHERE id = $1 AND state IN ('waiting', 'running')`,
      [importId, reason],
    );
    if (rowCount === 1) await deleteFile(client, importId);
  });
}

export async function deleteFile(client: PoolClient, importId: number): Promise<void> {
  await client.query('DELETE FROM link_import_chunks WHERE import_id = $1', [importId]);
}

/** Deletes what nobody looks at any more. @returns how many */
export async function pruneImports(db: Queryable): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM link_imports
     WHERE finished_at < now() - $1::interval OR (state = 'uploading' AND created_at < now() - $2::interval)`,
    [KEPT, UPLOAD_ABANDONED],
  );
  return rowCount ?? 0;
}
