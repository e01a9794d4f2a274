import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ClickLimitStore } from '../../src/core/ports/clicks.ts';
import { createClickLimitStore } from '../../src/storage/postgres/click-limits.ts';
import { createLinkStore } from '../../src/storage/postgres/links.ts';
import { createPool, isStoreAway } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

/** As many shards take at the same time, each with connections of its own. */
const SHARDS = 4;
/** Below how long a test waits for anything. */
const TIMEOUT_MS = 300;

const database = await testDatabase();
const openPool = (name: string, max: number, queryTimeoutMs = 15_000) =>
  createPool({ url: database.value.url, name, max, logger: silentLogger, queryTimeoutMs });
const connections = await openPool('test', 4);
const shards = await Promise.all(Array.from({ length: SHARDS }, (_, i) => openPool(`shard ${i}`, 3)));
const impatient = await openPool('impatient', 3, TIMEOUT_MS);
const pool = connections.value;
const usedUp: string[] = [];
const stores = shards.map(({ value }) => createClickLimitStore(value, (slugs) => usedUp.push(...slugs)));
const [store] = stores;
const owner = await createConfirmedUser(pool, {
  email: 'ann@example.com',
  passwordHash: null,
  isAdmin: false,
  plan: 'unlimited',
  timeZone: 'UTC',
});
const links = createLinkStore(pool, randomBytes, { regular: 0, extended: 0 });

const makeLink = async (maxClicks: number | null) => (await links.create(owner.id, { url: 'https://example.com/', maxClicks }, null)).link;
const readLink = ({ slug }: { slug: string }) => links.get(owner.id, slug);
const setLimit = ({ slug }: { slug: string }, maxClicks: number | null) => links.edit(owner.id, slug, { maxClicks }, null);
const granted = async (from: ClickLimitStore, linkId: number, clicks: number) => (await from.take([{ linkId, clicks }])).get(linkId);

const test = suite('click limits');

test.after(async () => {
  await Promise.all([...shards, impatient, connections].map(({ stop }) => stop()));
  await database.stop();
});

test('takes what is left of many links, each up to what is asked for', async () => {
  const [small, large, exact, unlimited] = await Promise.all([3, 100, 5, null].map(makeLink));
  const demands = [small, large, exact, unlimited].map(({ id }) => ({ linkId: id, clicks: 5 }));
  assert.equal(
    await store.take(demands),
    new Map([
      [small.id, 3],
      [large.id, 5],
      [exact.id, 5],
      [unlimited.id, 5],
    ]),
  );
  assert.equal(
    await store.take(demands),
    new Map([
      [small.id, 0],
      [large.id, 5],
      [exact.id, 0],
      [unlimited.id, 5],
    ]),
  );
  const after = await Promise.all([small, large, exact, unlimited].map(readLink));
  assert.equal(
    after.map(({ clicksUsed }) => clicksUsed),
    [3, 10, 5, 0],
  );
  assert.equal([after[0].version, after[0].updatedAt], [small.version, small.updatedAt]);
});

test('another limit keeps what was used', async () => {
  const link = await makeLink(4);
  assert.is(await granted(store, link.id, 3), 3);
  await setLimit(link, 2);
  assert.is(await granted(store, link.id, 1), 0);
  await setLimit(link, 5);
  assert.is(await granted(store, link.id, 9), 2);
  await setLimit(link, null);
  assert.is(await granted(store, link.id, 9), 9);
  await setLimit(link, 6);
  assert.is(await granted(store, link.id, 9), 1);
  assert.is((await readLink(link)).clicksUsed, 6);
});

test('who takes the last click of a link is told its slug, once', async () => {
  usedUp.length = 0;
  const [two, one, unlimited] = await Promise.all([2, 1, null].map(makeLink));
  const demands = [two, one, unlimited].map(({ id }) => ({ linkId: id, clicks: 1 }));
  await store.take(demands);
  assert.equal(usedUp, [one.slug]);
  await store.take(demands);
  assert.equal(usedUp, [one.slug, two.slug]);
  await store.take(demands);
  assert.equal(usedUp, [one.slug, two.slug]);
  await setLimit(one, 3);
  assert.is(await store.takeAlone({ linkId: one.id, clicks: 5 }), 2);
  assert.equal(usedUp, [one.slug, two.slug, one.slug]);
});

test('a link that is gone has none', async () => {
  const [gone, there] = [await makeLink(9), await makeLink(9)];
  await links.delete(owner.id, gone.slug, null);
  const demands = [gone, there].map(({ id }) => ({ linkId: id, clicks: 1 }));
  assert.equal(await store.take(demands), new Map([[there.id, 1]]));
  assert.is(await store.takeAlone(demands[0]), 0);
});

test('a link that somebody keeps locked is left out, and taken from when it is free; the others do not wait', async () => {
  const [locked, free] = [await makeLink(10), await makeLink(10)];
  const holder = await pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('UPDATE links SET max_clicks = 2, clicks_used = 1 WHERE id = $1', [locked.id]);
    const demands = [locked, free].map(({ id }) => ({ linkId: id, clicks: 4 }));
    assert.equal(await store.take(demands), new Map([[free.id, 4]]));

    const alone = store.takeAlone(demands[0]);
    await until('somebody who waits for the lock', async () => {
      const { rows } = await pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows[0].n > 0;
    });
    await holder.query('COMMIT');
    assert.is(await alone, 1); // of the row as it is now
  } finally {
    holder.release();
  }
});

test('whoever waits too long for a lock is told so, and has used nothing', async () => {
  const link = await makeLink(10);
  const holder = await pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM links WHERE id = $1 FOR UPDATE', [link.id]);
    const error = await thrownBy(createClickLimitStore(impatient.value, () => undefined).takeAlone({ linkId: link.id, clicks: 4 }));
    assert.ok(isStoreAway(error), error.message);
    await holder.query('COMMIT');
  } finally {
    holder.release();
  }
  assert.is((await readLink(link)).clicksUsed, 0);
});

test('what is written with a foreign key to a link does not make it wait', async () => {
  const link = await makeLink(10);
  const holder = await pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM links WHERE id = $1 FOR KEY SHARE', [link.id]);
    assert.is(await granted(store, link.id, 4), 4);
    await holder.query('COMMIT');
  } finally {
    holder.release();
  }
});

test('many shards at once, each with many links in a statement: never more than the limits, and nothing is left', async () => {
  const limits = [400, ...Array.from({ length: 200 }, (_, i) => 1 + (i % 7))];
  const made = await Promise.all(limits.map(makeLink));
  const taken = made.map(() => 0);
  const takeAll = async (shard: ClickLimitStore) => {
    const open = new Set(made.map((_, i) => i));
    while (open.size > 0) {
      const got = await shard.take([...open].map((i) => ({ linkId: made[i].id, clicks: 2 })));
      for (const i of [...open]) {
        const own = got.get(made[i].id) ?? (await shard.takeAlone({ linkId: made[i].id, clicks: 1 }));
        taken[i] += own;
        if (own === 0) open.delete(i);
      }
    }
  };
  // All connections are there before, or one shard would be done when the next one begins.
  await Promise.all(shards.flatMap(({ value }) => [1, 2].map(() => value.query('SELECT pg_sleep(0.1)'))));
  await Promise.all([...stores, ...stores].map(takeAll));
  assert.equal(taken, limits);
  assert.equal(
    (await Promise.all(made.map(readLink))).map(({ clicksUsed }) => clicksUsed),
    limits,
  );
});

test(`while the limit is raised and lowered, what is taken is what is used, and it is never above the highest limit (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const link = await makeLink(50);
  let highest = 50;
  let taken = 0;
  let editing = true;
  const takeOn = async (shard: ClickLimitStore) => {
    for (let i = 0; editing || i < 100; i++) {
      const clicks = 1 + (i % 4);
      const own = (await granted(shard, link.id, clicks)) ?? (await shard.takeAlone({ linkId: link.id, clicks }));
      assert.ok(own >= 0 && own <= clicks);
      taken += own;
    }
  };
  const edit = async () => {
    for (let i = 0; i < 60; i++) {
      const limit = 1 + Math.floor(random() * 50 * (i + 1));
      highest = Math.max(highest, limit);
      await setLimit(link, limit);
    }
    editing = false;
  };
  await Promise.all([edit(), ...stores.map(takeOn)]);
  assert.is((await readLink(link)).clicksUsed, taken);
  assert.ok(taken > 0 && taken <= highest, `${taken} of ${highest}`);
});

test.run();
