/** Writer and reader of one click log at work: rotation, restart, release, gaps. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shardOf } from '../../src/core/click.ts';
import { listLogs } from '../../src/storage/click-log/segment.ts';
import { HEADER_BYTES, RECORD_MAX_BYTES } from '../../src/storage/click-log/spec.ts';
import { clickWriter } from '../../src/storage/click-log/writer.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { createRig, drain, type Entry, nthClick, type Rig, write, writeNth } from './click-log-rig.ts';

const test = suite<{ rig: Rig }>('click log, live');
test.before.each((context) => {
  context.rig = createRig();
});
test.after.each((context) => context.rig.remove());

test('writer and reader take turns at random over rotations, restarts and releases: each click once, in order', ({ rig }) => {
  const random = randomFrom(seed);
  const options = { segmentBytes: 2000 };
  const written: Entry[] = [];
  const read: Entry[] = [];
  let writer = rig.writer(options);
  let reader = rig.reader();
  for (let step = 0; step < 4000; step++) {
    const choice = random();
    if (choice < 0.45) written.push(...write(rig, writer, written.length, Math.floor(random() * 8)));
    else if (choice < 0.9) read.push(...drain(reader, Math.floor(random() * 3000)));
    else if (choice < 0.95) reader.release(reader.position - Math.floor(random() * 3000));
    else if (choice < 0.97) rig.board.rotations += 1;
    else if (choice < 0.985) writer = rig.writer(options);
    else reader = rig.reader({ from: reader.position });
  }
  read.push(...drain(reader));
  assert.ok(written.length > 1000);
  assert.equal(read, written);
  assert.is(reader.backlogBytes(), 0);
  assert.is(rig.count('tornTails') + rig.count('damagedRecords') + rig.count('clicksLost'), 0);
});

test('a reader that comes before the folder exists waits for it', ({ rig }) => {
  const reader = rig.reader();
  assert.equal(drain(reader), []);
  const clicks = write(rig, rig.writer(), 0, 3);
  assert.equal(drain(reader), clicks);
});

test('reads no more than it was asked for, but always makes progress', ({ rig }) => {
  const clicks = write(rig, rig.writer(), 0, 500);
  const reader = rig.reader();
  let calls = 0;
  for (let before = reader.position; reader.read(4096, () => true) > 0; calls++) {
    assert.ok(reader.position - before <= HEADER_BYTES + 4096 + RECORD_MAX_BYTES);
    before = reader.position;
  }
  assert.ok(calls > 8);
  assert.is(reader.position, clicks[499].end);
  assert.is(drain(rig.reader({ from: 0 }), 0).length, 500);
});

test('a click that is refused comes again', ({ rig }) => {
  const clicks = write(rig, rig.writer({ segmentBytes: 500 }), 0, 20);
  const reader = rig.reader();
  const ends: number[] = [];
  let refuse = false;
  const visit = (_click: object, end: number) => {
    refuse = !refuse;
    if (!refuse) ends.push(end);
    return !refuse;
  };
  for (let calls = 0; calls < 100; calls++) {
    reader.read(1e6, visit);
    assert.is(reader.position >= (ends.at(-1) ?? 0), true);
  }
  assert.equal(
    ends,
    clicks.map((click) => click.end),
  );
});

test('shows one and the same click object', ({ rig }) => {
  write(rig, rig.writer(), 0, 3);
  const seen = new Set<object>();
  rig.reader().read(1e6, (click) => seen.add(click).size > 0);
  assert.is(seen.size, 1);
});

test('never reads what is written but not acknowledged', ({ rig }) => {
  const writer = rig.writer();
  const clicks = write(rig, writer, 0, 2);
  const reader = rig.reader();
  rig.board.written = clicks[0].end;
  assert.equal(drain(reader), clicks.slice(0, 1));
  rig.board.written = clicks[1].end;
  assert.equal(drain(reader), clicks.slice(1));
});

test('after a crash the writer begins a new segment and the reader gets both', ({ rig }) => {
  const before = write(rig, rig.writer(), 0, 5); // dropped, not stopped
  const [first] = rig.segments();
  const bytes = rig.bytes(first);
  const after = write(rig, rig.writer(), 5, 5);
  assert.equal(rig.segments(), [first, before[4].end]);
  assert.equal(rig.bytes(first), bytes);
  assert.equal(drain(rig.reader()), [...before, ...after]);
});

test('a segment of which not even the header was written is begun again', ({ rig }) => {
  rig.writer();
  rig.overwrite(0, new Uint8Array(0));
  const clicks = write(rig, rig.writer(), 0, 2);
  assert.equal(rig.segments(), [0]);
  assert.equal(drain(rig.reader()), clicks);
});

test('begins at startAtLeast or behind what is on disk, whichever is later', ({ rig }) => {
  const first = write(rig, rig.writer({ startAtLeast: 5000 }), 0, 2);
  assert.is(first[0].end > 5000 + HEADER_BYTES, true);
  const second = write(rig, rig.writer({ startAtLeast: 10 }), 2, 2);
  const third = write(rig, rig.writer({ startAtLeast: 1_000_000 }), 4, 2);
  assert.equal(rig.segments(), [5000, first[1].end, 1_000_000]);
  const reader = rig.reader();
  assert.equal(drain(reader), [...first, ...second, ...third]);
  assert.is(rig.reader({ from: 123 }).backlogBytes(), third[1].end - 5000);
});

test('a log that begins far out is not full', ({ rig }) => {
  const writer = rig.writer({ startAtLeast: 2 ** 52, maxBytes: 100_000 });
  write(rig, writer, 0, 3);
  assert.is(writer.state(0), 'ok');
});

test('release deletes whole stored segments only, and never the newest', ({ rig }) => {
  const clicks = write(rig, rig.writer({ segmentBytes: 1000 }), 0, 60);
  const starts = rig.segments();
  assert.ok(starts.length > 4);
  const reader = rig.reader();
  reader.release(clicks[59].end);
  assert.equal(rig.segments(), starts, 'nothing was read yet');
  drain(reader);
  reader.release(starts[2] - 1);
  assert.equal(rig.segments(), starts.slice(1));
  assert.is(rig.board.freed, starts[1]);
  reader.release(starts[2]);
  assert.equal(rig.segments(), starts.slice(2));
  assert.is(rig.board.freed, starts[2]);
  assert.is(rig.board.stored, starts[2]);
  reader.release(clicks[59].end);
  assert.equal(rig.segments(), starts.slice(-1));
  assert.is(rig.board.stored, clicks[59].end);
  assert.equal(
    drain(rig.reader({ from: 0 })),
    clicks.filter((click) => click.end > starts[starts.length - 1]),
  );
});

test('counts the backlog with and without a board', ({ rig }) => {
  const clicks = write(rig, rig.writer(), 0, 10);
  for (const board of [rig.board, null]) {
    const reader = rig.reader({ board, from: clicks[3].end });
    assert.is(reader.backlogBytes(), clicks[9].end - clicks[3].end);
    drain(reader);
    assert.is(reader.backlogBytes(), 0);
  }
});

test('a writer that was stopped loses what comes, counted', async () => {
  const rig = createRig();
  const writer = rig.writer();
  await rig.remove();
  assert.is(writeNth(writer, 0), false);
  assert.is(writer.state(0), 'failing');
  assert.is(rig.count('clicksLost'), 1);
});

test('the log of a link is that of its shard', ({ rig }) => {
  const calls: [number, number][] = [];
  const writer = clickWriter([0, 1, 2].map((shard) => ({ append: (_at, linkId) => calls.push([shard, linkId]) > 0 })));
  for (const linkId of [0, 4, 2 ** 53 - 1]) {
    const { at, zoneOffset, userAgent, referrer, language } = nthClick(1);
    assert.ok(writer.append(at, linkId, zoneOffset, new ArrayBuffer(4), userAgent, referrer, language));
    assert.equal(calls.at(-1), [shardOf(linkId, 3), linkId]);
  }
  assert.equal(
    calls.map(([shard]) => shard),
    [0, 1, (2 ** 53 - 1) % 3],
  );
  assert.is(rig.count('clicksLost'), 0);
});

test('finds the logs of all threads that ever were', ({ rig }) => {
  for (const name of ['f10-s1', 'f2-s0', 'f2-s11', 'f2-s3', 'other', 'f1-s']) mkdirSync(join(rig.dir, name));
  assert.equal(
    listLogs(rig.dir).map(({ name, front, shard }) => [name, front, shard]),
    [
      ['f2-s0', 2, 0],
      ['f2-s3', 2, 3],
      ['f2-s11', 2, 11],
      ['f10-s1', 10, 1],
    ],
  );
  assert.equal(listLogs(join(rig.dir, 'nowhere')), []);
});

test.run();
