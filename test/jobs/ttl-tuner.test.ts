import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSharedMemory, TuningBoard } from '../../src/core/shared.ts';
import { TTL_FIRST_MS, TTL_MAX_MS, TTL_MIN_MS } from '../../src/core/ttl.ts';
import { type CpuQuota, readCpuQuota } from '../../src/jobs/cpu-quota.ts';
import { createCpuLoad, createTtlTuner, startTtlTuner } from '../../src/jobs/ttl-tuner.ts';
import { silentLogger } from '../support/logger.ts';
import { thrownBy } from '../support/thrown-by.ts';

const quotas = suite('cpu quota of a control group');
const loads = suite('cpu load');
const tuner = suite('ttl tuner');

const filesOf =
  (files: Record<string, string>) =>
  (path: string): string | null =>
    files[path] ?? null;

quotas('version 2: the tightest of the group and those above it', () => {
  const files = {
    '/proc/self/cgroup': '0::/system.slice/elnk.service\n',
    '/sys/fs/cgroup/system.slice/elnk.service/cpu.max': '200000 100000\n',
    '/sys/fs/cgroup/system.slice/elnk.service/cpu.stat': 'usage_usec 5000000\nuser_usec 4000000\nsystem_usec 1000000\n',
    '/sys/fs/cgroup/system.slice/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/system.slice/cpu.stat': 'usage_usec 9000000\n',
  };
  assert.equal(readCpuQuota(filesOf(files)), { cpus: 2, usedSec: 5 });
  const tighter = { ...files, '/sys/fs/cgroup/system.slice/cpu.max': '50000 100000\n' };
  assert.equal(readCpuQuota(filesOf(tighter)), { cpus: 0.5, usedSec: 9 });
});

quotas('version 2 in a container that is the root of what it sees, or is told of folders that it does not see', () => {
  const files = { '/sys/fs/cgroup/cpu.max': '150000 100000', '/sys/fs/cgroup/cpu.stat': 'usage_usec 1500000\n' };
  assert.equal(readCpuQuota(filesOf({ ...files, '/proc/self/cgroup': '0::/\n' })), { cpus: 1.5, usedSec: 1.5 });
  assert.equal(readCpuQuota(filesOf({ ...files, '/proc/self/cgroup': '0::/docker/0123abcd\n' })), { cpus: 1.5, usedSec: 1.5 });
});

const V1 = `12:memory:/docker/0123abcd
5:cpu,cpuacct:/docker/0123abcd
1:name=systemd:/docker/0123abcd
0::/docker/0123abcd
`;

quotas('version 1, both controllers in one folder', () => {
  const folder = '/sys/fs/cgroup/cpu,cpuacct';
  const files = {
    '/proc/self/cgroup': V1,
    [`${folder}/docker/0123abcd/cpu.cfs_quota_us`]: '25000\n',
    [`${folder}/docker/0123abcd/cpu.cfs_period_us`]: '100000\n',
    [`${folder}/docker/0123abcd/cpuacct.usage`]: '7500000000\n',
    [`${folder}/cpu.cfs_quota_us`]: '-1\n',
    [`${folder}/cpu.cfs_period_us`]: '100000\n',
    [`${folder}/cpuacct.usage`]: '99000000000\n',
  };
  assert.equal(readCpuQuota(filesOf(files)), { cpus: 0.25, usedSec: 7.5 });
});

quotas('version 1, a folder for each controller, inside a container', () => {
  const files = {
    '/proc/self/cgroup': '3:cpuacct:/docker/x\n2:cpu:/docker/x\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '100000\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '50000\n',
    '/sys/fs/cgroup/cpuacct/cpuacct.usage': '2000000000\n',
  };
  assert.equal(readCpuQuota(filesOf(files)), { cpus: 2, usedSec: 2 });
});

quotas('null where nothing limits, or nothing can be read', () => {
  assert.is(readCpuQuota(filesOf({})), null);
  assert.is(readCpuQuota(filesOf({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' })), null);
  const unlimited = { '/proc/self/cgroup': V1, '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n' };
  assert.is(readCpuQuota(filesOf(unlimited)), null);
  assert.is(readCpuQuota(filesOf({ '/proc/self/cgroup': 'nonsense\n\n0::\n' })), null);
});

function setUpLoad() {
  const state = { now: 1_000_000, host: 0.1, quota: { cpus: 2, usedSec: 100 } as CpuQuota | null };
  return { state, load: createCpuLoad({ hostLoad: async () => state.host, quota: () => state.quota, clock: () => state.now }) };
}

loads('without a quota it is that of the machine', async () => {
  const { state, load } = setUpLoad();
  state.quota = null;
  state.now += 60_000;
  state.host = 0.42;
  assert.is(await load(), 0.42);
});

loads('a quota that is nearly used up counts, however idle the machine is; a full machine counts, too', async () => {
  const { state, load } = setUpLoad();
  state.now += 60_000;
  state.quota = { cpus: 2, usedSec: 100 + 108 };
  assert.is(await load(), 0.9);
  state.now += 60_000;
  state.quota = { cpus: 2, usedSec: 208 + 12 };
  state.host = 0.95;
  assert.is(await load(), 0.95);
});

loads('a group whose count began anew says nothing for once', async () => {
  const { state, load } = setUpLoad();
  state.now += 60_000;
  state.quota = { cpus: 2, usedSec: 3 };
  assert.is(await load(), 0.1);
  state.now += 60_000;
  state.quota = { cpus: 2, usedSec: 63 };
  assert.is(await load(), 0.5);
});

tuner('what it finds out stands in the memory of all threads', async () => {
  const board = new TuningBoard(createSharedMemory({ fronts: 1, shards: 1 }).tuning);
  assert.equal([board.ttlMs, board.load], [TTL_FIRST_MS, 0]);
  let load = 1;
  const { tick } = createTtlTuner(async () => load, board);
  await tick();
  assert.equal([board.ttlMs, board.load], [TTL_MAX_MS, 1]);
  load = 0;
  for (let minute = 0; minute < 15; minute++) await tick();
  assert.is(board.ttlMs, TTL_MIN_MS);
});

tuner('when the load cannot be measured, the lifetime stays', async () => {
  const board = new TuningBoard(createSharedMemory({ fronts: 1, shards: 1 }).tuning);
  const failing = createTtlTuner(() => Promise.reject(new Error('no /proc here')), board);
  assert.is((await thrownBy(failing.tick())).message, 'no /proc here');
  assert.is(board.ttlMs, TTL_FIRST_MS);
});

tuner('the one of this machine starts and stops', async () => {
  const board = new TuningBoard(createSharedMemory({ fronts: 1, shards: 1 }).tuning);
  await (await startTtlTuner(board, silentLogger)).stop();
  assert.is(board.ttlMs, TTL_FIRST_MS);
});

quotas.run();
loads.run();
tuner.run();
