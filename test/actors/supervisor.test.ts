import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type SupervisedThread, superviseThread } from '../../src/actors/supervisor.ts';
import { counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import type { ToMain } from '../../src/core/messages.ts';
import type { Trouble } from '../../src/core/troubles.ts';
import { recordingLogger } from '../support/logger.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const test = suite('supervisor');

/** The first back-off, and what a timer may be late. */
const BACKOFF_MS = 100;

/** @param lives what the thread does in each of its lives (fixtures/supervised.ts) */
function setUp(lives: string) {
  const cells = new Int32Array(new SharedArrayBuffer(8));
  const memory = new SharedArrayBuffer(counterBytes(1));
  const { logger, lines } = recordingLogger();
  const workers: Worker[] = [];
  const spawned: number[] = [];
  const ready: SupervisedThread[] = [];
  const said: ToMain[] = [];
  const start = () =>
    superviseThread({
      name: 'thread 7',
      spawn() {
        const worker = new Worker(new URL('./fixtures/supervised.ts', import.meta.url), { workerData: { lives, cells } });
        workers.push(worker);
        spawned.push(performance.now());
        return worker;
      },
      onReady: (thread) => void ready.push(thread),
      onMessage(message, answer) {
        said.push(message);
        answer({ type: 'health', reasons: [wishOf(`answer to ${'id' in message ? message.id : message.type}`)] });
      },
      counters: countersOf(memory, 0),
      logger,
    });
  return {
    start,
    ready,
    said,
    lines,
    workers,
    spawned,
    restarts: () => readCounters(memory).threadRestarts,
    /** Lives begun by the thread itself. */
    begun: () => Atomics.load(cells, 0),
    letGo() {
      Atomics.store(cells, 1, 1);
      Atomics.notify(cells, 1);
    },
    /** A thread that has ended has no id. */
    running: () => workers.filter((worker) => worker.threadId !== -1).length,
  };
}

/** Whatever a test wants the thread to do or to say; the server's own words are a closed list. */
const wishOf = (wish: string) => wish as Trouble;
const tell = (thread: SupervisedThread, wish: string) => thread.post({ type: 'health', reasons: [wishOf(wish)] });

test('starts, is well, and stops when the thread has ended', async () => {
  const { start, ready, running, restarts } = setUp('g');
  const { value: thread, stop } = await start();
  assert.equal(ready, [thread]);
  assert.equal(thread.health(), []);
  assert.is(running(), 1);
  await stop();
  assert.is(running(), 0);
  assert.is(restarts(), 0);
});

test('a thread that says why it is not well', async () => {
  const { start } = setUp('g');
  const { value: thread, stop } = await start();
  tell(thread, 'the disk is full');
  await until('the reason', () => thread.health().length === 1);
  assert.equal(thread.health(), ['thread 7: the disk is full']);
  thread.post({ type: 'health', reasons: [] });
  await until('all well', () => thread.health().length === 0);
  await stop();
});

test('whatever else it says is passed on, with a way to answer that life of it', async () => {
  const { start, said } = setUp('g');
  const { value: thread, stop } = await start();
  tell(thread, 'ask');
  await until('the answer has come back', () => thread.health()[0] === 'thread 7: answer to 7');
  assert.equal(said, [{ type: 'changed', id: 7, cells: 'all' }]);
  await stop();
});

test('is started again when it ends, for whatever reason, and its reasons are forgotten', async () => {
  const { start, ready, lines, restarts, running } = setUp('g');
  const { value: thread, stop } = await start();
  tell(thread, 'the disk is full');
  await until('the reason', () => thread.health().length === 1);
  for (const [n, wish] of ['throw', 'exit'].entries()) {
    tell(thread, wish);
    await until('it has ended', () => thread.health()[0] === 'thread 7 is starting');
    await until('it is ready again', () => ready.length === n + 2);
    assert.equal(thread.health(), []);
    assert.is(ready[n + 1], thread, 'the same handle');
  }
  assert.is(restarts(), 2);
  const logged = lines.filter(({ level }) => level === 'error').map(({ fields }) => fields as { err: Error | null; code: number });
  assert.is(logged[0].err?.message, 'unexpected');
  assert.equal([logged[1].err, logged[1].code], [null, 3]);
  tell(thread, 'still reached');
  await until('an answer of the third life', () => thread.health()[0] === 'thread 7: still reached');
  await stop();
  assert.is(running(), 0);
});

test('starts lie further and further apart while they fail', async () => {
  const { start, ready, spawned, restarts, lines } = setUp('gtetg');
  const { value: thread, stop } = await start();
  tell(thread, 'exit');
  await until('the fifth life', () => ready.length === 2);
  assert.is(restarts(), 4);
  const waits = lines.map(({ fields }) => (fields as { restartInMs: number }).restartInMs);
  assert.equal(waits, [1, 2, 4, 8].map((n) => n * BACKOFF_MS)); // biome-ignore format: short
  for (const [i, wait] of waits.entries()) assert.ok(spawned[i + 1] - spawned[i] >= wait - 1, `${spawned[i + 1] - spawned[i]} ms`);
  await stop();
});

test('a first start that fails rejects with the error of the thread, and there is no second', async () => {
  for (const [lives, reason] of [
    ['t', /^no database$/],
    ['e', /^thread 7 ended with code 5 before it was ready$/],
  ] as const) {
    const { start, ready, running, workers } = setUp(lives);
    assert.match((await thrownBy(start())).message, reason);
    await sleepLongerThanBackoff();
    assert.equal([ready.length, running(), workers.length], [0, 0, 1]);
  }
});

/** Nothing must happen, so there is nothing to poll for. */
const sleepLongerThanBackoff = () => new Promise((resolve) => setTimeout(resolve, BACKOFF_MS * 2));

test('stop between two lives: there is no next one', async () => {
  const { start, workers, running } = setUp('g');
  const { value: thread, stop } = await start();
  tell(thread, 'exit');
  await until('it has ended', () => running() === 0 && thread.health().length > 0);
  await stop();
  await sleepLongerThanBackoff();
  assert.is(workers.length, 1);
});

test('stop while it is starting again: waits for its end, and nobody is told that it is ready', async () => {
  const { start, begun, letGo, ready, workers, running } = setUp('gs');
  const { value: thread, stop } = await start();
  tell(thread, 'exit');
  await until('the second life', () => begun() === 2);
  let stopped = false;
  const stopping = stop().then(() => {
    stopped = true;
  });
  await sleepLongerThanBackoff();
  assert.not(stopped, 'a thread is still running');
  letGo();
  await stopping;
  assert.is(running(), 0);
  assert.is(ready.length, 1);
  await sleepLongerThanBackoff();
  assert.is(workers.length, 2);
});

test('stop while it is starting again, and the start fails', async () => {
  const { start, begun, letGo, workers, running } = setUp('gS');
  const { value: thread, stop } = await start();
  tell(thread, 'exit');
  await until('the second life', () => begun() === 2);
  const stopping = stop();
  letGo();
  await stopping;
  await sleepLongerThanBackoff();
  assert.equal([workers.length, running()], [2, 0]);
});

test('stop at the moment when it ends', async () => {
  for (let n = 0; n < 10; n++) {
    const { start, running, workers } = setUp('g');
    const { value: thread, stop } = await start();
    tell(thread, n % 2 === 0 ? 'exit' : 'throw');
    await stop();
    assert.equal([workers.length, running()], [1, 0]);
  }
});

test.run();
