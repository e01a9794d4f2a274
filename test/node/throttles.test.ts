// timeout: 120 s
/** Throttles of two real nodes with two fronts each, which count in one Redis: nobody gets more by asking another node, thread or Redis. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashPassword } from '../../src/storage/passwords.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { startTestRedis } from '../support/redis.ts';
import { say } from '../support/say.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';

const LOGIN_MAX = 10;
const REQUESTS_MAX = 100;
const AT_ONCE = 6;

const database = await testDatabase();
const redis = await startTestRedis();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const pool = connections.value;
const start = () =>
  startTestNode({
    dataDir: temporaryFolder(),
    settings: {
      ...shapeSettings({ fronts: 2, shards: 1 }),
      DATABASE_URL: database.value.url,
      REDIS_URL: redis.value.url,
      SECRET_KEY: randomBytes(32).toString('base64'),
      REQUESTS_PER_MINUTE: String(REQUESTS_MAX),
    },
  });
const nodes = await Promise.all([start(), start()]);

const it = suite('throttles of two nodes');

it.after(async () => {
  for (const node of nodes) await node.kill();
  await redis.stop();
  await connections.stop();
  await database.stop();
});

async function newAccount(): Promise<string> {
  const email = `${randomBytes(6).toString('hex')}@example.com`;
  const passwordHash = await hashPassword('correct horse battery staple');
  await createConfirmedUser(pool, { email, passwordHash, isAdmin: false, plan: 'regular', timeZone: 'UTC' });
  return email;
}

/** Guesses the password of an account, through both nodes, each time from another address if one believed what is said. @returns how often each status came */
async function guess(email: string, times: number): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  for (let i = 0; i < times; i += AT_ONCE) {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, n) => {
        const response = await fetch(`${nodes[n % 2].url()}/api/v1/auth/login`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            connection: 'close',
            'x-forwarded-for': `203.0.113.${i + n}`,
            forwarded: 'for=192.0.2.1',
          },
          body: JSON.stringify({ email, password: `guess ${i + n}` }),
        });
        await response.text();
        return response;
      }),
    );
    for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

it('brute force over both nodes, with forged addresses: ten tries', async () => {
  const statuses = await guess(await newAccount(), 48);
  say(`brute force over two nodes: ${JSON.stringify(statuses)}`);
  assert.equal(statuses, { 401: LOGIN_MAX, 429: 48 - LOGIN_MAX });
});

it('requests of the API: the limit of an account holds over all fronts of both nodes, and nearly all of it can be used', async () => {
  const { apiKey } = await makeOwner(pool, { links: 0 });
  const statuses = { passed: 0, refused: 0 };
  for (let i = 0; i < 3 * REQUESTS_MAX; i += 20) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        fetch(`${nodes[n % 2].url()}/api/v1/links`, { headers: { authorization: `Bearer ${apiKey}`, connection: 'close' } }),
      ),
    );
    for (const { status } of answers) statuses[status === 429 ? 'refused' : 'passed']++;
  }
  say(`limit of ${REQUESTS_MAX} requests over two nodes with two fronts each: ${statuses.passed} passed`);
  assert.ok(statuses.passed <= REQUESTS_MAX && statuses.passed > 0.9 * REQUESTS_MAX, JSON.stringify(statuses));
  assert.ok((await nodes[0].metric('elnk_throttled_requests_total')) > 0);
});

it('with Redis stopped after that, Postgres counts: no more than ten in either store', async () => {
  const email = await newAccount();
  const before = await guess(email, 12);
  assert.is(before[401], LOGIN_MAX);
  await redis.value.stop();
  const without = await guess(email, 24);
  assert.equal(without, { 401: LOGIN_MAX, 429: 24 - LOGIN_MAX });
});

it.run();
