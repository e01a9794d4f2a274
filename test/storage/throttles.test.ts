/** One contract for the throttles of every store: Postgres, Redis, and Redis with Postgres behind it; and what happens when Redis is away. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAllowance } from '../../src/core/allowance.ts';
import { Failure } from '../../src/core/failure.ts';
import type { ThrottlePolicy } from '../../src/core/ports/accounts.ts';
import type { CountedThrottle } from '../../src/storage/counted.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createThrottle } from '../../src/storage/postgres/throttles.ts';
import { openRedis } from '../../src/storage/redis/connection.ts';
import { createRedisThrottle } from '../../src/storage/redis/throttles.ts';
import { createThrottles, REDIS_REST_MS } from '../../src/storage/throttles.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { startTestRedis } from '../support/redis.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const database = await testDatabase();
const redis = await startTestRedis();
const connections = await createPool({ url: database.value.url, name: 'test', max: 8, logger: silentLogger });
const pool = connections.value;
const links = await Promise.all(
  [0, 1].map((i) => openRedis({ url: redis.value.url, name: `test ${i}`, logger: silentLogger, commandTimeoutMs: 2_000 })),
);
const clients = links.map(({ value }) => value.client);
const clock = () => performance.now();

let policies = 0;
/** A count of its own. */
const policyOf = (limit: number, windowSec = 60): ThrottlePolicy => ({ name: `test-${++policies}`, limit, windowSec });

const refusal = async (work: Promise<unknown>): Promise<Failure> => {
  const error = await thrownBy(work);
  assert.ok(error instanceof Failure && error.code === 'too_many_requests', String(error));
  return error;
};

const isRefused = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => false,
    (error) => {
      if (error instanceof Failure && error.code === 'too_many_requests') return true;
      throw error;
    },
  );

/** @param make a throttle of another thread or node at each call */
function contract(name: string, make: (policy: ThrottlePolicy, thread: number) => CountedThrottle): void {
  const it = suite(`throttles in ${name}`);

  it('so many tries of a key, and no more; those of other keys and policies are others', async () => {
    const policy = policyOf(3);
    const [one, two] = [make(policy, 0), make(policy, 1)];
    await one.take('a');
    await two.take('a');
    await one.take('a');
    for (const throttle of [two, one]) {
      const { policy: said, retryAfterSec = 0 } = await refusal(throttle.take('a'));
      assert.equal(said, policy);
      assert.ok(Number.isInteger(retryAfterSec) && retryAfterSec > 50 && retryAfterSec <= 60, `${retryAfterSec} s`);
    }
    await two.take('b');
    await make(policyOf(3), 0).take('a');
  });

  it('several points at once: all or refused', async () => {
    const throttle = make(policyOf(10), 0);
    await throttle.take('a', 9);
    await refusal(throttle.take('a', 2));
    await refusal(throttle.take('a', 1_000));
    await throttle.take('a');
    await refusal(throttle.take('a'));
  });

  it('exact, however many take at once through several threads', async () => {
    const policy = policyOf(25);
    const throttles = [make(policy, 0), make(policy, 1), make(policy, 0)];
    const refused = await Promise.all(Array.from({ length: 300 }, (_, i) => isRefused(throttles[i % 3].take('a'))));
    assert.is(refused.filter((it) => !it).length, 25);
  });

  it('a try that is given back does not count, one that is forgotten neither; nothing is given back that was not taken', async () => {
    const throttle = make(policyOf(2), 0);
    await throttle.giveBack('a');
    await throttle.take('a');
    await throttle.take('a');
    await throttle.giveBack('a');
    await throttle.take('a');
    await refusal(throttle.take('a'));
    await throttle.forget('a');
    await throttle.take('a');
    await throttle.take('a');
    await refusal(throttle.take('a'));
  });

  it('after the window there is room again, and a point of the past is not given back to the next one', async () => {
    const throttle = make(policyOf(1, 1), 0);
    await throttle.take('a');
    await throttle.take('later');
    await refusal(throttle.take('later'));
    await until('another window', async () => !(await isRefused(throttle.take('later'))));
    await throttle.giveBack('a');
    assert.is((await throttle.lease('a', 3)).granted, 1);
  });

  it('points in advance: never more than the limit, with what others still may have, and until when', async () => {
    const policy = policyOf(10);
    const [one, two] = [make(policy, 0), make(policy, 1)];
    const first = await one.lease('a', 4);
    assert.equal([first.granted, first.left], [4, 6]);
    assert.ok(first.resetMs > 50_000 && first.resetMs <= 60_000, `${first.resetMs} ms`);
    const second = await two.lease('a', 4);
    assert.equal([second.granted, second.left], [4, 2]);
    const third = await one.lease('a', 4);
    assert.equal([third.granted, third.left], [2, 0]);
    const fourth = await two.lease('a', 4);
    assert.equal([fourth.granted, fourth.left], [0, 0]);
    assert.ok(fourth.resetMs <= first.resetMs);
  });

  it('spent by several threads that take in advance: exactly the limit, with few questions to the store', async () => {
    const policy = policyOf(1_000);
    let asked = 0;
    const threads = [0, 1, 0].map((thread) => {
      const throttle = make(policy, thread);
      const store = {
        lease: (key: string, points: number) => {
          asked++;
          return throttle.lease(key, points);
        },
      };
      return createAllowance({ policy, store, entries: 100, clock });
    });
    const refused = await Promise.all(Array.from({ length: 3_000 }, (_, i) => isRefused(threads[i % 3]('a'))));
    assert.is(refused.filter((it) => !it).length, 1_000);
    assert.ok(asked <= 250, `${asked} questions`);
  });

  it('what is counted is not kept as it was given', async () => {
    await make(policyOf(1), 0).take('ann@example.com 192.0.2.1');
    const { rows } = await pool.query<{ key: string }>('SELECT key FROM throttles');
    const keys = String(await clients[0].keys('*'));
    assert.not.match(rows.map(({ key }) => key).join() + keys, /example|192/);
  });

  it.run();
}

contract('Postgres', (policy) => createThrottle(pool, policy));
contract('Redis', (policy, thread) => createRedisThrottle(clients[thread], policy));
contract('Redis, with Postgres behind it', (policy, thread) => createThrottles({ pool, redis: clients[thread], clock })(policy));

const away = suite('throttles while Redis is away');

away.after(async () => {
  for (const link of links) await link.stop();
  await redis.stop();
  await connections.stop();
  await database.stop();
});

for (const how of ['stopped', 'frozen'] as const) {
  away(`${how}: Postgres counts, over all threads; when it is back, Redis does`, async () => {
    const policy = policyOf(5);
    const time = { now: 0 };
    const throttles = clients.map((client) => createThrottles({ pool, redis: client, clock: () => time.now })(policy));
    const takeAll = () => Promise.all(Array.from({ length: 20 }, (_, i) => isRefused(throttles[i % 2].take('a'))));
    const granted = async () => (await takeAll()).filter((it) => !it).length;
    await throttles[0].take('a');
    if (how === 'stopped') await redis.value.stop();
    else redis.value.freeze();
    assert.is(await granted(), 5);
    assert.is(await granted(), 0, 'it stays with Postgres, without asking Redis');
    const lease = await throttles[0].lease('b', 2);
    assert.equal([lease.granted, lease.left], [2, 3]);
    await throttles[1].forget('a');
    await throttles[0].take('a');
    await throttles[0].giveBack('a');

    if (how === 'stopped') await redis.value.start();
    else redis.value.thaw();
    await until('Redis is back', () => links.every(({ value }) => value.isUp()));
    time.now += REDIS_REST_MS;
    const left = 5 - (how === 'frozen' ? Number(await clients[0].get((await clients[0].keys(`elnk:throttle:${policy.name}:*`))[0])) : 0);
    assert.is(await granted(), Math.max(0, left), 'of a Redis that forgets when it is stopped');
  });
}

away('both away: the error is that of Postgres, for which the API has an answer', async () => {
  const nowhere = await createPool({ url: 'postgres://nobody@127.0.0.1:1/none', name: 'test', max: 1, logger: silentLogger });
  await redis.value.stop();
  const throttle = createThrottles({ pool: nowhere.value, redis: clients[0], clock })(policyOf(1));
  assert.match(String(await thrownBy(throttle.take('a'))), 'ECONNREFUSED');
  await nowhere.stop();
});

away.run();
