// timeout: 240 s
/**
 * G6: a click limit is never exceeded, and without faults it is reached exactly: many parallel requests on one node and on two that share a
 * Postgres, while nodes are killed, and while the limit is edited. SOAK=1: ten times as many rounds. Cut connections and a Postgres that is away:
 * click-limit-outage.test.ts.
 */

import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Component } from '../../src/core/ports.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { assertNeverMore, describeUse, isUsedUp, type LimitedLink, loadLinks, makeLimitedLinks, useOf } from '../support/limited-links.ts';
import type { Load } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { startTestRedis } from '../support/redis.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { SOAK_FACTOR } from '../support/soak.ts';
import { untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Shape, shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { apiClient, makeOwner, type TestOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const LIMITS = [1, 10, 100];
const REQUESTS = 10_000;
/** All at once, each with one request under way. */
const CONNECTIONS = 500;
const ROUNDS = 1 * SOAK_FACTOR;
const KILLS = 4 * SOAK_FACTOR;
const KILL_LIMITS = [1, 10, 100, 3_000];
const KILL_CONNECTIONS = 32;
/** Clicks of the largest limit that are used at most when a node is killed. */
const KILLED_BEFORE = 2_000;
const EDIT_CONNECTIONS = 64;
const EDITS = 30 * SOAK_FACTOR;
const RAISES = 30 * SOAK_FACTOR;
/** Far below the lifetime of a cached link. */
const AT_ONCE_MS = 3_000;
const PATIENCE_MS = 30_000;

/** Nodes that share a Postgres, each in a data folder of its own. */
type Scene = { nodes: TestNode[]; folders: string[]; shape: Shape; pool: Pool; owner: TestOwner; start(folder: string): Promise<TestNode> };

const it = suite('click limit');

it('one node, two fronts, two shards: exactly N of 10,000, and exactly the last limit of many', async () => {
  const scene = await openScene(1, { fronts: 2, shards: 2 });
  try {
    await exactly(scene.value);
  } finally {
    await scene.stop();
  }
});

it('two nodes, one front and one shard each: the same, and never more while they are killed', async () => {
  const random = randomFrom(seed);
  const scene = await openScene(2, { fronts: 1, shards: 1 });
  try {
    await exactly(scene.value);
    for (let round = 1; round <= KILLS; round++) {
      const links = await makeLimitedLinks(scene.value.pool, scene.value.owner, KILL_LIMITS);
      await killUnderLoad(scene.value, links, round % 2, Math.floor(random() * KILLED_BEFORE));
      const use = await usedUp(scene.value, links);
      const lost = use.reduce((sum, { used, acked }) => sum + used - acked, 0);
      say(`G6 kill ${round}: ${describeUse(use)}; ${lost} granted clicks lost`);
      assertNeverMore(use, `kill ${round}`);
    }
  } finally {
    await scene.stop();
  }
});

it.run();

async function exactly(scene: Scene): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) for (const limit of LIMITS) await exactlyOnce(scene, limit);
  await editUnderLoad(scene);
  await raiseInAStorm(scene);
}

/** The limit is raised and lowered by any node while visitors come to all; in the end it is the highest, and all of it is used. */
async function editUnderLoad(scene: Scene): Promise<void> {
  const random = randomFrom(seed);
  const { nodes, pool, owner } = scene;
  const [link] = await makeLimitedLinks(pool, owner, [50]);
  const apis = nodes.map((node) => apiClient(node.url(), owner));
  const loads = nodes.map((node) => loadLinks(node.url(), [link], { connections: EDIT_CONNECTIONS / nodes.length }));
  let highest = link.maxClicks;
  for (let n = 1; n <= EDITS; n++) {
    const api = apis[n % apis.length];
    const { maxClicks } = await api.edit(link.slug, { maxClicks: 1 + Math.floor(random() * 50 * n) });
    highest = Math.max(highest, maxClicks ?? 0);
    const { clicksLeft, state } = await api.link(link.slug);
    assert.ok(link.acked <= highest, `acked ${link.acked} of ${highest}`);
    assert.is(state, clicksLeft === 0 ? 'exhausted' : 'active');
  }
  link.maxClicks = highest + 25;
  await apis[0].edit(link.slug, { maxClicks: link.maxClicks });
  await until('a link that is used up', async () => (await apis[0].link(link.slug)).clicksLeft === 0, PATIENCE_MS);
  const refused = await stopRefused(loads);
  const [use] = await usedUp(scene, [link]);
  say(`G6 edits, ${describe(scene)}: ${EDITS} edits under load, ${refused} refused; in the end ${describeUse([use])}`);
  assert.equal([use.acked, use.stored, use.used], [use.maxClicks, use.maxClicks, use.maxClicks]);
}

/** A link that is used up, in a storm of visitors, is raised by one: each time there is one more at once, on whatever node, and no other. */
async function raiseInAStorm(scene: Scene): Promise<void> {
  const { nodes, pool, owner } = scene;
  const [link] = await makeLimitedLinks(pool, owner, [1]);
  const apis = nodes.map((node) => apiClient(node.url(), owner));
  // One node is asked for the edit, and visitors come to the others; all are the same where there is but one.
  const visited = nodes.slice(-1);
  const loads = visited.map((node) => loadLinks(node.url(), [link], { connections: EDIT_CONNECTIONS }));
  const tookMs: number[] = [];
  for (let n = 1; n <= RAISES; n++) {
    await until('a link that is used up', () => link.acked === n, PATIENCE_MS);
    await apis[0].edit(link.slug, { maxClicks: n + 1 });
    const raisedAt = performance.now();
    await until('one more', () => link.acked > n, PATIENCE_MS);
    tookMs.push(performance.now() - raisedAt);
  }
  link.maxClicks = RAISES + 1;
  const refused = await stopRefused(loads);
  const [use] = await usedUp(scene, [link]);
  const slowest = Math.max(...tookMs).toFixed(0);
  say(
    `G6 raised by one ${RAISES} times, ${describe(scene)}: ${describeUse([use])}, refused ${refused}; the next one ${slowest} ms after the edit at most`,
  );
  assert.equal([use.acked, use.stored, use.used], [use.maxClicks, use.maxClicks, use.maxClicks]);
  assert.ok(Math.max(...tookMs) <= AT_ONCE_MS, `the next one ${slowest} ms after the edit`);
}

/** Ends loads that were refused as used up only. @returns how often */
async function stopRefused(loads: readonly Load[]): Promise<number> {
  const figures = await Promise.all(loads.map((load) => load.stop()));
  for (const { refused, cut } of figures) assert.equal([Object.keys(refused), cut], [['410'], 0]);
  return figures.reduce((sum, { refused }) => sum + refused[410], 0);
}

async function exactlyOnce(scene: Scene, limit: number): Promise<void> {
  const { nodes, pool, owner } = scene;
  const links = await makeLimitedLinks(pool, owner, [limit]);
  const share = { connections: CONNECTIONS / nodes.length, maxRequests: REQUESTS / nodes.length };
  const from = performance.now();
  const loads = nodes.map((node) => loadLinks(node.url(), links, share));
  await Promise.all(loads.map(({ finished }) => finished));
  const tookMs = performance.now() - from;
  const figures = loads.map((load) => load.figures);
  const sum = (read: (of: (typeof figures)[number]) => number) => figures.reduce((total, of) => total + read(of), 0);

  const [use] = await usedUp(scene, links);
  const refused = sum((of) => of.refused[410] ?? 0);
  say(`G6 ${describe(scene)}, N = ${limit}: ${describeUse([use])}, refused ${refused}, ${tookMs.toFixed(0)} ms`);
  assert.equal([use.acked, use.stored, use.used, refused], [limit, limit, limit, REQUESTS - limit]);
  assert.equal([sum((of) => of.sent), sum((of) => of.acked), sum((of) => of.cut)], [REQUESTS, limit, 0]);
  for (const node of nodes) {
    const { maxClicks, clicksLeft, clicks, state } = await apiClient(node.url(), owner).link(use.slug);
    assert.equal([maxClicks, clicksLeft, clicks, state], [limit, 0, limit, 'exhausted']);
  }
}

/** Kills one of two nodes when the largest limit is used up to a point, and starts it again; the visitors of both go on until all is used up. */
async function killUnderLoad(scene: Scene, links: readonly LimitedLink[], victim: number, killedAt: number): Promise<void> {
  const { nodes, folders, start, pool } = scene;
  const loads = nodes.map((node) => loadLinks(node.url(), links, { connections: KILL_CONNECTIONS }));
  const largest = links[links.length - 1];
  await until('the moment to kill', () => largest.acked >= killedAt, PATIENCE_MS);
  await nodes[victim].kill();
  await loads[victim].stop();
  nodes[victim] = await start(folders[victim]);
  loads[victim] = loadLinks(nodes[victim].url(), links, { connections: KILL_CONNECTIONS });
  await until('used-up links', async () => isUsedUp(await useOf(pool, links)), PATIENCE_MS);
  const { figures } = loads[victim];
  await until('visitors of the new node', () => figures.sent >= 10 * KILL_CONNECTIONS, PATIENCE_MS);
  for (const load of loads) await load.stop();
}

/** What became of links, when everything is stored. */
async function usedUp({ pool, folders, shape }: Scene, links: readonly LimitedLink[]) {
  for (const folder of folders) await untilDrained(pool, folder, shape);
  return useOf(pool, links);
}

async function openScene(count: number, shape: Shape): Promise<Component<Scene>> {
  const database = await testDatabase();
  const redis = count === 1 ? null : await startTestRedis();
  const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
  const settings = {
    ...shapeSettings(shape),
    DATABASE_URL: database.value.url,
    SECRET_KEY: randomBytes(32).toString('base64'),
    ...(redis === null ? {} : { REDIS_URL: redis.value.url }),
  };
  const start = (dataDir: string) => startTestNode({ dataDir, settings });
  const folders = Array.from({ length: count }, () => temporaryFolder());
  const nodes = await Promise.all(folders.map(start));
  const owner = await makeOwner(connections.value, { links: 0 });
  return {
    value: { nodes, folders, shape, pool: connections.value, owner, start },
    async stop() {
      for (const node of nodes) await node.kill();
      await redis?.stop();
      await connections.stop();
      await database.stop();
    },
  };
}

const describe = ({ nodes, shape: { fronts, shards } }: Scene) => `${nodes.length} × ${fronts} fronts, ${shards} shards`;
