/** How this node is, from the memory that its threads share. */
import { statfs } from 'node:fs/promises';
import { readCounters } from './core/counters.ts';
import type { NodeState } from './core/operations.ts';
import { backlogBytes, logBoard, type SharedMemory, TuningBoard } from './core/shared.ts';
import { logName } from './storage/click-log/segment.ts';
import { RECORD_MIN_BYTES } from './storage/click-log/spec.ts';

export type NodeShape = { shared: SharedMemory; fronts: number; shards: number; startedAt: number };

/** What waits in the click logs, in bytes and, reckoned with the mean size of the records of this process, in clicks. */
export function backlogOf(shared: SharedMemory): { bytes: number; clicks: number } {
  const { clickLogBytes, redirects, clicksLost } = readCounters(shared.counters);
  const bytes = backlogBytes(shared.logs);
  const meanClickBytes = Math.max(RECORD_MIN_BYTES, clickLogBytes / Math.max(1, redirects - clicksLost));
  return { bytes, clicks: bytes === 0 ? 0 : Math.max(1, Math.round(bytes / meanClickBytes)) };
}

export function nodeState(
  { shared, fronts, shards, startedAt }: NodeShape,
  degraded: readonly string[],
  diskUsed: number | null,
): NodeState {
  const { bytes, clicks } = backlogOf(shared);
  return {
    uptimeSec: Math.floor((Date.now() - startedAt) / 1000),
    ttlMs: new TuningBoard(shared.tuning).ttlMs,
    fronts,
    shards,
    backlogBytes: bytes,
    backlogClicks: clicks,
    clicksLost: readCounters(shared.counters).clicksLost,
    degraded,
    diskUsed,
    logs: Array.from({ length: fronts * shards }, (_, log) => {
      const { written, stored } = logBoard(shared.logs, log);
      return { name: logName(Math.floor(log / shards), log % shards), written, stored };
    }),
  };
}

/** How full the file system of a folder is for those who are not root, 0 to 1. */
export async function diskUsedBy(folder: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(folder);
  const used = blocks - bfree;
  return used + bavail === 0 ? 1 : used / (used + bavail);
}
