/**
 * What a control group (a container, a systemd slice) may use of the CPU, and has used: the kernel's files, version 2 and version 1.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/scheduler/sched-bwc.html
 */

/** @returns null when there is no such file */
export type ReadText = (path: string) => string | null;

/** `cpus`: of the tightest quota that holds for this process; `usedSec`: CPU time of the group that has it, since the group began. */
export type CpuQuota = { cpus: number; usedSec: number };

const ROOT = '/sys/fs/cgroup';

/** @returns null when nothing limits this process */
export function readCpuQuota(readText: ReadText): CpuQuota | null {
  const groups = (readText('/proc/self/cgroup') ?? '').split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const quotas = groups.flatMap((group) => {
    if (group === null) return [];
    const [, controllers, path] = group;
    if (controllers === '') return foldersUpFrom(path).map((folder) => quotaV2(readText, `${ROOT}${folder}`));
    if (!controllers.split(',').includes('cpu')) return [];
    return foldersUpFrom(path).map((folder) => quotaV1(readText, controllers, folder));
  });
  return quotas.reduce((tightest, quota) => (quota !== null && (tightest === null || quota.cpus < tightest.cpus) ? quota : tightest), null);
}

/** A group's folder and those above it; a limit of any of them holds. Inside a container the names of the outer ones lead nowhere, but '' does. */
function foldersUpFrom(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, up) =>
    parts
      .slice(0, parts.length - up)
      .map((part) => `/${part}`)
      .join(''),
  );
}

function quotaV2(readText: ReadText, folder: string): CpuQuota | null {
  const [quota, period] = (readText(`${folder}/cpu.max`) ?? '').trim().split(' ').map(Number); // "max 100000" when there is none
  const usedUs = Number(/^usage_usec (\d+)$/m.exec(readText(`${folder}/cpu.stat`) ?? '')?.[1]);
  return quota > 0 && period > 0 && usedUs >= 0 ? { cpus: quota / period, usedSec: usedUs / 1e6 } : null;
}

/** The folder of a hierarchy has its controllers' names, or is linked from each of them. */
function quotaV1(readText: ReadText, controllers: string, folder: string): CpuQuota | null {
  const read = (controller: string, file: string) =>
    readText(`${ROOT}/${controllers}${folder}/${file}`) ?? readText(`${ROOT}/${controller}${folder}/${file}`) ?? '';
  const quota = Number.parseInt(read('cpu', 'cpu.cfs_quota_us'), 10); // -1 when there is none
  const period = Number.parseInt(read('cpu', 'cpu.cfs_period_us'), 10);
  const usedNs = Number.parseInt(read('cpuacct', 'cpuacct.usage'), 10);
  return quota > 0 && period > 0 && usedNs >= 0 ? { cpus: quota / period, usedSec: usedNs / 1e9 } : null;
}
