import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FolderTaken, openDataFolder, readNodeAddress, removeNodeAddress, writeNodeAddress } from '../../src/storage/data-folder.ts';
import { processIdentity } from '../../src/storage/process.ts';
import { ownNamespace } from '../support/own-namespace.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { thrownBy } from '../support/thrown-by.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const isRoot = process.geteuid?.() === 0;
const mode = (path: string): number => statSync(path).mode & 0o777;

/** Starts processes that all try to take the folder at the same moment. @returns what each says */
async function contend(folder: string, count: number): Promise<{ child: ChildProcess; says: string }[]> {
  const at = Date.now() + 400;
  return Promise.all(
    Array.from({ length: count }, async () => {
      const child = spawn(process.execPath, [join(FIXTURES, 'folder-holder.ts'), folder, String(at)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = await once(child.stdout, 'data');
      return { child, says: String(line).trim() };
    }),
  );
}

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

const it = suite('data-folder');

it('makes the folder for its owner alone, with all above it', async () => {
  const path = join(temporaryFolder(), 'a', 'data');
  const folder = await openDataFolder(path);
  assert.is(folder.value.path, path);
  assert.is(mode(path), 0o700);
  await folder.stop();
});

it('takes no new name beside click logs: Postgres knows their positions under the old one', async () => {
  const path = temporaryFolder();
  mkdirSync(join(path, 'click-log', 'f0-s0'), { recursive: true });
  assert.match((await thrownBy(openDataFolder(path))).message, `${path} has click logs but no node-id`);
  rmSync(join(path, 'click-log', 'f0-s0'), { recursive: true });
  const folder = await openDataFolder(path);
  mkdirSync(join(path, 'click-log', 'f0-s0'));
  await folder.stop();
  await (await openDataFolder(path)).stop();
});

it('keeps its name and its key', async () => {
  const path = temporaryFolder();
  const first = await openDataFolder(path);
  const { nodeId } = first.value;
  const key = first.value.secretKey();
  assert.match(nodeId, /^[0-9a-f]{10}$/);
  assert.ok(Buffer.byteLength(key) >= 32);
  assert.is(first.value.secretKey(), key);
  await first.stop();
  const second = await openDataFolder(path);
  assert.is(second.value.nodeId, nodeId);
  assert.is(second.value.secretKey(), key);
  assert.is(mode(join(path, 'secret-key')), 0o600);
  await second.stop();
  const other = await openDataFolder(temporaryFolder());
  assert.is.not(other.value.nodeId, nodeId);
  assert.is.not(other.value.secretKey(), key);
  await other.stop();
});

it('makes no key for who has one', async () => {
  const path = temporaryFolder();
  await (await openDataFolder(path)).stop();
  assert.not(existsSync(join(path, 'secret-key')));
});

it('does not give itself another name when its own is damaged, and leaves the folder', async () => {
  const path = temporaryFolder();
  writeFileSync(join(path, 'node-id'), '');
  assert.match((await thrownBy(openDataFolder(path))).message, 'node-id is empty');
  writeFileSync(join(path, 'node-id'), 'abcdef0123\n');
  const folder = await openDataFolder(path, 0);
  assert.is(folder.value.nodeId, 'abcdef0123');
  await folder.stop();
});

it('belongs to one at a time, also within a process', async () => {
  const path = temporaryFolder();
  const first = await openDataFolder(path);
  const error = await thrownBy(openDataFolder(path, 0));
  assert.instance(error, FolderTaken);
  assert.match(error.message, `data folder ${path} is in use by process ${process.pid}`);
  await first.stop();
  await (await openDataFolder(path)).stop();
});

it('belongs to one at a time, also when it is in another container', async () => {
  const namespace = ownNamespace();
  if (namespace === null) return;
  const path = temporaryFolder();
  const [file, ...args] = [...namespace, process.execPath, join(FIXTURES, 'folder-holder.ts'), path, '0'];
  const holder = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(holder.stdout, 'data');
  assert.is(String(line).trim(), 'taken');
  assert.instance(await thrownBy(openDataFolder(path, 0)), FolderTaken);
  await killed(holder);
  const folder = await openDataFolder(path);
  await folder.stop();
});

it('is waited for when a command has it, not when a node has it', async () => {
  const path = temporaryFolder();
  const command = await openDataFolder(path);
  const node = openDataFolder(path);
  await command.stop();
  const { stop } = await node;
  writeNodeAddress(path, { pid: process.pid, url: 'http://127.0.0.1:1', statusToken: 't' });
  assert.instance(await thrownBy(openDataFolder(path, Number.POSITIVE_INFINITY)), FolderTaken);
  await stop();
});

it('is taken by exactly one of many that start at once, again at once after kill -9, 10 times', async () => {
  const path = temporaryFolder();
  for (let round = 0; round < 10; round++) {
    const contenders = await contend(path, 4);
    const winners = contenders.filter(({ says }) => says === 'taken');
    assert.is(winners.length, 1, JSON.stringify(contenders.map(({ says }) => says)));
    const pid = winners[0].child.pid;
    for (const { says, child } of contenders) if (child.pid !== pid) assert.match(says, `in use by process ${pid}`);
    await killed(winners[0].child);
  }
  assert.is(readdirSync(path).filter((name) => name.startsWith('lock')).length, 1, 'old lock files do not pile up');
});

it('lets one in at a time, whoever leaves it how', async () => {
  const path = temporaryFolder();
  const outputs = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const child = spawn(process.execPath, [join(FIXTURES, 'lock-contender.ts'), path, '100'], { stdio: ['ignore', 'pipe', 'pipe'] });
      const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
      return complaint === '' ? output.trim() : complaint;
    }),
  );
  assert.equal(outputs, ['100', '100', '100']);
});

it('is free when another process has the id of the one that had it', async () => {
  const path = temporaryFolder();
  writeFileSync(join(path, 'lock.7'), `${process.pid} another-identity\n`);
  const folder = await openDataFolder(path);
  assert.equal(
    readdirSync(path).filter((name) => name.startsWith('lock')),
    ['lock.8'],
  );
  await folder.stop();
});

it('says which folder cannot be written to', async () => {
  const parent = temporaryFolder();
  writeFileSync(join(parent, 'file'), '');
  assert.match((await thrownBy(openDataFolder(join(parent, 'file')))).message, `data folder ${parent}/file cannot be written to`);
  assert.match(
    (await thrownBy(openDataFolder(join(parent, 'file', 'data')))).message,
    `data folder ${parent}/file/data cannot be written to`,
  );
  if (isRoot) return; // who may write everywhere
  mkdirSync(join(parent, 'readonly'));
  chmodSync(join(parent, 'readonly'), 0o500);
  assert.match((await thrownBy(openDataFolder(join(parent, 'readonly')))).message, 'cannot be written to (EACCES)');
});

it('tells commands how to reach the node', () => {
  const path = temporaryFolder();
  assert.is(readNodeAddress(path), null);
  const address = { pid: 1, url: 'http://127.0.0.1:1', statusToken: 't' };
  writeNodeAddress(path, address);
  assert.equal(readNodeAddress(path), address);
  assert.is(mode(join(path, 'node.json')), 0o600);
  removeNodeAddress(path);
  assert.is(readNodeAddress(path), null);
});

it('knows a process from another one, and from one that is over', async () => {
  const child = spawn('sleep', ['100']);
  const pid = child.pid ?? 0;
  const identity = processIdentity(pid);
  assert.ok(identity);
  assert.is(processIdentity(pid), identity);
  assert.is.not(processIdentity(process.pid), identity);
  await killed(child);
  assert.is(processIdentity(pid), null);
});

it.run();
