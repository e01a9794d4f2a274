/** The file of a backup: what is written is read, and no damaged, cut or foreign file is taken for one. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BackupUnreadable, checkBackup, readBackup } from '../../src/storage/backup/reader.ts';
import { FILE_HEADER_BYTES, FRAME, PIECE_BYTES } from '../../src/storage/backup/spec.ts';
import { type BackupWriter, writeBackup } from '../../src/storage/backup/writer.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { thrownBy } from '../support/thrown-by.ts';

const HEAD = { version: '1.2.3', madeAt: '2026-11-24T22:00:00.000Z' };
const DATABASE = {
  schema: 12,
  jobsSchema: 20,
  partitions: [{ name: 'public.clicks_1', parent: 'public.clicks', bounds: "FOR VALUES FROM ('4294967296') TO ('8589934592')" }],
};
const SEQUENCES = [{ name: 'public.users_id_seq', last: 17, isCalled: true }];
const TABLE = { name: 'public.users', columns: ['id', 'email'] };
const random = randomFrom(seed);

const it = suite('file of a backup');

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const noise = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));

async function write(path: string, small: Buffer, rows: Buffer): Promise<void> {
  await writeBackup(path, async (writer: BackupWriter) => {
    await writer.head(HEAD);
    await writer.file({ path: 'node-id' }, chunks(small, 5));
    await writer.database(DATABASE);
    await writer.table(TABLE, chunks(rows, 70_001));
    await writer.tail({ sequences: SEQUENCES });
  });
}

async function sampleFile(): Promise<string> {
  const path = join(temporaryFolder(), 'sample');
  await write(path, Buffer.from('0123456789\n'), noise(50));
  return path;
}

it('gives back what was written, in pieces of a bounded size', async () => {
  for (const length of [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES - 1]) {
    const path = join(temporaryFolder(), 'backup');
    const rows = noise(length);
    await write(path, Buffer.from('0123456789\n'), rows);
    const found: Record<string, unknown> = {};
    for await (const part of readBackup(path)) {
      if (part.kind === 'head') assert.equal(part.head, HEAD);
      else if (part.kind === 'database') assert.equal(part.database, DATABASE);
      else if (part.kind === 'tail') assert.equal(part.tail, { sequences: SEQUENCES });
      else {
        const pieces: Buffer[] = [];
        for await (const piece of part.data) pieces.push(piece);
        assert.ok(pieces.every((piece) => piece.length <= PIECE_BYTES));
        found[part.kind] = [part.kind === 'file' ? part.file : part.table, Buffer.concat(pieces)];
      }
    }
    assert.equal(found, { file: [{ path: 'node-id' }, Buffer.from('0123456789\n')], table: [TABLE, rows] });
    assert.equal(await checkBackup(path), HEAD);
  }
});

it('what of a part is not read is passed over', async () => {
  const kinds: string[] = [];
  for await (const { kind } of readBackup(await sampleFile())) kinds.push(kind);
  assert.equal(kinds, ['head', 'file', 'database', 'table', 'tail']);
});

it('a bit that has changed is noticed, wherever it is', async () => {
  const path = await sampleFile();
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] ^= 1 << Math.floor(random() * 8);
    writeFileSync(path, changed);
    assert.instance(await thrownBy(checkBackup(path)), BackupUnreadable, `byte ${at}`);
  }
});

it('a file that was cut off is noticed, wherever it was cut', async () => {
  const path = await sampleFile();
  const bytes = readFileSync(path);
  for (let length = 0; length < bytes.length; length++) {
    writeFileSync(path, bytes.subarray(0, length));
    assert.match((await thrownBy(checkBackup(path))).message, /is cut off|is no backup that elnk has made/, `${length} bytes`);
  }
  writeFileSync(path, Buffer.concat([bytes, Buffer.from([0])]));
  assert.match((await thrownBy(checkBackup(path))).message, /is cut off, or damaged|goes on behind its end/);
});

it('frames that are missing, doubled or out of place are noticed', async () => {
  const path = await sampleFile();
  const bytes = readFileSync(path);
  const frames: Buffer[] = [];
  for (let at = FILE_HEADER_BYTES; at < bytes.length; at += frames[frames.length - 1].length) {
    frames.push(bytes.subarray(at, at + FRAME.payload + bytes.readUInt32LE(at + FRAME.length)));
  }
  assert.is(frames.length, 7);
  const refused = async (changed: Buffer[]) => {
    writeFileSync(path, Buffer.concat([bytes.subarray(0, FILE_HEADER_BYTES), ...changed]));
    assert.instance(await thrownBy(checkBackup(path)), BackupUnreadable);
  };
  for (const [i, frame] of frames.entries()) {
    await refused(frames.toSpliced(i, 1));
    await refused(frames.toSpliced(i, 0, frame));
    if (i > 0) await refused(frames.toSpliced(i - 1, 2, frame, frames[i - 1]));
  }
});

it('says what is wrong with what is no backup', async () => {
  const folder = temporaryFolder();
  const path = await sampleFile();
  const bytes = readFileSync(path);
  bytes.writeUInt32LE(7, FILE_HEADER_BYTES - 4);
  writeFileSync(path, bytes);
  assert.match((await thrownBy(checkBackup(path))).message, /has format 7, this elnk reads 1/);
  writeFileSync(path, 'PGDMP and so on');
  assert.match((await thrownBy(checkBackup(path))).message, /is no backup that elnk has made$/);
  assert.match((await thrownBy(checkBackup(join(folder, 'none')))).message, /cannot be read \(ENOENT\)$/);
  assert.match((await thrownBy(checkBackup(folder))).message, /is a folder$/);
});

it('names that lead out of the data folder, or are no tables, are refused', async () => {
  for (const name of ['../etc/passwd', 'click-log/../../x', '/etc/passwd', 'quarantine/..', 'postgres/PG_VERSION']) {
    const path = join(temporaryFolder(), 'backup');
    await writeBackup(path, async (writer) => {
      await writer.head(HEAD);
      await writer.file({ path: name }, chunks(Buffer.from('x'), 1));
      await writer.tail({ sequences: [] });
    });
    assert.match((await thrownBy(checkBackup(path))).message, /is damaged at byte/, name);
  }
  const path = join(temporaryFolder(), 'backup');
  await writeBackup(path, async (writer) => {
    await writer.head(HEAD);
    await writer.table({ name: 'public.users; DROP TABLE public.links', columns: ['id'] }, chunks(Buffer.from('x'), 1));
    await writer.tail({ sequences: [] });
  });
  assert.match((await thrownBy(checkBackup(path))).message, /is damaged at byte/);
});

it('a backup appears when it is whole, and replaces nothing', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'backup');
  const failing = writeBackup(path, async (writer) => {
    await writer.head(HEAD);
    assert.ok(existsSync(`${path}.part`));
    throw new Error('Postgres went away');
  });
  assert.is((await thrownBy(failing)).message, 'Postgres went away');
  assert.not(existsSync(path) || existsSync(`${path}.part`));
  writeFileSync(`${path}.part`, 'of one that was killed');
  await write(path, Buffer.from('x'), noise(9));
  const before = readFileSync(path);
  assert.match((await thrownBy(write(path, Buffer.from('x'), noise(9)))).message, /is there already/);
  assert.equal(readFileSync(path), before);
});

it.run();
