// timeout: 120 s
/** A thread that fails is started again, with growing pauses, while the others and the process go on; no answered click is lost. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { INSPECT_ARGV, throwInThread } from '../support/inspector.ts';
import { type Load, startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { storedClicks, untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { apiClient, makeOwner, type TestOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const SHAPE = { fronts: 2, shards: 2 };
const LINKS = 10;
const CONNECTIONS = 8;
const RATE = 1_000;
/** Without it they would be a bot's. */
const HEADERS = 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n';
/** Clicks between two faults. */
const CLICKS = 500;
const CRASHES = ['front 0', 'shard 1', 'front 1', 'shard 0', 'front 0', 'shard 1'];

const it = suite('threads that crash');

it('an error that nobody catches: the thread is started again', () =>
  withNode(async ({ node, load }) => {
    for (const [i, name] of CRASHES.entries()) {
      await throwInThread(node.log(), name);
      await until(`${name} started again`, async () => (await restarts(node)) === i + 1);
      await untilWell(node);
      await moreClicks(load);
    }
    assert.equal(pauses(node, 'front 0'), [100, 200]);
    assert.equal(pauses(node, 'shard 1'), [100, 200]);
    assert.equal(pauses(node, 'front 1'), [100]);
  }));

it('a shard that cannot read its log: redirects go on, and it is tried again until it can', () =>
  withNode(async ({ node, load, owner, dataDir }) => {
    const folder = join(dataDir, 'click-log', 'f0-s0');
    renameSync(folder, `${folder}.away`); // the front has its file open and writes on
    writeFileSync(folder, '');
    await until('a node that is not well', async () => (await node.readiness()).reasons.some((reason) => reason.includes('shard 0')));
    await until('three starts in vain', async () => ((await restarts(node)) ?? 0) >= 3);
    await moreClicks(load);
    const answer = await apiClient(node.url(), owner).get(`/links/${owner.links[0].slug}`);
    assert.is(answer.status, 503, 'nobody knows how many clicks wait');
    assert.ok(answer.headers.has('retry-after'));

    rmSync(folder);
    renameSync(`${folder}.away`, folder);
    await untilWell(node);
    assert.equal(pauses(node, 'shard 0').slice(0, 3), [100, 200, 400]);
    assert.equal(load.figures.refused, {});
    assert.is(load.figures.cut, 0);
  }));

it.run();

type Rig = { node: TestNode; load: Load; owner: TestOwner; dataDir: string };

/** A node under load; whatever was done to it, in the end all answered clicks are there, and the same process stops well. */
async function withNode(work: (rig: Rig) => Promise<void>): Promise<void> {
  const database = await testDatabase();
  const pool = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
  const dataDir = temporaryFolder();
  const settings = { ...shapeSettings(SHAPE), DATABASE_URL: database.value.url };
  const node = await startTestNode({ dataDir, settings, execArgv: INSPECT_ARGV });
  try {
    const owner = await makeOwner(pool.value, { links: LINKS });
    const random = randomFrom(seed);
    const next = () => ({ path: `/${owner.links[Math.floor(random() * LINKS)].slug}`, headers: HEADERS });
    const load = startLoad({ url: node.url(), connections: CONNECTIONS, ratePerSec: RATE, next });
    await moreClicks(load);
    await work({ node, load, owner, dataDir });

    await load.stop();
    await expectAllStored(load, pool.value, dataDir);
    const figures = await apiClient(node.url(), owner).links();
    const clicks = figures.data.reduce((sum, link) => sum + link.clicks, 0);
    assert.is(clicks, await storedClicks(pool.value));
    assert.is((await node.stop()).code, 0, node.log());
  } finally {
    await node.kill();
    await pool.stop();
    await database.stop();
  }
}

async function expectAllStored(load: Load, pool: Pool, dataDir: string): Promise<void> {
  await untilDrained(pool, dataDir, SHAPE);
  const stored = await storedClicks(pool);
  const { sent, acked, cut } = load.figures;
  say(`threads that crash: acked ${acked} ≤ stored ${stored} ≤ sent ${sent}, ${cut} cut`);
  assert.ok(acked <= stored && stored <= sent);
}

/** Null when the front that is asked ends at this moment. */
const restarts = (node: TestNode) => node.metric('elnk_thread_restarts_total').catch(() => null);

const untilWell = (node: TestNode) =>
  until('a node that is well', () =>
    node.readiness().then(
      ({ status }) => status === 200,
      () => false, // its front ends at this moment
    ),
  );

async function moreClicks(load: Load): Promise<void> {
  const target = load.figures.acked + CLICKS;
  await until('more clicks', () => load.figures.acked >= target);
}

/** How long the node waited before it started a thread again, each time. */
function pauses(node: TestNode, thread: string): number[] {
  return node
    .log()
    .split('\n')
    .flatMap((line) => {
      if (!line.startsWith('{')) return [];
      const entry = JSON.parse(line) as { thread?: string; restartInMs?: number };
      return entry.thread === thread && entry.restartInMs !== undefined ? [entry.restartInMs] : [];
    });
}
