// timeout: 180 s
/**
 * The live feed under clicks on two nodes, while its connections are cut and threads crash: no figure goes down, and in the end every socket has
 * exactly the number of the API, which is that of the clicks.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LiveFigures } from '../../src/core/live.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { INSPECT_ARGV, throwInThread } from '../support/inspector.ts';
import { LiveClient } from '../support/live-client.ts';
import { type Load, startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { startTestRedis } from '../support/redis.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { startTcpRelay } from '../support/tcp-relay.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { apiClient, makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const CUTS = 200;
const LINKS = 5;
const RATE = 100;
/** Of how many browsers the clicks come; most are repeats. */
const BROWSERS = 50;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const CRASHES = ['shard 0', 'front 0', 'shard 1', 'front 1'];
const SETTLED_MS = 30_000;
const CLICKS_APART = 10;

const random = randomFrom(seed);
const database = await testDatabase();
const redis = await startTestRedis();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const settings = {
  ...shapeSettings({ fronts: 2, shards: 2 }),
  DATABASE_URL: database.value.url,
  REDIS_URL: redis.value.url,
  BASE_URL: 'https://elnk.example',
  SECRET_KEY: randomBytes(32).toString('base64'),
};
const start = () => startTestNode({ dataDir: temporaryFolder(), settings, execArgv: INSPECT_ARGV });
const nodes = await Promise.all([start(), start()]);
const [a, b] = nodes;

const it = suite('live feed under faults');

it.after(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await connections.stop();
  await redis.stop();
  await database.stop();
});

const owner = await makeOwner(connections.value, { links: LINKS });
const slugs = owner.links.map(({ slug }) => slug);

function load(node: TestNode): Load {
  const next = () => {
    const browser = `Mozilla/5.0 (X11; Linux x86_64; rv:${100 + Math.floor(random() * BROWSERS)}.0) Gecko/20100101 Firefox/140.0`;
    return { path: `/${slugs[Math.floor(random() * LINKS)]}`, headers: `User-Agent: ${browser}\r\n` };
  };
  return startLoad({ url: node.url(), connections: 2, ratePerSec: RATE, next });
}

const api = (node: TestNode) => apiClient(node.url(), owner);
const sum = (figures: Record<string, LiveFigures>) => Object.values(figures).reduce((total, { clicks }) => total + clicks, 0);

/** What the API says, as the feed says it. */
async function apiFigures(node: TestNode): Promise<Record<string, LiveFigures>> {
  const { data } = await api(node).links();
  const entries = data.map(async ({ slug, clicks, repeatClicks, clicksToday, repeatClicksToday }) => {
    const { hours } = await api(node).stats(slug);
    return [slug, { clicks, repeatClicks, clicksToday, repeatClicksToday, hours }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Until the last click is stored and told. */
async function endsOnTheNumber(client: LiveClient, node: TestNode, clicks: number): Promise<void> {
  await until('the last click in the API', async () => sum(await apiFigures(node)) >= clicks, SETTLED_MS);
  const figures = await apiFigures(node);
  await client.until('the last click in the feed', () => sum(client.links) >= sum(figures), SETTLED_MS);
  assert.equal({ ...client.links }, figures);
  assert.equal(client.wrong, []);
}

let counted = 0;
/** @returns clicks that were answered, over all of this file */
async function stopped(loads: readonly Load[]): Promise<number> {
  for (const it of loads) {
    const { acked, refused } = await it.stop();
    assert.equal(refused, {});
    counted += acked;
  }
  return counted;
}

it(`connections that are cut ${CUTS} times`, async () => {
  const relays = await Promise.all(nodes.map((node) => startTcpRelay(node.url())));
  const loads = nodes.map(load);
  const known: Record<string, LiveFigures>[] = nodes.map(() => ({}));
  let deltas = 0;
  for (let i = 0; i < CUTS; i++) {
    const at = i % nodes.length;
    const relay = relays[at].value;
    const client = new LiveClient(relay.url, { before: known[at] });
    const whole = random() < 0.5; // else it may be cut before anything has come
    if (whole) await client.follow(owner.apiKey);
    else {
      await client.connected();
      client.send({ type: 'auth', token: owner.apiKey });
      client.send({ type: 'subscribe', links: 'all', since: i });
    }
    await sleep(random() < 0.2 ? 300 : random() * 40);
    relay.cut();
    await client.ended();
    assert.equal(client.wrong, [], `connection ${i}`);
    if (Object.keys(client.links).length > 0) known[at] = client.links;
    deltas += client.messages.filter(({ type }) => type === 'delta').length;
  }
  const clients = await Promise.all(relays.map((relay, at) => new LiveClient(relay.value.url, { before: known[at] }).follow(owner.apiKey)));
  const clicks = await stopped(loads);
  for (const [at, client] of clients.entries()) {
    await endsOnTheNumber(client, nodes[at], clicks);
    assert.is(sum(client.links), clicks);
    await client.close();
  }
  say(`live feed: ${CUTS} cuts, ${deltas} deltas in between, ${clicks} clicks on two nodes`);
  await Promise.all(relays.map((relay) => relay.stop()));
});

it('a click on one node moves the numbers of a socket on the other', async () => {
  const client = await new LiveClient(b.url()).follow(owner.apiKey);
  const tookMs: number[] = [];
  for (let i = 0; i < CLICKS_APART; i++) {
    const before = client.links[slugs[0]].clicks;
    const from = performance.now();
    await fetch(`${a.url()}/${slugs[0]}`, { redirect: 'manual', headers: { 'user-agent': FIREFOX, connection: 'close' } });
    counted++;
    await client
      .until('the click', () => client.links[slugs[0]].clicks > before)
      .catch((error) => {
        throw new Error(`click ${i}`, { cause: error });
      });
    tookMs.push(performance.now() - from);
  }
  tookMs.sort((x, y) => x - y);
  await client.close();
  say(
    `live feed: a click on another node is seen after ${Math.round(tookMs[CLICKS_APART >> 1])} ms (median), ${Math.round(tookMs[CLICKS_APART - 1])} at most`,
  );
});

it('threads that crash', async () => {
  const running = load(a);
  let client = await new LiveClient(a.url()).follow(owner.apiKey);
  for (const [i, name] of CRASHES.entries()) {
    const before = sum(client.links);
    await throwInThread(a.log(), name);
    await until(`${name} started again`, async () => (await restarts(a)) === i + 1, SETTLED_MS);
    if (name.startsWith('front')) {
      await sleep(100); // whose socket it was, is not known
      if (client.end !== null) client = await reconnected(a, client.links);
    }
    await client.until('clicks after the crash', () => sum(client.links) > before + RATE / 4, SETTLED_MS);
    assert.equal(client.wrong, []);
  }
  await running.stop();
  await endsOnTheNumber(client, a, counted + running.figures.acked);
  await client.close();
});

async function restarts(node: TestNode): Promise<number | null> {
  return node.metric('elnk_thread_restarts_total').catch(() => null); // the connection may be that of the thread that has just ended
}

/** The front that takes the connection may be the one that is being started. */
async function reconnected(node: TestNode, before: Record<string, LiveFigures>): Promise<LiveClient> {
  return until('a connection', () => new LiveClient(node.url(), { before }).follow(owner.apiKey).catch(() => null), SETTLED_MS);
}

it.run();
