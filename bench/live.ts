/**
 * S8: from the click to the screen, with 1,000 sockets of the live feed under S1's load: as many redirects of 100,000 slugs as 64 connections get. Each
 * socket follows all links of its account; meanwhile links of all accounts are clicked in turn by visitors of their own, and it is measured when
 * the new number arrives at the account's socket. Once the 100,000 slugs are another account's, which is S8; and once 100 of them belong to
 * each of the 1,000, which is more than figures can be read for: it shows how the feed falls behind.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApiKey } from '../src/storage/postgres/api-keys.ts';
import type { Pool } from '../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../src/storage/postgres/users.ts';
import { silentLogger } from '../test/support/logger.ts';
import { followRaw } from '../test/support/raw-live.ts';
import { startTestNode, type TestNode } from '../test/support/test-node.ts';
import { until } from '../test/support/until.ts';
import { startBenchDatabase } from './support/database.ts';
import { type BenchRow, round } from './support/row.ts';
import { wrk } from './support/wrk.ts';

const SOCKETS = 1_000;
const LINKS = 100_000;
const LOAD_SEC = Number(process.env.BENCH_LIVE_SEC ?? 30);
const CLICKS_PER_SEC = 40;
/** The first seconds fill the link table. */
const WARM_UP_SEC = 5;
/** A click that was not seen by then counts as if it were now. */
const LATE_MS = 20_000;
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** Of each account: a link that only the benchmark clicks. */
type Watched = { slug: string; socket: Socket; clicks: number; clickedAt: number };

export async function run(): Promise<BenchRow[]> {
  const quiet = await measure(false);
  const loaded = await measure(true);
  return [
    { ...row('S8 click to screen, p99, 1,000 sockets under the load of S1', quiet), must: '≤ 1,000 ms' },
    row('beyond S8: the links under load are those that the sockets follow', loaded),
  ];
}

type Measured = { p50: number; p99: number; max: number; clicks: number; perSec: number };

const row = (name: string, { p50, p99, max, clicks, perSec }: Measured): BenchRow => ({
  name: `${name} (p50 ${Math.round(p50)} ms, max ${Math.round(max)} ms, ${clicks} clicks beside ${round(perSec)} redirects/s)`,
  value: round(p99),
  unit: 'ms',
});

async function measure(ownLinksLoaded: boolean): Promise<Measured> {
  const database = await startBenchDatabase(silentLogger);
  const dataDir = mkdtempSync(join(tmpdir(), 'elnk-bench-live-'));
  try {
    const { pool, url } = database.value;
    const keys = await makeAccounts(pool, ownLinksLoaded);
    const node = await startTestNode({ dataDir, settings: { DATABASE_URL: url } });
    try {
      return await underLoad(node, keys);
    } finally {
      await node.stop();
    }
  } finally {
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function makeAccounts(pool: Pool, ownLinksLoaded: boolean): Promise<string[]> {
  const keys: string[] = [];
  const ids: number[] = [];
  for (let n = 0; n <= SOCKETS; n++) {
    const email = `bench${n}@example.com`;
    const { id } = await createConfirmedUser(pool, { email, passwordHash: null, isAdmin: false, plan: 'unlimited', timeZone: 'UTC' });
    ids.push(id);
    keys.push(await createApiKey(pool, { userId: id, name: 'bench', scopes: ['stats:read'] }));
  }
  const owners = ownLinksLoaded ? ids.slice(0, SOCKETS) : ids.slice(SOCKETS);
  const insert = 'INSERT INTO links (slug, owner_id, target)';
  await pool.query(
    `${insert} SELECT 's' || i, ($1::bigint[])[1 + i % cardinality($1)], 'https://example.com/some/path/' || i FROM generate_series(0, $2::int) i`,
    [owners, LINKS - 1],
  );
  await pool.query(`${insert} SELECT 'p' || i, id, 'https://example.com/' FROM unnest($1::bigint[]) WITH ORDINALITY AS o (id, i)`, [
    ids.slice(0, SOCKETS),
  ]);
  await pool.query('ANALYZE links');
  return keys.slice(0, SOCKETS);
}

async function underLoad(node: TestNode, keys: readonly string[]): Promise<Measured> {
  const took: number[] = [];
  const watched: Watched[] = [];
  for (const [i, key] of keys.entries()) {
    const socket = await followRaw(node.url(), key);
    const it: Watched = { slug: `p${i + 1}`, socket, clicks: 0, clickedAt: 0 };
    watched.push(it);
    let hasSnapshot = false;
    socket.on('data', (bytes) => {
      hasSnapshot ||= bytes.includes('"snapshot"');
      if (it.clickedAt === 0 || !bytes.includes(`"${it.slug}":{"clicks":${it.clicks},`)) return;
      took.push(performance.now() - it.clickedAt);
      it.clickedAt = 0;
    });
    socket.resume();
    if (i % 100 === 99) await until('snapshots', () => hasSnapshot, LATE_MS);
  }
  const load = wrk(node.url(), 'slugs', WARM_UP_SEC + LOAD_SEC);
  await sleep(WARM_UP_SEC * 1000);
  took.length = 0;
  const end = performance.now() + LOAD_SEC * 1000 - 1_000;
  let sent = 0;
  const visits: Promise<unknown>[] = [];
  while (performance.now() < end) {
    visits.push(visit(node, watched[(sent++ * 7) % SOCKETS]));
    await sleep(1000 / CLICKS_PER_SEC);
  }
  await Promise.all(visits);
  const { perSec, failed } = await load;
  if (failed > 0) throw new Error(`${failed} redirects failed`);
  await until('the last click', () => watched.every(({ clickedAt }) => clickedAt === 0), LATE_MS).catch(() => undefined);
  for (const { clickedAt, socket } of watched) {
    if (clickedAt !== 0) took.push(performance.now() - clickedAt);
    socket.destroy();
  }
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))];
  return { p50: at(0.5), p99: at(0.99), max: at(1), clicks: took.length, perSec };
}

/** One that is still under way is not clicked again. */
async function visit(node: TestNode, it: Watched): Promise<void> {
  if (it.clickedAt !== 0) return;
  it.clicks++;
  it.clickedAt = performance.now();
  const response = await fetch(`${node.url()}/${it.slug}`, { redirect: 'manual', headers: { 'user-agent': BROWSER } });
  if (response.status !== 302) throw new Error(`${it.slug} answers ${response.status}`);
}

if (import.meta.main) console.table(await run());
