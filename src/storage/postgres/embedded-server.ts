/** One run of the embedded Postgres: from its start to its exit. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { totalmem } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../core/ports.ts';
import type { Binaries } from './embedded-binaries.ts';
import { type Cluster, SERVER_ENVIRONMENT } from './embedded-cluster.ts';

/** Lines of Postgres' log that an error quotes at most. */
const LINES_KEPT = 10;
/** Fast shutdown (with a checkpoint), immediate shutdown (the next start recovers from the log), kill; in milliseconds after the one before. */
const STOP_STEPS = [
  { signal: 'SIGINT', patienceMs: 8_000 },
  { signal: 'SIGQUIT', patienceMs: 3_000 },
] as const;
/** How long the log may be read after the exit. */
const LAST_LINES_MS = 500;
const MIB = 1024 * 1024;

export type Server = {
  /** Undefined when the program could not be started; it has ended then, too. */
  pid: number | undefined;
  /** Settles when Postgres has ended, by itself or not. Never rejects. */
  exited: Promise<void>;
  isRunning(): boolean;
  /** Why it ended, as Postgres' log and the exit code tell. */
  lastWords(): string;
  /** Settles when it has ended; kills it in the end. */
  stop(): Promise<void>;
};

export type ServerSettings = Record<string, string>;

/** For an append-mostly store that shares a small machine with the node. Everything that makes a commit durable stays on. */
export function defaultSettings(): ServerSettings {
  const memory = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: `${Math.floor(Math.min(Math.max(memory / 8, 64 * MIB), 1024 * MIB) / MIB)}MB`,
    // Nothing replicates this server, and fewer, larger checkpoints write fewer full pages.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    wal_compression: 'on',
    // The other cores are the threads'; and a container's /dev/shm is too small for parallel plans.
    max_parallel_workers_per_gather: '0',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '',
    // Errors of statements reach whoever sent them, with values that do not belong into a log.
    log_min_messages: 'log',
    log_checkpoints: 'off',
  };
}

/**
 * It shares the machine with the threads that answer redirects, and those come first (priority.ts). Its processes inherit it. By `nice`,
 * because Postgres may belong to another user, whose priority root may not change in a container, and because the node may be nicer already.
 */
const NICE = ['nice', '-n', '5'];
/**
 * By util-linux, where it is there and allowed (sched(7), SCHED_BATCH): a process of Postgres that is sent a query waits for its turn, instead of taking
 * the core from the thread that has just sent it, which has redirects to answer.
 */
const BATCH = ['chrt', '--batch', '0'];

const canBatch = (): boolean => spawnSync(BATCH[0], [...BATCH.slice(1), 'true'], { stdio: 'ignore' }).status === 0;

/** Starts Postgres on a port; it is not ready yet when this returns. */
export function startServer(cluster: Cluster, binaries: Binaries, port: number, settings: ServerSettings, logger: Logger): Server {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const priority = canBatch() ? [...BATCH, ...NICE] : NICE;
  const [program, ...programArgs] = [...priority, binaries.postgres, '-D', cluster.folder, '-p', String(port), ...flags];
  const { file, args, options } = cluster.account.command(program, programArgs);
  // In a session of its own: Ctrl+C in the terminal is for the node, which still needs its database to stop well.
  const child = spawn(file, args, { ...options, cwd: '/', detached: true, env: SERVER_ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = followLog(child, logger);
  const guard = child.pid === undefined ? null : startGuard(child.pid, logger);
  let running = true;
  const exited = new Promise<void>((resolve) => {
    const end = (how: string) => {
      if (running) lines.push(how);
      running = false;
      guard?.kill('SIGKILL');
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, signal) => {
      end(signal === null ? `exit code ${code}` : `ended by ${signal}`);
      setTimeout(resolve, LAST_LINES_MS); // a process of the server that hangs may keep the pipe open
    });
    child.on('close', () => resolve());
  });
  return {
    pid: child.pid,
    exited,
    isRunning: () => running,
    lastWords: () => lines.slice(-LINES_KEPT).join('; '),
    async stop() {
      for (const { signal, patienceMs } of STOP_STEPS) {
        if (running) child.kill(signal);
        await Promise.race([exited, sleep(patienceMs, undefined, { ref: false })]);
      }
      if (running) child.kill('SIGKILL');
      await exited;
    },
  };
}

/**
 * Ends Postgres when this process is gone without having stopped it: then the pipe that the shell reads from is closed.
 * Its own session, too, so that what is sent to the node's process group does not reach it.
 */
function startGuard(pid: number, logger: Logger): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$1"', 'elnk-postgres-guard', String(pid)], {
    cwd: '/',
    detached: true,
    env: SERVER_ENVIRONMENT,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', (error) => logger.warn({ err: error }, 'Postgres would outlive a killed node: its guard did not start'));
  guard.unref();
  return guard;
}

function followLog(child: ChildProcess, logger: Logger): string[] {
  const lines: string[] = [];
  if (child.stderr === null) return lines;
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (lines.length > LINES_KEPT) lines.shift();
    if (/^(FATAL|PANIC):/.test(line)) logger.warn({ line }, 'Postgres');
    else logger.debug({ line }, 'Postgres');
  });
  return lines;
}
