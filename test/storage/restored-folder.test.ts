/** A restored data folder takes the place of the old one whole, whenever the machine stops in between. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openDataFolder } from '../../src/storage/data-folder.ts';
import { beginRestore, commitRestore, dropRestore, finishRestore, folderBefore, hasData } from '../../src/storage/restored-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const OLD = ['click-log', 'node-id', 'postgres', 'quarantine'];
const NEW = ['click-log', 'node-id', 'postgres', 'postgres-password', 'secret-key'];

const it = suite('restored folder');

function fill(folder: string, names: string[], content: string): void {
  for (const name of names) {
    if (name !== 'click-log' && name !== 'postgres' && name !== 'quarantine') writeFileSync(join(folder, name), content);
    else {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'content'), content);
    }
  }
}

const contentOf = (folder: string, name: string) => {
  const path = join(folder, name);
  return readFileSync(existsSync(join(path, 'content')) ? join(path, 'content') : path, 'utf8');
};

function assertRestored(folder: string): void {
  for (const name of NEW) assert.is(contentOf(folder, name), 'new', name);
  const before = readdirSync(folderBefore(folder)).sort();
  assert.equal(before, ['click-log', 'node-id', 'postgres']);
  for (const name of before) assert.is(contentOf(folderBefore(folder), name), 'old');
  assert.not(existsSync(join(folder, 'restored')) || existsSync(join(folder, 'restore.new')));
}

it('the old data is moved aside, the new takes its place', () => {
  const folder = temporaryFolder();
  assert.not(hasData(folder));
  fill(folder, OLD, 'old');
  assert.ok(hasData(folder));
  fill(beginRestore(folder), NEW, 'new');
  commitRestore(folder);
  assertRestored(folder);
});

it('a restore that stopped before its commit leaves the old data as it was', () => {
  const folder = temporaryFolder();
  fill(folder, OLD, 'old');
  fill(beginRestore(folder), NEW.slice(0, 2), 'new');
  finishRestore(folder);
  for (const name of OLD) assert.is(contentOf(folder, name), 'old');
  assert.equal(readdirSync(beginRestore(folder)), [], 'the next one begins anew');
  dropRestore(folder);
  assert.equal(readdirSync(folder).sort(), OLD);
});

it('a restore that stopped behind its commit is finished, wherever it had come to', async () => {
  const steps = NEW.flatMap((name) => [
    ...(OLD.includes(name) ? [{ from: name, to: `before-restore/${name}` }] : []),
    { from: `restored/${name}`, to: name },
  ]);
  for (let done = 0; done <= steps.length; done++) {
    const folder = temporaryFolder();
    fill(folder, OLD, 'old');
    fill(beginRestore(folder), NEW, 'new');
    renameSync(join(folder, 'restore.new'), join(folder, 'restored'));
    if (done > 0) mkdirSync(folderBefore(folder));
    for (const { from, to } of steps.slice(0, done)) renameSync(join(folder, from), join(folder, to));
    const opened = await openDataFolder(folder);
    assert.is(opened.value.nodeId, 'new');
    await opened.stop();
    assertRestored(folder);
  }
});

it.run();
