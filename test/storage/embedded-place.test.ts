/** What the embedded Postgres may do, and what is done first: run by root, its files belong to another user, and the folders above may be closed. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { isRunning, mode, postmaster, query, start, startNode } from './embedded-rig.ts';

/** Docker's, without those for the network. */
const CONTAINER_CAPABILITIES = ['chown', 'dac_override', 'fsetid', 'fowner', 'setgid', 'setuid', 'setpcap', 'kill', 'sys_chroot'];
/** As sched(7) numbers the policies. */
const [SCHED_OTHER, SCHED_BATCH] = [0, 3];
const isRoot = process.geteuid?.() === 0;

const hasChrt = (): boolean => spawnSync('chrt', ['--batch', '0', 'true'], { stdio: 'ignore' }).status === 0;

const it = suite('embedded, its place');

it('waits for its turn when it is sent a query, where there is a way to say so', async () => {
  const dir = temporaryFolder();
  const { stop } = await start(dir, { fsync: 'off' });
  if (platform() === 'linux') {
    const [, fields] = readFileSync(`/proc/${postmaster(dir)}/stat`, 'utf8').split(') ');
    assert.is(Number(fields.split(' ')[38]), hasChrt() ? SCHED_BATCH : SCHED_OTHER);
  }
  await stop();
});

if (isRoot) {
  it('runs as another user, who gets no more than it needs', async () => {
    const parent = temporaryFolder();
    chmodSync(parent, 0o755);
    const dir = join(parent, 'data');
    mkdirSync(dir, { mode: 0o700 });
    const { stop } = await start(dir, { fsync: 'off' });
    const status = readFileSync(`/proc/${postmaster(dir)}/status`, 'utf8');
    assert.match(status, /^Uid:\t(?!0\t)/m);
    assert.match(status, /^CapEff:\t0+$/m);
    assert.is(mode(dir), 0o710, 'only its group may pass');
    await stop();
  });

  it('runs with what root may do in a container, and when the node itself is nice', async () => {
    const dir = temporaryFolder();
    const nodes = [
      ['setpriv', '--bounding-set', `-all,${CONTAINER_CAPABILITIES.map((name) => `+${name}`).join()}`],
      ['nice', '-n', '10'],
    ];
    for (const prefix of nodes) {
      const node = await startNode(dir, prefix);
      const pid = postmaster(dir);
      const exit = once(node, 'exit');
      node.stdin?.end();
      assert.equal(await exit, [0, null]);
      assert.not(isRunning(pid));
    }
  });

  it('runs below a folder that only root may pass, and may still not write elsewhere', async () => {
    const parent = temporaryFolder(); // 0700
    const dir = join(parent, 'data');
    mkdirSync(dir, { mode: 0o700 });
    const { value, stop } = await start(dir, { fsync: 'off' });
    const status = readFileSync(`/proc/${postmaster(dir)}/status`, 'utf8');
    assert.match(status, /^Uid:\t(?!0\t)/m);
    assert.match(status, /^CapEff:\t0+4$/m, 'CAP_DAC_READ_SEARCH');
    assert.match((await thrownBy(query(value.url, `COPY (SELECT 1) TO '${parent}/file'`))).message, 'Permission denied');
    await stop();
  });
}

it.run();
