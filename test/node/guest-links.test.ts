// timeout: 120 s
/** Guest links and quick links of real nodes: with a Redis of their own, with one that must not be used, and in Postgres. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startTestRedis } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, spawnTestNode, startTestNode, type TestNode } from '../support/test-node.ts';
import { until } from '../support/until.ts';

const FRONTS = 2;
/** Each on a connection of its own, so that every front has been asked, but for one time in two thousand. */
const OFTEN = 12;

const it = suite('guest links of a node');

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const pool = connections.value;
it.after(async () => {
  await connections.stop();
  await database.stop();
});

const optionsOf = (settings: Record<string, string>) => ({
  dataDir: join(temporaryFolder(), 'data'),
  settings: { ...shapeSettings({ fronts: FRONTS, shards: 1 }), DATABASE_URL: database.value.url, ...settings },
});

async function create(node: TestNode, url: string): Promise<{ status: number; slug: string; shortUrl: string }> {
  const response = await fetch(`${node.url()}/api/v1/links`, {
    method: 'POST',
    headers: { connection: 'close', 'content-type': 'application/json' },
    body: JSON.stringify({ url }),
  });
  return { status: response.status, ...((await response.json()) as { slug: string; shortUrl: string }) };
}

/** The slug that the page of a quick link shows. */
async function quickSlug(node: TestNode, path: string): Promise<string> {
  const page = await rawRequest(
    Number(new URL(node.url()).port),
    `GET ${path} HTTP/1.1\r\nHost: www.eeozon.ru\r\nConnection: close\r\n\r\n`,
  );
  const slug = /value="[^"]*\/(_\w{7})"/.exec(page)?.[1];
  if (slug === undefined) throw new Error(`no short link in ${page}`);
  return slug;
}

async function everyFrontLeads(node: TestNode, slug: string, target: string): Promise<void> {
  for (let i = 0; i < OFTEN; i++) {
    const { status, headers } = await node.ask(`/${slug}`);
    assert.equal([status, headers.get('location')], [302, target]);
  }
}

async function worksEverywhere(node: TestNode): Promise<void> {
  const target = 'https://example.com/guest';
  const { status, slug, shortUrl } = await create(node, target);
  assert.equal([status, shortUrl], [201, `${node.url()}/${slug}`]);
  await everyFrontLeads(node, slug, target);
  const quick = await quickSlug(node, '/product/1?sh=%D0%BF');
  for (let i = 0; i < OFTEN; i++) assert.is(await quickSlug(node, '/product/1?sh=%D0%BF'), quick);
  await everyFrontLeads(node, quick, 'https://www.ozon.ru/product/1?sh=%D0%BF');
  const counted = await Promise.all(
    ['guest_redirects', 'guest_links_created', 'redirects', 'guest_store_errors'].map((name) => node.metric(`elnk_${name}_total`)),
  );
  assert.equal(counted, [2 * OFTEN, 2, 0, 0]);
  const form = await fetch(`${node.url()}/${slug}`, { method: 'POST', headers: { connection: 'close' }, redirect: 'manual' });
  assert.equal([form.status, form.headers.get('location')], [303, `/${slug}`], 'as every link without a password');
  const plain = await rawRequest(
    Number(new URL(node.url()).port),
    `GET /${slug} HTTP/1.1\r\nHost: a.eeozon.ru\r\nConnection: close\r\n\r\n`,
  );
  assert.match(plain, /^HTTP\/1.1 404/, 'no link is served under the other hosts');
  const feed = await rawRequest(
    Number(new URL(node.url()).port),
    'GET /api/v1/live HTTP/1.1\r\nHost: www.eeozon.ru\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  assert.match(feed, /^HTTP\/1.1 404/, 'nor the live feed');
}

/** A host that is blocked: at once, also for guest links that fronts have at hand. */
async function blockedIsBlocked(node: TestNode): Promise<void> {
  const { slug } = await create(node, 'https://sub.evil.example/');
  await everyFrontLeads(node, slug, 'https://sub.evil.example/');
  const admin = { email: 'root@example.com', passwordHash: null, isAdmin: true, plan: 'unlimited', timeZone: 'UTC' } as const;
  const { id } = await createConfirmedUser(pool, admin);
  const key = await createApiKey(pool, { userId: id, name: 'test', scopes: ['admin'] });
  const blocked = await fetch(`${node.url()}/api/v1/admin/blocked-hosts`, {
    method: 'POST',
    headers: { connection: 'close', 'content-type': 'application/json', 'x-api-key': key },
    body: '{"host":"evil.example"}',
  });
  assert.is(blocked.status, 201);
  for (let i = 0; i < OFTEN; i++) assert.is((await node.ask(`/${slug}`)).status, 410);
  assert.is((await create(node, 'https://evil.example/')).status, 422);
}

it('in Postgres, when there is no Redis for them', async () => {
  const node = await startTestNode(optionsOf({}));
  try {
    await worksEverywhere(node);
    const { rows } = await pool.query(
      'SELECT count(*) AS links, sum(bytes)::bigint = (SELECT bytes FROM guest_usage) AS "isExact" FROM guest_links',
    );
    assert.equal(rows, [{ links: 2, isExact: true }]);
    await blockedIsBlocked(node);
  } finally {
    await node.stop();
  }
});

it('in Redis, which is capped at the start, and again when it was started anew', async () => {
  const redis = await startTestRedis();
  const policy = async () => {
    const info = await redis.value.command('INFO', 'memory');
    return [/maxmemory_policy:(\S+)/.exec(info)?.[1], Number(/maxmemory:(\d+)/.exec(info)?.[1])];
  };
  const before = (await pool.query<{ links: number }>('SELECT count(*) AS links FROM guest_links')).rows[0].links;
  const node = await startTestNode(optionsOf({ REDIS_GUEST_URL: redis.value.url, GUEST_CACHE_BYTES: '20MiB' }));
  try {
    assert.equal(await policy(), ['allkeys-lru', 20 * 1024 ** 2]);
    await worksEverywhere(node);
    assert.is(await redis.value.command('DBSIZE'), ':2');
    assert.is((await pool.query<{ links: number }>('SELECT count(*) AS links FROM guest_links')).rows[0].links, before);

    const { slug } = await create(node, 'https://example.com/known');
    await everyFrontLeads(node, slug, 'https://example.com/known');
    await redis.value.stop();
    await until('told', async () => (await node.readiness()).reasons.some((reason) => reason.includes('Redis of guest links is away')));
    assert.is((await create(node, 'https://example.com/')).status, 503);
    await everyFrontLeads(node, slug, 'https://example.com/known');
    await redis.value.start();
    await until('a link that is made', async () => (await create(node, 'https://example.com/')).status === 201);
    assert.equal(await policy(), ['allkeys-lru', 20 * 1024 ** 2], 'none is made before');
    await until('all well', async () => (await node.readiness()).status === 200);
  } finally {
    await node.stop();
    await redis.stop();
  }
});

it('a Redis that holds other data ends the start with a clear message', async () => {
  const redis = await startTestRedis();
  await redis.value.command('SET', 'session:42', 'precious');
  const node = spawnTestNode(optionsOf({ REDIS_GUEST_URL: redis.value.url }));
  try {
    const outcome = await node.ready().then(
      () => 'ready',
      (error: Error) => error.message,
    );
    assert.match(
      outcome,
      /ended with code 1[\s\S]*the Redis of REDIS_GUEST_URL holds other data \(such as the key "session:42"\), which would be lost/,
    );
    assert.is(await redis.value.command('GET', 'session:42'), '$8\r\nprecious');
    assert.match(await redis.value.command('INFO', 'memory'), 'maxmemory_policy:noeviction');
  } finally {
    await node.kill();
    await redis.stop();
  }
});

it('a Redis that is away at the start is waited for', async () => {
  const redis = await startTestRedis();
  await redis.value.stop();
  const node = await startTestNode(optionsOf({ REDIS_GUEST_URL: redis.value.url }));
  try {
    assert.is((await create(node, 'https://example.com/')).status, 503);
    assert.is((await node.ask('/_abcdefg')).status, 503);
    await redis.value.start();
    await until('a link that is made', async () => (await create(node, 'https://example.com/')).status === 201);
  } finally {
    await node.stop();
    await redis.stop();
  }
});

it.run();
