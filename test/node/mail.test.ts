/** Mails of a whole node. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashPassword } from '../../src/storage/passwords.ts';
import { queueMail, queueResetRequest } from '../../src/storage/postgres/mail-queue.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { startMailServer } from '../support/mail-server.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { until } from '../support/until.ts';

const MAIL = {
  to: 'ann@example.com',
  kind: 'reset',
  locale: 'en',
  link: 'https://s.example.com/reset?token=abc',
  jobKey: 'reset/1',
} as const;
const WARNING = 'SMTP_URL is not set';

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const server = await startMailServer();

const startNode = (settings: Record<string, string>) =>
  startTestNode({
    dataDir: temporaryFolder(),
    settings: { ...shapeSettings({ fronts: 1, shards: 1 }), DATABASE_URL: database.value.url, LOG_LEVEL: 'info', ...settings },
  });

const it = suite('mails of a node');

it.after(async () => {
  await closePool();
  await server.stop();
  await database.stop();
});

it('go to the server', async () => {
  const node = await startNode({ SMTP_URL: server.value.url, BASE_URL: 'https://s.example.com', NODE_ENV: 'production' });
  await queueMail(pool, MAIL);
  const { from, to } = await until('a mail', () => server.value.received[0]);
  assert.equal([from, to], ['elnk@s.example.com', [MAIL.to]]);
  assert.is((await node.stop()).code, 0);
  assert.not.match(node.log(), WARNING);
  assert.not.match(node.log(), 'token=abc');
});

it('are printed when there is none, and this is not production', async () => {
  const node = await startNode({ SMTP_URL: '' });
  assert.not.match(node.log(), WARNING);
  await queueMail(pool, MAIL);
  await until('a printed mail', () => node.log().includes(MAIL.link));
  assert.is((await node.stop()).code, 0);
});

it('are refused in production when there is none, with a warning, and never printed; what waits is left to nodes that can send it', async () => {
  const { id } = await createConfirmedUser(pool, {
    email: 'bob@example.com',
    passwordHash: await hashPassword('correct horse battery'),
    isAdmin: false,
    plan: 'regular',
    timeZone: 'UTC',
  });
  await queueMail(pool, { ...MAIL, to: 'late@example.com' });
  await queueResetRequest(pool, 'bob@example.com');
  const node = await startNode({ SMTP_URL: '', NODE_ENV: 'production', LOG_LEVEL: 'debug' });
  assert.match(node.log(), new RegExp(`${WARNING}, and in production mails are not printed: nobody can register`));

  const ask = async (method: string, path: string, body: object, token?: string) => {
    const response = await fetch(`${node.url()}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    const json: Record<string, unknown> = response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>);
    return { status: response.status, json };
  };
  const password = 'correct horse battery';
  const login = await ask('POST', '/auth/login', { email: 'bob@example.com', password });
  assert.is(login.status, 200);
  const token = String(login.json.accessToken);
  for (const { status, json } of [
    await ask('POST', '/auth/register', { email: 'new@example.com', password }),
    await ask('POST', '/auth/password/forgot', { email: 'bob@example.com' }),
    await ask('POST', '/auth/password/forgot', { email: 'nobody@example.com' }),
    await ask('POST', '/auth/confirm/resend', {}, token),
    await ask('POST', '/reports/daily/send', {}, token),
    await ask('PATCH', '/me', { email: 'other@example.com', currentPassword: password }, token),
    await ask('POST', '/reports/daily/send', {}, token),
  ]) {
    assert.equal([status, json.code], [503, 'mail_off']);
  }
  assert.is((await ask('PATCH', '/me', { timezone: 'Asia/Tokyo' }, token)).status, 200, 'what needs no mail');
  assert.is((await pool.query('SELECT FROM users WHERE id <> $1', [id])).rowCount, 0);
  assert.is((await node.stop()).code, 0);
  assert.not.match(node.log(), /(reset|confirm)[#?]token=/); // the link for the first administrator is meant to be there

  const other = await startNode({ SMTP_URL: server.value.url, BASE_URL: 'https://s.example.com', NODE_ENV: 'production' });
  const sent = () => server.value.received.flatMap(({ to }) => to).sort();
  await until('both mails', () => sent().filter((to) => to !== MAIL.to).length === 2);
  assert.equal(sent(), [MAIL.to, 'bob@example.com', 'late@example.com'].sort());
  assert.is((await other.stop()).code, 0);
});

it.run();
