// timeout: 120 s
/** Guest links, in Redis and in Postgres: one contract, and what each has of its own. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import { guestSlug } from '../../src/core/slug.ts';
import { countEvictions, createGuestStore, evictGuestLinks } from '../../src/storage/postgres/guest-links.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { openRedis } from '../../src/storage/redis/connection.ts';
import { openGuestStore } from '../../src/storage/redis/guest-links.ts';
import { claimGuestMemory, evictionsOf } from '../../src/storage/redis/guest-memory.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { startTestRedis } from '../support/redis.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { until } from '../support/until.ts';
import { BULKY, guestStoreContract, ROOM_LINKS } from './guest-store-contract.ts';

const ROW_OVERHEAD_BYTES = 208;
const CAP_BYTES = ROOM_LINKS * (BULKY + ROW_OVERHEAD_BYTES);

guestStoreContract('Redis', async () => {
  const redis = await startTestRedis(['--maxmemory-samples', '20']);
  const connection = await openRedis({ url: redis.value.url, name: 'a test', logger: silentLogger });
  const { client } = connection.value;
  const [one, other] = [
    await openGuestStore(redis.value.url, 'one', silentLogger),
    await openGuestStore(redis.value.url, 'other', silentLogger),
  ];
  const emptyBytes = Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
  const claim = () => claimGuestMemory(client, emptyBytes + CAP_BYTES, silentLogger);
  await claim();
  let told = 0;
  return {
    value: {
      store: one.value,
      other: other.value,
      untilOlder: (slug) =>
        until('a link that was not used', async () => Number(await client.object('IDLETIME', slug)) >= 2).then(() => undefined),
      async displaced() {
        const before = told;
        told = (await evictionsOf(client)).evictions;
        return told - before;
      },
      goAway: redis.value.stop,
      async comeBack() {
        await redis.value.start();
        await until('Redis', () => connection.value.isUp());
        await claim();
      },
    },
    async stop() {
      for (const it of [one, other, connection, redis]) await it.stop();
    },
  };
});

const openStore = async (capBytes = CAP_BYTES) => {
  const database = await testDatabase();
  const memory = new SharedArrayBuffer(counterBytes(1));
  const pools = await Promise.all(
    [1, 1, 5].map((max) => createPool({ url: database.value.url, name: 'guests test', max, logger: silentLogger, queryTimeoutMs: 10_000 })),
  );
  const [one, two, lookups] = pools.map(({ value }) => value);
  const storeOf = (pool: typeof one) => createGuestStore({ pool, lookups, capBytes, counters: countersOf(memory, 0) });
  const figures = async () => {
    const { rows } = await lookups.query<{ links: number; bytes: number; counted: number }>(
      `SELECT count(*) AS links, coalesce(sum(bytes), 0)::bigint AS bytes, (SELECT bytes FROM guest_usage) AS counted FROM guest_links`,
    );
    return rows[0];
  };
  return {
    value: {
      store: storeOf(one),
      other: storeOf(two),
      pool: lookups,
      figures,
      gone: () => readCounters(memory).guestLinksGone,
      url: database.value.url,
    },
    async stop() {
      for (const it of [...pools, database]) await it.stop();
    },
  };
};

guestStoreContract('Postgres', async () => {
  const { value, stop } = await openStore();
  let told = 0;
  const name = new URL(value.url).pathname.slice(1);
  const admin = await createPool({ url: withDatabase(value.url, 'postgres'), name: 'admin', max: 1, logger: silentLogger });
  return {
    value: {
      ...value,
      untilOlder: async () => undefined,
      async displaced() {
        const before = told;
        told = value.gone();
        return told - before;
      },
      async goAway() {
        await admin.value.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
        await admin.value.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
      },
      comeBack: async () => void (await admin.value.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`)),
    },
    async stop() {
      await admin.stop();
      await stop();
    },
  };
});

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

const inPostgres = suite('guest links in Postgres, by themselves');

inPostgres('bytes are counted exactly and the cap is never exceeded, whatever happens at once', async () => {
  const capBytes = 40_000;
  const { value, stop } = await openStore(capBytes);
  try {
    const random = randomFrom(seed);
    const known: string[] = [];
    let most = 0;
    let made = 0;
    for (let round = 0; round < 40; round++) {
      const work = Array.from({ length: 8 }, async (_, i) => {
        const store = i % 2 === 0 ? value.store : value.other;
        const picked = Array.from({ length: 20 }, () => known[Math.floor(random() * known.length)] ?? '_none');
        if (random() < 0.4) return store.touch(picked);
        if (random() < 0.1) return evictGuestLinks(value.pool, capBytes);
        const slug = random() < 0.2 ? picked[0] : guestSlug(randomBytes);
        known.push(slug);
        const { isNew } = await store.put(slug, `https://example.com/${'x'.repeat(Math.floor(random() ** 3 * 8_000))}`);
        if (isNew) made++;
      });
      await Promise.all(work);
      const { bytes, counted } = await value.figures();
      assert.is(counted, bytes);
      most = Math.max(most, bytes);
    }
    const { links } = await value.figures();
    assert.ok(most <= capBytes && most > capBytes * 0.7, `${most} bytes at most`);
    assert.ok(made - links > 50);
    say(`guest links in Postgres: ${made} made, ${links} left, ${most} of ${capBytes} bytes at most`);
  } finally {
    await stop();
  }
});

inPostgres('exactly those go that were used least recently', async () => {
  const room = 20;
  const { value, stop } = await openStore(room * (BULKY + ROW_OVERHEAD_BYTES));
  try {
    const slugs = Array.from({ length: room }, () => guestSlug(randomBytes));
    const put = (slug: string) => value.store.put(slug, 'https://example.com/'.padEnd(BULKY, 'x'));
    for (const slug of slugs) await put(slug);
    const touched = [slugs[7], slugs[0], slugs[12]];
    for (const slug of touched) await value.store.touch([slug]);
    for (let i = 0; i < room - touched.length; i++) await put(guestSlug(randomBytes));
    assert.equal(new Set((await value.store.lookup(slugs)).keys()), new Set(touched));
    await put(guestSlug(randomBytes));
    await put(guestSlug(randomBytes));
    assert.equal([...(await value.store.lookup(slugs)).keys()], [touched[2]]);
  } finally {
    await stop();
  }
});

inPostgres('a lower cap is reached, the least recently used first, and the sum stays exact', async () => {
  const { value, stop } = await openStore();
  try {
    const links = 12_000;
    await value.pool.query(
      `INSERT INTO guest_links (slug, target, used_at) SELECT 's' || n, 'https://example.com/', now() + n * interval '1 s' FROM generate_series(1, $1::int) n`,
      [links],
    );
    await value.pool.query('UPDATE guest_usage SET bytes = (SELECT sum(bytes) FROM guest_links)');
    const { bytes } = await value.figures();
    const capBytes = Math.floor(bytes / 12);
    const gone = await evictGuestLinks(value.pool, capBytes);
    const after = await value.figures();
    assert.is(after.links, links - gone);
    assert.is(after.counted, after.bytes);
    assert.ok(after.bytes <= capBytes && after.bytes > capBytes - 300);
    const { rows } = await value.pool.query<{ oldest: number }>('SELECT min(substr(slug, 2)::int) AS oldest FROM guest_links');
    assert.is(rows[0].oldest, gone + 1);
    assert.is(await evictGuestLinks(value.pool, capBytes), 0);
  } finally {
    await stop();
  }
});

inPostgres('evictions of Redis are counted once, whichever node asks first, and anew when it was started again', async () => {
  const { value, stop } = await openStore();
  try {
    const count = (runId: string, evictions: number) => countEvictions(value.pool, runId, evictions);
    assert.is(await count('first', 1_000), 0, 'what was before nobody knows');
    assert.is(await count('first', 1_200), 200);
    const counted = await Promise.all([1_300, 1_500, 1_400, 1_500, 1_350].map((evictions) => count('first', evictions)));
    assert.is(
      counted.reduce((sum, it) => sum + it),
      300,
    );
    assert.ok(counted.every((it) => it >= 0));
    assert.is(await count('second', 70), 70);
    assert.is(await count('second', 70), 0);
  } finally {
    await stop();
  }
});

inPostgres.run();
