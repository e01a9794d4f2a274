/**
 * S1 and S3: redirects a second over 100,000 slugs with 64 connections, every click logged, stored and folded; and what that costs.
 * Beside it, in turns, bare uWebSockets.js. The count of stored and folded clicks has to be exact, or there is no figure.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { hashPassword } from '../src/storage/passwords.ts';
import { embeddedAddress } from '../src/storage/postgres/embedded.ts';
import { createConfirmedUser } from '../src/storage/postgres/users.ts';
import { postgresProcesses } from '../test/support/own-postgres.ts';
import { startTestNode, type TestNode } from '../test/support/test-node.ts';
import { cpuSeconds } from './support/cpu.ts';
import { type BenchRow, median, round } from './support/row.ts';
import { wrk } from './support/wrk.ts';

const LINKS = 100_000;
const ROUNDS = 3;
const ROUND_SEC = { elnk: 30, bare: 10 };
const WARM_UP_SEC = 5;
const BARE_PORT = 18_099;
const STORED_MS = 60_000;
const FOLDED_MS = 180_000;
const POLL_MS = 500;

type Side = { pids(): number[]; url: string };

export async function run(): Promise<BenchRow[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'elnk-bench-redirects-'));
  const node = await startTestNode({ dataDir, settings: {} });
  const bare = spawn(process.execPath, [join(import.meta.dirname, 'support', 'bare-server.ts'), String(BARE_PORT)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.on('exit', () => bare.kill());
  try {
    await once(bare.stdout, 'data');
    const databaseUrl = embeddedAddress(dataDir);
    if (databaseUrl === null || bare.pid === undefined) throw new Error('not started');
    const db = new pg.Client(databaseUrl);
    await db.connect();
    await makeLinks(db);
    const cluster = join(dataDir, 'postgres');
    const sides: Record<'elnk' | 'bare', Side> = {
      elnk: { pids: () => [node.pid, ...postgresProcesses(cluster)], url: node.url() },
      bare: { pids: () => [bare.pid as number], url: `http://127.0.0.1:${BARE_PORT}` }, // checked above
    };
    const rows = await measure(db, sides, node);
    await db.end();
    return rows;
  } finally {
    bare.kill();
    await node.stop();
    rmSync(dataDir, { recursive: true });
  }
}

async function makeLinks(db: pg.Client): Promise<void> {
  const { id } = await createConfirmedUser(db, {
    email: 'bench@example.com',
    passwordHash: null,
    isAdmin: false,
    plan: 'unlimited',
    timeZone: 'Europe/Moscow',
  });
  await db.query(
    `INSERT INTO links (slug, owner_id, target) SELECT 's' || i, $1, 'https://example.com/some/path/' || i FROM generate_series(0, $2::int) i`,
    [id, LINKS - 1],
  );
  // A second set, in which one link in ten has a rule: in turn a window, a limit that is never reached, a password.
  await db.query(
    `INSERT INTO links (slug, owner_id, target, valid_from, max_clicks, password_hash)
     SELECT 'r' || i, $1, 'https://example.com/some/path/' || i,
            CASE WHEN i % 30 = 0 THEN now() - interval '1 day' END,
            CASE WHEN i % 30 = 10 THEN 1000000000 END,
            CASE WHEN i % 30 = 20 THEN $3 END
     FROM generate_series(0, $2::int) i`,
    [id, LINKS - 1, await hashPassword('a password')],
  );
  await db.query('ANALYZE links');
}

async function measure(db: pg.Client, { elnk, bare }: Record<'elnk' | 'bare', Side>, node: TestNode): Promise<BenchRow[]> {
  let sent = (await wrk(elnk.url, 'slugs', WARM_UP_SEC)).requests;
  await wrk(bare.url, 'slugs', 1);
  await untilFolded(db, node, sent);
  const perSec = { elnk: [] as number[], bare: [] as number[], oneSlug: [] as number[] };
  const requests = { elnk: 0, bare: 0 };
  const before = { elnk: cpuSeconds(elnk.pids()), bare: cpuSeconds(bare.pids()) };
  for (let n = 0; n < ROUNDS; n++) {
    const base = await wrk(bare.url, 'slugs', ROUND_SEC.bare);
    perSec.bare.push(base.perSec);
    requests.bare += base.requests;
    const load = await wrk(elnk.url, 'slugs', ROUND_SEC.elnk);
    if (load.failed > 0) throw new Error(`${load.failed} redirects failed`);
    perSec.elnk.push(load.perSec);
    requests.elnk += load.requests;
    await untilFolded(db, node, sent + requests.elnk);
  }
  sent += requests.elnk;
  const cpu = { elnk: cpuSeconds(elnk.pids()) - before.elnk, bare: cpuSeconds(bare.pids()) - before.bare };
  for (let n = 0; n < ROUNDS; n++) {
    const load = await wrk(elnk.url, 'one-slug', ROUND_SEC.bare);
    perSec.oneSlug.push(load.perSec);
    sent += load.requests;
    await untilStored(node);
  }
  await untilFolded(db, node, sent);
  const ruled = await measureRuled(db, elnk, node);
  const { clicksLost } = await node.status();
  if (clicksLost > 0) throw new Error(`${clicksLost} clicks were lost`);
  const [elnkRate, bareRate] = [median(perSec.elnk), median(perSec.bare)];
  const [elnkCost, bareCost] = [cpu.elnk / requests.elnk, cpu.bare / requests.bare];
  return [
    {
      name: 'S1 redirects, 100,000 slugs (baseline: bare 302)',
      value: round(elnkRate),
      unit: '/s',
      baseline: round(bareRate),
      ratio: round(elnkRate / bareRate),
      must: '≥ 0.60',
    },
    {
      name: 'S1 all on one slug (baseline: bare 302)',
      value: round(median(perSec.oneSlug)),
      unit: '/s',
      baseline: round(bareRate),
      ratio: round(median(perSec.oneSlug) / bareRate),
      must: '≥ S1',
    },
    {
      name: 'S1 with rules for one link in ten (baseline: the same links, all plain, in turns)',
      value: round(ruled.perSec),
      unit: '/s',
      baseline: round(ruled.plainPerSec),
      ratio: round(ruled.perSec / ruled.plainPerSec),
    },
    {
      name: 'S3 CPU a click, stored and folded (baseline: bare 302)',
      value: round(elnkCost * 1e6),
      unit: 'µs',
      baseline: round(bareCost * 1e6),
      ratio: round(elnkCost / bareCost),
      must: '≤ 2.2',
    },
  ];
}

/** Beside plain links in turns, since minutes lie between this and the first rounds. Password pages are answers, but no clicks. */
async function measureRuled(db: pg.Client, elnk: Side, node: TestNode) {
  await wrk(elnk.url, 'ruled-slugs', WARM_UP_SEC);
  await untilFolded(db, node, await node.metric('elnk_redirects_total'));
  const rates = { ruled: [] as number[], plain: [] as number[] };
  for (let n = 0; n < ROUNDS; n++) {
    for (const [links, script] of [
      ['plain', 'slugs'],
      ['ruled', 'ruled-slugs'],
    ] as const) {
      const load = await wrk(elnk.url, script, ROUND_SEC.bare);
      if (load.failed > 0) throw new Error(`${load.failed} visits of ${links} links failed`);
      rates[links].push(load.perSec);
      await untilFolded(db, node, await node.metric('elnk_redirects_total')); // or it is the next round's work
    }
  }
  return { perSec: median(rates.ruled), plainPerSec: median(rates.plain) };
}

/** Seldom asked, because the asking is measured, too. */
async function untilStored(node: TestNode): Promise<void> {
  const deadline = performance.now() + STORED_MS;
  while ((await node.status()).backlogBytes > 0) {
    if (performance.now() > deadline) throw new Error('the clicks are not stored in time');
    await sleep(POLL_MS);
  }
}

/** wrk ends with requests under way, which it does not count: there may be up to one a connection more. */
async function untilFolded(db: pg.Client, node: TestNode, sent: number): Promise<void> {
  await untilStored(node);
  const deadline = performance.now() + FOLDED_MS;
  while ((await node.metric('elnk_clicks_folded_total')) < sent) {
    if (performance.now() > deadline) throw new Error('the clicks are not folded in time');
    await sleep(POLL_MS);
  }
  const { rows } = await db.query<{ folded: string }>('SELECT sum(clicks + bots) AS folded FROM link_totals');
  const folded = Number(rows[0].folded);
  if (folded < sent) throw new Error(`${sent} redirects were answered, ${folded} clicks are folded`);
}

if (import.meta.main) console.table(await run());
