/**
 * Real Postgres for tests. `testDatabase` is a migrated database without a row: on the server that `with-postgres.ts` started for the whole run, else
 * on one of its own. For a server that is stopped, frozen and killed see own-postgres.ts.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Component } from '../../src/core/ports.ts';
import { startEmbedded } from '../../src/storage/postgres/embedded.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { silentLogger } from './logger.ts';
import { childrenOf } from './processes.ts';

/** Names the server of the run; its databases are thrown away with it. */
export const SERVER_VARIABLE = 'ELNK_TEST_DATABASE_URL';
const TEMPLATE = 'elnk_template';
/** What is in it does not outlive the run, so nothing has to reach the disk. */
const FAST = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_wal_size: '256MB', max_connections: '300' };

export type TestPostgres = {
  /** Of an empty database. */
  url: string;
  /** Its processes, the first one first: what is to be frozen, has to be frozen whole. Linux only. */
  pids(): number[];
};

/** A server of one's own in a temporary folder, which `stop` removes. @param settings over those that make it fast and forgetful */
export async function startTestPostgres(settings: Record<string, string> = {}): Promise<Component<TestPostgres>> {
  const dir = mkdtempSync(join(tmpdir(), 'elnk-test-postgres-'));
  const removeFolder = () => rmSync(dir, { recursive: true, force: true });
  try {
    const { value, stop } = await startEmbedded({ dir, logger: silentLogger, overrides: { ...FAST, ...settings } });
    const pid = () => Number(readFileSync(join(dir, 'postgres', 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    return { value: { url: value.url, pids: () => [pid(), ...childrenOf(pid())] }, stop: () => stop().finally(removeFolder) };
  } catch (error) {
    removeFolder();
    throw error;
  }
}

/** A server with the migrated template that `testDatabase` copies. @returns its address for SERVER_VARIABLE */
export async function startTemplateServer(): Promise<Component<string>> {
  const { value, stop } = await startTestPostgres();
  try {
    await execute(value.url, `CREATE DATABASE ${TEMPLATE}`);
    await migrate({ url: withDatabase(value.url, TEMPLATE), logger: silentLogger });
    return { value: value.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A migrated database that nobody else uses; `stop` drops it, whoever is still connected. */
export function testDatabase(): Promise<Component<{ url: string }>> {
  // Copied as files: 40 ms instead of 250 ms through the log.
  return makeDatabase(`TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`);
}

/** The same with nothing in it, not even the schema. */
export function emptyDatabase(): Promise<Component<{ url: string }>> {
  return makeDatabase('TEMPLATE template0');
}

async function makeDatabase(options: string): Promise<Component<{ url: string }>> {
  const shared = process.env[SERVER_VARIABLE];
  const server = shared === undefined ? await startTemplateServer() : { value: shared, stop: async () => undefined };
  const name = `elnk_test_${randomBytes(6).toString('hex')}`;
  await execute(server.value, `CREATE DATABASE ${name} ${options}`);
  return {
    value: { url: withDatabase(server.value, name) },
    stop: () => execute(server.value, `DROP DATABASE ${name} WITH (FORCE)`).finally(server.stop),
  };
}

/** On a connection of its own. */
export async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
