/**
 * The work on an import, slice by slice. Links, faults and how far it is are written in one transaction: whoever goes on after a crash goes on with the
 * first row that is not done. When two are at it, because one was taken for dead, only one of them gets each step through.
 */
import { Failure } from '../../core/failure.ts';
import {
  IMPORT_FAULTS_MAX,
  type ImportOutcome,
  type ImportStep,
  type ImportWork,
  type ImportWorkStore,
  refusalText,
} from '../../core/link-import.ts';
import type { Importer } from './link-importer.ts';
import { deleteFile, failImport } from './link-imports.ts';
import { inTransaction, type Pool, type PoolClient } from './pool.ts';

export function createImportWorkStore(pool: Pool, importer: Importer): ImportWorkStore {
  return {
    async begin(importId) {
      const { rows } = await pool.query<ImportWork>(
        `UPDATE link_imports SET state = 'running', touched_at = now() WHERE id = $1 AND state IN ('waiting', 'running')
         RETURNING owner_id AS "ownerId", encoding, dry_run AS "isDryRun", rows_done AS "rowsDone", imported`,
        [importId],
      );
      return rows[0] ?? null;
    },

    async *file(importId) {
      for (let number = 0; ; number++) {
        const { rows } = await pool.query<{ bytes: Buffer }>('SELECT bytes FROM link_import_chunks WHERE import_id = $1 AND number = $2', [
          importId,
          number,
        ]);
        if (rows.length === 0) return;
        yield rows[0].bytes;
      }
    },

    async advance(importId, rowsDone, step, mode) {
      const work = async (client: PoolClient) => {
        const { rows } = await client.query<{ ownerId: number; isBanned: boolean }>(
          `SELECT owner_id AS "ownerId", banned_at IS NOT NULL AS "isBanned" FROM link_imports JOIN users ON users.id = owner_id
           WHERE link_imports.id = $1 AND state = 'running' AND rows_done = $2 FOR UPDATE OF link_imports`,
          [importId, rowsDone],
        );
        if (rows.length === 0) return null;
        if (rows[0].isBanned) return new Failure('banned', 'This account has been banned');
        const outcomes = await importer.importInto(client, rows[0].ownerId, step.links, mode);
        if (!(outcomes instanceof Failure)) await write(client, importId, step, outcomes);
        return outcomes;
      };
      const outcomes = await inTransaction(pool, work);
      if (outcomes instanceof Failure) throw outcomes;
      return outcomes;
    },

    fail: (importId, reason) => failImport(pool, importId, reason),
  };
}

async function write(client: PoolClient, importId: number, step: ImportStep, outcomes: readonly ImportOutcome[]): Promise<void> {
  const faults = outcomes.flatMap((outcome, i) => (outcome === 'made' ? [] : [{ line: step.lines[i], message: refusalText(outcome) }]));
  await client.query(
    `INSERT INTO link_import_faults (import_id, line, message)
     SELECT $1, line, message FROM unnest($2::int[], $3::text[]) AS f (line, message)
     WHERE (SELECT refused FROM link_imports WHERE id = $1) < $4 ON CONFLICT DO NOTHING`,
    [importId, faults.map(({ line }) => line), faults.map(({ message }) => message), IMPORT_FAULTS_MAX],
  );
  await client.query(
    `UPDATE link_imports SET rows_done = rows_done + $2, imported = imported + $3, refused = refused + $4, bytes_done = $5, ignored = $6,
       touched_at = now(), state = CASE WHEN $7 THEN 'done' ELSE state END, finished_at = CASE WHEN $7 THEN now() END WHERE id = $1`,
    [importId, outcomes.length, outcomes.length - faults.length, faults.length, step.bytesDone, step.ignored, step.isLast],
  );
  if (step.isLast) await deleteFile(client, importId);
}
