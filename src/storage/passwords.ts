/**
 * Passwords as argon2id (19 MiB, 2 passes: the OWASP Password Storage Cheat Sheet's figures). Argon2 works in libuv's pool of four
 * threads, which all threads of the process share and files need, too: two at a time, some others wait, more are refused.
 */

import { availableParallelism } from 'node:os';
import argon2 from 'argon2';
import { Failure } from '../core/failure.ts';
import type { Passwords } from '../core/ports/accounts.ts';
import { placesMemory, sharePlaces } from './places.ts';

const OPTIONS = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** On two cores one: with both of them at it, redirects would wait for a core, however low the priority. */
export const AT_ONCE = Math.min(2, Math.max(1, availableParallelism() - 1));
/** At about 30 ms each the last one waits for a second or two, which is still an answer; on a machine that is busier than that it would be none. */
export const PASSWORD_QUEUE = { waitingMax: 64, patienceMs: 2_000 };
const RETRY_AFTER_SEC = 2;

/** Shared by so many threads. */
export const passwordMemory = (threads: number): SharedArrayBuffer => placesMemory({ places: AT_ONCE, lanes: threads });

/** As good as a hash of a password that nobody knows, to take the same time: it is of nothing. */
const DUMMY = `$argon2id$v=19$m=${OPTIONS.memoryCost},t=${OPTIONS.timeCost},p=${OPTIONS.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Keyboards and systems write the same characters differently (NIST SP 800-63B, 5.1.1.2). */
const normal = (password: string): string => password.normalize('NFKC');

/**
 * @param memory of `passwordMemory` for `threads` of them, which share the places
 * @param lane this thread's own
 */
export function createPasswords(memory: SharedArrayBuffer, threads: number, lane: number): Passwords {
  const places = sharePlaces(memory, { places: AT_ONCE, lanes: threads }, lane, PASSWORD_QUEUE);
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = await places.run(work);
    if (done !== null) return done.result;
    throw new Failure('too_many_requests', 'Too many passwords are being checked right now', { retryAfterSec: RETRY_AFTER_SEC });
  }
  return {
    hash: (password) => inTurn(() => argon2.hash(normal(password), OPTIONS)),
    async verify(hash, password) {
      const isRight = await inTurn(() => argon2.verify(hash ?? DUMMY, normal(password)));
      return isRight && hash !== null;
    },
    isOutdated: (hash) => argon2.needsRehash(hash, OPTIONS),
  };
}

/** For a process with one thread that checks passwords: a command. */
export const { hash: hashPassword, verify: verifyPassword, isOutdated } = createPasswords(passwordMemory(1), 1, 0);
