/**
 * S1 and S3 of this checkout beside those of another commit, in turns in the same run, to see what a change costs:  make bench-against COMMIT=v1.2.0
 * The commit is checked out into a temporary folder with packages of its own; both nodes run, one of them under load. Each redirects 100,000 slugs; a
 * round ends when its clicks are stored, and the order turns, so that a slow stretch of the machine meets both. They are folded when the nodes think it
 * right, which may be in the other's round; what a click costs is taken from all of it, when everything is folded.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import type * as Embedded from '../src/storage/postgres/embedded.ts';
import type * as Users from '../src/storage/postgres/users.ts';
import type * as OwnPostgres from '../test/support/own-postgres.ts';
import type * as Nodes from '../test/support/test-node.ts';
import { cpuSeconds } from './support/cpu.ts';
import { median, round } from './support/row.ts';
import { wrk } from './support/wrk.ts';

const HERE = join(import.meta.dirname, '..');
const LINKS = 100_000;
const ROUNDS = 6;
const ROUND_SEC = 15;
const WARM_UP_SEC = 8;
const STORED_MS = 60_000;
const FOLDED_MS = 180_000;
const POLL_MS = 500;

type Side = { name: string; url: string; metric(name: string): Promise<number>; cpuSec(): number; stop(): Promise<unknown> };

const { positionals } = parseArgs({ allowPositionals: true });
const commit = positionals[0];
if (commit === undefined) throw new Error('name a commit to compare with:  make bench-against COMMIT=…');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const folder = mkdtempSync(join(tmpdir(), 'elnk-bench-against-'));
const other = join(folder, 'checkout');
const git = (...args: string[]) => execFileSync('git', args, { cwd: HERE, stdio: ['ignore', 'ignore', 'inherit'] });
process.on('exit', () => {
  git('worktree', 'remove', '--force', other);
  rmSync(folder, { recursive: true, force: true });
});
git('worktree', 'add', '--detach', other, commit);
execFileSync('npm', ['ci', '--no-progress', '--silent'], { cwd: other, stdio: 'inherit' });

const sides = [await start('this checkout', HERE), await start(commit, other)];
try {
  const perSec = sides.map((): number[] => []);
  for (const side of sides) await load(side, WARM_UP_SEC);
  const before = await Promise.all(sides.map(spent));
  for (let n = 0; n < ROUNDS; n++) {
    for (const i of n % 2 === 0 ? [0, 1] : [1, 0]) perSec[i].push(await load(sides[i], ROUND_SEC));
  }
  const after = await Promise.all(sides.map(spent));
  console.table(
    sides.map(({ name }, i) => ({
      name,
      'redirects/s': round(median(perSec[i])),
      least: round(Math.min(...perSec[i])),
      most: round(Math.max(...perSec[i])),
      'CPU of a click, µs': round(((after[i].cpuSec - before[i].cpuSec) / (after[i].clicks - before[i].clicks)) * 1e6),
    })),
  );
} finally {
  for (const side of sides) await side.stop();
}

/** Each side is started by its own checkout's means: data folders and schemas may differ. */
async function start(name: string, root: string): Promise<Side> {
  const { startTestNode } = (await import(join(root, 'test/support/test-node.ts'))) as typeof Nodes;
  const { postgresProcesses } = (await import(join(root, 'test/support/own-postgres.ts'))) as typeof OwnPostgres;
  const { embeddedAddress } = (await import(join(root, 'src/storage/postgres/embedded.ts'))) as typeof Embedded;
  const { createConfirmedUser } = (await import(join(root, 'src/storage/postgres/users.ts'))) as typeof Users;
  const dataDir = mkdtempSync(join(folder, 'data-'));
  const node = await startTestNode({ dataDir, settings: {} });
  const db = new pg.Client(embeddedAddress(dataDir) ?? undefined);
  await db.connect();
  const user = { email: 'bench@example.com', passwordHash: null, isAdmin: false, plan: 'unlimited', timeZone: 'Europe/Moscow' } as const;
  const { id } = await createConfirmedUser(db, user);
  await db.query(
    `INSERT INTO links (slug, owner_id, target) SELECT 's' || i, $1, 'https://example.com/some/path/' || i FROM generate_series(0, $2::int) i`,
    [id, LINKS - 1],
  );
  await db.query('ANALYZE links');
  await db.end();
  return {
    name,
    url: node.url(),
    metric: (metric) => node.metric(metric),
    cpuSec: () => cpuSeconds([node.pid, ...postgresProcesses(join(dataDir, 'postgres'))]),
    stop: () => node.stop(),
  };
}

/** @returns redirects a second */
async function load(side: Side, seconds: number): Promise<number> {
  const { perSec, failed } = await wrk(side.url, 'slugs', seconds);
  if (failed > 0) throw new Error(`${failed} redirects of ${side.name} failed`);
  await reached(side, 'elnk_clicks_stored_total', await side.metric('elnk_redirects_total'), STORED_MS);
  return perSec;
}

/** What everything until now has taken, when nothing of it is left to be done. */
async function spent(side: Side): Promise<{ clicks: number; cpuSec: number }> {
  const clicks = await side.metric('elnk_redirects_total');
  await reached(side, 'elnk_clicks_folded_total', clicks, FOLDED_MS);
  return { clicks, cpuSec: side.cpuSec() };
}

/** Seldom asked, because the asking is measured, too. */
async function reached(side: Side, metric: string, value: number, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while ((await side.metric(metric)) < value) {
    if (performance.now() > deadline) throw new Error(`${metric} of ${side.name} does not reach ${value} in time`);
    await sleep(POLL_MS);
  }
}
