/** A real node in a process of its own, to be loaded, killed, stopped and asked. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeStatus } from '../../src/http/status.ts';
import { fetchStatus } from '../../src/node-status.ts';
import { readNodeAddress } from '../../src/storage/data-folder.ts';
import { until } from './until.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const READY_MS = 30_000;
/** Characters of its log that are kept. */
const LOG_KEPT = 200_000;

export type NodeOptions = {
  dataDir: string;
  /** Environment variables, over DATA_DIR and a free port. */
  settings: Readonly<Record<string, string>>;
  /** Of Node.js, such as --inspect. */
  execArgv?: readonly string[];
};

export type NodeExit = { code: number | null; signal: NodeJS.Signals | null };

export type TestNode = {
  pid: number;
  /** Origin; only when it is ready. */
  url(): string;
  /** Settles when it answers on its port. @throws with the end of its log when it ends before */
  ready(): Promise<void>;
  /** On a connection of its own: one that is kept may be closed by the node at the moment it is used. Redirects are not followed. */
  ask(path: string, init?: { method: string }): Promise<Response>;
  readiness(): Promise<{ status: number; reasons: string[] }>;
  status(): Promise<NodeStatus>;
  /** One value of /metrics. */
  metric(name: string): Promise<number>;
  residentBytes(): number;
  /** The end of what it wrote. */
  log(): string;
  /** SIGKILL to its process group; the embedded Postgres is in another one. Settles when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<NodeExit & { tookMs: number }>;
};

export type Shape = { fronts: number; shards: number };

export const shapeSettings = ({ fronts, shards }: Shape): Record<string, string> => ({
  FRONT_THREADS: String(fronts),
  SHARD_THREADS: String(shards),
});

/** Starts a node and waits until it is ready. */
export async function startTestNode(options: NodeOptions): Promise<TestNode> {
  const node = spawnTestNode(options);
  await node.ready();
  return node;
}

export function spawnTestNode({ dataDir, settings, execArgv = [] }: NodeOptions): TestNode {
  const child = spawn(process.execPath, [...execArgv, join(ROOT, 'src', 'cli.ts'), 'serve'], {
    cwd: ROOT,
    detached: true, // leads a process group, so that nothing of it survives a kill
    env: { ...process.env, DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the node could not be started');
  const log = collect(child);
  const exited: Promise<NodeExit> = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const killGroup = () => {
    if (isRunning()) process.kill(-pid, 'SIGKILL');
  };
  process.on('exit', killGroup);
  void exited.finally(() => process.off('exit', killGroup));

  const address = () => {
    const found = readNodeAddress(dataDir);
    return found?.pid === pid ? found : null;
  };
  const url = () => {
    const found = address();
    if (found === null) throw new Error('the node is not ready');
    return found.url;
  };
  const ask = async (path: string, init = { method: 'GET' }) => {
    try {
      return await fetch(`${url()}${path}`, { ...init, redirect: 'manual', headers: { connection: 'close' } });
    } catch (error) {
      const cause = error instanceof Error ? error.cause : error; // its own message only says that it failed
      throw new Error(`${init.method} ${path}: ${cause instanceof Error ? cause.message : cause}\n${log()}`, { cause });
    }
  };
  return {
    pid,
    url,
    ask,
    async ready() {
      await until('a node that is ready', () => address() !== null || !isRunning(), READY_MS);
      if (!isRunning()) throw new Error(`the node ended with code ${child.exitCode}, signal ${child.signalCode}:\n${log()}`);
    },
    async readiness() {
      const response = await ask('/readyz');
      const { reasons } = (await response.json()) as { reasons: string[] };
      return { status: response.status, reasons };
    },
    status: () => fetchStatus(dataDir),
    async metric(name) {
      const text = await (await ask('/metrics')).text();
      const value = new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text)?.[1];
      if (value === undefined) throw new Error(`no metric ${name}`);
      return Number(value);
    },
    residentBytes: () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024,
    log,
    async kill() {
      killGroup();
      await exited;
    },
    async stop() {
      const from = performance.now();
      child.kill('SIGTERM');
      const exit = await exited;
      return { ...exit, tookMs: Math.round(performance.now() - from) };
    },
  };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-LOG_KEPT);
    });
  }
  return () => text;
}
