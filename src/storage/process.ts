/** What can be known of another process of this machine: who holds a lock, whose Postgres is still running. Linux by /proc, else by ps. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';

/**
 * Tells a process from a later one that got the same id.
 * @returns null when no such process is running; a zombie is not
 */
export function processIdentity(pid: number): string | null {
  if (platform() !== 'linux') return psIdentity(pid);
  const stat = readProc(`${pid}/stat`);
  if (stat === null) return null;
  // "pid (name) state parent …", and the name may hold spaces and parentheses; see proc_pid_stat(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const startTicks = fields[19]; // ticks since the machine started, hence the boot id
  return isOver(state) ? null : `${readProc('sys/kernel/random/boot_id')?.trim()}/${startTicks}`;
}

/** @returns the command line, its words joined by spaces; null when no such process is running or it may not be read */
export function commandLine(pid: number): string | null {
  if (platform() !== 'linux') return ps(pid, 'args=');
  return readProc(`${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? null;
}

function psIdentity(pid: number): string | null {
  const line = ps(pid, 'stat=,lstart=');
  return line === null || isOver(line) ? null : line.replace(/^\S+\s+/, '');
}

const isOver = (state: string): boolean => state.startsWith('Z') || state.startsWith('X');

function ps(pid: number, format: string): string | null {
  try {
    return execFileSync('ps', ['-o', format, '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 1) return null; // how ps says that there is none
    throw error;
  }
}

function readProc(name: string): string | null {
  try {
    return readFileSync(`/proc/${name}`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(String(error.code))) return null;
    throw error;
  }
}
