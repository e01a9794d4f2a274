/**
 * S1 and S3 of this checkout beside those of another commit, in turns in the same run, to see what a change costs:  make bench-against COMMIT=v1.2.0
 * The commit is checked out into a temporary folder with packages of its own; both nodes run, one of them under load. Each redirects 100,000 slugs and
 * stores and folds every click; a round ends when all of it is done, and its order turns, so that a slow stretch of the machine meets both.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import type * as Embedded from '../src/storage/postgres/embedded.ts';
import type * as Users from '../src/storage/postgres/users.ts';
import type * as OwnPostgres from '../test/support/own-postgres.ts';
import type * as Nodes from '../test/support/test-node.ts';
import { until } from '../test/support/until.ts';
import { cpuSeconds } from './support/cpu.ts';
import { median, round } from './support/row.ts';
import { wrk } from './support/wrk.ts';

const HERE = join(import.meta.dirname, '..');
const LINKS = 100_000;
const ROUNDS = 6;
const ROUND_SEC = 15;
const WARM_UP_SEC = 8;
const FOLDED_MS = 180_000;

type Side = {
  name: string;
  url: string;
  folded(): Promise<number>;
  redirected(): Promise<number>;
  cpuSec(): number;
  stop(): Promise<unknown>;
};
type Round = { perSec: number; cpuMicrosec: number };

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
  const rounds = sides.map((): Round[] => []);
  for (const side of sides) await measure(side, WARM_UP_SEC);
  for (let n = 0; n < ROUNDS; n++) {
    for (const i of n % 2 === 0 ? [0, 1] : [1, 0]) rounds[i].push(await measure(sides[i], ROUND_SEC));
  }
  console.table(sides.map(({ name }, i) => summary(name, rounds[i])));
} finally {
  for (const side of sides) await side.stop();
}

function summary(name: string, rounds: readonly Round[]) {
  const perSec = rounds.map((it) => it.perSec);
  const cost = rounds.map((it) => it.cpuMicrosec);
  return {
    name,
    'redirects/s': round(median(perSec)),
    least: round(Math.min(...perSec)),
    most: round(Math.max(...perSec)),
    'µs a click': round(median(cost)),
    'least µs': round(Math.min(...cost)),
    'most µs': round(Math.max(...cost)),
  };
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
    folded: () => node.metric('elnk_clicks_folded_total'),
    redirected: () => node.metric('elnk_redirects_total'),
    cpuSec: () => cpuSeconds([node.pid, ...postgresProcesses(join(dataDir, 'postgres'))]),
    stop: () => node.stop(),
  };
}

async function measure(side: Side, seconds: number): Promise<Round> {
  const before = side.cpuSec();
  const { perSec, requests, failed } = await wrk(side.url, 'slugs', seconds);
  if (failed > 0) throw new Error(`${failed} redirects of ${side.name} failed`);
  await until('clicks that are all folded', async () => (await side.folded()) >= (await side.redirected()), FOLDED_MS);
  return { perSec, cpuMicrosec: ((side.cpuSec() - before) / requests) * 1e6 };
}
