import { once } from 'node:events';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COUNTER_NAMES, COUNTERS, counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';

type Work = { memory: SharedArrayBuffer; lane: number; redirects: number; backlog: number };

/** What this file does as a thread: counts on its lane, and ends. */
function count({ memory, lane, redirects, backlog }: Work): void {
  const counters = countersOf(memory, lane);
  for (let i = 0; i < redirects; i++) counters.add('redirects');
  counters.raise('backlogHighWaterBytes', backlog);
}

async function inThread(work: Work): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: work });
  const [code] = await once(worker, 'exit');
  assert.is(code, 0);
}

if (isMainThread) {
  const counters = suite('counters');

  counters('begin at 0, each with its labels', () => {
    const totals = readCounters(new SharedArrayBuffer(counterBytes(3)));
    assert.equal(Object.keys(totals), COUNTER_NAMES);
    for (const name of COUNTER_NAMES) {
      assert.is(totals[name], 0);
      assert.ok(COUNTERS[name].en.length > 0 && COUNTERS[name].ru.length > 0, name);
    }
  });

  counters('each name has a cell of its own', () => {
    const memory = new SharedArrayBuffer(counterBytes(2));
    const lane = countersOf(memory, 1);
    for (const [i, name] of COUNTER_NAMES.entries()) lane.add(name, i + 1);
    const totals = readCounters(memory);
    for (const [i, name] of COUNTER_NAMES.entries()) assert.is(totals[name], i + 1, name);
  });

  counters('sums are added up over lanes, maxima compared', () => {
    const memory = new SharedArrayBuffer(counterBytes(3));
    const lanes = [0, 1, 2].map((lane) => countersOf(memory, lane));
    lanes[0].add('redirects');
    lanes[1].add('redirects', 20);
    lanes[2].add('redirects', 300);
    lanes[1].raise('backlogHighWaterBytes', 70);
    lanes[2].raise('backlogHighWaterBytes', 90);
    lanes[2].raise('backlogHighWaterBytes', 80);
    const totals = readCounters(memory);
    assert.is(totals.redirects, 321);
    assert.is(totals.backlogHighWaterBytes, 90);
  });

  counters('a lane touches no memory of another lane', () => {
    const memory = new SharedArrayBuffer(counterBytes(3));
    const lane = countersOf(memory, 1);
    for (const name of COUNTER_NAMES) lane.add(name);
    const cells = [...new Float64Array(memory)];
    const expected = [0, 1, 0].flatMap((value) => COUNTER_NAMES.map(() => value));
    assert.equal(cells, expected);
  });

  counters('count beyond 32 bits', () => {
    const memory = new SharedArrayBuffer(counterBytes(1));
    const lane = countersOf(memory, 0);
    lane.add('redirects', 2 ** 40);
    lane.add('redirects');
    assert.is(readCounters(memory).redirects, 2 ** 40 + 1);
  });

  counters('threads count at the same time, and one started again goes on with its lane', async () => {
    const memory = new SharedArrayBuffer(counterBytes(3));
    countersOf(memory, 0).add('redirects', 7);
    await Promise.all([1, 2].map((lane) => inThread({ memory, lane, redirects: 100_000, backlog: lane * 10 })));
    assert.is(readCounters(memory).redirects, 200_007);
    await inThread({ memory, lane: 2, redirects: 50_000, backlog: 5 });
    const totals = readCounters(memory);
    assert.is(totals.redirects, 250_007);
    assert.is(totals.backlogHighWaterBytes, 20);
  });

  counters.run();
} else {
  count(workerData);
}
