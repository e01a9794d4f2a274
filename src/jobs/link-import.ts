/**
 * The task that imports a file of links: one slice, and another job for the next one. One at a time on a node: the pool has other work to do, whose askers
 * do not wait for long.
 */
import type { Counters } from '../core/counters.ts';
import { COUNTER_NAMES } from '../core/counters.ts';
import { IMPORT_TASK } from '../core/link-import.ts';
import type { Logger } from '../core/ports.ts';
import type { Task, Tasks } from './runner.ts';
import type { SliceResult } from './tasks/import-links.ts';

export type ImportTaskOptions = {
  /** On a thread that may take its time. */
  runSlice(importId: number): Promise<SliceResult>;
  /** Queues the next slice. */
  queue(importId: number): Promise<void>;
  /** Tells the owner that it is given up. */
  fail(importId: number, reason: string): Promise<void>;
  counters: Counters;
  logger: Logger;
};

export const importTasks = (options: ImportTaskOptions): Tasks => ({ [IMPORT_TASK]: importTask(options) });

function importTask({ runSlice, queue, fail, counters, logger }: ImportTaskOptions): Task {
  const inTurn = oneAtATime();
  return async (payload, { job }) => {
    const importId = importIdOf(payload);
    if (importId === null) {
      logger.error({ job: job.id }, 'a job to import links names no import; it is dropped');
      return;
    }
    try {
      const { isOver, counted } = await inTurn(() => runSlice(importId));
      for (const name of COUNTER_NAMES) counters.add(name, counted[name] ?? 0);
      if (!isOver) await queue(importId);
    } catch (error) {
      const isLast = job.attempts >= job.max_attempts;
      logger.warn({ job: job.id, importId, attempt: job.attempts, err: error }, 'an import of links has stopped; it is tried again');
      if (isLast) await fail(importId, 'It could not be gone on with; whoever runs this server finds the reason in the log');
      throw error;
    }
  };
}

/** Who comes first is served first. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let before: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = before.then(work);
    before = done.catch(() => undefined); // whoever has asked hears of it
    return done;
  };
}

function importIdOf(payload: unknown): number | null {
  const id = typeof payload === 'object' && payload !== null && 'importId' in payload ? payload.importId : null;
  return typeof id === 'number' && Number.isSafeInteger(id) ? id : null;
}
