/**
 * A lock on a folder for one process of this machine, gone with the process however it ends. Node.js has no flock, so it is made of
 * numbered files, `lock.1`, `lock.2` and so on: the highest number counts, and is held while the process it names is running. The processes of
 * another container cannot be seen, so that process also has its file locked, where there is a program for it (file-lock.ts).
 *
 *  - Whoever finds the highest one, N, not held, makes N + 1. A hard link does it: only one starter gets the number, and the file has its
 *    content at the moment it appears.
 *  - The highest file is never removed, not even when the lock is released (it is emptied), so numbers only grow. The holder removes
 *    the lower ones. A slow starter can thus make a number that is already behind: it sees a higher one afterwards, and takes its own back.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, linkSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from './file-lock.ts';
import { hasErrorCode, readIfPresent } from './private-file.ts';
import { processIdentity } from './process.ts';

const NAME = /^lock\.(\d+)$/;
/** What a lock file says: process id and identity. */
const HOLDER = /^(\d+) (.+)\n$/;
const DRAFT_BYTES = 8;
/** Tries to get a number. Each failure means that another starter has moved on. */
const ATTEMPTS = 100;

export type FolderLock = { release(): void };

/** @returns the lock, or the id of the process that has it; @throws when the folder cannot be written to */
export function lockFolder(folder: string): FolderLock | { heldBy: number } {
  const heldBy = holderOf(folder, highest(folder));
  if (heldBy !== null) return { heldBy };
  const draft = draftOf(folder);
  let result: FolderLock | { heldBy: number } | null = null;
  try {
    result = take(folder, draft);
    return result;
  } finally {
    rmSync(draft.path, { force: true });
    if (result === null || 'heldBy' in result) closeSync(draft.file);
  }
}

function take(folder: string, draft: Draft): FolderLock | { heldBy: number } {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const last = highest(folder);
    const heldBy = holderOf(folder, last);
    if (heldBy !== null) return { heldBy };
    if (succeed(folder, draft.path, last + 1)) return { release: () => leave(draft.file) };
  }
  throw new Error(`${folder} could not be locked: too many processes try at once`);
}

type Draft = { path: string; file: number };

/** The file that is to become the lock: it names this process and is locked before anybody sees it. Named by chance: ids repeat in containers. */
function draftOf(folder: string): Draft {
  const path = join(folder, `lock-draft.${randomBytes(DRAFT_BYTES).toString('hex')}`);
  writeFileSync(path, `${process.pid} ${processIdentity(process.pid)}\n`);
  const file = openSync(path, 'r+');
  lockFile(file, 'exclusive');
  return { path, file };
}

function leave(file: number): void {
  ftruncateSync(file);
  closeSync(file);
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

/** @returns the id of the running process that a lock file names, there if it is in another container; null for one that is empty, over or removed */
function holderOf(folder: string, number: number): number | null {
  const path = join(folder, `lock.${number}`);
  const [, pid, identity] = HOLDER.exec(readIfPresent(path) ?? '') ?? [];
  if (identity === undefined) return null;
  return processIdentity(Number(pid)) === identity || isLocked(path) ? Number(pid) : null;
}

/** Asked with a lock that others who ask do not notice. */
function isLocked(path: string): boolean {
  const file = openIfPresent(path);
  if (file === null) return false;
  try {
    return lockFile(file, 'shared') === false;
  } finally {
    closeSync(file);
  }
}

function openIfPresent(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return null;
    throw error;
  }
}

const highest = (folder: string): number => Math.max(0, ...numbers(folder));

function numbers(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => {
    const number = NAME.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}
