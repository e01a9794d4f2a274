import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { REFERRER } from '../../src/core/copy-row.ts';
import type { ClickStore } from '../../src/core/ports/clicks.ts';
import type { Component } from '../../src/core/ports.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createEpochStore } from '../../src/storage/postgres/epochs.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { batchOf, ROW_DAY, ROW_TIME } from '../support/click-rows.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';

type Context = { database: Component<{ url: string }>; connections: Component<Pool>; pool: Pool; store: ClickStore };
const test = suite<Context>('stored clicks');
const LOGS = [{ name: 'f0-s0', front: 0, shard: 0 }];

test.before.each(async (context) => {
  context.database = await testDatabase();
  context.connections = await createPool({ url: context.database.value.url, name: 'test', max: 4, logger: silentLogger });
  context.pool = context.connections.value;
  context.store = createClickStore({ pool: context.pool, node: 'test', randomBytes, logger: silentLogger });
  await context.store.positions(LOGS);
});

test.after.each(async ({ connections, database }) => {
  await connections.stop();
  await database.stop();
});

const count = async (pool: Pool, table: string): Promise<number> => (await pool.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;

test('a batch and its position are one', async ({ pool, store }) => {
  const rows = [
    { linkId: 7, at: ROW_TIME + 123, referrer: 'пример.рф', country: 500, seen: true },
    { bot: true, visitorHi: -5 },
  ];
  assert.equal(await store.store(batchOf(rows, { from: 0, to: 300 })), { outcome: 'stored', quarantined: 0 });
  assert.equal(await store.positions(LOGS), new Map([['f0-s0', 300]]));
  const stored = await pool.query(
    'SELECT link_id, clicked_at, visitor, day, country, device, bot, seen, referrer FROM clicks ORDER BY link_id DESC',
  );
  assert.equal(stored.rows[0], {
    link_id: 7,
    clicked_at: new Date(ROW_TIME + 123),
    visitor: 2 ** 32 + 2,
    day: new Date(ROW_DAY * 86_400_000).toISOString().slice(0, 10),
    country: 500,
    device: 1,
    bot: false,
    seen: true,
    referrer: 'пример.рф',
  });
  assert.is(stored.rows[1].bot, true);
  assert.is(stored.rows[1].visitor, -5 * 2 ** 32 + 2);
  assert.equal((await pool.query('SELECT rows, folded FROM click_batches')).rows, [{ rows: 2, folded: false }]);
});

test('storing it again stores nothing', async ({ pool, store }) => {
  const batch = batchOf([{}, {}, {}], { from: 0, to: 300 });
  await store.store(batch);
  assert.equal(await store.store(batch), { outcome: 'already', quarantined: 0 });
  assert.is(await count(pool, 'clicks'), 3);
  assert.is(await count(pool, 'click_batches'), 1);
});

test('a batch that begins elsewhere than its log stands is refused', async ({ pool, store }) => {
  await store.store(batchOf([{}], { from: 0, to: 300 }));
  for (const move of [
    { from: 0, to: 400 },
    { from: 200, to: 400 },
    { from: 400, to: 500 },
  ]) {
    await store.store(batchOf([{}], move)).then(
      () => assert.unreachable('stored'),
      (error) => assert.match(error.message, 'moved by somebody else'),
    );
  }
  assert.is(await count(pool, 'clicks'), 1);
});

test('rows that Postgres refuses are put aside, all others are stored', async ({ pool, store }) => {
  const bad = [0, 41, 42, 99];
  const batch = batchOf(
    Array.from({ length: 100 }, (_, i) => ({ linkId: i, referrer: 'example.com' })),
    { from: 0, to: 9_000 },
  );
  for (const row of bad) batch.bytes[batch.starts[row] + REFERRER] = 0xff; // never valid UTF-8
  assert.equal(await store.store(batch), { outcome: 'stored', quarantined: bad.length });
  const stored = await pool.query<{ link_id: number }>('SELECT link_id FROM clicks ORDER BY 1');
  assert.equal(
    stored.rows.map((row) => row.link_id),
    Array.from({ length: 100 }, (_, i) => i).filter((i) => !bad.includes(i)),
  );
  assert.equal((await pool.query('SELECT rows FROM click_batches')).rows, [{ rows: 96 }]);
  const { rows } = await pool.query<{ reason: string; copy_row: Buffer }>('SELECT reason, copy_row FROM quarantined_clicks ORDER BY id');
  assert.is(rows.length, bad.length);
  assert.match(rows[0].reason, 'UTF8');
  assert.equal(rows[1].copy_row.subarray(14), Buffer.from(batch.bytes.subarray(batch.starts[41] + 14, batch.starts[42])));
  assert.equal(await store.positions(LOGS), new Map([['f0-s0', 9_000]]));
});

test('positions move without clicks, too: over what was damaged', async ({ pool, store }) => {
  await store.store(batchOf([], { from: 0, to: 50 }));
  assert.equal(await store.positions(LOGS), new Map([['f0-s0', 50]]));
  assert.is(await count(pool, 'clicks'), 0);
});

test('two tries of one batch at the same moment store it once', async ({ pool, store }) => {
  const outcomes = await Promise.all([1, 2].map(() => store.store(batchOf(new Array(500).fill({}), { from: 0, to: 300 }))));
  assert.equal(outcomes.map((it) => it.outcome).sort(), ['already', 'stored']);
  assert.is(await count(pool, 'clicks'), 500);
});

test('a new epoch takes the batches from then on; an old one is dropped when it is folded and old', async ({ pool, store }) => {
  const epochs = createEpochStore(pool);
  await store.store(batchOf([{}, {}], { from: 0, to: 10 }));
  await epochs.advance();
  await store.store(batchOf([{}], { from: 10, to: 20 }));
  assert.is(await count(pool, 'clicks_1'), 2);
  assert.is(await count(pool, 'clicks_2'), 1);
  const state = await epochs.state();
  assert.is(state.unfoldedRows, 3);
  assert.is(state.epochRows, 1);

  await pool.query(`UPDATE click_batches SET stored_at = stored_at - interval '1 hour'`);
  assert.is(await epochs.dropFolded(0), 0, 'not folded');
  await pool.query('UPDATE click_batches SET folded = true');
  assert.is(await epochs.dropFolded(1), 0, 'kept for a day');
  assert.is(await epochs.dropFolded(0), 1);
  assert.is(await count(pool, 'clicks'), 1);
  assert.is(await count(pool, 'click_batches'), 1, 'the current epoch stays');
});

test('dropping gives up before it holds others up', async ({ pool, store }) => {
  const epochs = createEpochStore(pool);
  await store.store(batchOf([{}], { from: 0, to: 10 }));
  await epochs.advance();
  await pool.query(`UPDATE click_batches SET folded = true, stored_at = stored_at - interval '1 hour'`);
  const reader = await pool.connect();
  await reader.query('BEGIN');
  await reader.query('SELECT FROM clicks');
  assert.is(await epochs.dropFolded(0), 0);
  await reader.query('COMMIT');
  reader.release();
  assert.is(await epochs.dropFolded(0), 1);
});

test('a day has one salt, whoever asks first', async ({ store }) => {
  const salts = await Promise.all([ROW_DAY, ROW_DAY, ROW_DAY + 1].map((day) => store.salt(day)));
  assert.equal(salts[0], salts[1]);
  assert.not.equal(salts[0], salts[2]);
  assert.is(salts[0].length, 16);
});

test.run();
