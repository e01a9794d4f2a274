/**
 * The Postgres that a node brings along, in its data folder, for whoever has not set DATABASE_URL.
 *
 *   starting ──► running ──► stopping ──► stopped
 *                 │   ▲
 *            died ▼   │ ready
 *              restarting (for ever, with growing pauses, on the same port: pools keep the address)
 *
 * While it is running, `postgres.json` in the data folder tells commands its address.
 */
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Component, Logger } from '../../core/ports.ts';
import { readIfPresent, writePrivateFile } from '../private-file.ts';
import { findBinaries } from './embedded-binaries.ts';
import { type Cluster, DATABASE_USER, prepareCluster } from './embedded-cluster.ts';
import { defaultSettings, type Server, type ServerSettings, startServer } from './embedded-server.ts';

const ADDRESS_FILE = 'postgres.json';
const DATABASE = 'elnk';
/** Recovery after a crash replays up to `max_wal_size`. */
const READY_TIMEOUT_MS = 300_000;
const READY_POLL_MS = 10;
const CONNECT_TIMEOUT_MS = 5_000;
/** Starts that failed for a passing reason: the port was taken in between, or processes of a killed server had not ended yet. */
const START_ATTEMPTS = 10;
const START_PAUSE_MS = 100;
const PASSING_REASON = /could not bind|pre-existing shared memory block/;
const RESTART_PAUSE_MS = { first: 100, longest: 10_000 };

export type EmbeddedOptions = {
  /** The node's data folder, locked by the caller. */
  dir: string;
  logger: Logger;
  /** Settings of postgresql.conf to have otherwise than by default. */
  overrides?: ServerSettings;
  /** False: no command is told the address, because this Postgres is stopped sooner than they would be done. */
  announced?: boolean;
  /** Finds a port of 127.0.0.1 that is free, or was a moment ago; for tests. */
  choosePort?: () => Promise<number>;
};

/**
 * Starts it, on a free port of 127.0.0.1, with a database of its own.
 * @throws an Error for people, with the last lines of Postgres' log when that was the cause
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Component<{ url: string }>> {
  const { dir, logger, overrides = {}, announced = true, choosePort = freePort } = options;
  const addressFile = join(dir, ADDRESS_FILE);
  rmSync(addressFile, { force: true }); // of a node that was killed
  const binaries = findBinaries();
  const settings = { ...defaultSettings(), ...overrides };
  const cluster = await prepareCluster(dir, binaries, logger, settings.fsync !== 'off');
  const launch = (port: number) => startServer(cluster, binaries, port, settings, logger);
  const first = await firstStart(cluster, launch, choosePort);
  const url = address(cluster, first.port, DATABASE);
  if (announced) writePrivateFile(addressFile, `${JSON.stringify({ url })}\n`);

  let server = first.server;
  const stopping = new AbortController();
  const supervised = supervise();

  async function supervise(): Promise<void> {
    let pauseMs = RESTART_PAUSE_MS.first;
    for (;;) {
      await server.exited;
      if (stopping.signal.aborted) return;
      logger.error({ reason: server.lastWords(), pauseMs }, 'Postgres has ended unexpectedly, and is started again');
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined); // ends early when stopping
      if (stopping.signal.aborted) return;
      server = launch(first.port);
      const isReady = await ready(cluster, server, first.port);
      if (isReady) logger.info({}, 'Postgres is running again');
      pauseMs = isReady ? RESTART_PAUSE_MS.first : Math.min(pauseMs * 2, RESTART_PAUSE_MS.longest);
    }
  }

  return {
    value: { url },
    async stop() {
      stopping.abort();
      await server.stop();
      await supervised;
      rmSync(addressFile, { force: true });
    },
  };
}

/** @returns the address of the Postgres that is running in a data folder; null when none is, though one that was killed may have left it */
export function embeddedAddress(dir: string): string | null {
  const text = readIfPresent(join(dir, ADDRESS_FILE));
  return text === null ? null : (JSON.parse(text) as { url: string }).url;
}

type Started = { server: Server; port: number };

async function firstStart(cluster: Cluster, launch: (port: number) => Server, choosePort: () => Promise<number>): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort();
    const server = launch(port);
    try {
      if (await ready(cluster, server, port)) {
        await makeDatabase(cluster, port);
        return { server, port };
      }
    } catch (error) {
      await server.stop();
      throw error;
    }
    await server.stop();
    if (attempt === START_ATTEMPTS || !PASSING_REASON.test(server.lastWords())) {
      throw new Error(`the embedded Postgres in ${cluster.folder} does not start: ${server.lastWords()}`);
    }
    await sleep(START_PAUSE_MS);
  }
}

/** Polls until the server takes connections. @returns false when it ends before, or takes too long */
async function ready(cluster: Cluster, server: Server, port: number): Promise<boolean> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (server.isRunning() && Date.now() < deadline) {
    // The file says whose it is, which a connection to the port would not. Its lines: pidfile.h of Postgres. The port, too, because one
    // that a killed server has left may name the same process id: in a container that was started again they repeat.
    const lines = readIfPresent(join(cluster.folder, 'postmaster.pid'))?.split('\n') ?? [];
    if (Number(lines[0]) === server.pid && Number(lines[3]) === port && lines[7]?.startsWith('ready')) return true;
    await Promise.race([server.exited, sleep(READY_POLL_MS)]);
  }
  return false;
}

async function makeDatabase(cluster: Cluster, port: number): Promise<void> {
  const client = new pg.Client({ connectionString: address(cluster, port, 'postgres'), connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

const address = ({ password }: Cluster, port: number, database: string): string =>
  `postgres://${DATABASE_USER}:${password}@127.0.0.1:${port}/${database}`;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const bound = probe.address();
      probe.close(() => (bound !== null && typeof bound === 'object' ? resolve(bound.port) : reject(new Error('no port'))));
    });
  });
}
