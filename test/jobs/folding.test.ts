import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import type { EpochStore, FoldResult } from '../../src/core/ports/clicks.ts';
import { createFolding, FOLD_AFTER_MS, FOLD_ROWS } from '../../src/jobs/fold.ts';
import { silentLogger } from '../support/logger.ts';
import { thrownBy } from '../support/thrown-by.ts';

const test = suite('folding: when');

const REST_FACTOR = 10;
const REST_MAX_MS = 60_000;
const EPOCH_MAX_ROWS = 1_000_000;
const EPOCH_MAX_AGE_MS = 3_600_000;
const RAW_CLICK_DAYS = 3;
const result: FoldResult = { rows: 10, batches: 2, days: 1 };

function setUp() {
  const memory = new SharedArrayBuffer(counterBytes(1));
  const clock = { now: 1_000_000 };
  const quiet = { unfoldedRows: 0, oldestAgeMs: 0, epochRows: 0, epochAgeMs: 0 };
  const store = { state: { ...quiet }, away: false, settled: 0, wantedAt: 0 };
  const done: string[] = [];
  const fold = { takesMs: 0, results: [] as (FoldResult | null | Error)[] };
  const epochs: EpochStore = {
    async state() {
      if (store.away) throw new Error('away');
      return store.state;
    },
    async advance() {
      done.push('advance');
    },
    async settle() {
      store.settled++;
    },
    async dropFolded(keepDays) {
      done.push(`drop ${keepDays}`);
      return 0;
    },
  };
  const folding = createFolding({
    epochs,
    async runFold() {
      done.push('fold');
      clock.now += fold.takesMs;
      const next = fold.results.length === 0 ? result : fold.results.shift();
      if (next instanceof Error) throw next;
      return next ?? null;
    },
    wantedAt: () => store.wantedAt,
    rawClickDays: RAW_CLICK_DAYS,
    clock: () => clock.now,
    counters: countersOf(memory, 0),
    logger: silentLogger,
  });
  return {
    folding,
    clock,
    store,
    fold,
    counters: () => readCounters(memory),
    /** What one tick does, besides looking for what can be dropped, which every tick does. */
    async tick(state: Partial<typeof quiet>) {
      store.state = { ...quiet, ...state };
      done.length = 0;
      await folding.tick();
      assert.is(done.pop(), `drop ${RAW_CLICK_DAYS}`);
      return done;
    },
    done,
  };
}

const due = { unfoldedRows: 1, oldestAgeMs: FOLD_AFTER_MS };

test('folds when the oldest click is old enough, and not before', async () => {
  const { tick, counters } = setUp();
  assert.equal(await tick({}), []);
  assert.equal(await tick({ unfoldedRows: FOLD_ROWS - 1, oldestAgeMs: FOLD_AFTER_MS - 1 }), []);
  assert.equal(await tick({ unfoldedRows: 0, oldestAgeMs: FOLD_AFTER_MS * 10 }), []);
  assert.equal(await tick(due), ['fold']);
  assert.equal([counters().folds, counters().clicksFolded, counters().foldingMs], [1, 10, 0]);
});

test('rests in proportion to what the last fold took', async () => {
  const { tick, clock, fold, counters } = setUp();
  fold.takesMs = 300;
  assert.equal(await tick(due), ['fold']);
  clock.now += 300 * REST_FACTOR - 1;
  assert.equal(await tick(due), []);
  clock.now += 1;
  fold.takesMs = 20;
  assert.equal(await tick(due), ['fold']);
  clock.now += 20 * REST_FACTOR;
  assert.equal(await tick(due), ['fold']);
  assert.is(counters().foldingMs, 340);
});

test('never rests for longer than a minute', async () => {
  const { tick, clock, fold } = setUp();
  fold.takesMs = 20_000;
  assert.equal(await tick(due), ['fold']);
  clock.now += REST_MAX_MS - 1;
  assert.equal(await tick(due), []);
  clock.now += 1;
  assert.equal(await tick(due), ['fold']);
});

test('not while clicks rush in: so many that they would be folded for their number within a minute', async () => {
  const { tick, clock } = setUp();
  const perSec = FOLD_ROWS / (REST_MAX_MS / 1000);
  let unfoldedRows = 1;
  const after = (rowsPerSec: number) => {
    clock.now += 1000;
    unfoldedRows += Math.ceil(rowsPerSec);
    return tick({ unfoldedRows, oldestAgeMs: FOLD_AFTER_MS });
  };
  for (let second = 0; second < 20; second++) assert.equal(await after(perSec), [], `${second}`);
  assert.equal(await after(perSec * 0.99), ['fold']);
  assert.equal(await after(perSec), []);
  unfoldedRows = FOLD_ROWS;
  assert.equal(await after(perSec), ['fold']);
});

test('when a fold is wanted it begins after a rest as long as the last one took, also in a rush, and once', async () => {
  const { tick, clock, store, fold } = setUp();
  fold.takesMs = 4_000;
  const waiting = { unfoldedRows: 6_000, oldestAgeMs: 1_000 };
  assert.equal(await tick(waiting), []);
  store.wantedAt = clock.now;
  assert.equal(await tick({ ...waiting, unfoldedRows: 0 }), [], 'there is nothing to fold');
  assert.equal(await tick(waiting), ['fold']);
  clock.now += 60_000;
  assert.equal(await tick(waiting), [], 'it was done');
  store.wantedAt = clock.now;
  assert.equal(await tick(waiting), ['fold']);
  store.wantedAt = clock.now;
  clock.now += 3_999;
  assert.equal(await tick(waiting), []);
  clock.now += 1;
  assert.equal(await tick({ unfoldedRows: FOLD_ROWS - 1, oldestAgeMs: 0 }), ['fold'], 'many at once are a rush');
});

test('after each fold, questions are let pass over what is folded', async () => {
  const { tick, store, fold, clock } = setUp();
  await tick(due);
  assert.is(store.settled, 1);
  fold.results = [null];
  clock.now += 1;
  await tick(due);
  assert.is(store.settled, 1, 'nothing was folded');
});

test('very many clicks are folded without a rest', async () => {
  const { tick, fold } = setUp();
  fold.takesMs = 60_000;
  const many = { unfoldedRows: FOLD_ROWS, oldestAgeMs: 0 };
  assert.equal(await tick(many), ['fold']);
  assert.equal(await tick(many), ['fold']);
  assert.equal(await tick({ ...due, unfoldedRows: FOLD_ROWS - 1 }), []);
});

test('a fold that found nothing to do, or another one at work, is not counted', async () => {
  const { tick, fold, counters } = setUp();
  fold.results = [null];
  assert.equal(await tick(due), ['fold']);
  assert.equal([counters().folds, counters().clicksFolded], [0, 0]);
});

test('a new partition begins when the current one has enough rows, or is old and not empty', async () => {
  const { tick } = setUp();
  assert.equal(await tick({ epochRows: EPOCH_MAX_ROWS - 1, epochAgeMs: EPOCH_MAX_AGE_MS - 1 }), []);
  assert.equal(await tick({ epochRows: EPOCH_MAX_ROWS }), ['advance']);
  assert.equal(await tick({ epochRows: 1, epochAgeMs: EPOCH_MAX_AGE_MS }), ['advance']);
  assert.equal(await tick({ epochRows: 0, epochAgeMs: EPOCH_MAX_AGE_MS * 100 }), [], 'an empty one may grow old');
  assert.equal(await tick({ ...due, epochRows: EPOCH_MAX_ROWS }), ['advance', 'fold']);
});

test('failures are the caller’s to see, and the next tick tries again', async () => {
  const { folding, tick, store, fold, counters, done } = setUp();
  store.away = true;
  assert.is((await thrownBy(folding.tick())).message, 'away');
  assert.equal(done, []);
  store.away = false;
  fold.results = [new Error('the pool is full')];
  store.state = { ...store.state, ...due };
  assert.is((await thrownBy(folding.tick())).message, 'the pool is full');
  assert.is(counters().folds, 0);
  assert.equal(await tick(due), ['fold']);
});

test('foldAll goes on until nothing is left', async () => {
  const { folding, fold, counters, done } = setUp();
  fold.takesMs = 100;
  fold.results = [result, result, result, null];
  await folding.foldAll();
  assert.equal(done, ['fold', 'fold', 'fold', 'fold']);
  assert.is(counters().clicksFolded, 30);
});

test.run();
