/**
 * The folder in which a node keeps what must outlive it: the click logs, the embedded Postgres, its name and its key. It belongs to one
 * process at a time.
 *
 *   lock.N             who has the folder (folder-lock.ts)
 *   click-log/         what is not stored yet (click-log/spec.ts)
 *   node-id            the node's name in `click_positions`: with another one, clicks that are stored already would be stored again
 *   secret-key         made when SECRET_KEY is not set
 *   node.json          how commands reach the running node
 *   postgres*          the embedded Postgres (postgres/embedded.ts)
 *   restore*           a restore of a backup (restored-folder.ts)
 *   alerts.json        what administrators were told of last (alert-claims.ts)
 */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Component } from '../core/ports.ts';
import { listLogs } from './click-log/segment.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { hasErrorCode, readIfPresent, writePrivateFile } from './private-file.ts';
import { finishRestore } from './restored-folder.ts';

const FOLDER_MODE = 0o700;
const NODE_ID_BYTES = 5;
const SECRET_KEY_BYTES = 32;
/** A command that works without a node has the folder about as long. */
const COMMAND_PATIENCE_MS = 20_000;
const POLL_MS = 20;

export type DataFolder = {
  /** Absolute. */
  path: string;
  /** Ten letters and digits, the same for the life of the folder. */
  nodeId: string;
  clickLogDir: string;
  /** The folder's own key, made when it is first asked for. @returns 43 characters */
  secretKey(): string;
};

/** Another process has the folder. */
export class FolderTaken extends Error {
  constructor(path: string, pid: number) {
    super(`data folder ${path} is in use by process ${pid}: stop it, or give this one another DATA_DIR`);
    this.name = 'FolderTaken';
  }
}

/**
 * Makes the folder when there is none, and takes it; `stop` gives it back.
 * @param patienceMs how long to wait for a command that has it; a node that is running is not waited for
 * @throws FolderTaken; an Error that names the folder when it cannot be made or written to
 */
export async function openDataFolder(folder: string, patienceMs = COMMAND_PATIENCE_MS): Promise<Component<DataFolder>> {
  const { path, lock } = await claimDataFolder(folder, patienceMs);
  const secretKey = () => kept(join(path, 'secret-key'), () => randomBytes(SECRET_KEY_BYTES).toString('base64url'));
  try {
    const clickLogDir = join(path, 'click-log');
    const nodeId = kept(join(path, 'node-id'), () => newNodeId(path, clickLogDir));
    return { value: { path, nodeId, clickLogDir, secretKey }, stop: async () => lock.release() };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * The same without making anything in it but the lock.
 * @returns its absolute path, and the lock
 */
export async function claimDataFolder(folder: string, patienceMs = COMMAND_PATIENCE_MS): Promise<{ path: string; lock: FolderLock }> {
  const path = resolve(folder);
  makeFolder(path);
  const lock = await takeLock(path, Date.now() + patienceMs);
  try {
    finishRestore(path);
    return { path, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function takeLock(path: string, deadline: number): Promise<FolderLock> {
  for (;;) {
    const lock = lockFolder(path);
    if (!('heldBy' in lock)) return lock;
    const isNode = readNodeAddress(path)?.pid === lock.heldBy;
    if (isNode || Date.now() >= deadline) throw new FolderTaken(path, lock.heldBy);
    await sleep(POLL_MS);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!hasErrorCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOSPC')) throw error;
    throw new Error(`data folder ${path} cannot be written to (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}

/** The content of a file, made by the first who asks. One that is there but empty was damaged from outside, and is not replaced silently. */
function kept(path: string, make: () => string): string {
  const present = readIfPresent(path)?.trim();
  if (present === '') throw new Error(`${path} is empty: restore it from a backup`);
  if (present !== undefined) return present;
  const made = make();
  writePrivateFile(path, `${made}\n`);
  return made;
}

function newNodeId(path: string, clickLogDir: string): string {
  if (listLogs(clickLogDir).length > 0) {
    throw new Error(`${path} has click logs but no node-id: restore it from a backup, or the clicks in them would be counted twice`);
  }
  return randomBytes(NODE_ID_BYTES).toString('hex');
}

/** How commands reach a running node. */
export type NodeAddress = {
  pid: number;
  /** Without a slash at the end. */
  url: string;
  /** Bearer token of `/internal/…`. */
  statusToken: string;
};

const NODE_FILE = 'node.json';

/** @param path of the data folder; the caller has its lock */
export function writeNodeAddress(path: string, address: NodeAddress): void {
  writePrivateFile(join(path, NODE_FILE), `${JSON.stringify(address)}\n`);
}

export function removeNodeAddress(path: string): void {
  rmSync(join(path, NODE_FILE), { force: true });
}

/** @returns null when no node has left one; one that was killed does */
export function readNodeAddress(path: string): NodeAddress | null {
  const text = readIfPresent(join(path, NODE_FILE));
  return text === null ? null : (JSON.parse(text) as NodeAddress);
}
