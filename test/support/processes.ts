/** Other processes of this machine. Linux only. */
import { readFileSync } from 'node:fs';

/** Ids of the processes that one has started and that are running or not waited for; none when it has ended. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** Those that have ended by then are passed over. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code));
