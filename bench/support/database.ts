/** A migrated Postgres for a benchmark, with the settings that a node gives its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Component, Logger } from '../../src/core/ports.ts';
import { startEmbedded } from '../../src/storage/postgres/embedded.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';

const QUERY_TIMEOUT_MS = 600_000;

/** @param parent of the folder that it makes and removes */
export async function startBenchDatabase(logger: Logger, parent: string = tmpdir()): Promise<Component<{ url: string; pool: Pool }>> {
  const dir = mkdtempSync(join(parent, 'elnk-bench-postgres-'));
  const postgres = await startEmbedded({ dir, logger });
  await migrate({ url: postgres.value.url, logger });
  const pool = await createPool({ url: postgres.value.url, name: 'bench', max: 4, logger, queryTimeoutMs: QUERY_TIMEOUT_MS });
  return {
    value: { url: postgres.value.url, pool: pool.value },
    async stop() {
      await pool.stop();
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
