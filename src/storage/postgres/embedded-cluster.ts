/**
 * The files of the embedded Postgres in the data folder:
 *
 *   postgres/            the cluster; it appears whole (made as `postgres.new`)
 *   postgres-password    of its only user; made before the cluster, readable for the server's account because initdb reads it
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../core/ports.ts';
import { hasErrorCode, readIfPresent, syncFolder, writePrivateFile } from '../private-file.ts';
import { commandLine } from '../process.ts';
import { type Account, giveTo, serverAccount } from './embedded-account.ts';
import type { Binaries } from './embedded-binaries.ts';

export const DATABASE_USER = 'elnk';

const PASSWORD_BYTES = 24;
const CLUSTER_MODE = 0o700;
/** A server left behind is asked to stop, then told to, then killed; in milliseconds after the one before. */
const OLD_SERVER_STEPS = [
  { signal: 'SIGINT', patienceMs: 10_000 },
  { signal: 'SIGQUIT', patienceMs: 5_000 },
  { signal: 'SIGKILL', patienceMs: 5_000 },
] as const;
const POLL_MS = 10;

export type Cluster = { folder: string; password: string; account: Account };

/** What every program of Postgres gets: no secrets, and nothing of PGHOST, PGDATA and the like. */
export const SERVER_ENVIRONMENT = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

/**
 * Makes the cluster when there is none, and leaves it without a server.
 * @param durable false: initdb does not wait for the disk
 * @throws an Error for people: another version's cluster, a folder that is not one, a lost password
 */
export async function prepareCluster(dataFolder: string, binaries: Binaries, logger: Logger, durable: boolean): Promise<Cluster> {
  const parent = realpathSync(dataFolder);
  const folder = join(parent, 'postgres');
  const version = readIfPresent(join(folder, 'PG_VERSION'))?.trim() ?? null;
  if (version !== null && version !== String(binaries.version)) {
    throw new Error(
      `${folder} was made by Postgres ${version}, this elnk brings ${binaries.version}: ` +
        `run the elnk that made it, pg_dump its database, move the folder away, and restore into the new one`,
    );
  }
  const account = serverAccount(parent, version === null ? null : folder, binaries.postgres);
  const password = keptPassword(parent, version !== null, account);
  if (version === null) await makeCluster({ folder, password, account }, binaries, durable);
  else await stopOldServer(folder, logger);
  return { folder, password, account };
}

const passwordFile = (parent: string): string => join(parent, 'postgres-password');

function keptPassword(parent: string, hasCluster: boolean, account: Account): string {
  const path = passwordFile(parent);
  const present = readIfPresent(path)?.trim();
  if (present !== undefined) return present;
  if (hasCluster) throw new Error(`${path} is missing, and the database beside it cannot be opened without: restore it from a backup`);
  const made = randomBytes(PASSWORD_BYTES).toString('base64url');
  writePrivateFile(path, `${made}\n`);
  giveTo(account, path);
  return made;
}

async function makeCluster({ folder, account }: Cluster, binaries: Binaries, durable: boolean): Promise<void> {
  const draft = `${folder}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: CLUSTER_MODE });
  giveTo(account, draft);
  await run(account, binaries.initdb, [
    `--pgdata=${draft}`,
    `--username=${DATABASE_USER}`,
    `--pwfile=${passwordFile(join(folder, '..'))}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Postgres' own C.UTF-8: sorts and indexes mean the same on every machine that the folder is moved to.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...(durable ? [] : ['--no-sync']),
  ]);
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (hasErrorCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'))
      throw new Error(`${folder} is there, but is no Postgres cluster: move it away`);
    throw error;
  }
  if (durable) syncFolder(join(folder, '..'));
}

async function run(account: Account, program: string, programArgs: string[]): Promise<void> {
  const { file, args, options } = account.command(program, programArgs);
  const child = spawn(file, args, { ...options, cwd: '/', env: SERVER_ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr?.on('data', (chunk) => {
    complaint += chunk;
  });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${program} failed: ${complaint.trim().replaceAll('\n', '; ')}`);
}

/**
 * A node that was killed may have left its server running, or only its `postmaster.pid`. Postgres itself replaces the file when no process
 * has that id; it must not be removed then, because it leads Postgres to processes of the old server that still have the files open. But when
 * another process has the id by now, as is usual after the restart of a container, or the killed one was not waited for by its new parent yet,
 * Postgres would refuse to start.
 */
async function stopOldServer(folder: string, logger: Logger): Promise<void> {
  const pidFile = join(folder, 'postmaster.pid');
  const pid = Number(readIfPresent(pidFile)?.split('\n', 1)[0]);
  if (!(pid > 0)) return;
  for (const { signal, patienceMs } of OLD_SERVER_STEPS) {
    if (!isServerOf(folder, pid)) break;
    logger.info({ pid, signal }, 'stopping the Postgres that an earlier node has left');
    sendSignal(pid, signal);
    const deadline = Date.now() + patienceMs;
    while (isServerOf(folder, pid) && Date.now() < deadline) await sleep(POLL_MS);
  }
  if (isServerOf(folder, pid)) throw new Error(`Postgres (process ${pid}) in ${folder} does not stop: end it by hand`);
  if (hasProcess(pid)) rmSync(pidFile, { force: true });
}

/** Postgres never renames its first process; its command line is as `startServer` made it. */
const isServerOf = (folder: string, pid: number): boolean => commandLine(pid)?.includes(`-D ${folder} `) ?? false;

/** As Postgres asks: a zombie counts. */
function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'ESRCH')) return false;
    if (hasErrorCode(error, 'EPERM')) return true; // another user's
    throw error;
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasErrorCode(error, 'ESRCH')) throw error; // has ended by itself
  }
}
