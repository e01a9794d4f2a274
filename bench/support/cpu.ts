/** CPU time of processes, all their threads together. Linux only. */
import { readFileSync } from 'node:fs';

/** Of USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SEC = 100;

/** Seconds of user and system time, also of children that have ended and were waited for. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from field 3 on, see proc(5)
    for (let field = 14; field <= 17; field++) ticks += Number(fields[field - 3]);
  }
  return ticks / TICKS_PER_SEC;
}
