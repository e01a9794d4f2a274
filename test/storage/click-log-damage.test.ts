/** G3: a torn or damaged log never invents or silently drops a click. */
import { rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HEADER_BYTES, RECORD_MAX_BYTES } from '../../src/storage/click-log/spec.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { createRig, drain, type Entry, LOG, type Rig, write } from './click-log-rig.ts';

const test = suite<{ rig: Rig }>('click log, damaged');
test.before.each((context) => {
  context.rig = createRig();
});
test.after.each((context) => context.rig.remove());

/** Stands for a process that came back: nobody writes, the board knows nothing. */
const afterwards = { board: null };

/** Clicks over several segments, grouped by segment, in a log that no one writes any more. */
function writeSegments(rig: Rig, segments: number, clicksEach: number): Entry[][] {
  return Array.from({ length: segments }, (_, i) => write(rig, rig.writer({ segmentBytes: 1e9 }), i * clicksEach, clicksEach));
}

test('cut at every byte of its last records: the exact prefix is read, the rest waits', ({ rig }) => {
  const clicks = writeSegments(rig, 2, 12).flat();
  const [, newest] = rig.segments();
  const whole = rig.bytes(newest);
  for (let size = 0; size < whole.length; size++) {
    rig.overwrite(newest, whole.subarray(0, size));
    const reader = rig.reader(afterwards);
    assert.equal(
      drain(reader),
      clicks.filter((click) => click.end <= newest + size),
      `cut at ${size}`,
    );
    assert.equal(drain(reader), []);
    rig.overwrite(newest, whole);
    assert.equal(
      drain(reader),
      clicks.filter((click) => click.end > newest + size),
      `completed after ${size}`,
    );
  }
  assert.is(rig.count('tornTails') + rig.count('damagedRecords'), 0);
});

test('cut at every byte of the last records of an older segment: prefix, one torn end counted, then the next segment', ({ rig }) => {
  const clicks = writeSegments(rig, 3, 8).flat();
  const [, middle, newest] = rig.segments();
  const whole = rig.bytes(middle);
  let torn = 0;
  for (let size = 0; size < whole.length; size++) {
    rig.overwrite(middle, whole.subarray(0, size));
    const expected = clicks.filter((click) => click.end <= middle + size || click.end > newest);
    assert.equal(drain(rig.reader(afterwards)), expected, `cut at ${size}`);
    const isBetweenRecords = size === 0 || size === HEADER_BYTES || clicks.some((click) => click.end === middle + size);
    if (!isBetweenRecords) torn++;
    assert.is(rig.count('tornTails'), torn, `cut at ${size}`);
  }
  assert.is(rig.count('damagedRecords'), 0);
});

test('10,000 flipped bits: all but the damaged records are read, unaltered, and the damage is counted and kept', ({ rig }) => {
  const random = randomFrom(seed);
  const clicks = writeSegments(rig, 4, 750);
  const segments = rig.segments().map((start, i) => ({ start, bytes: rig.bytes(start), clicks: clicks[i], isNewest: i === 3 }));
  const counted = () => rig.count('damagedRecords') + rig.count('tornTails');
  for (let round = 0; round < 500; round++) {
    const before = counted();
    let stretches = 0;
    const expected: Entry[] = [];
    const hits = Array.from({ length: 20 }, () => [Math.floor(random() * segments.length), random(), Math.floor(random() * 8)]);
    for (const [index, segment] of segments.entries()) {
      const bytes = Buffer.from(segment.bytes);
      for (const [hit, place, bit] of hits) if (hit === index) bytes[Math.floor(place * bytes.length)] ^= 1 << bit;
      rig.overwrite(segment.start, bytes);
      // Header and records, in order: whole or damaged, by comparison with what was written.
      let offset = 0;
      let inDamage = false;
      for (const click of [undefined, ...segment.clicks]) {
        const end = click === undefined ? HEADER_BYTES : click.end - segment.start;
        const isWhole = bytes.subarray(offset, end).equals(segment.bytes.subarray(offset, end));
        if (!isWhole && !inDamage) stretches++;
        if (isWhole && click !== undefined) expected.push(click);
        inDamage = !isWhole;
        offset = end;
      }
      // At the end of the newest segment it may yet become a record.
      if (inDamage && segment.isNewest) stretches--;
    }
    assert.equal(drain(rig.reader(afterwards)), expected, `round ${round}`);
    assert.is(counted() - before, stretches, `round ${round}`);
    rmSync(rig.quarantineDir, { recursive: true, force: true });
  }
  assert.ok(rig.count('damagedRecords') > 9000);
});

test('keeps a damaged stretch in quarantine, byte by byte', ({ rig }) => {
  const [clicks] = writeSegments(rig, 2, 10);
  const bytes = rig.bytes(0);
  const [from, to] = [clicks[3].end, clicks[6].end];
  bytes.fill(0xff, from, to);
  rig.overwrite(0, bytes);
  const read = drain(rig.reader(afterwards));
  assert.is(read.length, 17);
  assert.equal(rig.quarantined(), [{ name: `${LOG}-${from}.bin`, size: to - from }]);
  assert.is(rig.count('damagedRecords'), 1);
  assert.equal(rig.logged(), ['damaged click log']);
});

test('the damaged last record of the newest segment waits, and is counted when a newer segment proves it complete', ({ rig }) => {
  const clicks = writeSegments(rig, 1, 10).flat();
  const bytes = rig.bytes(0);
  bytes[bytes.length - 1] ^= 1;
  rig.overwrite(0, bytes);
  const reader = rig.reader(afterwards);
  assert.equal(drain(reader), clicks.slice(0, 9));
  assert.is(rig.count('damagedRecords'), 0);
  const later = write(rig, rig.writer(), 10, 1);
  assert.equal(drain(reader), later);
  assert.is(rig.count('damagedRecords'), 1);
});

test('reads on behind damage in the newest segment', ({ rig }) => {
  const clicks = writeSegments(rig, 1, 10).flat();
  const bytes = rig.bytes(0);
  bytes[clicks[4].end + 40] ^= 4;
  rig.overwrite(0, bytes);
  assert.equal(drain(rig.reader(afterwards)), clicks.toSpliced(5, 1));
  assert.is(rig.count('damagedRecords'), 1);
});

test('zeros at the end of an older segment are a torn end, other bytes are damage', ({ rig }) => {
  const clicks = writeSegments(rig, 2, 5);
  const [, newest] = rig.segments();
  const whole = rig.bytes(0);
  const lastRecord = clicks[0][3].end;
  whole.fill(0, lastRecord);
  rig.overwrite(0, whole);
  assert.equal(drain(rig.reader(afterwards)), [...clicks[0].slice(0, 4), ...clicks[1]]);
  assert.equal([rig.count('tornTails'), rig.count('damagedRecords')], [1, 0]);
  whole[newest - 1] = 1;
  rig.overwrite(0, whole);
  assert.equal(drain(rig.reader(afterwards)), [...clicks[0].slice(0, 4), ...clicks[1]]);
  assert.equal([rig.count('tornTails'), rig.count('damagedRecords')], [1, 1]);
});

test('a garbled header costs no click', ({ rig }) => {
  const clicks = writeSegments(rig, 2, 5).flat();
  for (const start of rig.segments()) {
    const bytes = rig.bytes(start);
    bytes.fill(0x5a, 0, HEADER_BYTES);
    rig.overwrite(start, bytes);
  }
  assert.equal(drain(rig.reader(afterwards)), clicks);
  assert.is(rig.count('damagedRecords'), 2);
  assert.equal(
    rig.quarantined().map(({ size }) => size),
    [HEADER_BYTES, HEADER_BYTES],
  );
});

test('a segment under another name is noticed', ({ rig }) => {
  writeSegments(rig, 1, 3);
  rig.overwrite(1_000_000, rig.bytes(0));
  assert.is(drain(rig.reader({ ...afterwards, from: 1_000_000 })).length, 3);
  assert.is(rig.count('damagedRecords'), 1);
});

test('a position inside a damaged record goes on with the next whole one', ({ rig }) => {
  const clicks = writeSegments(rig, 1, 6).flat();
  const reader = rig.reader({ ...afterwards, from: clicks[2].end + 1 });
  assert.equal(drain(reader), clicks.slice(4));
  assert.is(rig.count('damagedRecords'), 1);
});

test('8 MiB of garbage full of plausible lengths are passed in linear time', ({ rig }) => {
  const clicks = writeSegments(rig, 2, 5);
  const [, newest] = rig.segments();
  const garbage = Buffer.alloc(8 * 1024 * 1024);
  const record = rig.bytes(0).subarray(clicks[0][1].end, clicks[0][2].end);
  for (let offset = 0; offset + record.length <= garbage.length; offset += record.length) record.copy(garbage, offset);
  // The same whole record over and over, each with a wrong checksum.
  for (let offset = 4; offset < garbage.length; offset += record.length) garbage[offset] ^= 1;
  const header = rig.bytes(newest).subarray(0, HEADER_BYTES);
  rig.overwrite(newest, Buffer.concat([header, garbage, rig.bytes(newest).subarray(HEADER_BYTES)]));
  const begun = process.cpuUsage();
  const read = drain(rig.reader(afterwards));
  const { user } = process.cpuUsage(begun);
  assert.equal(
    read.map((click) => click.at),
    clicks.flat().map((click) => click.at),
  );
  assert.is(rig.count('damagedRecords'), 1);
  assert.ok(user < 2_000_000, `${user} µs`);
});

test('a waiting tail is not searched again until it has grown', ({ rig }) => {
  const clicks = writeSegments(rig, 1, 5).flat();
  const end = clicks[4].end;
  rig.overwrite(0, Buffer.concat([rig.bytes(0), Buffer.alloc(32 * 1024 * 1024, 0x40)]));
  const reader = rig.reader(afterwards);
  assert.is(drain(reader).length, 5);
  const begun = process.cpuUsage();
  for (let i = 0; i < 200; i++) assert.is(drain(reader).length, 0);
  const { user } = process.cpuUsage(begun);
  assert.is(reader.position, end);
  assert.ok(user < 1_000_000, `${user} µs`);
});

test('a record across the border of a search window is found', ({ rig }) => {
  const clicks = writeSegments(rig, 1, 3).flat();
  const [first, last] = [rig.bytes(0).subarray(0, clicks[1].end), rig.bytes(0).subarray(clicks[1].end)];
  for (let shift = -RECORD_MAX_BYTES; shift <= 8; shift += 7) {
    const garbage = Buffer.alloc(512 * 1024 + shift, 0x40);
    rig.overwrite(0, Buffer.concat([first, garbage, last]));
    assert.equal(
      drain(rig.reader(afterwards)).map((click) => click.at),
      clicks.map((click) => click.at),
      `shift ${shift}`,
    );
  }
});

test.run();
