/** What a node makes of the Redis that it is given for guest links, and which it refuses. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Failure } from '../../src/core/failure.ts';
import { guestSlug } from '../../src/core/slug.ts';
import { openRedis } from '../../src/storage/redis/connection.ts';
import { openGuestStore } from '../../src/storage/redis/guest-links.ts';
import { claimGuestMemory, evictionsOf, isCapped } from '../../src/storage/redis/guest-memory.ts';
import { recordingLogger, silentLogger } from '../support/logger.ts';
import { startTestRedis } from '../support/redis.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const CAP_BYTES = 20_000_000;
const NO_CONFIG = ['--rename-command', 'CONFIG', ''];

const it = suite('Redis of guest links');

type Opened = Awaited<ReturnType<typeof open>>;

/** A Redis, and a claim of it. */
async function open(options: readonly string[] = []) {
  const redis = await startTestRedis(options);
  const connection = await openRedis({ url: redis.value.url, name: 'a test', logger: silentLogger });
  const { logger, lines } = recordingLogger();
  const { client } = connection.value;
  return {
    redis: redis.value,
    connection: connection.value,
    client,
    lines,
    claim: () => claimGuestMemory(client, CAP_BYTES, logger),
    async memory() {
      const info = await client.info('memory');
      return [/^maxmemory_policy:(\S+)/m.exec(info)?.[1], Number(/^maxmemory:(\d+)/m.exec(info)?.[1])];
    },
    async stop() {
      await connection.stop();
      await redis.stop();
    },
  };
}

async function using(options: readonly string[], work: (opened: Opened) => Promise<void>): Promise<void> {
  const opened = await open(options);
  try {
    await work(opened);
  } finally {
    await opened.stop();
  }
}

it('policy and cap are set, also in one that holds guest links already', () =>
  using([], async ({ client, claim, memory }) => {
    assert.equal(await memory(), ['noeviction', 0]);
    assert.is(await isCapped(client), false);
    await client.set(guestSlug(randomBytes), 'https://example.com/');
    await claim();
    assert.equal(await memory(), ['allkeys-lru', CAP_BYTES]);
    assert.is(await isCapped(client), true);
    await claim();
    assert.is(await client.dbsize(), 1);
  }));

it('one that holds other data is refused and left as it is', () =>
  using([], async ({ redis, client, claim, memory }) => {
    for (let i = 0; i < 20_000; i += 1_000) {
      await client.mset(...Array.from({ length: 1_000 }, () => [guestSlug(randomBytes), 'https://example.com/']).flat());
    }
    await client.set('session:42', 'precious');
    const { message } = await thrownBy(claim());
    assert.match(message, /^the Redis of REDIS_GUEST_URL holds other data \(such as the key "session:42"\).*Redis of their own/);
    assert.equal(await memory(), ['noeviction', 0]);
    await client.del('session:42');

    const elsewhere = await openRedis({ url: `${redis.url}/3`, name: 'another database', logger: silentLogger });
    await elsewhere.value.client.set('session:42', 'precious');
    await elsewhere.stop();
    assert.match((await thrownBy(claim())).message, /other data \(1 keys in database 3\)/);
    assert.equal(await memory(), ['noeviction', 0]);
  }));

it('one with the wrong policy that allows no CONFIG is refused', () =>
  using([...NO_CONFIG, '--maxmemory', '20mb'], async ({ claim }) => {
    assert.match(
      (await thrownBy(claim())).message,
      /has maxmemory-policy noeviction and does not allow CONFIG SET: set "maxmemory-policy allkeys-lru"/,
    );
  }));

it('one without a cap that allows no CONFIG is refused', () =>
  using([...NO_CONFIG, '--maxmemory-policy', 'allkeys-lru'], async ({ claim, client }) => {
    assert.match((await thrownBy(claim())).message, /has no maxmemory and does not allow CONFIG SET: set "maxmemory 20000000"/);
    assert.is(await isCapped(client), false);
  }));

it('one that allows no CONFIG but is set as it should be is taken', () =>
  using([...NO_CONFIG, '--maxmemory-policy', 'allkeys-lru', '--maxmemory', String(CAP_BYTES)], async ({ claim, lines }) => {
    await claim();
    assert.equal(lines, []);
  }));

it('one that allows no CONFIG and has a cap of its own keeps it, which is said', () =>
  using([...NO_CONFIG, '--maxmemory-policy', 'allkeys-lru', '--maxmemory', '50mb'], async ({ claim, lines }) => {
    await claim();
    assert.equal(
      lines.map(({ level, fields }) => [level, fields]),
      [['warn', { maxmemory: 50 * 1024 ** 2, wanted: CAP_BYTES }]],
    );
  }));

it('after Redis was started again no link is made until it is claimed again', () =>
  using([], async ({ redis, connection, claim }) => {
    await claim();
    const { value: store, stop } = await openGuestStore(redis.url, 'guests', silentLogger);
    const put = () => store.put(guestSlug(randomBytes), 'https://example.com/');
    assert.ok((await put()).isNew);
    await redis.stop();
    await redis.start();
    await until(
      'the connections',
      async () => connection.isUp() && (await store.lookup([guestSlug(randomBytes)]).catch(() => null)) !== null,
    );
    const refused = await thrownBy(put());
    assert.ok(refused instanceof Failure && refused.code === 'store_away');
    await claim();
    assert.ok((await put()).isNew);
    await stop();
  }));

it('tells how many links were displaced, and by which run of Redis', () =>
  using(['--maxmemory-policy', 'allkeys-lru'], async ({ redis, connection, client }) => {
    const before = await evictionsOf(client);
    assert.is(before.evictions, 0);
    assert.match(before.runId, /^[0-9a-f]{40}$/);
    const used = Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
    await client.config('SET', 'maxmemory', String(used + 1_000_000));
    for (let i = 0; i < 2_000; i++) await client.set(guestSlug(randomBytes), 'x'.repeat(1_000));
    const { runId, evictions } = await evictionsOf(client);
    assert.equal([runId, evictions], [before.runId, 2_000 - (await client.dbsize())]);
    assert.ok(evictions > 100);
    await redis.stop();
    await redis.start();
    await until('the connection', () => connection.isUp());
    const after = await evictionsOf(client);
    assert.is(after.evictions, 0);
    assert.is.not(after.runId, before.runId);
  }));

it.run();
