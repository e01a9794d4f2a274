import { MessageChannel } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Failure } from '../../src/core/failure.ts';
import { isQueueFull, startTaskPool } from '../../src/jobs/pool.ts';
import { createPoolClient, servePool } from '../../src/jobs/pool-port.ts';
import { thrownBy } from '../support/thrown-by.ts';

type Tasks = {
  double: { input: number; result: number };
  later: { input: number; result: number };
  fail: { input: null; result: never };
};

const MAX_QUEUE = 3;
const THREADS = 2;

const pool = startTaskPool<Tasks>(new URL('./fixtures/tasks.ts', import.meta.url).href, {}, { threads: THREADS, maxQueue: MAX_QUEUE });

function connected() {
  const client = createPoolClient<Tasks>();
  const { port1, port2 } = new MessageChannel();
  client.connect(port1);
  servePool(port2, pool.value);
  return client;
}

const isBusy = (error: Error) => error instanceof Failure && error.code === 'busy' && error.retryAfterSec !== undefined;

const test = suite('pool of threads');

test.before(async () => {
  // Tasks wait in the queue until their threads have started.
  await Promise.all(Array.from({ length: THREADS }, (_, n) => pool.value.run('later', n)));
});
test.after(() => pool.stop());

test('tasks of several threads, each answered to whoever has asked', async () => {
  const [one, other] = [connected(), connected()];
  const asked = Array.from({ length: 2 }, (_, n) => [one.run('double', n), other.run('double', 100 + n)]);
  assert.equal(
    await Promise.all(asked.map((pair) => Promise.all(pair))),
    [0, 1].map((n) => [n * 2, (100 + n) * 2]),
  );
  one.close();
  other.close();
});

test('a task that fails says why, and the next one works', async () => {
  const client = connected();
  assert.is((await thrownBy(client.run('fail', null))).message, 'no such day');
  assert.is(await client.run('double', 4), 8);
  client.close();
});

test('so many may wait; one more is refused at once, to be tried again', async () => {
  const client = connected();
  const tasks = Array.from({ length: THREADS + MAX_QUEUE + 4 }, (_, n) => client.run('later', n).catch((error: Error) => error));
  const outcomes = await Promise.all(tasks);
  const refused = outcomes.filter((outcome) => outcome instanceof Error);
  assert.ok(refused.length >= 4, `${refused.length} refused`);
  assert.ok(refused.every(isBusy));
  assert.ok(outcomes.length - refused.length >= MAX_QUEUE);
  assert.is(await client.run('double', 1), 2);
  client.close();
});

test('a front that main has not reached yet', async () => {
  const client = createPoolClient<Tasks>();
  assert.ok(isBusy(await thrownBy(client.run('double', 1))));
});

test('what piscina says when its queue is full', async () => {
  const tasks = Array.from({ length: THREADS + MAX_QUEUE + 1 }, (_, n) => pool.value.run('later', n).catch((error: Error) => error));
  assert.is((await Promise.all(tasks)).filter(isQueueFull).length, 1);
});

test.run();
