/** The conversation between fronts and shards: a front's questions, answered by id; the end of a shard fails whoever waits for it. */
import type { MessagePort } from 'node:worker_threads';
import { shardOf } from '../core/click.ts';
import { Failure } from '../core/failure.ts';
import type { MovedClick } from '../core/live.ts';
import type { ShardAnswer, ShardQuestion } from '../core/messages.ts';
import type { ClickLimits, UnstoredBatch } from '../core/ports/clicks.ts';
import { answerTakes, createTakeClient, type TakeClient } from './limit-port.ts';
import type { Limits } from './limits.ts';
import type { LiveWatch } from './live-watch.ts';
import type { Shard } from './shard.ts';

/** How long a shard may read on before it says that it cannot answer; below the API's own deadline. */
export const ANSWER_DEADLINE_MS = 4_000;

type ShardParts = { shard: Shard; limits: Limits; live: LiveWatch; now: () => number };

/** The shard's side. */
export function answerOn(port: MessagePort, { shard, limits, live, now }: ShardParts): void {
  const post = (answer: ShardAnswer) => port.postMessage(answer);
  const watcher = live.open((linkIds, clicks) => post({ type: 'moved', linkIds, clicks }));
  port.on('close', watcher.close);
  const take = answerTakes(limits, (takes) => post({ type: 'taken', takes }));
  port.on('message', (question: ShardQuestion) => {
    if (question.type === 'take') {
      take(question.takes);
      return;
    }
    if (question.type !== 'unstored') {
      watcher[question.type](question.linkIds);
      return;
    }
    const { id, linkIds } = question;
    shard.unstored(linkIds, now() + ANSWER_DEADLINE_MS).then(
      (batches) => post({ type: 'unstored', id, batches }),
      (error: Error) => post({ type: 'failed', id, reason: error.message }),
    );
  });
}

export type ShardClient = ClickLimits & {
  /** A shard has started (again) and is reached here. */
  connect(shard: number, port: MessagePort): void;
  /** Asks all shards: clicks of a link may lie in any log, because the number of shards may have changed. */
  unstored(linkIds: readonly number[]): Promise<UnstoredBatch[]>;
  /** All shards are to tell of these links' clicks, also those that are started later. */
  watch(linkIds: readonly number[]): void;
  unwatch(linkIds: readonly number[]): void;
  close(): void;
};

/** Who hears of watched links. `anyMoved`: a shard was started anew, so that any may have got clicks. */
export type MovedTakers = { moved(linkIds: readonly number[], clicks: readonly MovedClick[]): void; anyMoved(): void };

type Waiter = { resolve: (batches: UnstoredBatch[]) => void; reject: (error: Error) => void };
type Connection = { port: MessagePort; waiting: Map<number, Waiter>; takes: TakeClient };

/** The front's side. @param shards how many there are; until all are connected nothing can be said */
export function createShardClient(shards: number, takers: MovedTakers): ShardClient {
  const connections = new Map<number, Connection>();
  const watched = new Set<number>();
  let lastId = 0;

  function fail({ waiting, takes }: Connection): void {
    for (const { reject } of waiting.values()) reject(shardAway());
    waiting.clear();
    takes.fail();
  }

  function ask(connection: Connection | undefined, linkIds: readonly number[]): Promise<UnstoredBatch[]> {
    if (connection === undefined) return Promise.reject(shardAway());
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      connection.waiting.set(id, { resolve, reject });
      connection.port.postMessage({ type: 'unstored', id, linkIds } satisfies ShardQuestion);
    });
  }

  function watching(type: 'watch' | 'unwatch', linkIds: readonly number[]): void {
    for (const id of linkIds) {
      if (type === 'watch') watched.add(id);
      else watched.delete(id);
    }
    for (const { port } of connections.values()) port.postMessage({ type, linkIds } satisfies ShardQuestion);
  }

  function hear({ waiting, takes }: Connection, answer: ShardAnswer): void {
    if (answer.type === 'moved') {
      takers.moved(answer.linkIds, answer.clicks);
      return;
    }
    if (answer.type === 'taken') {
      takes.settle(answer.takes);
      return;
    }
    const waiter = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.type === 'failed') waiter?.reject(new Failure('store_away', answer.reason, { retryAfterSec: 1 }));
    else waiter?.resolve(answer.batches);
  }

  return {
    connect(shard, port) {
      const before = connections.get(shard);
      const takes = createTakeClient((asked) => port.postMessage({ type: 'take', takes: asked } satisfies ShardQuestion));
      const connection: Connection = { port, waiting: new Map(), takes };
      connections.set(shard, connection);
      if (before !== undefined) fail(before);
      port.on('message', (answer: ShardAnswer) => hear(connection, answer));
      port.on('close', () => {
        fail(connection);
        if (connections.get(shard) === connection) connections.delete(shard);
      });
      if (watched.size === 0) return;
      port.postMessage({ type: 'watch', linkIds: [...watched] } satisfies ShardQuestion);
      takers.anyMoved();
    },
    async unstored(linkIds) {
      const answers = await Promise.all(Array.from({ length: shards }, (_, shard) => ask(connections.get(shard), linkIds)));
      return answers.flat();
    },
    take: (linkId) => connections.get(shardOf(linkId, shards))?.takes.take(linkId) ?? Promise.resolve('unavailable'),
    watch: (linkIds) => watching('watch', linkIds),
    unwatch: (linkIds) => watching('unwatch', linkIds),
    close() {
      for (const connection of connections.values()) connection.port.close();
    },
  };
}

const shardAway = () => new Failure('store_away', 'The clicks of the last moments cannot be counted right now', { retryAfterSec: 1 });
