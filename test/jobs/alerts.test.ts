/** What is told at once: when, how often, and by whom. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ALERT_EVERY_MS, ALERT_KINDS, type Alert, alertText, type Observation } from '../../src/core/alerts.ts';
import { createAlertDelivery, createAlerts } from '../../src/jobs/alerts.ts';
import type { Sent } from '../../src/jobs/telegram.ts';
import { alertClaims } from '../../src/storage/alert-claims.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { openRedis } from '../../src/storage/redis/connection.ts';
import { recordingLogger, silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { startTestRedis } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const WELL: Observation = { clicksLost: 0, logUsed: 0.1, postgresAwayMs: 500, diskUsed: 0.5 };

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });

const it = suite('alerts');

it.before.each(() => pool.query('TRUNCATE alerts').then(() => undefined));
it.after(async () => {
  await closePool();
  await database.stop();
});

function setUp() {
  const { logger, lines } = recordingLogger();
  const state = { now: 0, seen: WELL, isClaimed: false, isDelivered: true, told: [] as string[], tries: 0 };
  const tick = createAlerts({
    observe: () => state.seen,
    claim: async () => !state.isClaimed,
    deliver: async ({ kind, detail }) => {
      state.tries++;
      if (state.isDelivered) state.told.push(`${kind} ${detail}`);
      return state.isDelivered;
    },
    postgresAwayMs: 60_000,
    clock: () => state.now,
    logger,
  });
  const see = async (changed: Partial<Observation>, afterMs = 1_000) => {
    state.now += afterMs;
    state.seen = { ...state.seen, ...changed };
    await tick();
  };
  return { state, see, lines };
}

it('tells of each kind when it happens, and of nothing else', async () => {
  const { state, see } = setUp();
  await see({});
  await see({ logUsed: 0.79, postgresAwayMs: 60_000, diskUsed: 0.95 });
  await see({ diskUsed: null });
  assert.equal(state.told, []);
  await see({ clicksLost: 12 });
  await see({ logUsed: 0.8 });
  await see({ postgresAwayMs: 61_000 });
  await see({ diskUsed: 0.96 });
  assert.equal(state.told, ['clicksLost 12', 'clickLogFull 80', 'postgresAway 61', 'diskFull 96']);
});

it('tells of a kind once an hour, while it lasts, and of clicks that were lost since', async () => {
  const { state, see } = setUp();
  await see({ clicksLost: 12 });
  await see({ clicksLost: 20 });
  await see({ clicksLost: 30 }, ALERT_EVERY_MS / 2);
  assert.equal(state.told, ['clicksLost 12']);
  await see({}, ALERT_EVERY_MS / 2);
  assert.equal(state.told, ['clicksLost 12', 'clicksLost 18']);
  await see({}, 2 * ALERT_EVERY_MS);
  assert.is(state.told.length, 2);
});

it('what another node tells of in this hour is told of here in the next one', async () => {
  const { state, see } = setUp();
  state.isClaimed = true;
  await see({ clicksLost: 5 });
  state.isClaimed = false;
  await see({}, 1_000);
  assert.equal(state.told, []);
  await see({}, 60_000);
  assert.equal(state.told, ['clicksLost 5']);
});

it('what cannot be sent is tried again, and given up after an hour', async () => {
  const { state, see, lines } = setUp();
  state.isDelivered = false;
  await see({ logUsed: 0.9 });
  await see({ logUsed: 0.1 });
  state.isDelivered = true;
  await see({});
  assert.equal([state.told, state.tries], [['clickLogFull 90'], 3]);
  state.isDelivered = false;
  await see({ clicksLost: 1 });
  await see({}, ALERT_EVERY_MS);
  state.isDelivered = true;
  await see({});
  assert.is(lines.filter(({ message }) => message === 'an alert could not be sent; it is given up').length, 1);
  assert.is(state.told.length, 1);
});

it('a chat that asks for time, or cannot be reached, is left alone so long; others get theirs once', async () => {
  let now = 0;
  const calls: string[] = [];
  const answers: Record<string, (() => Sent)[]> = {
    busy: [() => ({ outcome: 'wait', seconds: 300 })],
    away: [
      () => {
        throw new Error('Telegram cannot be reached: ECONNREFUSED');
      },
    ],
  };
  const deliver = createAlertDelivery({
    send: async (chat) => {
      calls.push(`${now / 1_000} ${chat}`);
      return answers[chat]?.shift()?.() ?? { outcome: 'sent' };
    },
    chats: ['busy', 'away', 'well'],
    locale: 'en',
    where: 'node',
    clock: () => now,
    logger: silentLogger,
  });
  const alert: Alert = { kind: 'clicksLost', detail: '1' };
  const done: number[] = [];
  for (; now <= 400_000 && done.length === 0; now += 1_000) if (await deliver(alert)) done.push(now / 1_000);
  assert.equal([calls, done], [['0 busy', '0 away', '0 well', '10 away', '300 busy'], [300]]);
});

it('has words for every kind', () => {
  for (const kind of ALERT_KINDS) {
    const alert: Alert = { kind, detail: '17' };
    const [english, russian] = [alertText(alert, 'https://s.example.com', 'en'), alertText(alert, 'https://s.example.com', 'ru')];
    for (const text of [english, russian]) assert.ok(text.includes('17') && text.includes('https://s.example.com'));
    assert.is.not(english, russian);
  }
});

it('an hour is taken by one of several nodes, in Postgres', async () => {
  const claims = Array.from({ length: 4 }, () =>
    alertClaims({ folder: temporaryFolder(), redis: null, pool, clock: Date.now, logger: silentLogger }),
  );
  const taken = await Promise.all(claims.map((claim) => claim('postgresAway')));
  assert.is(taken.filter((it) => it).length, 1);
  assert.is(await claims[0]('clicksLost'), true);
  await pool.query(`UPDATE alerts SET sent_at = now() - interval '61 minutes' WHERE kind = 'postgresAway'`);
  const late = alertClaims({ folder: temporaryFolder(), redis: null, pool, clock: Date.now, logger: silentLogger });
  assert.equal([await late('postgresAway'), await claims[1]('clicksLost')], [true, false]);
});

it('without Postgres it is taken in Redis, and without either by the folder of the node, over restarts', async () => {
  const nowhere = await createPool({ url: 'postgres://u:p@127.0.0.1:1/d', name: 'nowhere', max: 1, logger: silentLogger });
  const server = await startTestRedis();
  const redis = await openRedis({ url: server.value.url, name: 'test', logger: silentLogger });
  const folders = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const claim = (folder: string, now = Date.now()) =>
    alertClaims({ folder, redis: redis.value.client, pool: nowhere.value, clock: () => now, logger: silentLogger })('postgresAway');
  try {
    assert.equal([await claim(folders[0]), await claim(folders[1])], [true, false]);
    await redis.stop();
    assert.equal([await claim(folders[2]), await claim(folders[2])], [true, false]);
    assert.is(await claim(folders[2], Date.now() + ALERT_EVERY_MS), true);
    writeFileSync(join(folders[1], 'alerts.json'), '{"postg');
    assert.is(await claim(folders[1]), true, 'a file that was cut off claims nothing');
  } finally {
    await redis.stop().catch(() => undefined);
    await server.stop();
    await nowhere.stop();
  }
});

it('a folder that cannot be written to, as on a full disk, keeps nothing from being told', async () => {
  const { logger, lines } = recordingLogger();
  const claim = alertClaims({ folder: join(temporaryFolder(), 'gone'), redis: null, pool, clock: Date.now, logger });
  assert.is(await claim('diskFull'), true);
  assert.equal(
    lines.map(({ message }) => message),
    ['that an alert was sent could not be written down'],
  );
  assert.is(await claim('diskFull'), false, 'Postgres remembers it');
});

it.run();
