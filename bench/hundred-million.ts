/**
 * S6: a hundred million clicks stored and folded, exactly:  make bench-100m
 * Another number as argument, --json FILE for the figures, --dir DIR for where the database is made (by default the system's temporary folder).
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silentLogger } from '../test/support/logger.ts';
import { startBenchDatabase } from './support/database.ts';
import { round } from './support/row.ts';
import { storeAndFold } from './support/stored-and-folded.ts';

const CLICKS = 100_000_000;
const PLAN = { links: 10_000, owners: 50, days: 10 };
const MUST_MINUTES = 15;
const GIB = 2 ** 30;

const SIZES = `
  SELECT pg_database_size(current_database()) AS database, pg_total_relation_size('link_days') AS link_days,
         (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'click_visitors'::regclass)::bigint AS click_visitors,
         (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'clicks'::regclass)::bigint AS clicks`;

const options = { json: { type: 'string' }, dir: { type: 'string', default: process.env.BENCH_DIR ?? tmpdir() } } as const;
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const clicks = Number(positionals[0] ?? process.env.CLICKS ?? CLICKS);
if (!Number.isSafeInteger(clicks) || clicks <= 0) throw new Error(`not a number of clicks: ${positionals[0] ?? process.env.CLICKS}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const machine = `${cpus().length} × ${cpus()[0].model.trim()}, Node.js ${process.versions.node}`;
console.log(machine);
mkdirSync(values.dir, { recursive: true });
const dir = mkdtempSync(join(values.dir, 'elnk-bench-100m-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
const began = performance.now();
const database = await startBenchDatabase(silentLogger, dir);
const { url, pool } = database.value;
let largest = 0;
const watch = setInterval(() => {
  pool.query<{ database: number }>(SIZES).then(
    ({ rows }) => {
      largest = Math.max(largest, rows[0].database);
    },
    (error) => console.log(`sizes: ${error.message}`),
  );
}, 10_000);
try {
  const loaded = performance.now();
  const figures = await storeAndFold({ ...PLAN, clicks, url, tell: (line) => console.log(`${minutes(loaded).toFixed(1)} min  ${line}`) });
  const sizes = (await pool.query<Record<string, number>>(SIZES)).rows[0];
  const foldedSec = figures.phases.reduce((sum, phase) => sum + phase.foldedSec, 0);
  const result = {
    machine,
    clicks,
    ...PLAN,
    exact: true,
    minutes: round(foldedSec / 60),
    rowsPerSec: round(clicks / foldedSec),
    comparedSec: round(figures.comparedSec),
    allMinutes: round(minutes(began)),
    largestGiB: round(Math.max(largest, sizes.database) / GIB),
    sizesGiB: Object.fromEntries(Object.entries(sizes).map(([name, bytes]) => [name, round((bytes ?? 0) / GIB)])),
    phases: figures.phases.map((phase) => ({
      ...phase,
      storedSec: round(phase.storedSec),
      foldedSec: round(phase.foldedSec),
      rowsPerSec: round(phase.clicks / phase.foldedSec),
    })),
    compared: figures.compared,
  };
  console.log(JSON.stringify(result, null, 2));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
  if (clicks >= CLICKS && foldedSec > MUST_MINUTES * 60) throw new Error(`it took more than ${MUST_MINUTES} minutes`);
} finally {
  clearInterval(watch);
  await database.stop();
}

function minutes(since: number): number {
  return (performance.now() - since) / 60_000;
}
