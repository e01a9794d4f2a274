import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Enricher } from '../../src/actors/enrich/enrich.ts';
import { BATCH_MAX_ROWS, createFlusher } from '../../src/actors/flusher.ts';
import { createShard, type ShardLog } from '../../src/actors/shard.ts';
import * as row from '../../src/core/copy-row.ts';
import type { StorableBatch } from '../../src/core/ports/clicks.ts';
import { dayOf, quarterOf } from '../../src/core/zone.ts';
import { HEADER_BYTES } from '../../src/storage/click-log/spec.ts';
import { createRig, LOG, nthClick, type Rig, write } from '../storage/click-log-rig.ts';
import { clickRow } from '../support/click-rows.ts';
import { silentLogger } from '../support/logger.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

type Context = { rig: Rig };
const test = suite<Context>('shard');

const FLUSH_MS = 250;

test.before.each((context) => {
  context.rig = createRig();
});
test.after.each(({ rig }) => rig.remove());

type Stored = { ats: number[]; seen: boolean[]; from: number; to: number };

/** A shard over a real log, whose salts come and whose batches are stored when the test lets them. */
function openShard(rig: Rig, { salted = true, enrich }: { salted?: boolean; enrich?: Enricher } = {}) {
  const clock = { now: 1_000_000 };
  const state = { salted, wanted: [] as number[], away: false, storing: 0 };
  const stored: Stored[] = [];
  let held: Promise<void> = Promise.resolve();
  let release = () => {};
  const reader = rig.reader();
  const log: ShardLog = Object.assign(reader, { name: LOG, front: 0, shard: 0 });
  const flusher = createFlusher({
    store: {
      async store(batch: StorableBatch) {
        state.storing++;
        await held;
        if (state.away) throw new Error('away');
        const view = new DataView(batch.bytes.buffer);
        const each = <T>(read: (at: number) => T) => Array.from({ length: batch.rows }, (_, i) => read(batch.starts[i]));
        const { from, to } = batch.moves.get(LOG) ?? { from: -1, to: -1 };
        stored.push({
          ats: each((at) => row.getInt64(view, at + row.CLICKED_AT) / 1000 + Date.UTC(2000, 0, 1)),
          seen: each((at) => batch.bytes[at + row.SEEN] === 1),
          from,
          to,
        });
        return { outcome: 'stored', quarantined: 0 };
      },
      positions: () => Promise.reject(new Error('not asked for here')),
      salt: () => Promise.reject(new Error('not asked for here')),
    },
    flushRows: 10,
    flushMs: FLUSH_MS,
    clock: () => clock.now,
    counters: rig.counters,
    logger: silentLogger,
    isRetryable: () => true,
    onStored: (batch) => log.release(batch.moves.get(LOG)?.to ?? 0),
    onFatal: (error) => assert.unreachable(String(error)),
  });
  const click = clickRow();
  const shard = createShard({
    logs: [log],
    flusher,
    enrich:
      enrich ??
      ((logged, into) => {
        Object.assign(into, click, { linkId: logged.linkId, at: logged.at, day: dayOf(quarterOf(logged.at), 0), visitorLo: logged.linkId });
        return state.salted;
      }),
    seenBefore: (_, lo) => lo % 2 === 0,
    wantSalt: (day) => void state.wanted.push(day),
    onClick: () => undefined,
    clock: () => clock.now,
    counters: rig.counters,
  });
  return {
    shard,
    flusher,
    clock,
    state,
    stored,
    log,
    /** Batches under way wait until `letGo`. */
    hold() {
      ({ promise: held, resolve: release } = Promise.withResolvers<void>());
    },
    letGo: () => release(),
    async settle() {
      let from: number;
      do {
        from = log.position;
        while (shard.tick());
        assert.ok(await flusher.drain(5_000));
        shard.tick(); // what had no room before
      } while (log.position !== from);
    },
    ats: () => stored.flatMap((batch) => batch.ats),
  };
}

const atsOf = (first: number, count: number) => Array.from({ length: count }, (_, i) => nthClick(first + i).at);

test('clicks are stored in the order of the log, each once, and the log is released behind them', async ({ rig }) => {
  const { shard, settle, ats, stored } = openShard(rig);
  const writer = rig.writer();
  for (let n = 0; n < 10; n++) {
    write(rig, writer, n * 7, 7);
    shard.tick();
  }
  await settle();
  assert.equal(ats(), atsOf(0, 70));
  assert.equal([stored[0].from, stored.at(-1)?.to], [0, rig.board.written]);
  for (const [i, { from }] of stored.entries()) if (i > 0) assert.is(from, stored[i - 1].to, 'one begins where the last one ends');
  assert.is(rig.board.stored, rig.board.written);
});

test('what was seen before, and what is a bot, is counted so', async ({ rig }) => {
  const { shard, settle, stored } = openShard(rig, {
    enrich(logged, into) {
      Object.assign(into, clickRow({ at: logged.at, visitorLo: logged.at % 4, bot: logged.at % 4 === 2 }));
      return true;
    },
  });
  write(rig, rig.writer(), 0, 40);
  shard.tick();
  await settle();
  assert.equal(
    stored.flatMap(({ seen }) => seen),
    atsOf(0, 40).map((at) => at % 4 === 0),
    'bots are nobody who was seen',
  );
  assert.equal([rig.count('repeatClicks'), rig.count('botClicks'), rig.count('unknownCountries')], [10, 10, 40]);
});

test('a missing salt: nothing is lost or overtakes, and all goes on when it comes', async ({ rig }) => {
  const { shard, settle, ats, state, log, stored } = openShard(rig, { salted: false });
  const writer = rig.writer();
  write(rig, writer, 0, 5);
  for (let n = 0; n < 20; n++) assert.not(shard.tick(), 'nothing to hurry for');
  assert.is(log.position, HEADER_BYTES);
  assert.equal(new Set(state.wanted), new Set([dayOf(quarterOf(nthClick(0).at), 0)]));
  write(rig, writer, 5, 5);
  state.salted = true;
  write(rig, writer, 10, 5);
  await settle();
  assert.equal(ats(), atsOf(0, 15));
  assert.is(stored.at(-1)?.to, rig.board.written);
});

test('a salt that is missing in the middle: what stands before it is stored, what stands behind waits', async ({ rig }) => {
  let missing = true;
  const { settle, ats, stored } = openShard(rig, {
    enrich(logged, into) {
      Object.assign(into, clickRow({ at: logged.at }));
      return !(missing && logged.at === nthClick(12).at);
    },
  });
  const written = write(rig, rig.writer(), 0, 20);
  await settle();
  assert.equal(ats(), atsOf(0, 12));
  assert.is(stored.at(-1)?.to, written[11].end);
  missing = false;
  await settle();
  assert.equal(ats(), atsOf(0, 20));
});

test('a full batch: the rest waits in the log until there is room', async ({ rig }) => {
  const { shard, flusher, settle, ats, hold, letGo, log, state } = openShard(rig);
  const writer = rig.writer();
  hold();
  write(rig, writer, 0, 10);
  shard.tick();
  assert.is(state.storing, 1);
  const more = BATCH_MAX_ROWS + 500;
  const written = write(rig, writer, 10, more);
  while (shard.tick());
  assert.ok(flusher.isFull());
  assert.is(log.position, written[BATCH_MAX_ROWS - 1].end);
  assert.not(shard.tick());
  letGo();
  await settle();
  assert.equal(ats(), atsOf(0, 10 + more));
});

test('unstored: what gathers and what is under way, read up to the moment of asking', async ({ rig }) => {
  const { shard, clock, hold, letGo, settle, log } = openShard(rig);
  const writer = rig.writer();
  hold();
  write(rig, writer, 0, 10);
  shard.tick();
  const written = write(rig, writer, 10, 4);
  const linkId = nthClick(12).linkId;
  const [storing, gathering] = await shard.unstored([linkId, nthClick(3).linkId], clock.now);
  assert.is(log.position, written[3].end);
  assert.equal(gathering.ends, { [LOG]: written[3].end });
  const clicks = (days: typeof storing.days) =>
    [...days].map(([id, byDay]) => [id, [...byDay.values()].map(({ quarters }) => quarters.size)]);
  assert.equal(clicks(gathering.days), [[linkId, [1]]]);
  assert.equal(clicks(storing.days), [[nthClick(3).linkId, [1]]]);
  letGo();
  await settle();
});

test('unstored waits for a salt, and answers when it comes', async ({ rig }) => {
  const { shard, clock, state, settle } = openShard(rig, { salted: false });
  write(rig, rig.writer(), 0, 3);
  let answered = false;
  const answer = shard.unstored([nthClick(0).linkId], clock.now + 1_000).then((batches) => {
    answered = true;
    return batches;
  });
  await until('it has looked again', () => state.wanted.length > 3);
  assert.not(answered);
  state.salted = true;
  const [batch] = await answer;
  assert.is(batch.days.size, 1);
  await settle();
});

test('unstored gives up at its deadline', async ({ rig }) => {
  const { shard, clock, state } = openShard(rig, { salted: false });
  write(rig, rig.writer(), 0, 3);
  const error = thrownBy(shard.unstored([1], clock.now + 1_000));
  await until('it has looked again', () => state.wanted.length > 3);
  clock.now += 1_001;
  assert.match((await error).message, 'cannot read on');
});

test('unstored of a full batch waits until there is room', async ({ rig }) => {
  const { shard, clock, hold, letGo, state, settle, ats } = openShard(rig);
  const writer = rig.writer();
  hold();
  write(rig, writer, 0, 10);
  shard.tick();
  write(rig, writer, 10, BATCH_MAX_ROWS + 5);
  const answer = shard.unstored([nthClick(10 + BATCH_MAX_ROWS).linkId], clock.now + 60_000);
  assert.is(state.storing, 1);
  letGo();
  const batches = await answer;
  assert.is(
    batches.reduce((sum, { days }) => sum + days.size, 0),
    1,
  );
  await settle();
  assert.is(ats().length, 15 + BATCH_MAX_ROWS);
});

test('while batches cannot be stored, clicks gather and nothing is released; then all are stored', async ({ rig }) => {
  const { shard, flusher, clock, state, settle, ats } = openShard(rig);
  const writer = rig.writer();
  state.away = true;
  for (let n = 0; n < 5; n++) {
    write(rig, writer, n * 20, 20);
    clock.now += FLUSH_MS;
    shard.tick();
  }
  await until('a failure', () => flusher.failures() > 0);
  assert.is(rig.board.stored, 0);
  state.away = false;
  await settle();
  assert.equal(ats(), atsOf(0, 100));
});

test('positions move over damaged stretches, with and without clicks around them', async ({ rig }) => {
  const written = write(rig, rig.writer(), 0, 3);
  const bytes = rig.bytes(0);
  bytes[written[0].end - 1] ^= 0xff; // the first record
  rig.overwrite(0, bytes);
  const { shard, clock, stored, settle, log } = openShard(rig);
  await settle();
  assert.equal(stored, [{ ats: atsOf(1, 2), seen: stored[0].seen, from: 0, to: written[2].end }]);
  assert.is(rig.count('damagedRecords'), 1);

  // Nothing but damage: the end of one segment, and a next one that has no click yet.
  const at = log.position;
  rig.overwrite(0, Buffer.concat([bytes, Buffer.alloc(60, 0x5a)]));
  rig.writer({ startAtLeast: at + 60 });
  while (shard.tick());
  clock.now += FLUSH_MS;
  shard.tick();
  await until('the position', () => stored.length === 2);
  assert.equal(stored[1].ats, []);
  assert.is(stored[1].from, at);
  assert.ok(stored[1].to >= at + 60);
  assert.is(rig.count('damagedRecords') + rig.count('tornTails'), 2);
  assert.is(rig.count('clicksStored'), 2);
});

test.run();
