/**
 * Starts components one after the other, and stops them the other way round: what was started later may need what was started before.
 *
 *   open ──► stopping ──► stopped      a failed start leads there, too
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Component, Logger } from './core/ports.ts';

const STOP_TIMEOUT_MS = 12_000;

export type StopOptions = {
  /** For work that may be cut off at any moment, such as a transaction: after this the next one's turn has come, and nothing is wrong. */
  abandonAfterMs?: number;
};

export type Lifecycle = {
  /**
   * @returns the component's value
   * @throws what `open` threw, after all that had been started was stopped; an Error when the lifecycle is stopping
   */
  start<T>(name: string, open: () => Promise<Component<T>>, options?: StopOptions): Promise<T>;
  /**
   * Stops everything, once; later calls wait for the first. What is being started at that moment is awaited, and stopped first.
   * @throws AggregateError of all that failed or took too long; nothing keeps the others from being stopped
   */
  stop(): Promise<void>;
};

/** @param stopTimeoutMs how long one component may take to stop (or to finish its start) before the next one's turn */
export function createLifecycle(logger: Logger, stopTimeoutMs = STOP_TIMEOUT_MS): Lifecycle {
  const started: (StopOptions & { name: string; stop(): Promise<void> })[] = [];
  const starting = new Map<string, Promise<unknown>>();
  let stopped: Promise<void> | null = null;

  async function start<T>(name: string, open: () => Promise<Component<T>>, options: StopOptions = {}): Promise<T> {
    if (stopped !== null) throw new Error(`${name} is not started: the node is stopping`);
    const began = performance.now();
    const opened = openAndKeep(name, open, options).finally(() => starting.delete(name));
    starting.set(name, opened);
    try {
      const value = await opened;
      if (stopped !== null) throw new Error(`${name} was started while the node is stopping`);
      logger.debug({ component: name, tookMs: Math.round(performance.now() - began) }, 'started');
      return value;
    } catch (error) {
      await stop().catch((stopError) => logger.error({ err: stopError }, `could not stop well after ${name} had failed to start`));
      throw error;
    }
  }

  async function openAndKeep<T>(name: string, open: () => Promise<Component<T>>, options: StopOptions): Promise<T> {
    const component = await open();
    started.push({ ...options, name, stop: async () => component.stop() });
    return component.value;
  }

  function stop(): Promise<void> {
    stopped ??= stopAll();
    return stopped;
  }

  async function stopAll(): Promise<void> {
    const errors: Error[] = [];
    const attempt = (what: string, work: Promise<unknown>) => within(stopTimeoutMs, what, work).catch((error: Error) => errors.push(error));
    for (const [name, opened] of starting) await attempt(`starting ${name}`, Promise.allSettled([opened]));
    for (let last = started.pop(); last !== undefined; last = started.pop()) {
      const { name, abandonAfterMs } = last;
      const work = last.stop();
      await attempt(`stopping ${name}`, abandonAfterMs === undefined ? work : Promise.race([work, sleep(abandonAfterMs)]));
      logger.debug({ component: name }, 'stopped');
    }
    if (errors.length > 0) throw new AggregateError(errors, errors.map(({ message }) => message).join('; '));
  }

  return { start, stop };
}

/** @throws an Error that begins with `what`, when the work fails or takes too long */
async function within(timeoutMs: number, what: string, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const timeout = sleep(timeoutMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`took longer than ${timeoutMs} ms`);
  });
  try {
    await Promise.race([work, timeout]);
  } catch (cause) {
    throw new Error(`${what}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  } finally {
    timeout.catch(() => undefined); // the abort that follows
    over.abort();
  }
}
