/** S10: from the start of a node with an existing data folder, embedded Postgres included, to its first redirect. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedAddress } from '../src/storage/postgres/embedded.ts';
import { createPool } from '../src/storage/postgres/pool.ts';
import { silentLogger } from '../test/support/logger.ts';
import { spawnTestNode, startTestNode } from '../test/support/test-node.ts';
import { makeOwner } from '../test/support/test-owner.ts';
import { until } from '../test/support/until.ts';
import { type BenchRow, median, round } from './support/row.ts';

const ROUNDS = 5;
const PORT = 18_098;
const START_MS = 30_000;

export async function run(): Promise<BenchRow[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'elnk-bench-start-'));
  try {
    const slug = await makeLink(dataDir);
    const seconds: number[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      const began = performance.now();
      const node = spawnTestNode({ dataDir, settings: { PORT: String(PORT) } });
      await until('the first redirect', () => isRedirected(slug), START_MS);
      seconds.push((performance.now() - began) / 1000);
      await node.ready();
      await node.stop();
    }
    return [{ name: 'S10 start to first redirect, existing data folder', value: round(median(seconds)), unit: 's', must: '≤ 3 s' }];
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

async function makeLink(dataDir: string): Promise<string> {
  const node = await startTestNode({ dataDir, settings: {} });
  const pool = await createPool({ url: embeddedAddress(dataDir) ?? '', name: 'bench', max: 1, logger: silentLogger });
  const { links } = await makeOwner(pool.value, { links: 1 });
  await pool.stop();
  await node.stop();
  return links[0].slug;
}

async function isRedirected(slug: string): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${PORT}/${slug}`, { redirect: 'manual' })).status === 302;
  } catch {
    return false; // not listening yet
  }
}

if (import.meta.main) console.table(await run());
