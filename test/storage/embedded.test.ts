// timeout: 300 s
/** The embedded Postgres from its start to its end, whatever was there before, and whatever is killed meanwhile. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { embeddedAddress, startEmbedded } from '../../src/storage/postgres/embedded.ts';
import { commandLine } from '../../src/storage/process.ts';
import { recordingLogger, silentLogger } from '../support/logger.ts';
import { ownNamespace } from '../support/own-namespace.ts';
import { childrenOf } from '../support/processes.ts';
import { say } from '../support/say.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { isRunning, mode, postmaster, query, start, startNode } from './embedded-rig.ts';

const START_LIMIT_MS = 3_000;
async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function listening(): Promise<[Server, number]> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const bound = server.address();
  return [server, bound !== null && typeof bound === 'object' ? bound.port : 0];
}

const closed = (server: Server): Promise<unknown> => once(server.close(), 'close');

const guardOf = (node: ChildProcess): number | undefined =>
  childrenOf(node.pid ?? 0).find((pid) => commandLine(pid)?.includes('elnk-postgres-guard'));

const it = suite('embedded');

it('makes a database, keeps it over a restart, and leaves no process', async () => {
  const dir = temporaryFolder();
  const first = await start(dir);
  await query(first.value.url, `CREATE TABLE t (word text); INSERT INTO t VALUES ('слово')`);
  const [facts] = await query(
    first.value.url,
    `SELECT current_database() AS database, current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
            current_setting('synchronous_commit') AS sync, 'Ж' = upper('ж') AS unicode, 'a' > 'B' AS bytewise`,
  );
  assert.equal(facts, { database: 'elnk', encoding: 'UTF8', fsync: 'on', sync: 'on', unicode: true, bytewise: true });
  const pids = [postmaster(dir), ...childrenOf(postmaster(dir))];
  assert.ok(pids.length > 1);
  await first.stop();
  assert.equal(pids.filter(isRunning), []);

  const began = performance.now();
  const second = await start(dir);
  const tookMs = performance.now() - began;
  say(`start of an existing cluster: ${Math.round(tookMs)} ms`);
  assert.ok(tookMs < START_LIMIT_MS, `${tookMs} ms`);
  assert.equal(await query(second.value.url, 'SELECT word FROM t'), [{ word: 'слово' }]);
  await second.stop();
});

it('tells commands its address while it is running, and nobody else', async () => {
  const dir = temporaryFolder();
  const { value, stop } = await start(dir, { fsync: 'off' });
  assert.is(embeddedAddress(dir), value.url);
  for (const name of ['postgres.json', 'postgres-password']) assert.is(mode(join(dir, name)), 0o600, name);
  const password = new URL(value.url).password;
  assert.match((await thrownBy(query(value.url.replace(password, 'wrong'), 'SELECT 1'))).message, 'password authentication failed');
  await stop();
  assert.is(embeddedAddress(dir), null);
});

it('ends by itself when the node is killed', async () => {
  const dir = temporaryFolder();
  const node = await startNode(dir);
  const pid = postmaster(dir);
  await killed(node);
  await until('the end of Postgres', () => !isRunning(pid));
});

it('starts at once beside the Postgres of a killed node, which it ends', async () => {
  const dir = temporaryFolder();
  const node = await startNode(dir);
  const url = embeddedAddress(dir) ?? '';
  await query(url, 'CREATE TABLE t (n int); INSERT INTO t VALUES (1)');
  const guard = guardOf(node);
  assert.ok(guard);
  const old = postmaster(dir);
  process.kill(guard, 'SIGKILL'); // as when the machine runs out of memory, and takes what it likes
  await killed(node);
  assert.ok(isRunning(old));
  const next = await start(dir);
  assert.not(isRunning(old));
  assert.equal(await query(next.value.url, 'SELECT n FROM t'), [{ n: 1 }]);
  await next.stop();
});

it('starts after all was killed, 5 times, with what was committed', async () => {
  const dir = temporaryFolder();
  for (let round = 0; round < 5; round++) {
    const node = await startNode(dir);
    const url = embeddedAddress(dir) ?? '';
    await query(url, `CREATE TABLE IF NOT EXISTS t (n int); INSERT INTO t VALUES (${round})`);
    const guard = guardOf(node);
    const pid = postmaster(dir);
    if (guard !== undefined) process.kill(guard, 'SIGKILL');
    node.kill('SIGKILL');
    process.kill(pid, 'SIGKILL'); // its children end by themselves, perhaps after the next start has begun
  }
  const last = await start(dir);
  assert.equal(await query(last.value.url, 'SELECT count(*)::int AS n FROM t'), [{ n: 5 }]);
  await last.stop();
});

it('starts in a container that was killed, where process ids repeat, 4 times', async () => {
  const namespace = ownNamespace();
  if (namespace === null) return;
  const dir = temporaryFolder();
  for (let round = 0; round < 4; round++) {
    const node = await startNode(dir, namespace);
    await query(embeddedAddress(dir) ?? '', 'SELECT 1');
    await killed(node);
  }
});

it('does not take another process for its old Postgres', async () => {
  const dir = temporaryFolder();
  await (await start(dir, { fsync: 'off' })).stop();
  const innocent = spawn('sleep', ['100']);
  const lines = [innocent.pid, join(dir, 'postgres'), 1, 5432, '', '127.0.0.1', '  1234567   1', 'ready   '];
  writeFileSync(join(dir, 'postgres', 'postmaster.pid'), `${lines.join('\n')}\n`);
  const { stop } = await start(dir, { fsync: 'off' });
  assert.ok(isRunning(innocent.pid ?? 0));
  await stop();
  await killed(innocent);
});

it('starts Postgres again when it dies, at the same address', async () => {
  const dir = temporaryFolder();
  const { logger, lines } = recordingLogger();
  const { value, stop } = await startEmbedded({ dir, logger, overrides: { fsync: 'off' } });
  const pid = postmaster(dir);
  process.kill(pid, 'SIGKILL');
  await until('the end of the old one', () => !isRunning(pid));
  await until('a new one that answers', () => query(value.url, 'SELECT 1').catch(() => null));
  await until('news of it', () => lines.some(({ message }) => message === 'Postgres is running again'));
  assert.ok(lines.some(({ level, message }) => level === 'error' && message.startsWith('Postgres has ended unexpectedly')));
  await stop();
  assert.not(existsSync(join(dir, 'postgres', 'postmaster.pid')));
});

it('stops while it is starting Postgres again', async () => {
  const dir = temporaryFolder();
  const { stop } = await start(dir, { fsync: 'off' });
  const pid = postmaster(dir);
  process.kill(pid, 'SIGKILL');
  await until('its end', () => !isRunning(pid));
  await stop();
  assert.is(embeddedAddress(dir), null);
});

it('refuses the cluster of another version', async () => {
  const dir = temporaryFolder();
  await (await start(dir, { fsync: 'off' })).stop();
  writeFileSync(join(dir, 'postgres', 'PG_VERSION'), '17\n');
  assert.match((await thrownBy(start(dir))).message, /postgres was made by Postgres 17, this elnk brings \d+: run the elnk that made it/);
});

it('refuses a folder that is no cluster, and leaves it alone', async () => {
  const dir = temporaryFolder();
  mkdirSync(join(dir, 'postgres'));
  writeFileSync(join(dir, 'postgres', 'mine'), 'mine');
  assert.match(
    (await thrownBy(start(dir, { fsync: 'off' }))).message,
    `${dir}/postgres is there, but is no Postgres cluster: move it away`,
  );
  assert.equal(readdirSync(join(dir, 'postgres')), ['mine']);
});

it('begins anew where initdb was interrupted', async () => {
  const dir = temporaryFolder();
  mkdirSync(join(dir, 'postgres.new'));
  writeFileSync(join(dir, 'postgres.new', 'PG_VERSION'), '18\n');
  await (await start(dir, { fsync: 'off' })).stop();
  assert.not(existsSync(join(dir, 'postgres.new')));
});

it('says that the password is lost', async () => {
  const dir = temporaryFolder();
  await (await start(dir, { fsync: 'off' })).stop();
  renameSync(join(dir, 'postgres-password'), join(dir, 'elsewhere'));
  assert.match((await thrownBy(start(dir))).message, 'postgres-password is missing');
});

it('quotes Postgres when it does not start', async () => {
  const dir = temporaryFolder();
  assert.match(
    (await thrownBy(start(dir, { fsync: 'off', shared_buffers: 'much' }))).message,
    /does not start: .*shared_buffers.*exit code 1/,
  );
  assert.not(existsSync(join(dir, 'postgres', 'postmaster.pid')));
});

it('takes another port when one was taken after all', async () => {
  const dir = temporaryFolder();
  const [blocker, taken] = await listening();
  const [other, free] = await listening();
  await closed(other);
  const ports = [taken, taken, free];
  const choosePort = async () => ports.shift() ?? 0;
  const { value, stop } = await startEmbedded({ dir, logger: silentLogger, overrides: { fsync: 'off' }, choosePort });
  assert.is(new URL(value.url).port, String(free));
  assert.equal(ports, []);
  await stop();
  await closed(blocker);
});

it.run();
