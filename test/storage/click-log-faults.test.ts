/** G5 and what else can go wrong below a click log: short writes, a full disk, a full log, a failed fsync. */
import { execFileSync } from 'node:child_process';
import { fdatasync, mkdtempSync, rmSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogSyncer, type LogSyncerOptions } from '../../src/storage/click-log/syncer.ts';
import type { LogWriterOptions } from '../../src/storage/click-log/writer.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { createRig, drain, type Entry, LOG, nthClick, type Rig, write, writeNth } from './click-log-rig.ts';

const test = suite<{ rig: Rig }>('click log, faults');
test.before.each((context) => {
  context.rig = createRig();
});
test.after.each((context) => context.rig.remove());

const T0 = nthClick(0).at;

class NoSpace extends Error {
  code = 'ENOSPC';
}

/** pwrite(2) on a disk that can be broken. */
class BreakableDisk {
  /** How many of so many bytes are still taken; undefined: all. */
  fault: ((length: number) => number) | undefined;
  calls = 0;

  readonly write: NonNullable<LogWriterOptions['write']> = (fd, buffer, offset, length, position) => {
    this.calls++;
    const taken = this.fault?.(length) ?? length;
    if (taken === 0) throw new NoSpace('no space left on device');
    return writeSync(fd, buffer, offset, taken, position);
  };
}

test('a torn write is not acknowledged, not read, and overwritten by the next click', ({ rig }) => {
  const disk = new BreakableDisk();
  const writer = rig.writer({ write: disk.write });
  const reader = rig.reader();
  const before = write(rig, writer, 0, 2);
  assert.equal(drain(reader), before);
  disk.fault = (length) => length - 3;
  assert.is(writeNth(writer, 5), false);
  disk.fault = () => 0;
  assert.is(writeNth(writer, 6), false);
  assert.equal(drain(reader), []);
  assert.equal([rig.count('clicksLost'), rig.count('clickLogWriteErrors')], [2, 2]);
  assert.is(writer.state(T0 + 6), 'failing');
  disk.fault = undefined;
  const after = write(rig, writer, 2, 2); // shorter than what was torn: some of it stays behind the record
  assert.is(writer.state(T0 + 6), 'ok');
  assert.equal(drain(reader), after);
  assert.is(rig.count('damagedRecords') + rig.count('tornTails'), 0);
  assert.equal(rig.logged(), ['click log cannot be written', 'click log is written again']);
});

test('random short writes, crashes and restarts: what was acknowledged is read, exactly', ({ rig }) => {
  const random = randomFrom(seed);
  const disk = new BreakableDisk();
  disk.fault = (length) => (random() < 0.3 ? Math.floor(random() * length) : length);
  const options = { write: disk.write, segmentBytes: 3000 };
  let writer = rig.writer(options);
  const reader = rig.reader();
  const acknowledged: Omit<Entry, 'end'>[] = [];
  const read: Entry[] = [];
  const sent = 5000;
  for (let n = 0; n < sent; n++) {
    if (writeNth(writer, n)) acknowledged.push(nthClick(n));
    if (random() < 0.01) rig.board.rotations += 1;
    if (random() < 0.005) writer = rig.writer(options);
    if (random() < 0.2) read.push(...drain(reader));
  }
  disk.fault = undefined;
  rig.writer(options);
  read.push(...drain(reader));
  assert.equal(
    read.map(({ end: _, ...click }) => click),
    acknowledged,
  );
  assert.is(acknowledged.length + rig.count('clicksLost'), sent);
  assert.ok(rig.count('tornTails') > 0);
});

test('a segment that cannot be created is tried again every 100 ms of the clicks, and loses counted clicks until then', ({ rig }) => {
  const disk = new BreakableDisk();
  const writer = rig.writer({ write: disk.write });
  const before = write(rig, writer, 0, 3);
  disk.fault = () => 0;
  rig.board.rotations += 1;
  disk.calls = 0;
  for (let n = 1000; n < 1250; n++) assert.is(writeNth(writer, n), false);
  assert.is(disk.calls, 3);
  assert.is(rig.count('clicksLost'), 250);
  assert.is(writer.state(T0 + 1250), 'failing');
  disk.fault = undefined;
  assert.is(writer.state(T0 + 1350), 'failing', 'the segment is there, but no click has shown it yet');
  const after = write(rig, writer, 1350, 3);
  assert.is(writer.state(T0 + 1350), 'ok');
  assert.equal(drain(rig.reader()), [...before, ...after]);
});

test('opens while the disk is full, and writes when there is space', ({ rig }) => {
  const disk = new BreakableDisk();
  disk.fault = () => 0;
  const writer = rig.writer({ write: disk.write });
  assert.is(writeNth(writer, 0), false);
  disk.fault = undefined;
  assert.equal(drain(rig.reader()), []);
  const clicks = write(rig, writer, 200, 2);
  assert.equal(drain(rig.reader()), clicks);
});

test('a clock that is set back does not make a fault last', ({ rig }) => {
  const disk = new BreakableDisk();
  const writer = rig.writer({ write: disk.write });
  disk.fault = () => 0;
  rig.board.rotations += 1;
  assert.is(writeNth(writer, 3_600_000), false);
  disk.fault = undefined;
  assert.ok(writeNth(writer, 0));
});

test('complains once a second, however many clicks are lost', ({ rig }) => {
  const disk = new BreakableDisk();
  const writer = rig.writer({ write: disk.write });
  disk.fault = () => 0;
  for (let n = 0; n < 2500; n++) writeNth(writer, n);
  assert.is(rig.logged().length, 3);
  assert.is(rig.count('clickLogWriteErrors'), 2500);
});

test('a failure is forgotten when no click has met it for a while', ({ rig }) => {
  const disk = new BreakableDisk();
  const writer = rig.writer({ write: disk.write });
  disk.fault = () => 0;
  writeNth(writer, 0);
  assert.is(writer.state(T0 + 4999), 'failing');
  assert.is(writer.state(T0 + 5000), 'ok');
});

test('with O_DSYNC a refused record is left behind, for it may stand there in full', ({ rig }) => {
  let broken = false;
  const writer = rig.writer({
    fsync: 'always',
    write(fd, buffer, offset, length, position) {
      const taken = writeSync(fd, buffer, offset, length, position);
      if (broken) throw new NoSpace('no space left on device');
      return taken;
    },
  });
  const reader = rig.reader();
  const before = write(rig, writer, 0, 2);
  broken = true;
  assert.is(writeNth(writer, 2), false);
  broken = false;
  const after = write(rig, writer, 200, 2);
  assert.is(rig.segments().length, 2);
  const read = drain(reader);
  assert.equal([...read.slice(0, 2), ...read.slice(3)], [...before, ...after]);
  assert.is(read[2].at, nthClick(2).at);
});

test('a full log loses counted clicks and takes them again after a release', ({ rig }) => {
  const writer = rig.writer({ maxBytes: 20_000 });
  const reader = rig.reader();
  let n = 0;
  while (writeNth(writer, n)) n++;
  assert.is(writer.state(T0), 'full');
  assert.ok(rig.board.written <= 20_000);
  assert.is(writeNth(writer, n), false);
  assert.equal([rig.count('clicksLost'), rig.count('clickLogWriteErrors')], [2, 0]);
  assert.is(drain(reader).length, n);
  assert.is(writer.state(T0), 'full', 'read is not stored');
  reader.release(reader.position);
  assert.is(writer.state(T0), 'ok');
  const after = write(rig, writer, n, 20);
  assert.equal(drain(reader), after);
  assert.equal(rig.logged(), ['click log is full', 'click log is written again']);
});

/** A file system with little space of its own. @returns undefined when this process may not mount */
function mountSmallDisk(): { dir: string; unmount(): void } | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'elnk-small-disk-'));
  const unmount = () => {
    execFileSync('umount', [dir]);
    rmSync(dir, { recursive: true });
  };
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'elnk-test', dir], { stdio: 'ignore' });
    return { dir, unmount };
  } catch {
    rmSync(dir, { recursive: true });
    return undefined;
  }
}

test('on a disk that fills up: sent = stored + counted, and it goes on when there is space', async () => {
  const disk = mountSmallDisk();
  if (disk === undefined) {
    process.stdout.write('no right to mount a tmpfs: a full disk is only simulated, in the tests above\n');
    return;
  }
  const rig = createRig(join(disk.dir, 'logs'));
  try {
    const ballast = join(disk.dir, 'ballast');
    writeFileSync(ballast, Buffer.alloc(100 * 1024));
    const writer = rig.writer({ segmentBytes: 40_000 });
    const reader = rig.reader();
    const sent = 4000;
    const read: Entry[] = [];
    for (let n = 0; n < sent; n++) {
      if (n === 3000) unlinkSync(ballast);
      writeNth(writer, n);
      if (n % 100 === 0) read.push(...drain(reader));
    }
    read.push(...drain(reader));
    const lost = rig.count('clicksLost');
    assert.ok(lost > 100, `${lost} lost`);
    assert.is(read.length + lost, sent);
    assert.ok(
      read.some((click) => click.at > nthClick(3000).at),
      'recovered',
    );
    assert.is(rig.count('damagedRecords') + rig.count('tornTails'), 0);
  } finally {
    await rig.remove();
    disk.unmount();
  }
});

const syncerOf = ({ dir, board, counters, logger }: Rig, sync: LogSyncerOptions['sync'] = fdatasync) =>
  createLogSyncer({ dir, logs: [{ name: LOG, board }], counters, logger, sync });

test('syncs each segment that was written since the last tick', async ({ rig }) => {
  const synced: number[] = [];
  const syncer = syncerOf(rig, (fd, done) => {
    synced.push(fd);
    fdatasync(fd, done);
  });
  const writer = rig.writer();
  write(rig, writer, 0, 1);
  await syncer.tick();
  assert.is(synced.length, 1);
  await syncer.tick();
  assert.is(synced.length, 1, 'nothing new');
  write(rig, writer, 1, 1);
  rig.board.rotations += 1;
  write(rig, writer, 2, 1);
  await Promise.all([syncer.tick(), syncer.tick()]);
  assert.is(synced.length, 3, 'the end of the first segment and the second one');
  write(rig, writer, 3, 1);
  await syncer.tick();
  assert.is(synced.length, 4);
  assert.is(syncer.failing, false);
});

test('a failed sync is not retried: the writer begins a new segment', async ({ rig }) => {
  let broken = true;
  let calls = 0;
  const syncer = syncerOf(rig, (fd, done) => {
    calls++;
    if (broken) done(Object.assign(new Error('i/o error'), { code: 'EIO' }));
    else fdatasync(fd, done);
  });
  const writer = rig.writer();
  const before = write(rig, writer, 0, 2);
  await syncer.tick();
  assert.is(syncer.failing, true);
  assert.equal([rig.count('clickLogSyncErrors'), rig.board.rotations, calls], [1, 1, 1]);
  assert.equal(rig.logged(), ['click log cannot be synced']);
  broken = false;
  await syncer.tick();
  assert.is(calls, 1);
  assert.is(syncer.failing, true);
  const after = write(rig, writer, 2, 2);
  assert.is(rig.segments().length, 2);
  await syncer.tick();
  assert.is(calls, 2, 'only the new segment');
  assert.is(syncer.failing, false);
  assert.equal(drain(rig.reader()), [...before, ...after]);
});

test('a segment that is gone by the time of the sync was stored', async ({ rig }) => {
  const syncer = syncerOf(rig);
  write(rig, rig.writer({ segmentBytes: 500 }), 0, 20);
  const reader = rig.reader();
  drain(reader);
  const tick = syncer.tick();
  reader.release(reader.position);
  await tick;
  assert.is(rig.segments().length, 1);
  assert.is(rig.count('clickLogSyncErrors'), 0);
});

test.run();
