/**
 * Clicks of limited links a second: as a shard takes them, many in one statement, and beside it an UPDATE for each visitor. Then those of a
 * whole node, beside redirects of a plain link. Every figure is thrown away unless what was granted is what Postgres says is used.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLimits, LIMIT_CONNECTIONS } from '../src/actors/limits.ts';
import { createClickLimitStore } from '../src/storage/postgres/click-limits.ts';
import { embeddedAddress } from '../src/storage/postgres/embedded.ts';
import { createPool, isStoreAway, type Pool } from '../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../src/storage/postgres/users.ts';
import { silentLogger } from '../test/support/logger.ts';
import { startTestNode } from '../test/support/test-node.ts';
import { startBenchDatabase } from './support/database.ts';
import { type BenchRow, median, round } from './support/row.ts';
import { wrk } from './support/wrk.ts';

const VISITORS = 256;
const LINKS = [1, 1_000];
const ROUNDS = 3;
const ROUND_MS = 3_000;
const ROUND_SEC = 5;
/** Of the baseline: what a node might spend on it. */
const CONNECTIONS = 10;
const LIMIT = 1_000_000_000;
const MUST = '≥ 3,000 /s';

type Take = (linkId: number) => Promise<number>;

export async function run(): Promise<BenchRow[]> {
  return [...(await takes()), await redirects()];
}

async function takes(): Promise<BenchRow[]> {
  const database = await startBenchDatabase(silentLogger);
  const { url, pool } = database.value;
  const openPool = (max: number) => createPool({ url, name: 'bench limits', max, logger: silentLogger });
  const [shardPool, plainPool] = [await openPool(LIMIT_CONNECTIONS), await openPool(CONNECTIONS)];
  const limits = createLimits({
    store: createClickLimitStore(shardPool.value, () => undefined),
    isStoreAway,
    clock: Date.now,
    logger: silentLogger,
  });
  const shard: Take = async (id) => (await limits.take(id, 1)) ?? 0;
  const each: Take = async (id) => {
    const sql = 'UPDATE links SET clicks_used = clicks_used + 1 WHERE id = $1 AND clicks_used < max_clicks';
    return (await plainPool.value.query({ name: 'take-one', text: sql, values: [id] })).rowCount ?? 0;
  };
  try {
    const ownerId = await makeOwner(pool);
    const ids: number[] = [];
    while (ids.length < Math.max(...LINKS)) ids.push(await makeLink(pool, ownerId, `s${ids.length}`, LIMIT));
    const rows: BenchRow[] = [];
    for (const links of LINKS) {
      const perSec = { shard: [] as number[], each: [] as number[] };
      for (let n = 0; n < ROUNDS; n++) {
        perSec.shard.push(await takeFor(pool, shard, ids.slice(0, links)));
        perSec.each.push(await takeFor(pool, each, ids.slice(0, links)));
      }
      const [value, baseline] = [median(perSec.shard), median(perSec.each)];
      rows.push({
        name: `clicks of ${links === 1 ? 'one limited link' : `${links} limited links`}, ${VISITORS} visitors (baseline: an UPDATE each)`,
        value: round(value),
        unit: '/s',
        baseline: round(baseline),
        ratio: round(value / baseline),
        must: MUST,
      });
    }
    return rows;
  } finally {
    for (const part of [shardPool, plainPool, database]) await part.stop();
  }
}

/** Each visitor comes again as soon as it has its answer. @returns grants a second */
async function takeFor(pool: Pool, take: Take, ids: readonly number[]): Promise<number> {
  const before = await usedClicks(pool);
  const began = performance.now();
  let granted = 0;
  const visit = async (visitor: number) => {
    for (let n = visitor; performance.now() - began < ROUND_MS; n += VISITORS) {
      const own = await take(ids[n % ids.length]);
      granted += own;
    }
  };
  await Promise.all(Array.from({ length: VISITORS }, (_, visitor) => visit(visitor)));
  const tookSec = (performance.now() - began) / 1000;
  const used = (await usedClicks(pool)) - before;
  if (used !== granted) throw new Error(`granted ${granted}, used ${used}`);
  return granted / tookSec;
}

/** A limited and a plain link of one node, in turns. */
async function redirects(): Promise<BenchRow> {
  const dataDir = mkdtempSync(join(tmpdir(), 'elnk-bench-limits-'));
  const node = await startTestNode({ dataDir, settings: {} });
  const databaseUrl = embeddedAddress(dataDir);
  if (databaseUrl === null) throw new Error('not started');
  const connections = await createPool({ url: databaseUrl, name: 'bench', max: 1, logger: silentLogger });
  try {
    const ownerId = await makeOwner(connections.value);
    await makeLink(connections.value, ownerId, 's1', null);
    await makeLink(connections.value, ownerId, 's2', LIMIT);
    const perSec = { plain: [] as number[], limited: [] as number[] };
    let answered = 0;
    for (let n = 0; n < ROUNDS; n++) {
      const plain = await wrk(node.url(), 'one-slug', ROUND_SEC);
      const limited = await wrk(node.url(), 'limited-slug', ROUND_SEC);
      if (plain.failed + limited.failed > 0) throw new Error(`${plain.failed} and ${limited.failed} answers were no redirects`);
      perSec.plain.push(plain.perSec);
      perSec.limited.push(limited.perSec);
      answered += limited.requests;
    }
    const used = await usedClicks(connections.value);
    if (used < answered) throw new Error(`answered ${answered}, used ${used}`);
    const [value, baseline] = [median(perSec.limited), median(perSec.plain)];
    return {
      name: 'redirects of a limited link, whole node (baseline: of a plain one)',
      value: round(value),
      unit: '/s',
      baseline: round(baseline),
      ratio: round(value / baseline),
      must: MUST,
    };
  } finally {
    await connections.stop();
    await node.stop();
    rmSync(dataDir, { recursive: true });
  }
}

async function makeOwner(pool: Pool): Promise<number> {
  const account = { email: 'bench@example.com', passwordHash: null, isAdmin: false, plan: 'unlimited', timeZone: 'UTC' } as const;
  return (await createConfirmedUser(pool, account)).id;
}

async function makeLink(pool: Pool, ownerId: number, slug: string, maxClicks: number | null): Promise<number> {
  const sql = 'INSERT INTO links (slug, owner_id, target, max_clicks) VALUES ($1, $2, $3, $4) RETURNING id';
  const { rows } = await pool.query<{ id: number }>(sql, [slug, ownerId, 'https://example.com/some/path', maxClicks]);
  return rows[0].id;
}

async function usedClicks(pool: Pool): Promise<number> {
  return (await pool.query<{ used: number }>('SELECT sum(clicks_used)::bigint AS used FROM links')).rows[0].used;
}

if (import.meta.main) console.table(await run());
