/**
 * Passwords of accounts, as argon2id (19 MiB, 2 passes: the OWASP Password Storage Cheat Sheet's figures). Argon2 works in libuv's
 * pool of four threads, which files need, too: two at a time, the others wait here.
 */
import argon2 from 'argon2';

const OPTIONS = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const AT_ONCE = 2;

let running = 0;
const waiting: (() => void)[] = [];

/** @returns the PHC string, which holds the salt and the parameters */
export const hashPassword = (password: string): Promise<string> => inTurn(() => argon2.hash(password, OPTIONS));

/** @param hash a PHC string of `hashPassword`; @throws when it is none */
export const verifyPassword = (hash: string, password: string): Promise<boolean> => inTurn(() => argon2.verify(hash, password));

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift(); // takes this one's place, so nobody can slip in between
    if (next === undefined) running--;
    else next();
  }
}
