/** The conversation between fronts and shards: a front's questions, answered by id; the end of a shard fails whoever waits for it. */
import type { MessagePort } from 'node:worker_threads';
import { Failure } from '../core/failure.ts';
import type { ShardAnswer, ShardQuestion } from '../core/messages.ts';
import type { UnstoredBatch } from '../core/ports.ts';
import type { Shard } from './shard.ts';

/** How long a shard may read on before it says that it cannot answer; below the API's own deadline. */
export const ANSWER_DEADLINE_MS = 4_000;

/** The shard's side. */
export function answerOn(port: MessagePort, shard: Shard, now: () => number): void {
  port.on('message', ({ id, linkIds }: ShardQuestion) => {
    shard.unstored(linkIds, now() + ANSWER_DEADLINE_MS).then(
      (batches) => port.postMessage({ type: 'unstored', id, batches } satisfies ShardAnswer),
      (error: Error) => port.postMessage({ type: 'failed', id, reason: error.message } satisfies ShardAnswer),
    );
  });
}

export type ShardClient = {
  /** A shard has started (again) and is reached here. */
  connect(shard: number, port: MessagePort): void;
  /** Asks all shards: clicks of a link may lie in any log, because the number of shards may have changed. */
  unstored(linkIds: readonly number[]): Promise<UnstoredBatch[]>;
  close(): void;
};

type Waiter = { resolve: (batches: UnstoredBatch[]) => void; reject: (error: Error) => void };
type Connection = { port: MessagePort; waiting: Map<number, Waiter> };

/** The front's side. @param shards how many there are; until all are connected nothing can be said */
export function createShardClient(shards: number): ShardClient {
  const connections = new Map<number, Connection>();
  let lastId = 0;

  function fail({ waiting }: Connection): void {
    for (const { reject } of waiting.values()) reject(shardAway());
    waiting.clear();
  }

  function ask(connection: Connection | undefined, linkIds: readonly number[]): Promise<UnstoredBatch[]> {
    if (connection === undefined) return Promise.reject(shardAway());
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      connection.waiting.set(id, { resolve, reject });
      connection.port.postMessage({ type: 'unstored', id, linkIds } satisfies ShardQuestion);
    });
  }

  return {
    connect(shard, port) {
      const before = connections.get(shard);
      const connection: Connection = { port, waiting: new Map() };
      connections.set(shard, connection);
      if (before !== undefined) fail(before);
      port.on('message', (answer: ShardAnswer) => {
        const waiter = connection.waiting.get(answer.id);
        connection.waiting.delete(answer.id);
        if (answer.type === 'failed') waiter?.reject(new Failure('store_away', answer.reason, { retryAfterSec: 1 }));
        else waiter?.resolve(answer.batches);
      });
      port.on('close', () => {
        fail(connection);
        if (connections.get(shard) === connection) connections.delete(shard);
      });
    },
    async unstored(linkIds) {
      const answers = await Promise.all(Array.from({ length: shards }, (_, shard) => ask(connections.get(shard), linkIds)));
      return answers.flat();
    },
    close() {
      for (const connection of connections.values()) connection.port.close();
    },
  };
}

const shardAway = () => new Failure('store_away', 'The clicks of the last moments cannot be counted right now', { retryAfterSec: 1 });
