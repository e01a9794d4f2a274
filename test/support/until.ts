/** Waiting in tests: polls for a condition, and never longer than a deadline. */
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

/** @returns the first value of `probe` that is neither false, null nor undefined; @throws when there is none in time */
export async function until<T>(what: string, probe: () => T | Promise<T>, timeoutMs = 10_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== false && value !== null && value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`not in ${timeoutMs} ms: ${what}`);
    await sleep(POLL_MS);
  }
}
