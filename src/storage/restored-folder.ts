/**
 * A restored data folder takes the place of what was in the folder, whole or not at all, whenever the machine stops:
 *
 *   restore.new/      is being filled; worth nothing, the next restore deletes it
 *   restored/         it is filled: from now on its content is what counts. Moved up name by name; whoever opens the folder next finishes that
 *   before-restore/   what was there before
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from './private-file.ts';

const DRAFT = 'restore.new';
const DONE = 'restored';
const BEFORE = 'before-restore';
const FOLDER_MODE = 0o700;
/** What cannot be made again. */
const DATA = ['click-log', 'node-id', 'secret-key', 'postgres'];

export const hasData = (folder: string): boolean => DATA.some((name) => existsSync(join(folder, name)));

/** @returns where the data of an earlier restore is, or would be moved to */
export const folderBefore = (folder: string): string => join(folder, BEFORE);

/** @returns an empty folder to be filled */
export function beginRestore(folder: string): string {
  const draft = join(folder, DRAFT);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: FOLDER_MODE });
  return draft;
}

export function dropRestore(folder: string): void {
  rmSync(join(folder, DRAFT), { recursive: true, force: true });
}

/** What was filled counts from here on. The caller has the folder's lock. */
export function commitRestore(folder: string): void {
  syncFolder(join(folder, DRAFT));
  renameSync(join(folder, DRAFT), join(folder, DONE));
  syncFolder(folder);
  finishRestore(folder);
}

/** A name is moved away only as long as its successor has not taken its place, so this can be done again from anywhere. The caller has the folder's lock. */
export function finishRestore(folder: string): void {
  const done = join(folder, DONE);
  if (!existsSync(done)) return;
  const before = folderBefore(folder);
  for (const name of readdirSync(done)) {
    if (existsSync(join(folder, name))) {
      mkdirSync(before, { recursive: true, mode: FOLDER_MODE });
      renameSync(join(folder, name), join(before, name));
    }
    renameSync(join(done, name), join(folder, name));
  }
  syncFolder(folder);
  rmdirSync(done);
}
