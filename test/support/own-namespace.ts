/** Processes that see none but their own children, as those in a container do. */
import { spawnSync } from 'node:child_process';
import { say } from './say.ts';

const NAMESPACE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** @returns words to put before a command; null, said aloud, where that is not allowed */
export function ownNamespace(): string[] | null {
  const [file, ...args] = NAMESPACE;
  if (spawnSync(file, [...args, 'true']).status === 0) return NAMESPACE;
  say('not tried: no process may have a namespace of its own here');
  return null;
}
