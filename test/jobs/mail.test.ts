/** Mails from the queue to a real SMTP server. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type MailOrder, resetToken } from '../../src/core/mail.ts';
import type { Component } from '../../src/core/ports.ts';
import { mailTasks } from '../../src/jobs/mail.ts';
import { createLogTransport, createSmtpTransport, type MailTransport } from '../../src/jobs/mail-transport.ts';
import { startJobRunner } from '../../src/jobs/runner.ts';
import { queueMail, tidyMailQueue } from '../../src/storage/postgres/mail-queue.ts';
import { newMailToken } from '../../src/storage/postgres/mail-tokens.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool, inTransaction } from '../../src/storage/postgres/pool.ts';
import { createRegistrationStore } from '../../src/storage/postgres/registration.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { noJournal } from '../support/journal.ts';
import { recordingLogger } from '../support/logger.ts';
import { type MailServer, type ReceivedMail, startMailServer } from '../support/mail-server.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { testDatabase } from '../support/postgres.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const FROM = 'elnk@s.example.com';
const LINK = 'https://s.example.com/confirm?token=abc&x=1';
const order = (to: string, more: Partial<MailOrder> = {}) => ({
  to,
  kind: 'confirm' as const,
  locale: 'en' as const,
  link: LINK,
  jobKey: to,
  ...more,
});

const { logger, lines } = recordingLogger();
const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 8, logger });
const registration = createRegistrationStore(pool);
const sendReset = (email: string) => registration.sendReset(email, resetToken('https://s.example.com', newMailToken()));
let server: Component<MailServer>;
let jobs: Component<void> | null = null;

const startRunner = (connections: typeof pool, transport: MailTransport) =>
  startJobRunner({ pool: connections, tasks: mailTasks({ transport, from: FROM, sendReset, logger }), journal: noJournal, logger });
const startJobs = () => {
  jobs = startRunner(pool, createSmtpTransport(server.value.url));
};
const stopJobs = async () => {
  await jobs?.stop();
  jobs = null;
};
const mailsTo = (to: string): ReceivedMail[] => server.value.received.filter((it) => it.to.includes(to));
const oneMailTo = (to: string) => until(`a mail to ${to}`, () => mailsTo(to)[0]);
const queueIsEmpty = () => until('an empty queue', async () => (await waiting()).length === 0);
const waiting = async () => (await pool.query('SELECT * FROM graphile_worker.jobs ORDER BY id')).rows;
const failedOnce = () =>
  until('a failed try that waits', async () => (await waiting()).some(({ attempts, locked_at }) => attempts === 1 && locked_at === null));
/** What time does, at once. */
const makeDue = () => pool.query('UPDATE graphile_worker._private_jobs SET run_at = now()');
/** The node that was sending has died a while ago. */
const killSender = () =>
  pool.query(
    `UPDATE graphile_worker._private_jobs SET locked_by = 'pool-of-the-dead', locked_at = now() - interval '6 minutes', attempts = attempts + 1`,
  );

const it = suite('mail jobs');

it.before.each(async () => {
  server = await startMailServer();
  lines.length = 0;
});

it.after.each(async () => {
  await stopJobs();
  await server.stop();
  await pool.query('DELETE FROM graphile_worker._private_jobs');
});

it.after(async () => {
  await closePool();
  await database.stop();
});

it('sends a mail once, with both parts, to whom it is for', async () => {
  startJobs();
  await inTransaction(pool, (client) => queueMail(client, order('ann@example.com', { locale: 'ru' })));
  const { from, to, mail } = await oneMailTo('ann@example.com');
  assert.equal([from, to], [FROM, ['ann@example.com']]);
  assert.is(mail.subject, 'Подтвердите адрес электронной почты');
  assert.ok(mail.text?.includes(`\n${LINK}\n`), mail.text);
  assert.ok(typeof mail.html === 'string' && mail.html.includes(`href="${LINK.replace('&', '&amp;')}"`));
  assert.match(mail.text ?? '', 'Вы зарегистрировались с этим адресом.');
  await queueIsEmpty();
  assert.is(server.value.attempts(), 1);
});

it('sends nothing of a transaction that was rolled back', async () => {
  startJobs();
  const changeOfMind = new Error('rolled back');
  const failing = inTransaction(pool, async (client) => {
    await queueMail(client, order('nobody@example.com'));
    throw changeOfMind;
  });
  assert.is(await thrownBy(failing), changeOfMind);
  assert.equal(await waiting(), []);
  await queueMail(pool, order('later@example.com'));
  await oneMailTo('later@example.com');
  assert.is(server.value.attempts(), 1);
});

it('tries again what the server refuses for now, and sends it once', async () => {
  server.value.refuseWith(451);
  startJobs();
  await queueMail(pool, order('ann@example.com'));
  await failedOnce();
  assert.equal(
    lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
    ['a mail could not be sent; it is tried again'],
  );
  server.value.refuseWith(null);
  await makeDue();
  await oneMailTo('ann@example.com');
  await queueIsEmpty();
  assert.equal([server.value.attempts(), mailsTo('ann@example.com').length], [2, 1]);
});

it('keeps mails while no worker runs', async () => {
  startJobs();
  await stopJobs();
  await queueMail(pool, order('ann@example.com'));
  assert.is((await waiting()).length, 1);
  assert.is(server.value.attempts(), 0);
  startJobs();
  await oneMailTo('ann@example.com');
  await queueIsEmpty();
});

it('waits for a mail that is being sent when it is stopped', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  server.value.holdUntil(gate);
  startJobs();
  await queueMail(pool, order('ann@example.com'));
  await until('a mail on its way', () => server.value.attempts() === 1);
  const stopped = stopJobs();
  open();
  await stopped;
  assert.is(mailsTo('ann@example.com').length, 1);
  assert.equal(await waiting(), [], 'and it is not sent again');
});

it('replaces a mail that waits under the same key', async () => {
  await queueMail(pool, order('ann@example.com'));
  await queueMail(pool, order('ann@example.com', { link: `${LINK}&newer=1` }));
  startJobs();
  const { mail } = await oneMailTo('ann@example.com');
  assert.match(mail.text ?? '', '&newer=1');
  await queueIsEmpty();
  assert.is(server.value.attempts(), 1);
});

it('frees what a dead node was sending', async () => {
  await queueMail(pool, order('ann@example.com'));
  await killSender();
  assert.is(await tidyMailQueue(pool), 0);
  assert.equal(
    (await waiting()).map(({ locked_by }) => locked_by),
    [null],
  );
  startJobs();
  await oneMailTo('ann@example.com');
});

it('leaves alone what a living node is sending', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  server.value.holdUntil(gate);
  startJobs();
  await queueMail(pool, order('ann@example.com'));
  await until('a mail on its way', () => server.value.attempts() === 1);
  assert.is(await tidyMailQueue(pool), 0);
  assert.type((await waiting())[0].locked_by, 'string');
  open();
  await queueIsEmpty();
  assert.is(server.value.attempts(), 1);
});

it('deletes a mail that was given up, and with it the link', async () => {
  server.value.refuseWith(550);
  await queueMail(pool, order('ann@example.com'));
  await pool.query('UPDATE graphile_worker._private_jobs SET attempts = max_attempts - 1');
  startJobs();
  await until('a mail that is given up', () => lines.some(({ message }) => message === 'a mail could not be sent; it is given up'));
  await until('the end of the try', async () => (await waiting())[0].locked_at === null);
  assert.is(await tidyMailQueue(pool), 1);
  assert.equal(await waiting(), []);
});

it('never logs a link when there is a server, whatever happens', async () => {
  server.value.refuseWith(451);
  startJobs();
  await queueMail(pool, order('ann@example.com'));
  await failedOnce();
  server.value.refuseWith(null);
  await makeDue();
  await queueIsEmpty();
  await stopJobs();
  assert.ok(lines.length > 2);
  assert.not.match(JSON.stringify(lines), 'token=abc');
});

it('refuses to queue what is no mail, and drops what got into the queue otherwise', async () => {
  const evil = 'ann@example.com\r\nBcc: eve@example.com';
  assert.match((await thrownBy(queueMail(pool, order(evil)))).message, 'not a mail');
  assert.match((await thrownBy(queueMail(pool, order('ann@example.com', { locale: evil as 'en' })))).message, 'not a mail');
  await pool.query(`SELECT graphile_worker.add_job('mail', $1::json)`, [JSON.stringify(order(evil))]);
  startJobs();
  await queueIsEmpty();
  assert.is(server.value.attempts(), 0);
  assert.ok(lines.some(({ level, message }) => level === 'error' && message.includes('is no mail')));
});

it('makes a mail of the wish for a new password, also of one from before a restart, and none where there is no account', async () => {
  await createConfirmedUser(pool, { email: 'bob@example.com', passwordHash: null, isAdmin: false, plan: 'regular', timeZone: 'UTC' });
  for (const email of ['bob@example.com', 'nobody@example.com', 'bob@example.com']) await registration.requestReset(email);
  await pool.query(`SELECT graphile_worker.add_job('reset-request', '{"email": "no address"}')`);
  assert.is((await waiting()).length, 3);
  startJobs();
  const { mail } = await oneMailTo('bob@example.com');
  assert.match(mail.text ?? '', /^https:\/\/s\.example\.com\/reset#token=[\w-]{43}$/m);
  await queueIsEmpty();
  assert.is(server.value.attempts(), 1);
  assert.is(lines.filter(({ level }) => level === 'error').length, 1, 'the job that names no address');
});

it('prints mails when there is no server', async () => {
  jobs = startRunner(pool, createLogTransport(logger));
  await queueMail(pool, order('ann@example.com'));
  const line = await until('a line', () => lines.find(({ level }) => level === 'info'));
  assert.equal(line.fields, { to: 'ann@example.com', subject: 'Confirm your e-mail address', link: LINK });
});

it('goes on after an outage of Postgres, and stops while there is none that answers', async () => {
  const postgres = await startOwnPostgres();
  const url = postgres.value.url;
  await migrate({ url, logger });
  const own = await createPool({ url, name: 'own', max: 8, logger });
  const worker = startRunner(own.value, createSmtpTransport(server.value.url));
  try {
    await queueMail(own.value, order('before@example.com'));
    await oneMailTo('before@example.com');
    await postgres.value.stop();
    await postgres.value.start();
    await queueMail(own.value, order('after@example.com'));
    await oneMailTo('after@example.com');

    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    server.value.holdUntil(gate);
    await queueMail(own.value, order('during@example.com'));
    await until('a mail on its way', () => server.value.attempts() === 3);
    await postgres.value.stop();
    open();
    await oneMailTo('during@example.com');
    await until('the worker has ended', () => lines.some(({ message }) => message.startsWith('jobs wait')), 20_000);
    await postgres.value.start();
    await queueMail(own.value, order('again@example.com'));
    await until('a worker that runs again', () => mailsTo('again@example.com').length > 0, 20_000);

    postgres.value.freeze();
    const started = performance.now();
    await worker.stop();
    assert.ok(performance.now() - started < 7_000);
  } finally {
    postgres.value.thaw();
    await own.stop();
    await postgres.stop();
  }
});

it.run();
