/** Work that is not waited for any longer than so. */
import { setTimeout as sleep } from 'node:timers/promises';
import { trouble } from '../core/troubles.ts';

/** @throws what the work throws; an Error when it takes too long */
export async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  const over = new AbortController();
  const timeout = sleep(timeoutMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(trouble('tookLonger', { number: timeoutMs }));
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    timeout.catch(() => undefined); // the abort that follows
    over.abort();
  }
}
