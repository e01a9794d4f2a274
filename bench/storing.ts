/** S4: a backlog of clicks from the log into Postgres, through the product's own shard; beside it `psql \copy` of the same rows. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { COPY_HEADER, COPY_TRAILER } from '../src/core/copy-row.ts';
import { silentLogger } from '../test/support/logger.ts';
import { openBacklog } from './support/backlog.ts';
import { startBenchDatabase } from './support/database.ts';
import { type BenchRow, median, round } from './support/row.ts';

const CLICKS = 1_000_000;
const ROUNDS = 3;

export async function run(): Promise<BenchRow[]> {
  const dir = mkdtempSync(join(tmpdir(), 'elnk-bench-storing-'));
  const database = await startBenchDatabase(silentLogger);
  const { pool, url } = database.value;
  try {
    const backlog = await openBacklog({ dir, pool, clicks: CLICKS, randomBytes });
    const file = join(dir, 'rows.bin');
    const fd = openSync(file, 'w');
    writeSync(fd, COPY_HEADER);
    const shardSec: number[] = [];
    const copySec: number[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      shardSec.push(await backlog.store(n === 0 ? (rows) => writeSync(fd, rows) : null));
      if (n === 0) {
        writeSync(fd, COPY_TRAILER);
        closeSync(fd);
        await pool.query('CREATE TABLE copied (LIKE clicks)');
      }
      const began = performance.now();
      await promisify(execFile)('psql', ['-qX', '-c', `\\copy copied FROM '${file}' WITH (FORMAT binary)`, url]);
      copySec.push((performance.now() - began) / 1000);
    }
    const stored = await pool.query('SELECT (SELECT count(*) FROM clicks)::int AS clicks, (SELECT count(*) FROM copied)::int AS copied');
    if (stored.rows[0].clicks !== CLICKS * ROUNDS || stored.rows[0].copied !== CLICKS * ROUNDS)
      throw new Error(`stored ${JSON.stringify(stored.rows[0])}`);
    const [shard, copy] = [CLICKS / median(shardSec), CLICKS / median(copySec)];
    return [
      {
        name: 'S4 log → Postgres (baseline: psql \\copy of the same rows)',
        value: round(shard),
        unit: 'rows/s',
        baseline: round(copy),
        ratio: round(shard / copy),
        must: '≥ 0.5',
      },
    ];
  } finally {
    await database.stop();
    rmSync(dir, { recursive: true });
  }
}

if (import.meta.main) console.table(await run());
