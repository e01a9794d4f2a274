/**
 * The first page of an owner's million links, searched, filtered and sorted, as a node answers it; beside it the same question of an owner of a hundred
 * in the same database. A page that holds less than there is has to say where it goes on, or there is no figure; how often that was the case stands in
 * the name.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LinkPage } from '../src/core/api/links.ts';
import { createApiKey } from '../src/storage/postgres/api-keys.ts';
import type { Pool } from '../src/storage/postgres/pool.ts';
import { silentLogger } from '../test/support/logger.ts';
import { addManyLinks } from '../test/support/many-links.ts';
import { startTestNode, type TestNode } from '../test/support/test-node.ts';
import { startBenchDatabase } from './support/database.ts';
import { type BenchRow, median, round } from './support/row.ts';

const MILLION = 1_000_000;
const OTHER_OWNERS = 2_000;
/** Of each of them. */
const FEW = 100;
const PAGE = 50;
const WARM_UP = 3;
const TIMES = 15;

/** @param found how many links of the page the owner of many has for it */
type Question = { what: string; query: Record<string, string>; found: number };
const QUESTIONS: readonly Question[] = [
  { what: 'the newest', query: {}, found: PAGE },
  { what: 'by title', query: { sort: 'title' }, found: PAGE },
  { what: 'by clicks', query: { sort: '-clicks' }, found: PAGE },
  { what: 'a word of many titles', query: { search: 'кабель' }, found: PAGE },
  { what: 'a word of many titles, by clicks', query: { search: 'кабель', sort: '-clicks' }, found: PAGE },
  { what: 'a part of many targets', query: { search: 'ozon.ru' }, found: PAGE },
  { what: 'one slug', query: { search: 'many-123456' }, found: 1 },
  { what: 'one title', query: { search: 'table 123458' }, found: 1 },
  { what: 'a text that no link has', query: { search: 'nothing like this' }, found: 0 },
  { what: 'a tag of one in a thousand', query: { tag: 'rare' }, found: PAGE },
  { what: 'a tag and a text', query: { tag: 'rare', search: 'table' }, found: PAGE },
  { what: 'those that have expired', query: { state: 'expired' }, found: PAGE },
];

export async function run(): Promise<BenchRow[]> {
  const database = await startBenchDatabase(silentLogger);
  const dataDir = mkdtempSync(join(tmpdir(), 'elnk-bench-lists-'));
  try {
    const keys = await fill(database.value.pool);
    const settings = { DATABASE_URL: database.value.url, FRONT_THREADS: '1', REQUESTS_PER_MINUTE: '1000000000' };
    const node = await startTestNode({ dataDir, settings });
    try {
      const rows: BenchRow[] = [];
      for (const question of QUESTIONS) rows.push(await measure(node, keys, question));
      return rows;
    } finally {
      await node.stop();
    }
  } finally {
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

type Keys = { many: string; few: string };

async function fill(pool: Pool): Promise<Keys> {
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO users (email, confirmed_at, plan) SELECT 'bench' || i || '@example.com', now(), 'unlimited' FROM generate_series(0, $1::int) i RETURNING id`,
    [OTHER_OWNERS],
  );
  const [many, few] = rows.map(({ id }) => id);
  await addManyLinks(pool, { first: many, owners: 1, mark: 'many-', links: MILLION });
  await addManyLinks(pool, { first: few, owners: OTHER_OWNERS, mark: 'few-', links: OTHER_OWNERS * FEW });
  await pool.query(
    `INSERT INTO link_rankings (period, link_id, owner_id, clicks) SELECT '-infinity', id, owner_id, 1 + id % 1000 FROM links WHERE id % 2 = 0`,
  );
  await pool.query('VACUUM ANALYZE');
  const keyOf = (userId: number) => createApiKey(pool, { userId, name: 'bench', scopes: ['links:read'] });
  return { many: await keyOf(many), few: await keyOf(few) };
}

async function measure(node: TestNode, { many, few }: Keys, { what, query, found }: Question): Promise<BenchRow> {
  const path = `/api/v1/links?${new URLSearchParams({ limit: String(PAGE), ...query })}`;
  const tookMs: Record<'many' | 'few', number[]> = { many: [], few: [] };
  let short = 0;
  for (let i = -WARM_UP; i < TIMES; i++) {
    for (const [side, key] of [
      ['many', many],
      ['few', few],
    ] as const) {
      const from = performance.now();
      const { data, nextCursor } = await pageOf(node, path, key);
      if (i >= 0) tookMs[side].push(performance.now() - from);
      if (side === 'few' || data.length === found) continue;
      if (nextCursor === null) throw new Error(`${path}: ${data.length} links instead of ${found}`);
      if (i >= 0) short++;
    }
  }
  const value = round(median(tookMs.many));
  const ended = short === 0 ? '' : ` (ended early ${short} times of ${TIMES})`;
  return {
    name: `first page of a million links: ${what}${ended}`,
    value,
    unit: 'ms',
    baseline: round(median(tookMs.few)),
    must: '≤ 50 ms',
  };
}

async function pageOf(node: TestNode, path: string, key: string): Promise<LinkPage> {
  const response = await fetch(`${node.url()}${path}`, { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as LinkPage;
}
