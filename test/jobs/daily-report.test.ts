/** Daily reports as jobs: what is due, and what becomes of a mail when the server refuses it, or the connection breaks at its end. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import { createDocumentReader, createReportReader } from '../../src/core/daily-report.ts';
import type { Component } from '../../src/core/ports.ts';
import { CATCH_UP_MS, REMEMBERED_DAYS } from '../../src/core/report-jobs.ts';
import { DAY_MS } from '../../src/core/zone.ts';
import { createReportTicker, reportTasks } from '../../src/jobs/daily-report.ts';
import { createSmtpTransport } from '../../src/jobs/mail-transport.ts';
import { startJobRunner } from '../../src/jobs/runner.ts';
import { createClickCounter } from '../../src/storage/postgres/click-counts.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createReportedLinks, createReportStore } from '../../src/storage/postgres/reports.ts';
import { noJournal } from '../support/journal.ts';
import { silentLogger } from '../support/logger.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { testDatabase } from '../support/postgres.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const MIDNIGHT = Date.UTC(2026, 10, 24);
const MINUTE_MS = 60_000;

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 8, logger: silentLogger });
const store = createReportStore(pool);
const memory = new SharedArrayBuffer(counterBytes(1));
let server: Component<MailServer>;
let jobs: Component<void> | null = null;

const startJobs = (url = server.value.url) => {
  jobs = startJobRunner({
    pool,
    tasks: reportTasks({
      store,
      read: createReportReader(
        createReportedLinks(pool),
        createDocumentReader({ count: createClickCounter(pool, ''), unstored: async () => [] }),
      ),
      render: async () => Buffer.from('a PDF'),
      transport: createSmtpTransport(url),
      from: 'elnk@s.example.com',
      baseUrl: 'https://s.example.com',
      unsubscribeUrl: () => 'https://s.example.com/unsubscribe',
      clock: () => MIDNIGHT,
      counters: countersOf(memory, 0),
      logger: silentLogger,
    }),
    journal: noJournal,
    logger: silentLogger,
  });
};
const stopJobs = async () => {
  await jobs?.stop();
  jobs = null;
};
const tickAt = (now: number) => createReportTicker({ store, clock: () => now }).tick();
const waiting = async () => (await pool.query('SELECT * FROM graphile_worker.jobs ORDER BY id')).rows;
const queueIsEmpty = () => until('an empty queue', async () => (await waiting()).length === 0, 60_000);
const failedOnce = () =>
  until('a failed try', async () => (await waiting()).some(({ attempts, locked_at }) => attempts === 1 && locked_at === null), 60_000);
/** What time does, at once. */
const makeDue = () => pool.query('UPDATE graphile_worker._private_jobs SET run_at = now()');
const lost = () => readCounters(memory).failedReportMails;

/** An owner with a link since long ago. */
async function anOwner(): Promise<number> {
  const { userId } = await makeOwner(pool, { links: 1 });
  await pool.query('UPDATE links SET created_at = $2 WHERE owner_id = $1', [userId, new Date(MIDNIGHT - 5 * DAY_MS)]);
  return userId;
}

const it = suite('jobs of daily reports');

it.before.each(async () => {
  server = await startMailServer();
});

it.after.each(async () => {
  await stopJobs();
  await server.stop();
  await pool.query('DELETE FROM graphile_worker._private_jobs');
  await pool.query('DELETE FROM users');
});

it.after(async () => {
  await closePool();
  await database.stop();
});

it('are queued once, however many nodes tick', async () => {
  for (let i = 0; i < 20; i++) await anOwner();
  await Promise.all(Array.from({ length: 4 }, () => tickAt(MIDNIGHT + MINUTE_MS)));
  await tickAt(MIDNIGHT + 20 * MINUTE_MS);
  const jobs = await waiting();
  assert.is(jobs.length, 20);
  assert.ok(
    jobs.every(({ priority }) => priority > 0),
    'behind the mails that people wait for',
  );
});

it('are made up for after an outage, but not for days long gone', async () => {
  await anOwner();
  await tickAt(MIDNIGHT - 1);
  assert.is((await waiting()).length, 0);
  await tickAt(MIDNIGHT + CATCH_UP_MS);
  assert.is((await waiting()).length, 0);
  await tickAt(MIDNIGHT + CATCH_UP_MS - 1);
  assert.is((await waiting()).length, 1);
});

it('are not for accounts that are banned, unconfirmed, or want none, nor for those that had no link on that day', async () => {
  const changes = ['banned_at = now()', 'confirmed_at = NULL', 'daily_report = false'];
  for (const change of changes) await pool.query(`UPDATE users SET ${change} WHERE id = $1`, [await anOwner()]);
  const late = await anOwner();
  await pool.query('UPDATE links SET created_at = $2 WHERE owner_id = $1', [late, new Date(MIDNIGHT)]);
  await tickAt(MIDNIGHT);
  assert.is((await waiting()).length, 0);
});

it('are forgotten after some days', async () => {
  const id = await anOwner();
  await tickAt(MIDNIGHT);
  const day = MIDNIGHT / DAY_MS - 1;
  await tickAt(MIDNIGHT + REMEMBERED_DAYS * DAY_MS - MINUTE_MS);
  assert.is(await store.state(id, day), 'queued');
  await tickAt(MIDNIGHT + (REMEMBERED_DAYS + 1) * DAY_MS - MINUTE_MS);
  assert.is(await store.state(id, day), 'none');
});

it('are sent again when the server has refused the whole mail, and then not any more', async () => {
  await anOwner();
  await tickAt(MIDNIGHT);
  server.value.refuseWith(451);
  startJobs();
  await failedOnce();
  server.value.refuseWith(null);
  await makeDue();
  await queueIsEmpty();
  assert.is(server.value.received.length, 1);
  const [{ mail }] = server.value.received;
  assert.is(mail.attachments[0].content.toString(), 'a PDF');
  assert.is(lost(), 0);
});

it('are sent when the node died before the mail was whole: the server has thrown that part away', async () => {
  const id = await anOwner();
  await tickAt(MIDNIGHT);
  const transport = createSmtpTransport(server.value.url);
  const [{ payload = null } = {}] = (await pool.query('SELECT payload FROM graphile_worker._private_jobs')).rows;
  assert.is(payload.userId, id);
  const beforeLastBytes = () => Promise.reject(new Error('dead'));
  const attachment = { name: 'a.pdf', type: 'application/pdf', bytes: new Uint8Array(100_000) };
  const mail = {
    from: 'elnk@s.example.com',
    to: 'ann@example.com',
    subject: 'a',
    text: 'a',
    html: 'a',
    link: 'a',
    attachment,
    beforeLastBytes,
  };
  let error: unknown = null;
  await transport(mail).catch((reason) => {
    error = reason;
  });
  assert.ok(error instanceof Error && error.message.includes('dead'), String(error));
  assert.is(server.value.received.length, 0);
  startJobs();
  await queueIsEmpty();
  assert.is(server.value.received.length, 1);
});

it('are not sent again, and counted, when nobody knows whether the server has taken the mail', async () => {
  const id = await anOwner();
  await tickAt(MIDNIGHT);
  const cutting = await startCuttingServer();
  startJobs(cutting.value);
  await failedOnce();
  await stopJobs();
  await cutting.stop();
  assert.is(await store.state(id, MIDNIGHT / DAY_MS - 1), 'sent');
  const before = lost();
  startJobs();
  await makeDue();
  await queueIsEmpty();
  assert.equal([server.value.received.length, lost()], [0, before + 1]);
});

it('end silently when the owner wants none any more', async () => {
  const id = await anOwner();
  await tickAt(MIDNIGHT);
  await store.unsubscribe(id);
  startJobs();
  await queueIsEmpty();
  assert.is(server.value.attempts(), 0);
});

/** Takes a whole mail, and cuts the connection instead of saying so. */
async function startCuttingServer(): Promise<Component<string>> {
  const listening = createServer((socket) => {
    let all = '';
    let isData = false;
    socket.on('error', () => undefined); // it is cut on purpose
    socket.write('220 hello\r\n');
    socket.on('data', (chunk) => {
      all += chunk;
      if (isData) {
        if (all.endsWith('\r\n.\r\n')) socket.destroy();
        return;
      }
      isData = /^DATA/m.test(all);
      socket.write(isData ? '354 go on\r\n' : '250 yes\r\n');
      if (!isData) all = '';
    });
  }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { value: `smtp://127.0.0.1:${port}`, stop: async () => void listening.close() };
}

it.run();
