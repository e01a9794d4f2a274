/** The pool of threads for work that would block others: piscina, one task a thread, a bounded queue. */
import { Piscina } from 'piscina';
import type { Component } from '../core/ports.ts';

/** Tasks that may wait; one more is refused. */
const MAX_QUEUE = 64;
/** Longer than the pause between folds on a busy node: a new thread loads and compiles everything anew, which costs more than most folds. */
const IDLE_TIMEOUT_MS = 120_000;

/** By name: what a task gets, which is plain data, and what it answers. */
export type TaskTypes<Tasks> = { [Name in keyof Tasks]: { input: unknown; result: unknown } };

export type TaskPool<Tasks extends TaskTypes<Tasks>> = {
  run<Name extends keyof Tasks & string>(name: Name, input: Tasks[Name]['input']): Promise<Tasks[Name]['result']>;
};

export type TaskPoolOptions = { threads: number; maxQueue?: number };

/**
 * @param filename the pool thread's entry: exports one function a task
 * @param workerData what its tasks open their stores with
 */
export function startTaskPool<Tasks extends TaskTypes<Tasks>>(
  filename: string,
  workerData: object,
  { threads, maxQueue = MAX_QUEUE }: TaskPoolOptions,
): Component<TaskPool<Tasks>> {
  const pool = new Piscina({
    filename,
    workerData,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_TIMEOUT_MS,
    maxQueue,
    concurrentTasksPerWorker: 1,
  });
  return {
    value: { run: (name, input) => pool.run(input, { name }) },
    stop: () => pool.close({ force: false }),
  };
}

/** Whether a task was refused because as many wait as may. Piscina has no other way to tell. */
export const isQueueFull = (error: unknown): boolean => error instanceof Error && error.message === 'Task queue is at limit';
