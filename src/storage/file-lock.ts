/**
 * flock(2), which Node.js does not have: a program that inherits an open file locks it for everyone who has it open, and the lock stays with this
 * process until it closes the file or ends. Other than process ids it means the same in every container of the machine.
 */
import { spawnSync } from 'node:child_process';

const OPTIONS = { exclusive: '-x', shared: '-s' } as const;
/** The file's number in the program, after the three that every program has. */
const INHERITED = 3;
const IS_LOCKED = 1;

/**
 * Does not wait.
 * @param file an open file
 * @returns whether it is locked now by this process; null where that cannot be known: no `flock` of util-linux here
 */
export function lockFile(file: number, kind: keyof typeof OPTIONS): boolean | null {
  const { status } = spawnSync('flock', ['-n', OPTIONS[kind], String(INHERITED)], { stdio: ['ignore', 'ignore', 'ignore', file] });
  if (status === 0) return true;
  return status === IS_LOCKED ? false : null;
}
