import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BATCH_MAX_ROWS, createFlusher, type Flusher } from '../../src/actors/flusher.ts';
import { counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import type { StorableBatch } from '../../src/core/ports/clicks.ts';
import { clickRow } from '../support/click-rows.ts';
import { silentLogger } from '../support/logger.ts';
import { until } from '../support/until.ts';

const test = suite('flusher');

class Away extends Error {}

/** Each store waits until the test lets it end. */
function setUp() {
  const memory = new SharedArrayBuffer(counterBytes(1));
  const clock = { now: 1_000_000 };
  const stores: { rows: number; to: number; end(error?: Error): void }[] = [];
  const stored: number[] = [];
  const fatal: unknown[] = [];
  const flusher = createFlusher({
    store: {
      store: (batch: StorableBatch) =>
        new Promise((resolve, reject) => {
          const to = batch.moves.get('f0-s0')?.to ?? -1;
          stores.push({ rows: batch.rows, to, end: (error) => (error ? reject(error) : resolve({ outcome: 'stored', quarantined: 0 })) });
        }),
      positions: () => Promise.reject(new Error('not asked for here')),
      salt: () => Promise.reject(new Error('not asked for here')),
    },
    flushRows: 10,
    flushMs: 200,
    clock: () => clock.now,
    counters: countersOf(memory, 0),
    logger: silentLogger,
    onStored: (batch) => void stored.push(batch.rows),
    onFatal: (error) => void fatal.push(error),
    isRetryable: (error) => error instanceof Away,
  });
  let position = 0;
  const add = (rows: number) => {
    const batch = flusher.gathering();
    if (batch.rows === 0) batch.openedAt = clock.now;
    for (let i = 0; i < rows; i++) batch.add(clickRow());
    batch.moveLog('f0-s0', 0, 0, position, position + rows);
    position += rows;
  };
  return { flusher, clock, stores, stored, fatal, add, counters: () => readCounters(memory) };
}

const idle = (flusher: Flusher) => until('no batch is under way', () => flusher.unstored().length === 1);

test('a batch is due when it is full enough or old enough, and not before', async () => {
  const { flusher, clock, stores, add, counters } = setUp();
  flusher.tick();
  assert.is(stores.length, 0, 'nothing to store');
  add(9);
  clock.now += 199;
  flusher.tick();
  assert.is(stores.length, 0, 'neither ten rows nor 200 ms');
  clock.now += 1;
  flusher.tick();
  assert.is(stores.length, 1, '200 ms');
  assert.is(counters().earlyBatches, 0);
  stores[0].end();
  await idle(flusher);
  clock.now += 1000;
  add(10);
  flusher.tick();
  assert.is(stores.length, 2, 'ten rows');
  assert.is(counters().earlyBatches, 1);
  assert.is(stores[1].rows, 10);
});

test('while one is under way the next one gathers, and both are shown as not stored', async () => {
  const { flusher, clock, stores, stored, add } = setUp();
  add(10);
  flusher.tick();
  add(25);
  clock.now += 10_000;
  flusher.tick();
  assert.is(stores.length, 1, 'one at a time');
  assert.equal(
    flusher.unstored().map((it) => it.rows),
    [10, 25],
  );
  stores[0].end();
  await idle(flusher);
  assert.equal(stored, [10]);
  assert.equal(
    flusher.unstored().map((it) => it.rows),
    [25],
  );
  flusher.tick();
  assert.is(stores[1].rows, 25);
  assert.is(stores[1].to, 35);
});

test('stores begin a quarter of the flush time apart, so that batches grow; a full one does not wait', async () => {
  const { flusher, clock, stores, add } = setUp();
  add(10);
  flusher.tick();
  stores[0].end();
  await idle(flusher);
  add(10);
  clock.now += 49;
  flusher.tick();
  assert.is(stores.length, 1);
  clock.now += 1;
  flusher.tick();
  assert.is(stores.length, 2);
  stores[1].end();
  await idle(flusher);
  add(BATCH_MAX_ROWS - 1);
  assert.not(flusher.isFull());
  add(1);
  assert.ok(flusher.isFull());
  flusher.tick();
  assert.is(stores.length, 3);
});

test('tries again while the store is away, with the same batch', async () => {
  const { flusher, stores, stored, fatal, add, counters } = setUp();
  add(10);
  flusher.tick();
  for (let failure = 1; failure <= 3; failure++) {
    stores[failure - 1].end(new Away());
    await until('the next try', () => stores.length === failure + 1);
    assert.is(stores[failure].rows, 10);
    assert.is(flusher.failures(), failure);
  }
  assert.equal(stored, []);
  stores[3].end();
  await idle(flusher);
  assert.equal(stored, [10]);
  assert.is(flusher.failures(), 0);
  assert.is(counters().flushRetries, 3);
  assert.is(counters().clicksStored, 10);
  assert.equal(fatal, []);
});

test('what trying again cannot mend is fatal, and nothing counts as stored', async () => {
  const { flusher, stores, stored, fatal, add } = setUp();
  add(10);
  flusher.tick();
  stores[0].end(new Error('the positions were moved'));
  await until('fatal', () => fatal.length === 1);
  assert.equal(stored, []);
});

test('draining stores what is under way and what has gathered, however little', async () => {
  const { flusher, stores, add } = setUp();
  add(10);
  flusher.tick();
  add(1);
  const drained = flusher.drain(5_000);
  stores[0].end();
  await until('the second store', () => stores.length === 2);
  stores[1].end();
  assert.is(await drained, true);
  assert.is(await flusher.drain(0), true, 'nothing is left');
});

test('draining gives up in time when the store is away', async () => {
  const { flusher, stores, add } = setUp();
  add(1);
  const drained = flusher.drain(50);
  await until('the store', () => stores.length === 1);
  stores[0].end(new Away());
  assert.is(await drained, false);
  assert.is(flusher.unstored()[0].rows, 1, 'the batch is still there');
  await until('a second try', () => stores.length === 2);
  stores[1].end();
  await idle(flusher);
});

test.run();
