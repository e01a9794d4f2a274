/**
 * Measures once a minute how loaded the machine is, and sets the lifetime of what is cached (core/ttl.ts). Runs on the main thread; the fronts read
 * the lifetime from shared memory.
 */
import { readFileSync } from 'node:fs';
import { currentLoad } from 'systeminformation';
import type { Clock, Component, Logger } from '../core/ports.ts';
import type { TuningBoard } from '../core/shared.ts';
import { tune, UNTUNED } from '../core/ttl.ts';
import { type CpuQuota, type ReadText, readCpuQuota } from './cpu-quota.ts';
import { startTicker } from './ticker.ts';

export const TUNE_EVERY_MS = 60_000;

/** Share of the CPU time used since the last call, 0 to 1. */
export type CpuLoad = () => Promise<number>;

export type CpuLoadOptions = {
  /** The same of the whole machine, whoever has used it. */
  hostLoad: () => Promise<number>;
  quota: () => CpuQuota | null;
  clock: Clock;
};

/** The machine may be full though the quota is not used up, and the other way round: what is nearer to its end counts. */
export function createCpuLoad({ hostLoad, quota, clock }: CpuLoadOptions): CpuLoad {
  let before = { at: clock(), quota: quota() };
  return async () => {
    const now = { at: clock(), quota: quota() };
    const host = await hostLoad();
    const own = now.quota === null || before.quota === null ? 0 : quotaLoad(before.quota, now.quota, (now.at - before.at) / 1_000);
    before = now;
    return Math.max(host, own);
  };
}

/** 0 when the group is another one than before, or no time has passed. */
function quotaLoad(before: CpuQuota, now: CpuQuota, seconds: number): number {
  const used = now.usedSec - before.usedSec;
  return used > 0 && seconds > 0 ? used / (seconds * now.cpus) : 0;
}

export function createTtlTuner(load: CpuLoad, board: TuningBoard): { tick(): Promise<void> } {
  let tuning = UNTUNED;
  return {
    async tick() {
      tuning = tune(tuning, await load());
      board.load = tuning.load ?? 0;
      board.ttlMs = tuning.ttlMs;
    },
  };
}

/** The tuner of this machine. */
export async function startTtlTuner(board: TuningBoard, logger: Logger): Promise<Component<void>> {
  const hostLoad = async () => (await currentLoad()).currentLoad / 100;
  await hostLoad(); // the first one is of the time since the machine was started
  const load = createCpuLoad({ hostLoad, quota: () => readCpuQuota(readText), clock: Date.now });
  return startTicker('ttl tuner', TUNE_EVERY_MS, createTtlTuner(load, board).tick, logger);
}

const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // not there, or not for us to read: then it is not known to limit us
  }
};
