// timeout: 240 s
/** Who is signed in, and may do what, on several nodes with one Postgres and nothing else in common but the secret. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Plan } from '../../src/core/account.ts';
import { hashPassword } from '../../src/storage/passwords.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { KEY_TTL_MS } from '../../src/storage/postgres/key-cache.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { until } from '../support/until.ts';

const [OLD_SECRET, NEW_SECRET] = ['old', 'new'].map((name) => `a secret of a test that is the ${name} one, long enough`);
const PASSWORD = 'correct horse battery';
const QUOTA = 9;
/** Beyond the five seconds that a key may live on elsewhere: for the machine. */
const SLACK_MS = 5_000;

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });

const startNode = (settings: Record<string, string>) =>
  startTestNode({
    dataDir: join(temporaryFolder(), 'data'),
    settings: {
      ...shapeSettings({ fronts: 2, shards: 1 }),
      DATABASE_URL: database.value.url,
      BASE_URL: 'https://s.example.com',
      TRUSTED_PROXIES: '127.0.0.1',
      QUOTA_REGULAR: String(QUOTA),
      ...settings,
    },
  });

type Asked = { token?: string; cookie?: string; body?: object; from?: string };

/** On a connection of its own, so that all fronts are asked. */
const ask = (node: TestNode, method: string, path: string, { token, cookie, body, from }: Asked = {}) =>
  fetch(`${node.url()}/api/v1${path}`, {
    method,
    headers: {
      connection: 'close',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(from === undefined ? {} : { 'x-forwarded-for': from }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });

/** Asked several times, for each front may have something of its own at hand. */
async function statusOn(node: TestNode, method: string, path: string, asked: Asked): Promise<string> {
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(node, method, path, asked)));
  return [...new Set(answers.map(({ status }) => status))].sort().join();
}

type Account = { id: number; email: string };

async function account(more: { plan?: Plan; isAdmin?: boolean } = {}): Promise<Account> {
  const email = `${randomBytes(6).toString('hex')}@example.com`;
  const passwordHash = await hashPassword(PASSWORD);
  const { id } = await createConfirmedUser(pool, { email, passwordHash, isAdmin: false, plan: 'regular', timeZone: 'UTC', ...more });
  return { id, email };
}

type Session = { token: string; cookie: string };

async function sessionOf(response: Response): Promise<Session> {
  assert.is(response.status, 200, await response.clone().text());
  const { accessToken } = (await response.json()) as { accessToken: string };
  return { token: accessToken, cookie: (response.headers.get('set-cookie') ?? '').split(';')[0] };
}

const signIn = async (node: TestNode, { email }: Account, password = PASSWORD) =>
  sessionOf(await ask(node, 'POST', '/auth/login', { body: { email, password } }));

const refresh = (node: TestNode, { cookie }: Session) => ask(node, 'POST', '/auth/refresh', { cookie });

const it = suite('sessions on several nodes');

/** Two that know the new secret, started when they are first needed. */
let started: Promise<[TestNode, TestNode]> | undefined;
const nodes = () => {
  started ??= Promise.all([startNode({ SECRET_KEY: NEW_SECRET }), startNode({ SECRET_KEY: NEW_SECRET })]);
  return started;
};

it.after(async () => {
  await Promise.all((await started)?.map((node) => node.stop()) ?? []);
  await closePool();
  await database.stop();
});

it('a secret is changed without signing anybody out', async () => {
  const ann = await account();
  let node = await startNode({ SECRET_KEY: OLD_SECRET });
  const before = await signIn(node, ann);
  await node.stop();

  node = await startNode({ SECRET_KEY: NEW_SECRET, SECRET_KEY_PREVIOUS: OLD_SECRET });
  assert.is(await statusOn(node, 'GET', '/me', before), '200');
  const after = await sessionOf(await refresh(node, before));
  assert.is(await statusOn(node, 'GET', '/me', after), '200');
  await node.stop();

  node = await startNode({ SECRET_KEY: NEW_SECRET });
  assert.is(await statusOn(node, 'GET', '/me', before), '401', 'signed with the old one, which nobody knows any more');
  assert.is(await statusOn(node, 'GET', '/me', after), '200');
  assert.is((await refresh(node, after)).status, 200);
  await node.stop();
});

it('what ends on one node ends on the other: tokens at once, keys within five seconds', async () => {
  const [here, there] = await nodes();
  const admin = await account({ isAdmin: true });
  const adminKey = await createApiKey(pool, { userId: admin.id, name: 'test', scopes: ['admin'] });

  const isIn = async (node: TestNode, { token }: { token: string }) => assert.is(await statusOn(node, 'GET', '/links', { token }), '200');
  const isOut = async (session: Session) => {
    for (const node of [there, here]) {
      assert.is(await statusOn(node, 'GET', '/links', session), '401');
      assert.is((await refresh(node, session)).status, 401);
    }
  };
  const keyEnds = async (key: string, end: () => Promise<unknown>) => {
    for (const node of [here, there]) await isIn(node, { token: key });
    await end();
    assert.is(await statusOn(here, 'GET', '/links', { token: key }), '401', 'at once where it was done');
    await until(
      'the end of the key',
      async () => (await statusOn(there, 'GET', '/links', { token: key })) === '401',
      KEY_TTL_MS + SLACK_MS,
    );
  };

  const ann = await account();
  const [first, second] = [await signIn(here, ann), await signIn(there, ann)];
  for (const session of [first, second]) for (const node of [here, there]) await isIn(node, session);
  assert.is((await ask(here, 'POST', '/auth/logout/everywhere', first)).status, 204);
  for (const session of [first, second]) await isOut(session);

  const third = await signIn(there, ann);
  const body = { password: 'a longer horse than before', currentPassword: PASSWORD };
  const changed = await sessionOf(await ask(here, 'PATCH', '/me', { ...third, body }));
  await isOut(third);
  for (const node of [here, there]) await isIn(node, changed);

  const made = await ask(here, 'POST', '/api-keys', { ...changed, body: { name: 'x', scopes: ['links:read'] } });
  const { id, key } = (await made.json()) as { id: number; key: string };
  await keyEnds(key, () => ask(here, 'DELETE', `/api-keys/${id}`, changed));

  const kept = await createApiKey(pool, { userId: ann.id, name: 'test', scopes: ['links:read'] });
  await keyEnds(kept, async () => {
    const banned = await ask(here, 'PATCH', `/admin/users/${ann.id}`, { token: adminKey, body: { banned: true } });
    assert.is(banned.status, 200);
    await isOut(changed);
  });
  for (const node of [here, there]) {
    const answer = await ask(node, 'POST', '/auth/login', { body: { email: ann.email, password: 'a longer horse than before' } });
    assert.is(answer.status, 401, 'and a banned account does not come in again');
  }
});

it('places of a plan and wrong passwords are counted over both nodes, exactly', async () => {
  const both = await nodes();
  const ann = await account();
  const key = await createApiKey(pool, { userId: ann.id, name: 'test', scopes: ['links:write'] });
  const links = Array.from({ length: 40 }, (_, i) =>
    ask(both[i % 2], 'POST', '/links', { token: key, body: { url: 'https://example.com/' } }),
  );
  const made = (await Promise.all(links)).map(({ status }) => status);
  assert.equal([made.filter((status) => status === 201).length, made.filter((status) => status === 403).length], [QUOTA, 40 - QUOTA]);
  assert.is((await pool.query('SELECT FROM links WHERE owner_id = $1', [ann.id])).rowCount, QUOTA);

  const wrong = { from: '192.0.2.7', body: { email: ann.email, password: 'a wrong password' } };
  const guesses = await Promise.all(Array.from({ length: 24 }, (_, i) => ask(both[i % 2], 'POST', '/auth/login', wrong)));
  const statuses = guesses.map(({ status }) => status);
  assert.equal([statuses.filter((status) => status === 401).length, statuses.filter((status) => status === 429).length], [10, 14]);
  for (const node of both) {
    assert.is((await ask(node, 'POST', '/auth/login', { ...wrong, body: { ...wrong.body, password: PASSWORD } })).status, 429);
    assert.is((await ask(node, 'POST', '/auth/login', { from: '192.0.2.8', body: { ...wrong.body, password: PASSWORD } })).status, 200);
  }
});

it.run();
