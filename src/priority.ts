/**
 * Who waits when the cores are not enough: a redirect never for the storing of clicks, which wait on disk, and that not for folding or for
 * passwords that are being checked. Nice values weigh in time (5 counts a third, 10 a tenth, 15 a thirtieth of 0), so nobody starves.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { constants, getPriority, platform, setPriority } from 'node:os';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';

const NICE = { storing: 5, background: constants.priority.PRIORITY_BELOW_NORMAL, passwords: 15 } as const;
const THIS_THREAD = 0;

/**
 * Lowers the calling thread's priority; on Linux a priority is a thread's own, elsewhere the process's, which is left alone. A node that was
 * started nicer stays so: only root may take that back.
 */
export function lowerPriority(level: keyof typeof NICE): void {
  if (platform() === 'linux') setPriority(THIS_THREAD, Math.max(NICE[level], getPriority(THIS_THREAD)));
}

/**
 * For all threads that are started from now on: V8 otherwise looks for times in which little is allocated, such as a rush of sign-ins, and compacts
 * the memory of a thread then, again and again, 10 to 26 ms each, in which a front answers nobody. It would give back some 35 MiB a thread.
 */
export const disableMemoryReducer = (): void => setFlagsFromString('--no-memory-reducer');

const TASKS = '/proc/self/task';
/** What libuv calls the threads of its pool, which all threads of the process share. */
const POOL_THREAD = 'libuv-worker';

/**
 * The same for the threads of libuv's pool, which check passwords: they are of the process and not of a thread of ours, so they are found by their
 * name. What else they do, such as looking up host names, can wait as well. Where util-linux is installed they get Linux's policy for idle times
 * (sched(7), SCHED_IDLE): whoever is nicer still keeps the core for his slice of 3 ms when a front wakes, one of that policy leaves it at once.
 * @returns how many there are
 */
export async function lowerPoolPriority(level: keyof typeof NICE): Promise<number> {
  if (platform() !== 'linux') return 0;
  await stat(TASKS); // starts them, when nothing has needed them yet
  const threads = readdirSync(TASKS).filter((id) => readFileSync(`${TASKS}/${id}/comm`, 'utf8').trim() === POOL_THREAD);
  for (const id of threads.map(Number)) setPriority(id, Math.max(NICE[level], getPriority(id)));
  await Promise.all(threads.map(leaveCoreAtOnce));
  return threads.length;
}

async function leaveCoreAtOnce(thread: string): Promise<void> {
  try {
    await promisify(execFile)('chrt', ['--idle', '--pid', '0', thread]);
  } catch {
    // no util-linux, or a container that forbids it: the nice value has to do
  }
}
