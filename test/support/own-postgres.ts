/** A Postgres of the test's own, on a port that stays the same: to be stopped, frozen, killed and started again. Linux only. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Component } from '../../src/core/ports.ts';
import { findBinaries } from '../../src/storage/postgres/embedded-binaries.ts';
import { DATABASE_USER, prepareCluster } from '../../src/storage/postgres/embedded-cluster.ts';
import { defaultSettings, type Server, startServer } from '../../src/storage/postgres/embedded-server.ts';
import { isStoreAway } from '../../src/storage/postgres/pool.ts';
import { freePort } from './free-port.ts';
import { silentLogger } from './logger.ts';
import { childrenOf, signalAll } from './processes.ts';
import { until } from './until.ts';

/** What is committed survives the death of every process, but not that of the machine. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '200', max_wal_size: '256MB' };
const READY_MS = 60_000;

export type OwnPostgres = {
  url: string;
  /** Also after `stop` and `kill`. Settles when it takes connections. */
  start(): Promise<void>;
  /** Fast shutdown: transactions are aborted, connections closed. */
  stop(): Promise<void>;
  /** SIGKILL to all its processes. */
  kill(): Promise<void>;
  /** SIGSTOP to all its processes: connections stay, and nobody answers. */
  freeze(): void;
  thaw(): void;
};

export async function startOwnPostgres(): Promise<Component<OwnPostgres>> {
  const dir = mkdtempSync(join(tmpdir(), 'elnk-own-postgres-'));
  const binaries = findBinaries();
  const cluster = await prepareCluster(dir, binaries, silentLogger, false);
  const port = await freePort();
  const url = `postgres://${DATABASE_USER}:${cluster.password}@127.0.0.1:${port}/postgres`;
  let server: Server;

  const processes = () => {
    const { pid } = server;
    return pid === undefined || !server.isRunning() ? [] : [pid, ...childrenOf(pid)];
  };
  const postgres: OwnPostgres = {
    url,
    async start() {
      server = startServer(cluster, binaries, port, { ...defaultSettings(), ...SETTINGS }, silentLogger);
      await until('a Postgres that answers', () => answers(url), READY_MS);
    },
    async stop() {
      await server.stop();
    },
    async kill() {
      signalAll(processes(), 'SIGKILL');
      await server.exited;
    },
    freeze() {
      // The first process first: what it has started by then is all there is.
      signalAll(processes().slice(0, 1), 'SIGSTOP');
      signalAll(processes().slice(1), 'SIGSTOP');
    },
    thaw() {
      signalAll(processes().reverse(), 'SIGCONT');
    },
  };
  await postgres.start();
  const killAll = () => signalAll(processes(), 'SIGKILL'); // one that is frozen does not hear its guard
  process.on('exit', killAll);
  return {
    value: postgres,
    async stop() {
      process.off('exit', killAll);
      postgres.thaw();
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: READY_MS });
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (!isStoreAway(error)) throw error;
    return false;
  } finally {
    await client.end();
  }
}

/** The first process of the Postgres in a folder, with all it has started; none when it is not running. */
export function postgresProcesses(cluster: string): number[] {
  const pid = Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
  return [pid, ...childrenOf(pid)];
}
