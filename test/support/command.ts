/** The command line of elnk, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { temporaryFolder } from './temporary-folder.ts';

export const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts');

export type Outcome = { code: number | null; stdout: string; stderr: string };
export type Command = ChildProcess & { outcome: Promise<Outcome> };

/** @param env over an environment without settings */
export function startCommand(args: readonly string[], env: Readonly<Record<string, string>>): Command {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: temporaryFolder(), // where no .env is
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outcome = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(([[code], stdout, stderr]) => ({
    code,
    stdout,
    stderr,
  }));
  return Object.assign(child, { outcome });
}
