/**
 * S7: GET /dashboard of an owner with 150 links and a million clicks, by a node with one front: cold (the first one of an owner), warm, warm while clicks
 * come in, and warm for a client that says what it has. Every answer's total has to be right, or there is no figure.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Batch } from '../src/actors/batch.ts';
import type { Dashboard } from '../src/core/api/stats.ts';
import { dayOf, QUARTER_MS, quarterOf } from '../src/core/zone.ts';
import { fold } from '../src/jobs/tasks/fold.ts';
import { createApiKey } from '../src/storage/postgres/api-keys.ts';
import { createClickStore } from '../src/storage/postgres/clicks.ts';
import { createFoldStore } from '../src/storage/postgres/fold-store.ts';
import type { Pool } from '../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../src/storage/postgres/users.ts';
import { clickRow } from '../test/support/click-rows.ts';
import { startLoad } from '../test/support/load.ts';
import { silentLogger } from '../test/support/logger.ts';
import { randomFrom } from '../test/support/seed.ts';
import { startTestNode, type TestNode } from '../test/support/test-node.ts';
import { startBenchDatabase } from './support/database.ts';
import { type BenchRow, median, round } from './support/row.ts';
import { wrk } from './support/wrk.ts';

const LINKS = 150;
const CLICKS = 1_000_000;
const BATCH_ROWS = 20_000;
const DAYS = 30;
/** Each with the same figures as the first one, so that there is a cold dashboard to ask for again and again. */
const OWNERS = 31;
/** Of them, those that come first: a node that has just started still compiles its code. */
const WARM_UP_OWNERS = 10;
const WARM_SEC = 8;
const CONNECTIONS = 32;
const CLICKS_PER_SEC = 300;

const pick = (n: number, random: () => number) => Math.floor(random() * n);

export async function run(): Promise<BenchRow[]> {
  const database = await startBenchDatabase(silentLogger);
  const dataDir = mkdtempSync(join(tmpdir(), 'elnk-bench-dashboard-'));
  try {
    const { pool, url } = database.value;
    const owners: number[] = [];
    for (let n = 0; n < OWNERS; n++) owners.push(await makeOwner(pool, n));
    await fill(pool, owners[0]);
    for (const owner of owners.slice(1)) await copyFigures(pool, owners[0], owner);
    await pool.query('VACUUM ANALYZE');
    const keys: string[] = [];
    for (const userId of owners) keys.push(await createApiKey(pool, { userId, name: 'bench', scopes: ['links:read', 'stats:read'] }));
    const node = await startTestNode({ dataDir, settings: { DATABASE_URL: url, FRONT_THREADS: '1', REQUESTS_PER_MINUTE: '1000000000' } });
    try {
      return await measure(node, keys);
    } finally {
      await node.stop();
    }
  } finally {
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function makeOwner(pool: Pool, n: number): Promise<number> {
  const { id } = await createConfirmedUser(pool, {
    email: `bench${n}@example.com`,
    passwordHash: null,
    isAdmin: false,
    plan: 'unlimited',
    timeZone: 'UTC',
  });
  await pool.query(
    `INSERT INTO links (slug, owner_id, target, title)
     SELECT 'o' || $3::int || '-' || i, $1, 'https://example.com/some/path/' || i, 'Link number ' || i FROM generate_series(1, $2::int) i`,
    [id, LINKS, n],
  );
  return id;
}

/** The last month up to now, with a day of the week and an hour like any other. */
async function fill(pool: Pool, owner: number): Promise<void> {
  const store = createClickStore({ pool, node: 'bench', randomBytes, logger: silentLogger });
  await store.positions([{ name: 'f0-s0', front: 0, shard: 0 }]);
  const { rows } = await pool.query<{ id: number }>('SELECT id FROM links WHERE owner_id = $1', [owner]);
  const random = randomFrom(1);
  const to = quarterOf(Date.now()) * QUARTER_MS;
  const span = DAYS * 86_400_000;
  for (let done = 0; done < CLICKS; done += BATCH_ROWS) {
    const batch = new Batch();
    for (let i = 0; i < BATCH_ROWS; i++) {
      const at = to - 1 - Math.floor(random() * span);
      batch.add(
        clickRow({
          linkId: rows[pick(rows.length, random)].id,
          at,
          day: dayOf(quarterOf(at), 0),
          visitorHi: pick(2 ** 31, random),
          visitorLo: pick(2 ** 31, random),
          country: 100 + pick(60, random),
          device: pick(4, random),
          os: pick(8, random),
          browser: pick(12, random),
          language: 100 + pick(12, random),
          referrer: random() < 0.5 ? '' : `site${pick(40, random)}.example`,
        }),
      );
    }
    batch.moveLog('f0-s0', 0, 0, done, done + BATCH_ROWS);
    await store.store(batch);
  }
  const folds = createFoldStore(pool);
  while ((await fold(folds)) !== null);
}

async function copyFigures(pool: Pool, from: number, to: number): Promise<void> {
  const pairs = `SELECT a.id AS old, b.id AS new FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM links WHERE owner_id = $1) a
                 JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM links WHERE owner_id = $2) b USING (n)`;
  await pool.query(`INSERT INTO link_days (link_id, day, doc) SELECT p.new, day, doc FROM link_days JOIN (${pairs}) p ON p.old = link_id`, [
    from,
    to,
  ]);
  await pool.query(
    `INSERT INTO link_totals (link_id, clicks, uniques, bots, fold, facets)
     SELECT p.new, clicks, uniques, bots, fold, facets FROM link_totals JOIN (${pairs}) p ON p.old = link_id`,
    [from, to],
  );
}

async function measure(node: TestNode, keys: readonly string[]): Promise<BenchRow[]> {
  const [hot, ...others] = keys;
  for (const key of [hot, ...others.slice(0, WARM_UP_OWNERS)]) await ask(node, key);
  const cold = others.slice(WARM_UP_OWNERS);
  const coldMs: number[] = [];
  for (const key of cold) {
    const began = performance.now();
    const { dashboard } = await ask(node, key);
    coldMs.push(performance.now() - began);
    expectClicks(dashboard, CLICKS);
  }
  const { etag, bytes } = await ask(node, hot);
  const path = `${node.url()}/api/v1/dashboard`;
  const load = (headers: Record<string, string>) =>
    wrk(path, null, WARM_SEC, { connections: CONNECTIONS, headers: { Authorization: `Bearer ${hot}`, ...headers } });
  const warm = await load({});
  const known = await load({ 'If-None-Match': etag });
  const moving = await whileClicking(node, hot, () => load({}));
  for (const { failed } of [warm, moving]) if (failed > 0) throw new Error(`${failed} answers were not 200`);
  const kib = Math.round(bytes / 1024);
  const row = (what: string, value: number, must: string): BenchRow => ({
    name: `S7 dashboard, ${LINKS} links, ${what}`,
    value: round(value),
    unit: '/s',
    must,
  });
  return [
    { name: `S7 dashboard, ${LINKS} links, a million clicks, cold`, value: round(median(coldMs)), unit: 'ms', must: '≤ 60 ms' },
    row(`warm, ${kib} KiB each`, warm.perSec, '≥ 1,000 /s'),
    row(`warm, with ${CLICKS_PER_SEC} clicks a second`, moving.perSec, '≥ 1,000 /s'),
    row('warm, nothing has changed (304)', known.perSec, '≥ 1,000 /s'),
  ];
}

type Asked = { dashboard: Dashboard; etag: string; bytes: number };

async function ask(node: TestNode, key: string): Promise<Asked> {
  const response = await fetch(`${node.url()}/api/v1/dashboard`, { headers: { authorization: `Bearer ${key}` } });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return { dashboard: JSON.parse(text), etag: response.headers.get('etag') ?? '', bytes: Buffer.byteLength(text) };
}

function expectClicks({ total }: Dashboard, clicks: number): void {
  if (total.clicks !== clicks) throw new Error(`the dashboard shows ${total.clicks} clicks of ${clicks}`);
}

/** In the end the dashboard has to show every click that was answered. */
async function whileClicking<T>(node: TestNode, key: string, work: () => Promise<T>): Promise<T> {
  const { dashboard } = await ask(node, key);
  const clicks = startLoad({
    url: node.url(),
    connections: 4,
    ratePerSec: CLICKS_PER_SEC,
    next: () => ({
      path: `/${dashboard.links[Math.floor(Math.random() * LINKS)].slug}`,
      headers: 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n',
    }),
  });
  const result = await work();
  const { acked, sent } = await clicks.stop();
  if (acked !== sent) throw new Error(`${acked} of ${sent} clicks were answered`);
  expectClicks((await ask(node, key)).dashboard, dashboard.total.clicks + acked);
  return result;
}

if (import.meta.main) console.table(await run());
