// timeout: 240 s
// alone
/**
 * G6 with trouble between visitors and the count: connections that are cut around a grant, shards that crash, a Postgres that is stopped,
 * killed and frozen. Never more than the limit, an answer in bounded time, and plain links do not notice. SOAK=1: ten times as many cuts.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLimits, LIMIT_CONNECTIONS } from '../../src/actors/limits.ts';
import { createClickLimitStore } from '../../src/storage/postgres/click-limits.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool, isStoreAway } from '../../src/storage/postgres/pool.ts';
import { INSPECT_ARGV, throwInThread } from '../support/inspector.ts';
import { assertNeverMore, describeUse, isUsedUp, type LimitedLink, loadLinks, makeLimitedLinks, useOf } from '../support/limited-links.ts';
import { type Load, percentile, startLoad } from '../support/load.ts';
import { recordingLogger, silentLogger } from '../support/logger.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { SOAK_FACTOR } from '../support/soak.ts';
import { untilDrained } from '../support/stored-clicks.ts';
import { startTcpCutter } from '../support/tcp-cutter.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const CUTS = { actors: 300 * SOAK_FACTOR, nodes: 40 * SOAK_FACTOR };
const CUT_SHARE = 0.4;
/** Of as many nodes. One whose statements fail twice in a row waits a while, so many are under way at once. */
const SHARDS = 8;
const SHAPE = { fronts: 1, shards: 1 };
const PATIENCE_MS = 60_000 * SOAK_FACTOR;
/** Of visitors of a limited link while nobody knows yet that Postgres is away, and when it is known. */
const FIRST_REFUSAL_MS = 5_000;
const REFUSAL_MS = 3_000;
const RECOVERED_MS = 10_000;
const PLAIN_RATE = 400;
const LIMITED_RATE = 400;
/** Of a plain link, as in outage.test.ts. */
const LONGEST_MS = 1_000;
const PHASE_MS = 1_500;
const STORM = 50;

const it = suite('click limit and outages');

it('cut connections, shards without threads: what is granted is never more than the limit, nor than what is used', async () => {
  const random = randomFrom(seed);
  const database = await testDatabase();
  const direct = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
  const cutter = await startTcpCutter({ target: database.value.url, random });
  const { logger, lines } = recordingLogger();
  const openShard = async (name: string) => {
    const pool = await createPool({ url: cutter.value.url, name, max: LIMIT_CONNECTIONS, logger, queryTimeoutMs: 1_000 });
    return {
      pool,
      limits: createLimits({ store: createClickLimitStore(pool.value, () => undefined), isStoreAway, clock: Date.now, logger }),
    };
  };
  const shards = await Promise.all(Array.from({ length: SHARDS }, (_, i) => openShard(`shard of node ${i}`)));
  try {
    const owner = await makeOwner(direct.value, { links: 0 });
    const links = await makeLimitedLinks(direct.value, owner, [1, 10, 100, 1_000_000, 1_000_000]);
    let unknown = 0;
    const visit = async (limits: (typeof shards)[number]['limits']) => {
      while (cutter.value.total() < CUTS.actors) {
        const link = links[Math.floor(random() * links.length)];
        const granted = await limits.take(link.id, 2);
        link.acked += granted ?? 0;
        if (granted !== null) continue;
        unknown++;
        await sleep(random() * 20);
      }
    };
    cutter.value.share = CUT_SHARE;
    await Promise.all(shards.flatMap(({ limits }) => Array.from({ length: 8 }, () => visit(limits))));
    cutter.value.share = 0;
    const use = await useOf(direct.value, links);
    const figures = use.map(({ maxClicks, acked, used }) => `${maxClicks}: granted ${acked}, used ${used}`).join('; ');
    say(`G6 cut shards: ${cutter.value.total()} cuts, ${unknown} answers unknown: ${figures}`);
    for (const { maxClicks, acked, used } of use) assert.ok(acked <= used && used <= maxClicks, figures);
    assert.ok(unknown > 0 && use[3].acked > 0, figures);
    assert.equal(
      lines.filter(({ level }) => level === 'error'),
      [],
    );
  } finally {
    for (const part of [...shards.map(({ pool }) => pool), cutter, direct, database]) await part.stop();
  }
});

it('cut connections of two nodes: never more, and every click that was answered is counted', async () => {
  const database = await testDatabase();
  const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
  const pool = connections.value;
  const cutter = await startTcpCutter({ target: database.value.url, random: randomFrom(seed) });
  const folders = [temporaryFolder(), temporaryFolder()];
  const nodes: TestNode[] = [];
  try {
    const settings = { ...shapeSettings(SHAPE), DATABASE_URL: cutter.value.url };
    for (const dataDir of folders) nodes.push(await startTestNode({ dataDir, settings }));
    const owner = await makeOwner(pool, { links: 0 });
    const links = await makeLimitedLinks(pool, owner, [1, 10, 100, 10_000]);
    const loads = nodes.map((node) => loadLinks(node.url(), links, { connections: 8 }));
    cutter.value.share = CUT_SHARE;
    await until('enough cuts', () => cutter.value.total() >= CUTS.nodes, PATIENCE_MS);
    cutter.value.share = 0;
    await until('used-up links', async () => isUsedUp(await useOf(pool, links)), PATIENCE_MS);
    for (const load of loads) await load.stop();
    for (const folder of folders) await untilDrained(pool, folder, SHAPE);
    const use = await useOf(pool, links);
    const unknown = loads.reduce((sum, { figures }) => sum + (figures.refused[503] ?? 0), 0);
    say(`G6 cut nodes: ${cutter.value.total()} cuts, ${unknown} × 503: ${describeUse(use)}`);
    assertNeverMore(use, 'cuts');
    for (const { acked, stored } of use) assert.is(stored, acked);
    assert.ok(loads.every(({ figures }) => figures.cut === 0));
  } finally {
    for (const node of nodes) await node.kill();
    for (const part of [connections, cutter, database]) await part.stop();
  }
});

it('shards that crash: who waits gets 503, the others of the node go on, and it is never more', async () => {
  const shape = { fronts: 2, shards: 2 };
  const database = await testDatabase();
  const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
  const pool = connections.value;
  const dataDir = temporaryFolder();
  const settings = { ...shapeSettings(shape), DATABASE_URL: database.value.url };
  const node = await startTestNode({ dataDir, settings, execArgv: INSPECT_ARGV });
  try {
    const owner = await makeOwner(pool, { links: 0 });
    const links = await makeLimitedLinks(pool, owner, [1, 10, 100, 100, 1_000_000, 1_000_000]);
    const load = loadLinks(node.url(), links, { connections: 16 });
    const crashes = ['shard 0', 'shard 1', 'shard 0'];
    for (const [i, name] of crashes.entries()) {
      const before = links.map(({ acked }) => acked);
      await until('more clicks of either shard', () => links.slice(-2).every((link, n) => link.acked > before[4 + n] + 50), PATIENCE_MS);
      await throwInThread(node.log(), name);
      await until('a new thread', async () => (await node.metric('elnk_thread_restarts_total')) === i + 1, PATIENCE_MS);
    }
    const before = links[4].acked;
    await until('clicks of the new thread', () => links[4].acked > before + 50, PATIENCE_MS);
    const { refused, cut } = await load.stop();
    await untilDrained(pool, dataDir, shape);
    const use = await useOf(pool, links);
    say(`G6 crashed shards: ${crashes.length} crashes, ${refused[503] ?? 0} × 503: ${describeUse(use)}`);
    assertNeverMore(use, 'crashes');
    for (const { acked, stored } of use) assert.is(stored, acked);
    assert.equal([cut, Object.keys(refused).filter((status) => status !== '410' && status !== '503')], [0, []]);
  } finally {
    await node.kill();
    for (const part of [connections, database]) await part.stop();
  }
});

it('Postgres stopped, killed and frozen: limited links answer 503 in bounded time, plain ones go on', async () => {
  const postgres = await startOwnPostgres();
  await migrate({ url: postgres.value.url, logger: silentLogger });
  const connections = await createPool({ url: postgres.value.url, name: 'test', max: 2, logger: silentLogger });
  const pool = connections.value;
  const dataDir = temporaryFolder();
  const node = await startTestNode({ dataDir, settings: { ...shapeSettings({ fronts: 2, shards: 2 }), DATABASE_URL: postgres.value.url } });
  try {
    const owner = await makeOwner(pool, { links: 1 });
    const links = await makeLimitedLinks(pool, owner, [1_000_000]);
    const plain = startLoad({
      url: node.url(),
      connections: 8,
      ratePerSec: PLAIN_RATE,
      next: () => ({ path: `/${owner.links[0].slug}` }),
    });
    const limited = loadLinks(node.url(), links, { connections: 16, ratePerSec: LIMITED_RATE });
    await until('warm fronts', () => plain.figures.acked > PLAIN_RATE && links[0].acked > 100, PATIENCE_MS);
    const watched = { node, plain, link: links[0] };

    await outage('stopped', watched, () => postgres.value.stop());
    await recovery('started again', watched, () => postgres.value.start());
    await outage('killed', watched, () => postgres.value.kill());
    await recovery('started after its crash', watched, () => postgres.value.start());
    await outage('frozen', watched, async () => postgres.value.freeze());
    await recovery('thawed', watched, async () => postgres.value.thaw());

    await limited.stop();
    const { sent, acked, refused, cut } = await plain.stop();
    await untilDrained(pool, dataDir, { fronts: 2, shards: 2 });
    const use = await useOf(pool, links);
    say(`G6 without Postgres: ${describeUse(use)}, ${limited.figures.refused[503]} × 503; plain links: sent ${sent}, acked ${acked}`);
    assertNeverMore(use, 'outages');
    assert.equal([use[0].stored, Object.keys(limited.figures.refused)], [use[0].acked, ['503']]);
    assert.equal([acked, refused, cut], [sent, {}, 0]);
  } finally {
    await node.kill();
    await postgres.stop();
    await connections.stop();
  }
});

it.run();

type Watched = { node: TestNode; plain: Load; link: LimitedLink };

async function outage(what: string, watched: Watched, begin: () => Promise<void>): Promise<void> {
  watched.plain.takeLatencies();
  await begin();
  const first = await storm(watched, FIRST_REFUSAL_MS);
  const known = await storm(watched, REFUSAL_MS);
  assert.equal([first.statuses, known.statuses], [[503], [503]], `Postgres ${what}`);
  await sleep(PHASE_MS);
  const latencies = watched.plain.takeLatencies();
  const longest = Math.max(...latencies);
  const told = `limited links 503 in ${first.longest.toFixed(0)} ms, then in ${known.longest.toFixed(0)} ms at most`;
  say(`G6 Postgres ${what}: ${told}; plain links p99 ${percentile(latencies, 0.99).toFixed(1)} ms, longest ${longest.toFixed(0)} ms`);
  assert.ok(longest <= LONGEST_MS, `Postgres ${what}: a plain link took ${longest} ms`);
}

async function recovery(what: string, { link }: Watched, end: () => Promise<void>): Promise<void> {
  await end();
  const from = performance.now();
  const { acked } = link;
  await until('limited links that are granted again', () => link.acked > acked, RECOVERED_MS);
  say(`G6 Postgres ${what}: limited links lead on after ${(performance.now() - from).toFixed(0)} ms`);
}

/** Visitors of a limited link who come at the same time, each on a connection of its own. @returns the statuses that came, each once */
async function storm({ node, link }: Watched, mostMs: number): Promise<{ statuses: number[]; longest: number }> {
  const visits = Array.from({ length: STORM }, async () => {
    const from = performance.now();
    const { status } = await node.ask(`/${link.slug}`);
    return { status, tookMs: performance.now() - from };
  });
  const answers = await Promise.all(visits);
  const longest = Math.max(...answers.map(({ tookMs }) => tookMs));
  assert.ok(longest <= mostMs, `a visitor of a limited link waited ${longest} ms`);
  return { statuses: [...new Set(answers.map(({ status }) => status))], longest };
}
