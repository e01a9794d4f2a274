/**
 * Runs a command with one Postgres for all its tests:
 *
 *   node test/support/with-postgres.ts COMMAND [ARGUMENT…]
 *
 * Ends with the command's exit code, and passes signals on to it.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { SERVER_VARIABLE, startTemplateServer } from './postgres.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const [command, ...args] = process.argv.slice(2);
const server = await startTemplateServer();
try {
  process.exitCode = await run();
} finally {
  await server.stop();
}

function run(): Promise<number> {
  // Before it: the command may be told apart, and stopped, sooner than this goes on.
  for (const signal of STOP_SIGNALS) process.on(signal, () => child.kill(signal));
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, [SERVER_VARIABLE]: server.value } });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}
