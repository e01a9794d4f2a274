/**
 * A lock on a folder for one process of this machine, gone with the process however it ends. Node.js has no flock, so it is made of
 * numbered files, `lock.1`, `lock.2` and so on: the highest number counts, and is held while the process it names is running.
 *
 *  - Whoever finds the highest one, N, not held, makes N + 1. A hard link does it: only one starter gets the number, and the file has its
 *    content at the moment it appears.
 *  - The highest file is never removed, not even when the lock is released (it is emptied), so numbers only grow. The holder removes
 *    the lower ones. A slow starter can thus make a number that is already behind: it sees a higher one afterwards, and takes its own back.
 */
import { linkSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrorCode, readIfPresent } from './private-file.ts';
import { processIdentity } from './process.ts';

const NAME = /^lock\.(\d+)$/;
/** What a lock file says: process id and identity. */
const HOLDER = /^(\d+) (.+)\n$/;
/** Tries to get a number. Each failure means that another starter has moved on. */
const ATTEMPTS = 100;

export type FolderLock = { release(): void };

/** @returns the lock, or the id of the process that has it; @throws when the folder cannot be written to */
export function lockFolder(folder: string): FolderLock | { heldBy: number } {
  const draft = join(folder, `lock-draft.${process.pid}`);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const last = highest(folder);
      const holder = holderOf(folder, last);
      if (holder !== null) return { heldBy: holder };
      writeFileSync(draft, `${process.pid} ${processIdentity(process.pid)}\n`);
      if (succeed(folder, draft, last + 1)) return { release: () => truncateSync(join(folder, `lock.${last + 1}`)) };
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw new Error(`${folder} could not be locked: too many processes try at once`);
}

/** @returns whether this process holds the lock with that number now */
function succeed(folder: string, draft: string, number: number): boolean {
  const path = join(folder, `lock.${number}`);
  try {
    linkSync(draft, path);
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  }
  if (highest(folder) !== number) {
    rmSync(path, { force: true });
    return false;
  }
  for (const lower of numbers(folder)) if (lower < number) rmSync(join(folder, `lock.${lower}`), { force: true });
  return true;
}

/** @returns the id of the running process that a lock file names; null for one that is empty, over or removed */
function holderOf(folder: string, number: number): number | null {
  const [, pid, identity] = HOLDER.exec(readIfPresent(join(folder, `lock.${number}`)) ?? '') ?? [];
  return identity !== undefined && processIdentity(Number(pid)) === identity ? Number(pid) : null;
}

const highest = (folder: string): number => Math.max(0, ...numbers(folder));

function numbers(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => {
    const number = NAME.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}
