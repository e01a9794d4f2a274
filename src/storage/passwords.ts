/**
 * Passwords of accounts, as argon2id (19 MiB, 2 passes: the OWASP Password Storage Cheat Sheet's figures). Argon2 works in libuv's
 * pool of four threads, which files need, too: two at a time, some others wait here, more are refused.
 */
import argon2 from 'argon2';
import { Failure } from '../core/failure.ts';

const OPTIONS = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const AT_ONCE = 2;
/** At about 30 ms each the last one waits for a second, which is still an answer. */
export const QUEUE_MAX = 64;
const RETRY_AFTER_SEC = 2;

let running = 0;
const waiting: (() => void)[] = [];

/**
 * @returns the PHC string, which holds the salt and the parameters
 * @throws Failure too_many_requests when too many wait
 */
export const hashPassword = (password: string): Promise<string> => inTurn(() => argon2.hash(normal(password), OPTIONS));

/** As good as one of a password that nobody knows, to take the same time: the hash in it is of nothing. */
const DUMMY = `$argon2id$v=19$m=${OPTIONS.memoryCost},t=${OPTIONS.timeCost},p=${OPTIONS.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Keyboards and systems write the same characters differently (NIST SP 800-63B, 5.1.1.2). */
const normal = (password: string): string => password.normalize('NFKC');

/**
 * Takes as long for an account that does not exist, or has no password, as for one whose password is wrong.
 * @param hash a PHC string of `hashPassword`, or null; @throws when it is neither; Failure too_many_requests when too many wait
 */
export async function verifyPassword(hash: string | null, password: string): Promise<boolean> {
  const isRight = await inTurn(() => argon2.verify(hash ?? DUMMY, normal(password)));
  return isRight && hash !== null;
}

/** Whether a hash was made with other parameters than today's. */
export const isOutdated = (hash: string): boolean => argon2.needsRehash(hash, OPTIONS);

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) {
    if (waiting.length >= QUEUE_MAX) {
      throw new Failure('too_many_requests', 'Too many passwords are being checked right now', { retryAfterSec: RETRY_AFTER_SEC });
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift(); // takes this one's place, so nobody can slip in between
    if (next === undefined) running--;
    else next();
  }
}
