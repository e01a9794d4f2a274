/** What real nodes tell Telegram. */
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { testDatabase } from '../support/postgres.ts';
import { BOT_TOKEN, startTelegramServer } from '../support/telegram-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, spawnTestNode, startTestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const server = await startTelegramServer();
const telegram = { TELEGRAM_TOKEN: BOT_TOKEN, TELEGRAM_CHATS: '1,2', TELEGRAM_API_ROOT: server.value.root, TELEGRAM_LOCALE: 'ru' };
const settings = { ...shapeSettings({ fronts: 1, shards: 1 }), DATABASE_URL: database.value.url, ...telegram };

/** A record of 460 bytes; so many of them are 86 % of a log of one MiB. */
const LONG_AGENT = `User-Agent: Mozilla/5.0 ${'x'.repeat(400)}\r\n`;
const FILLING = 1_950;
const AWAY_SEC = 2;
const awaySettings = (url: string) => ({ ...settings, DATABASE_URL: url, TELEGRAM_POSTGRES_AWAY_SEC: String(AWAY_SEC) });

/** What the first chat was told that has this in it. */
const told = (what: string) => server.value.textsOf('1').filter((text) => text.includes(what));

const it = suite('nodes and Telegram');
it.before.each(() => {
  server.value.calls.length = 0;
});
it.after(async () => {
  await closePool();
  await server.stop();
  await database.stop();
});

it('a report of the day before comes once from two nodes', async () => {
  await pool.query(
    `INSERT INTO server_counters (day, node, name, kind, run, before, current)
     SELECT current_date - n, node, 'logins', 'sum', 'r', 0, 21 FROM generate_series(1, 3) AS n, unnest('{x,y}'::text[]) AS node`,
  );
  const nodes = [0, 1].map(() => spawnTestNode({ dataDir: temporaryFolder(), settings }));
  await Promise.all(nodes.map((node) => node.ready()));
  const isSent = (chat: string) => server.value.textsOf(chat).join('\n').includes('— Фоновые работы —');
  await until('reports', () => isSent('1') && isSent('2'), 60_000);
  for (const chat of ['1', '2']) {
    const text = server.value.textsOf(chat).join('\n');
    assert.ok(text.includes('\nВходы: 42\n'), text);
    assert.is(text.match(/Отчёт за день/g)?.length, 1);
  }
  for (const node of nodes) {
    assert.is((await node.stop()).code, 0);
    assert.not.match(node.log(), BOT_TOKEN.split(':')[1]);
  }
});

it('a migration that fails is told of once, however often the start is tried', async () => {
  await pool.query(`UPDATE schema_versions SET md5 = 'another' WHERE version = 1`);
  const dataDir = temporaryFolder();
  for (let i = 0; i < 2; i++) {
    const node = spawnTestNode({ dataDir, settings });
    assert.match((await thrownBy(node.ready())).message, 'is not what was applied');
  }
  for (const chat of ['1', '2']) {
    const texts = server.value.textsOf(chat);
    assert.is(texts.length, 1);
    assert.match(texts[0], /узел не запускается: migration 0001\S* is not what was applied/);
  }
});

it('Postgres that is away for too long is told of without it, once in its hour: stopped', async () => {
  const postgres = await startOwnPostgres();
  const node = await startTestNode({ dataDir: temporaryFolder(), settings: awaySettings(postgres.value.url) });
  try {
    await postgres.value.stop();
    await until('an alert', () => told('Postgres недоступен').length > 0, 30_000);
    await postgres.value.start();
    await until('a node that is well again', async () => (await node.readiness()).status === 200, 30_000);
    await postgres.value.stop();
    await sleep((AWAY_SEC + 2) * 1_000);
    assert.is(told('Postgres недоступен').length, 1);
  } finally {
    await node.stop();
    await postgres.stop();
  }
});

it('Postgres that is frozen is told of, a click log that fills up meanwhile, and then the clicks that are lost', async () => {
  const postgres = await startOwnPostgres();
  const small = { ...awaySettings(postgres.value.url), CLICK_LOG_MAX_BYTES: String(1024 ** 2) };
  const node = await startTestNode({ dataDir: temporaryFolder(), settings: small });
  const clicks = (path: string, maxRequests: number) =>
    startLoad({ url: node.url(), connections: 4, maxRequests, next: () => ({ path, headers: LONG_AGENT }) }).finished;
  try {
    const own = await createPool({ url: postgres.value.url, name: 'test', max: 1, logger: silentLogger });
    const { links } = await makeOwner(own.value, { links: 1 });
    await own.stop();
    const path = `/${links[0].slug}`;
    assert.is((await node.ask(path)).status, 302); // cached from now on
    postgres.value.freeze();
    await until('an alert of Postgres', () => told('Postgres недоступен').length > 0, 30_000);
    await clicks(path, FILLING);
    await until('an alert of a full log', () => told('журнал кликов почти полон').length > 0, 30_000);
    assert.is(told('ПОТЕРЯНО кликов').length, 0);
    await clicks(path, FILLING);
    await until('an alert of lost clicks', () => told('ПОТЕРЯНО кликов').length > 0, 30_000);
    assert.ok((await node.status()).clicksLost > 0);
    assert.is(server.value.textsOf('1').length, 3);
    assert.is(server.value.textsOf('2').length, 3);
  } finally {
    postgres.value.thaw();
    await node.stop();
    await postgres.stop();
  }
});

it.run();
