/** How the fronts reach the pool of threads, which lives on main: tasks by number, answered in any order. */
import type { MessagePort } from 'node:worker_threads';
import { Failure } from '../core/failure.ts';
import type { PoolAnswer, PoolTask } from '../core/messages.ts';
import { isQueueFull, type TaskPool, type TaskTypes } from './pool.ts';

/** Main's side. */
export function servePool<Tasks extends TaskTypes<Tasks>>(port: MessagePort, pool: TaskPool<Tasks>): void {
  port.on('message', ({ id, name, input }: PoolTask) => {
    pool.run(name as keyof Tasks & string, input as never).then(
      (result) => port.postMessage({ type: 'done', id, result } satisfies PoolAnswer),
      (error: Error) => port.postMessage({ type: isQueueFull(error) ? 'busy' : 'failed', id, reason: error.message } satisfies PoolAnswer),
    );
  });
}

export type PoolClient<Tasks extends TaskTypes<Tasks>> = TaskPool<Tasks> & {
  connect(port: MessagePort): void;
  close(): void;
};

type Waiter = { resolve: (result: never) => void; reject: (error: Error) => void };

/** A front's side. `run` rejects with Failure busy when as many tasks wait as may, or main is not there yet. */
export function createPoolClient<Tasks extends TaskTypes<Tasks>>(): PoolClient<Tasks> {
  let port: MessagePort | null = null;
  let lastId = 0;
  const waiting = new Map<number, Waiter>();

  function settle(answer: PoolAnswer): void {
    const waiter = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.type === 'done') waiter?.resolve(answer.result as never);
    else waiter?.reject(answer.type === 'busy' ? busy() : new Error(answer.reason));
  }

  return {
    connect(to) {
      port = to;
      port.on('message', settle);
    },
    run(name, input) {
      const to = port;
      if (to === null) return Promise.reject(busy());
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        to.postMessage({ id, name, input } satisfies PoolTask);
      });
    },
    close() {
      port?.close();
    },
  };
}

const busy = () => new Failure('busy', 'There is too much to reckon right now', { retryAfterSec: 2 });
