/** What a node writes down about itself: exact over restarts, repeated writes, days and nodes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CounterName, countersOf, forgetMaxima, readCounters } from '../../src/core/counters.ts';
import { createJournal, EVENTS_MAX, OTHER_EVENTS, watchedLogger } from '../../src/core/journal.ts';
import { createSharedMemory, todayBoard } from '../../src/core/shared.ts';
import { createBookkeeping, WRITE_EVERY_MS } from '../../src/jobs/bookkeeping.ts';
import { workSince } from '../../src/storage/postgres/jobs.ts';
import { createEventStore, createJournalStore } from '../../src/storage/postgres/journal.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createCounterStore } from '../../src/storage/postgres/server-counters.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { thrownBy } from '../support/thrown-by.ts';

const MONDAY = '2026-05-11';
const TUESDAY = '2026-05-12';
const NOON = Date.parse(`${MONDAY}T12:00:00Z`);
const HOUR_MS = 3_600_000;

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 4, logger: silentLogger });
const clock = { now: NOON };
let runs = 0;

/** A run of a node: from its start to its end. */
function startRun(node: string) {
  const run = `run-${++runs}`;
  const shared = createSharedMemory({ fronts: 2, shards: 1 });
  const now = () => clock.now;
  const journal = createJournal({
    readTotals: () => readCounters(shared.counters),
    forgetMaxima: () => forgetMaxima(shared.counters),
    board: todayBoard(shared.today),
    clock: now,
  });
  const counters = countersOf(shared.counters, 0);
  const store = createJournalStore(pool, node, run);
  return {
    counters,
    front: countersOf(shared.counters, 1),
    journal,
    store,
    book: createBookkeeping({ journal, store, counters, startedAt: clock.now, clock: now }),
    figures: createCounterStore({ pool, node, run, memory: shared, clock: now }),
  };
}

type Run = ReturnType<typeof startRun>;
const seenBy = async ({ figures }: Run, name: CounterName, from = MONDAY, to = from) =>
  (await figures.days({ from, to })).map(({ counters }) => counters[name]);

const it = suite('bookkeeping');

it.before.each(async () => {
  clock.now = NOON;
  await pool.query('TRUNCATE server_counters, work_runs, server_events');
});
it.after(async () => {
  await closePool();
  await database.stop();
});

it('what is counted is seen at once by the node, and by others when it is written', async () => {
  const [one, other] = [startRun('one'), startRun('other')];
  one.front.add('redirects', 3);
  assert.equal([await seenBy(one, 'redirects'), await seenBy(other, 'redirects')], [[3], [0]]);
  await one.book.write();
  one.front.add('redirects', 4);
  assert.equal([await seenBy(one, 'redirects'), await seenBy(other, 'redirects')], [[7], [3]]);
  other.front.add('redirects', 100);
  await other.book.write();
  assert.equal([await seenBy(one, 'redirects'), await seenBy(other, 'redirects')], [[107], [103]]);
});

it('sums go on over restarts, and only what was not written is missing after a kill', async () => {
  for (let i = 0; i < 3; i++) {
    const run = startRun('one');
    run.front.add('logins', 10);
    await run.book.write();
    run.front.add('logins', 1);
    if (i === 1) continue; // killed
    await run.book.write();
    assert.equal(await seenBy(run, 'logins'), [i === 0 ? 11 : 32]);
  }
  assert.equal(await seenBy(startRun('one'), 'logins'), [32]);
});

it('a write that is repeated changes nothing, also when nobody knows whether the first one was committed', async () => {
  const run = startRun('one');
  run.front.add('logins', 5);
  const totals = run.journal.days(clock.now);
  for (let i = 0; i < 3; i++) for (const { day, totals: it } of totals) await createJournalStore(pool, 'one', 'same-run').write(day, it);
  assert.equal(await seenBy(startRun('other'), 'logins'), [5]);
});

it('maxima keep the largest, of each day', async () => {
  const run = startRun('one');
  run.counters.raise('backlogHighWaterBytes', 700);
  await run.book.write();
  const again = startRun('one');
  again.counters.raise('backlogHighWaterBytes', 200);
  await again.book.write();
  assert.equal(await seenBy(again, 'backlogHighWaterBytes'), [700]);
  clock.now += 24 * HOUR_MS;
  await again.book.tick();
  again.counters.raise('backlogHighWaterBytes', 50);
  await again.book.write();
  assert.equal(await seenBy(again, 'backlogHighWaterBytes', MONDAY, TUESDAY), [700, 50]);
});

it('days without restart are those of the node that was started last', async () => {
  const old = startRun('old');
  clock.now += 3 * 24 * HOUR_MS;
  const young = startRun('young');
  clock.now += HOUR_MS;
  await old.book.write();
  const today = new Date(clock.now).toISOString().slice(0, 10);
  assert.equal(await seenBy(old, 'daysWithoutRestart', today), [3]);
  await young.book.write();
  assert.equal(await seenBy(old, 'daysWithoutRestart', today), [0]);
});

it('a day ends at midnight of UTC, though Postgres is away, and each gets what is its own', async () => {
  const run = startRun('one');
  run.front.add('redirects', 3);
  await run.book.tick();
  run.front.add('redirects', 4);
  await pool.query('ALTER TABLE server_counters RENAME TO away');
  clock.now = Date.parse(`${TUESDAY}T00:00:00.4Z`);
  await thrownBy(run.book.tick());
  run.front.add('redirects', 50);
  clock.now += 10_000;
  await thrownBy(run.book.tick());
  await pool.query('ALTER TABLE away RENAME TO server_counters');
  clock.now += 10_000;
  await run.book.tick();
  run.front.add('redirects', 600);
  assert.equal(await seenBy(run, 'redirects', MONDAY, TUESDAY), [7, 650]);
  assert.equal(await seenBy(startRun('other'), 'redirects', MONDAY, TUESDAY), [7, 50]);
});

it('writes once a minute', async () => {
  const run = startRun('one');
  const other = startRun('other');
  await run.book.tick();
  run.front.add('logins');
  clock.now += WRITE_EVERY_MS - 1;
  await run.book.tick();
  assert.equal(await seenBy(other, 'logins'), [0]);
  clock.now += 1;
  await run.book.tick();
  assert.equal(await seenBy(other, 'logins'), [1]);
});

it('counters of an unknown name, as a newer version writes them, disturb nobody', async () => {
  const row = `INSERT INTO server_counters (day, node, name, kind, run, before, current) VALUES ($1, 'newer', 'unheardOf', 'sum', 'r', 0, 5)`;
  await pool.query(row, [MONDAY]);
  assert.equal(await seenBy(startRun('one'), 'redirects'), [0]);
});

it('work is written with how long it took and why it failed', async () => {
  const run = startRun('one');
  const lasting = (ms: number) => async () => {
    clock.now += ms;
  };
  const failing = async () => {
    throw new Error('no way to https://example.com/#token=secret\nand more');
  };
  await run.journal.timed('maintenance', 'folding', lasting(30));
  await run.journal.timed('maintenance', 'folding', lasting(10));
  await run.journal.timed(
    'maintenance',
    'nothing',
    async () => null,
    (result) => result !== null,
  );
  await thrownBy(run.journal.timed('job', 'mail', failing));
  await run.book.write();
  await run.book.write();
  const [mail, folding, ...more] = await workSince(pool, MONDAY, null);
  assert.equal(more, []);
  assert.equal(
    [folding.kind, folding.name, folding.runs, folding.failures, folding.totalMs, folding.longestMs, folding.lastMs, folding.lastError],
    ['maintenance', 'folding', 2, 0, 40, 30, 10, null],
  );
  assert.equal([mail.kind, mail.name, mail.runs, mail.failures, mail.lastError], ['job', 'mail', 1, 1, 'no way to …']);
});

it('warnings and errors are grouped over runs, without addresses that may hold tokens, and bounded', async () => {
  for (let i = 0; i < 2; i++) {
    const run = startRun('one');
    const logger = watchedLogger(silentLogger, 'main', () => clock.now, run.journal.event);
    logger.info({}, 'all is well');
    logger.warn({}, 'there is no administrator yet: open https://s.example.com/setup#token=abc to become one');
    logger.error({ ticker: 'folding' }, 'failed; it is tried again');
    logger.error({ ticker: 'folding' }, 'failed; it is tried again');
    for (let n = 0; n < 1_000; n++) logger.warn({}, `number ${n}`);
    await run.book.write();
    await run.book.write();
  }
  const events = await createEventStore(pool).list({ from: MONDAY, to: MONDAY }, 1_000);
  assert.equal(events[0], { level: 'error', place: 'main, folding', message: 'failed; it is tried again', times: 4, lastAt: NOON });
  assert.ok(events.some(({ message }) => message === 'there is no administrator yet: open … to become one'));
  assert.is(events.length, EVENTS_MAX);
  assert.is(
    events.reduce((sum, { times }) => sum + times, 0),
    2 * 1_003,
  );
  assert.ok(events.some(({ message }) => message === OTHER_EVENTS));
});

it.run();
