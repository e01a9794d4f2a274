/**
 * The processes that one test file started, whatever became of their parents. A member is found by its process group, which the
 * test file leads, and on Linux also by a mark in its environment: nodes that a test starts detached lead groups of their own, and
 * must not outlive it either. A process that got a fresh environment and a group of its own is out of reach.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

export type Family = { group: number; mark: string };

/** The name of an environment variable that no other family has; its value does not matter. */
export const newMark = (): string => `TEST_FAMILY_${randomUUID().replaceAll('-', '_')}`;

/** What `process.kill` takes for every living member: process ids, or without /proc the negative id of the living group. */
export function livingMembers(family: Family): number[] {
  if (!existsSync('/proc/self/stat')) return isGroupAlive(family.group) ? [-family.group] : [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isMember(pid, family));
}

/** Polls until no member lives or the time is over. @returns those who still live */
export async function waitForEnd(family: Family, timeoutMs: number): Promise<number[]> {
  const deadline = Date.now() + timeoutMs;
  let members = livingMembers(family);
  while (members.length > 0 && Date.now() < deadline) {
    await sleep(POLL_MS);
    members = livingMembers(family);
  }
  return members;
}

/** SIGKILL for every member. A member may be forking at this moment: call again until none lives. */
export function killMembers(family: Family): void {
  for (const target of livingMembers(family)) {
    try {
      process.kill(target, 'SIGKILL');
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error; // ended by itself in between
    }
  }
}

/** The command line of a member, for people. */
export function describeMember(target: number): string {
  const command = readProc(`${target}/cmdline`).replaceAll('\0', ' ').trim();
  return command === '' ? `process ${target}` : `process ${target}: ${command}`;
}

function isMember(pid: number, family: Family): boolean {
  const stat = readProc(`${pid}/stat`);
  // "pid (name) state parent group …"; the name may hold spaces and parentheses.
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat === '' || state === 'Z' || state === 'X') return false; // a zombie runs no more; only its parent can remove it
  return Number(group) === family.group || readProc(`${pid}/environ`).includes(family.mark);
}

/** @returns an empty string when the process has ended or belongs to another user, who is no member then */
function readProc(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].some((code) => hasCode(error, code))) return '';
    throw error;
  }
}

function isGroupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
    if (hasCode(error, 'EPERM')) return true; // alive, another user's
    throw error;
  }
}

const hasCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;
