/** The embedded Postgres in a test: in this process, and in one of its own that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import * as assert from 'uvu/assert';
import { startEmbedded } from '../../src/storage/postgres/embedded.ts';
import { processIdentity } from '../../src/storage/process.ts';
import { silentLogger } from '../support/logger.ts';

const FIXTURE = join(import.meta.dirname, 'fixtures', 'embedded-node.ts');

export const mode = (path: string): number => statSync(path).mode & 0o777;
export const isRunning = (pid: number): boolean => processIdentity(pid) !== null;
export const postmaster = (dir: string): number => Number(readFileSync(join(dir, 'postgres', 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
export const start = (dir: string, overrides?: Record<string, string>) =>
  startEmbedded({ dir, logger: silentLogger, ...(overrides === undefined ? {} : { overrides }) });

export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // a query that is under way fails with it
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A process that runs Postgres in a folder, when its Postgres answers. @param prefix a program that runs it */
export async function startNode(dir: string, prefix: string[] = []): Promise<ChildProcess> {
  const [file, ...args] = [...prefix, process.execPath, FIXTURE, dir];
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  assert.is(child.exitCode, null, 'it should be running');
  return child;
}
