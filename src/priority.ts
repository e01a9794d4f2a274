/**
 * Who waits when the cores are not enough: a redirect never for the storing of clicks, which wait on disk, and that not for folding. Nice
 * values weigh in time (5 counts a third, 10 a tenth of 0), so nobody starves.
 */
import { constants, getPriority, platform, setPriority } from 'node:os';

const NICE = { storing: 5, background: constants.priority.PRIORITY_BELOW_NORMAL } as const;
const THIS_THREAD = 0;

/**
 * Lowers the calling thread's priority; on Linux a priority is a thread's own, elsewhere the process's, which is left alone. A node that was
 * started nicer stays so: only root may take that back.
 */
export function lowerPriority(level: keyof typeof NICE): void {
  if (platform() === 'linux') setPriority(THIS_THREAD, Math.max(NICE[level], getPriority(THIS_THREAD)));
}
