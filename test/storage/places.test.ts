import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { placesMemory, sharePlaces } from '../../src/storage/places.ts';
import { until } from '../support/until.ts';

const SHAPE = { places: 2, lanes: 3 };
const QUEUE = { waitingMax: 5, patienceMs: 60_000 };

const it = suite('places');

/** Several threads, as far as the memory can tell. */
function setUp() {
  const memory = placesMemory(SHAPE);
  const lane = (n: number) => sharePlaces(memory, SHAPE, n, QUEUE);
  const work = { running: 0, most: 0, ends: [] as (() => void)[] };
  const task = async () => {
    work.most = Math.max(work.most, ++work.running);
    await new Promise<void>((resolve) => void work.ends.push(resolve));
    work.running--;
  };
  const endAll = async (tasks: Promise<unknown>[]) => {
    let isOver = false;
    void Promise.allSettled(tasks).then(() => {
      isOver = true;
    });
    await until('the end of all', () => {
      work.ends.shift()?.();
      return isOver;
    });
  };
  return { memory, lane, work, task, endAll };
}

it('so many work at once over all threads, so many wait, the others are refused at once', async () => {
  const { lane, work, task, endAll } = setUp();
  const threads = [lane(0), lane(1), lane(2)];
  const entered = Array.from({ length: 7 }, (_, i) => threads[i % 3].run(task));
  await until('two at work', () => work.running === 2);
  for (const thread of threads) assert.is(await thread.run(task), null);
  await endAll(entered);
  assert.equal(await Promise.all(entered), new Array(7).fill({ result: undefined }));
  assert.is(work.most, 2);
  const again = threads[1].run(task);
  await until('one at work', () => work.running === 1);
  await endAll([again]);
});

it('who waits in a thread comes in order, and who comes later does not slip in', async () => {
  const { lane, work, endAll } = setUp();
  const thread = lane(0);
  const order: number[] = [];
  const entered = Array.from({ length: 7 }, (_, i) =>
    thread.run(async () => {
      order.push(i);
      await new Promise<void>((resolve) => void work.ends.push(resolve));
    }),
  );
  await endAll(entered);
  assert.equal(order, [0, 1, 2, 3, 4, 5, 6]);
});

it('who has waited for too long is refused and does not count any more, and nobody else is the worse for it', async () => {
  const { memory, work, task, endAll } = setUp();
  const patient = sharePlaces(memory, SHAPE, 0, QUEUE);
  const impatient = sharePlaces(memory, SHAPE, 1, { ...QUEUE, patienceMs: 1 });
  const both = [patient.run(task), patient.run(task)];
  const refused = await Promise.all(Array.from({ length: 5 }, () => impatient.run(task)));
  assert.equal(refused, new Array(5).fill(null));
  const waits = Array.from({ length: 5 }, () => patient.run(task));
  assert.is(await patient.run(task), null, 'five wait again');
  await endAll([...both, ...waits]);
  assert.is(work.most, 2);
});

it('work that fails leaves its place', async () => {
  const { lane, work, task, endAll } = setUp();
  const thread = lane(0);
  for (let i = 0; i < 10; i++) {
    const failed = thread.run(() => Promise.reject(new Error('no'))).catch((error: Error) => error.message);
    assert.is(await failed, 'no');
  }
  const both = [thread.run(task), thread.run(task)];
  await until('two at work', () => work.running === 2);
  await endAll(both);
});

it('a thread that starts again has neither places nor people waiting of its former self', async () => {
  const { memory, lane, work, task, endAll } = setUp();
  const module = new URL('../../src/storage/places.ts', import.meta.url).href;
  const script = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(${JSON.stringify(module)}).then(({ sharePlaces }) => {
      const { run } = sharePlaces(workerData, ${JSON.stringify(SHAPE)}, 0, ${JSON.stringify(QUEUE)});
      for (let i = 0; i < 7; i++) run(() => new Promise(() => undefined));
      parentPort.postMessage('all in');
      setInterval(() => undefined, 1000);
    });`;
  const worker = new Worker(script, { eval: true, workerData: memory });
  await new Promise((resolve) => worker.once('message', resolve));
  const other = lane(1);
  assert.is(await other.run(task), null, 'the places are taken and the queue is full');
  await worker.terminate();
  const waits = lane(2);
  const restarted = lane(0);
  const entered = [other.run(task), waits.run(task), restarted.run(task)];
  await until('two at work', () => work.running === 2);
  await endAll(entered);
});

it('a place that is left in one thread is taken at once in another', async () => {
  const memory = placesMemory(SHAPE);
  const module = new URL('../../src/storage/places.ts', import.meta.url).href;
  const script = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(${JSON.stringify(module)}).then(async ({ sharePlaces }) => {
      const { run } = sharePlaces(workerData, ${JSON.stringify(SHAPE)}, 0, ${JSON.stringify(QUEUE)});
      const both = [1, 2].map(() => run(() => new Promise((resolve) => parentPort.on('message', resolve))));
      parentPort.postMessage('in');
      await Promise.all(both);
      parentPort.close();
    });`;
  const worker = new Worker(script, { eval: true, workerData: memory });
  await new Promise((resolve) => worker.once('message', resolve));
  let isIn = false;
  const waits = sharePlaces(memory, SHAPE, 1, QUEUE).run(async () => {
    isIn = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(isIn, false);
  worker.postMessage('leave');
  assert.equal(await waits, { result: undefined });
});

it.run();
