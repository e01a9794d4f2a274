/** Messages to Telegram: from the queue to a server that says what the Bot API says. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COUNTER_NAMES, COUNTERS, countersOf, readCounters } from '../../src/core/counters.ts';
import { createJournal } from '../../src/core/journal.ts';
import type { Component } from '../../src/core/ports.ts';
import { createSharedMemory, todayBoard } from '../../src/core/shared.ts';
import { DAY_MS, dayToISO } from '../../src/core/zone.ts';
import { createOpsReport } from '../../src/jobs/ops-report.ts';
import { startJobRunner } from '../../src/jobs/runner.ts';
import { createTelegram } from '../../src/jobs/telegram.ts';
import { opsReport, telegramTasks } from '../../src/node-telegram.ts';
import { createJournalStore } from '../../src/storage/postgres/journal.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createCounterStore } from '../../src/storage/postgres/server-counters.ts';
import { queueMessages } from '../../src/storage/postgres/telegram.ts';
import { noJournal } from '../support/journal.ts';
import { recordingLogger, silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { BOT_TOKEN, startTelegramServer, type TelegramServer } from '../support/telegram-server.ts';
import { until } from '../support/until.ts';

const CHATS = ['-1001', '@ops_channel'];

const { logger, lines } = recordingLogger();
const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 8, logger: silentLogger });
const shared = createSharedMemory({ fronts: 1, shards: 1 });
const counters = countersOf(shared.counters, 0);
let server: Component<TelegramServer>;
let runner: Component<void> | null = null;

const startRunner = (token = BOT_TOKEN) => {
  const send = createTelegram({ token, apiRoot: server.value.root, logger });
  runner = startJobRunner({ pool, tasks: telegramTasks(pool, send, counters, logger), journal: noJournal, logger });
};
const jobs = async () => (await pool.query('SELECT * FROM graphile_worker.jobs')).rows;
const queueIsEmpty = () => until('an empty queue', async () => (await jobs()).length === 0);
const makeDue = () => pool.query('UPDATE graphile_worker._private_jobs SET run_at = now() WHERE locked_at IS NULL');
const givenUp = () => readCounters(shared.counters).failedTelegramMessages;

const it = suite('telegram');

it.before.each(async () => {
  server = await startTelegramServer();
  lines.length = 0;
  await pool.query('TRUNCATE telegram_messages');
});
it.after.each(async () => {
  await runner?.stop();
  runner = null;
  await server.stop();
  await pool.query('DELETE FROM graphile_worker._private_jobs');
  assert.not.match(JSON.stringify(lines), BOT_TOKEN.split(':')[1], 'no token in the log');
});
it.after(async () => {
  await closePool();
  await database.stop();
});

it('a message goes to each chat, in its parts, in order, once', async () => {
  startRunner();
  assert.is(await queueMessages(pool, 'k', CHATS, ['one', 'two', 'three']), 2);
  assert.is(await queueMessages(pool, 'k', CHATS, ['again']), 0);
  await queueIsEmpty();
  for (const chat of CHATS) assert.equal(server.value.textsOf(chat), ['one', 'two', 'three']);
  assert.is(server.value.calls[0].path, `/bot${BOT_TOKEN}/sendMessage`);
});

it('what could not be sent is tried again from where it stopped', async () => {
  let calls = 0;
  server.value.answer = () => (++calls === 2 ? { status: 502, description: 'Bad Gateway' } : calls === 3 ? 'cut' : null);
  startRunner();
  await queueMessages(pool, 'k', ['1'], ['one', 'two', 'three']);
  for (const attempts of [1, 2]) {
    await until('a failed try', async () => (await jobs()).some((job) => job.attempts === attempts && job.locked_at === null));
    await makeDue();
  }
  await queueIsEmpty();
  assert.equal(server.value.textsOf('1'), ['one', 'two', 'three']);
  assert.is(server.value.calls.length, 5);
  assert.is(lines.filter(({ level }) => level === 'warn').length, 2);
});

it('429 is obeyed: not again before its time, and then from where it stopped', async () => {
  let calls = 0;
  server.value.answer = () => (++calls === 2 ? { status: 429, description: 'Too Many Requests', retryAfterSec: 2 } : null);
  startRunner();
  await queueMessages(pool, 'k', ['1'], ['one', 'two']);
  await queueIsEmpty();
  assert.equal(server.value.textsOf('1'), ['one', 'two']);
  const [, refused, again] = server.value.calls;
  assert.ok(again.at - refused.at >= 1_900, `${again.at - refused.at} ms`);
  assert.is(server.value.calls.length, 3);
});

it('a token that is refused is reported once, and not used again', async () => {
  const before = givenUp();
  startRunner('654321:AAanother_token-that-is-not-right');
  await queueMessages(pool, 'k', CHATS, ['one', 'two']);
  await queueIsEmpty();
  await queueMessages(pool, 'l', CHATS, ['more']);
  await queueIsEmpty();
  assert.is(server.value.calls.length <= 2, true, 'both workers may have asked at the same moment');
  assert.is(givenUp() - before, 4);
  assert.ok(lines.some(({ message }) => message.startsWith('Telegram refuses TELEGRAM_TOKEN')));
  assert.not.match(JSON.stringify(lines), 'AAanother_token');
});

it('a chat that refuses keeps nobody else from getting it', async () => {
  const before = givenUp();
  server.value.answer = ({ chat }) => (chat === CHATS[0] ? { status: 403, description: 'Forbidden: bot was kicked' } : null);
  startRunner();
  await queueMessages(pool, 'k', CHATS, ['one', 'two']);
  await queueIsEmpty();
  assert.equal(server.value.textsOf(CHATS[1]), ['one', 'two']);
  assert.is(server.value.calls.length, 3);
  assert.is(givenUp() - before, 1);
});

it('no error says the token, also when there is nobody', async () => {
  await server.stop();
  const send = createTelegram({ token: BOT_TOKEN, apiRoot: server.value.root, logger });
  let message = '';
  await send('1', 'x').catch((error: Error) => {
    message = `${error.message} ${error.stack} ${error.cause}`;
  });
  server = await startTelegramServer();
  assert.match(message, 'Telegram cannot be reached: ECONNREFUSED');
  assert.not.match(message, BOT_TOKEN.split(':')[1]);
});

it('the report of a day is sent once, whatever number of nodes looks, with the figures of all of them', async () => {
  const now = Date.now();
  const today = Math.floor(now / DAY_MS);
  const yesterday = today - (now % DAY_MS < 5 * 60_000 ? 2 : 1);
  for (const node of ['a', 'b']) {
    const memory = createSharedMemory({ fronts: 1, shards: 1 });
    const clock = () => (yesterday + 0.5) * DAY_MS;
    const journal = createJournal({
      readTotals: () => readCounters(memory.counters),
      forgetMaxima: () => undefined,
      board: todayBoard(memory.today),
      clock,
    });
    const count = countersOf(memory.counters, 1);
    for (const [i, name] of COUNTER_NAMES.entries()) if (COUNTERS[name].kind === 'sum') count.add(name, 1_000 + i);
    journal.ran({ kind: 'maintenance', name: 'folding', ms: 20, error: null });
    journal.event({ level: 'error', place: 'shard 0', message: 'damaged click log', times: 2, lastAt: clock() });
    for (const { day, totals } of journal.days(clock())) await createJournalStore(pool, node, `run of ${node}`).write(day, totals);
  }
  startRunner();
  const figures = createCounterStore({ pool, node: 'c', run: 'r', memory: shared, clock: Date.now });
  const telegram = { token: BOT_TOKEN, chats: CHATS, apiRoot: server.value.root, locale: 'en' as const };
  const ticks = Array.from({ length: 4 }, () => opsReport({ telegram, pool, figures, baseUrl: 'https://s.example.com', logger }));
  for (let i = 0; i < 3; i++) await Promise.all(ticks.map((tick) => tick()));
  await queueIsEmpty();
  for (const chat of CHATS) {
    const texts = server.value.textsOf(chat);
    for (const text of texts) assert.ok(text.length < 4_096);
    const all = texts.join('\n').split('\n');
    assert.is(all[0], `Daily report ${dayToISO(yesterday)} (UTC)`);
    assert.is(all.filter((line) => line.startsWith('Daily report')).length, 1);
    for (const [i, name] of COUNTER_NAMES.entries()) {
      const value = COUNTERS[name].kind === 'sum' ? 2 * (1_000 + i) : 0;
      assert.ok(all.includes(`${COUNTERS[name].en}: ${value.toLocaleString('en')}`), name);
    }
    assert.ok(all.includes('error, shard 0: damaged click log ×4, last 12:00 UTC'));
    assert.ok(all.includes('folding: runs 2, failed 0, total 40 ms, longest 20 ms'));
  }
});

it('there is no report of a day of which nothing is known, and none before its time', async () => {
  const asked: string[] = [];
  const clock = { now: Date.parse('2026-05-12T00:04:59Z') };
  const store = {
    hasMessages: async () => false,
    figures: async (day: string) => {
      asked.push(day);
      return null;
    },
    queue: async () => 0,
  };
  const tick = createOpsReport({ store, locale: 'ru', baseUrl: 'https://s.example.com', clock: () => clock.now, logger });
  await tick();
  clock.now += 1_000;
  await tick();
  assert.equal(asked, ['2026-05-10', '2026-05-11']);
});

it.run();
