/** The pool of threads for work that would block others: piscina, one task a thread, a bounded queue. */
import { Piscina } from 'piscina';
import type { Component } from '../core/ports.ts';

/** Tasks that may wait; one more is refused. */
const MAX_QUEUE = 64;
/** Longer than the pause between folds on a busy node: a new thread loads and compiles everything anew, which costs more than most folds. */
const IDLE_TIMEOUT_MS = 120_000;

export type TaskPool<Tasks> = {
  run<Name extends keyof Tasks & string>(name: Name): Promise<Tasks[Name]>;
};

/**
 * @param filename the pool thread's entry: exports one function a task
 * @param workerData what its tasks open their stores with
 */
export function startTaskPool<Tasks>(filename: string, workerData: object, threads: number): Component<TaskPool<Tasks>> {
  const pool = new Piscina({
    filename,
    workerData,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_TIMEOUT_MS,
    maxQueue: MAX_QUEUE,
    concurrentTasksPerWorker: 1,
  });
  return {
    value: { run: (name) => pool.run(undefined, { name }) },
    stop: () => pool.close({ force: false }),
  };
}
