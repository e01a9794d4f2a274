/**
 * Keeps a thread of the node running.
 *
 *   starting ──ready──► running ──exit──► waiting ──back-off──► starting …
 *      ├──stop──────────────┴──stop──► stopping ──exit──► stopped
 *      └── exit before the first ready: the start has failed
 *
 * A thread is never terminated: a front's uWebSockets app must be closed by the thread itself, or the process aborts.
 */
import type { TransferListItem, Worker } from 'node:worker_threads';
import type { Counters } from '../core/counters.ts';
import type { FromMain, ToMain } from '../core/messages.ts';
import type { Component, Logger } from '../core/ports.ts';
import { type Trouble, trouble } from '../core/troubles.ts';

const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 10_000;
/** A thread that ran this long has started well: the back-off begins anew. */
const HEALTHY_MS = 30_000;

export type SupervisedThread = {
  post(message: FromMain, transfer?: TransferListItem[]): void;
  /** Why the thread is not well; empty when it is. */
  health(): readonly Trouble[];
};

export type ThreadOptions = {
  /** For logs and health, such as `front 0`. */
  name: string;
  spawn(): Worker;
  /** After each start, also the first. */
  onReady(thread: SupervisedThread): void;
  /** Whatever else the thread says; the answer goes to that life of the thread, or nowhere. */
  onMessage(message: Exclude<ToMain, { type: 'ready' | 'health' }>, answer: (message: FromMain) => void): void;
  counters: Counters;
  logger: Logger;
};

/** Resolves when the thread is ready. @throws when it ended before */
export async function superviseThread({
  name,
  spawn,
  onReady,
  onMessage,
  counters,
  logger,
}: ThreadOptions): Promise<Component<SupervisedThread>> {
  let worker: Worker;
  let isAlive = false;
  let isReady = false;
  let reasons: readonly Trouble[] = [];
  let backoffMs = BACKOFF_FIRST_MS;
  let stopping = false;
  let restart: NodeJS.Timeout | undefined;
  const started = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();

  const thread: SupervisedThread = {
    post: (message, transfer) => worker.postMessage(message, transfer),
    health: () => (isReady ? reasons : [trouble('starting', { thread: name })]),
  };

  function start(): void {
    const startedAt = performance.now();
    let failure: unknown = null;
    const life = spawn();
    worker = life;
    isAlive = true;
    worker.on('message', (message: ToMain) => {
      if (message.type === 'health') reasons = message.reasons.map((reason) => trouble('ofThread', { thread: name, trouble: reason }));
      else if (message.type !== 'ready') onMessage(message, (answer) => life.postMessage(answer));
      else if (!stopping) {
        isReady = true;
        reasons = [];
        started.resolve();
        onReady(thread);
      }
    });
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', (code) => {
      const wasReady = isReady;
      isAlive = false;
      isReady = false;
      if (stopping) return stopped.resolve();
      if (!wasReady && !hasStarted) {
        started.reject(failure ?? new Error(`${name} ended with code ${code} before it was ready`));
        return;
      }
      counters.add('threadRestarts');
      if (performance.now() - startedAt > HEALTHY_MS) backoffMs = BACKOFF_FIRST_MS;
      logger.error({ thread: name, code, err: failure, restartInMs: backoffMs }, 'thread ended; it is started again');
      restart = setTimeout(start, backoffMs);
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
    });
  }

  let hasStarted = false;
  start();
  await started.promise;
  hasStarted = true;
  return {
    value: thread,
    async stop() {
      stopping = true;
      clearTimeout(restart);
      if (!isAlive) return; // between two lives
      // One that is still starting finds it when it is ready.
      worker.postMessage({ type: 'stop' } satisfies FromMain);
      await stopped.promise;
    },
  };
}
