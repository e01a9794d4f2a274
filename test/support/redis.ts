/** A real redis-server of the test's own, on a port that stays the same: to be stopped, frozen, emptied and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Component } from '../../src/core/ports.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const READY_MS = 20_000;
const ANSWER_MS = 5_000;

export type TestRedis = {
  /** `redis://127.0.0.1:PORT`, without user and password. */
  url: string;
  port: number;
  /** Also after `stop` and `kill`; it begins empty. Settles when it answers. */
  start(): Promise<void>;
  /** SIGTERM: connections are closed. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** SIGSTOP: connections stay, new ones seem to be made, and nobody answers. */
  freeze(): void;
  thaw(): void;
  /** FLUSHALL. */
  flush(): Promise<void>;
  /** One command, on a connection of its own. @returns the reply as it came, such as `+OK` or `:3`. @throws on an error reply */
  command(...words: readonly string[]): Promise<string>;
};

/** @param options of redis-server, such as `['--maxmemory', '5mb']`; with `--requirepass` no command of `TestRedis` is answered */
export async function startTestRedis(options: readonly string[] = []): Promise<Component<TestRedis>> {
  const dir = mkdtempSync(join(tmpdir(), 'elnk-test-redis-'));
  const port = await freePort();
  let server: ChildProcess | null = null;
  const signal = (name: NodeJS.Signals) => void server?.kill(name);
  const end = async (name: NodeJS.Signals) => {
    if (server === null) return;
    const exited = once(server, 'exit');
    signal(name);
    signal('SIGCONT'); // one that is frozen does not hear
    await exited;
    server = null;
  };
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    port,
    async start() {
      const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
      const child = spawn('redis-server', [...settings, ...options], { stdio: 'ignore' });
      server = child;
      await once(child, 'spawn');
      const answers = () => talk(port, ['PING']).then(Boolean, () => false);
      await until('a Redis that answers', async () => child.exitCode !== null || (await answers()), READY_MS);
      if (child.exitCode !== null) throw new Error(`redis-server ended with code ${child.exitCode}: are its options right?`);
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    async flush() {
      await redis.command('FLUSHALL');
    },
    async command(...words) {
      const reply = await talk(port, words);
      if (reply.startsWith('-')) throw new Error(`${words[0]}: ${reply}`);
      return reply.trimEnd();
    },
  };
  const killIt = () => signal('SIGKILL');
  process.on('exit', killIt);
  await redis.start();
  return {
    value: redis,
    async stop() {
      process.off('exit', killIt);
      await redis.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The first piece of the answer, which for one short reply is all of it. */
async function talk(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  try {
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
    const [reply] = await once(socket, 'data', { signal: AbortSignal.timeout(ANSWER_MS) });
    return String(reply);
  } finally {
    socket.destroy();
  }
}
