/** The threads of a node: started, introduced to each other, and told how the node is. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { createShardClient, type ShardClient } from './actors/shard-port.ts';
import { type SupervisedThread, superviseThread } from './actors/supervisor.ts';
import type { Cells } from './core/announce.ts';
import type { Counters } from './core/counters.ts';
import type { Countries } from './core/countries.ts';
import type { NodeEvent } from './core/journal.ts';
import type { FrontSetup, ShardSetup } from './core/messages.ts';
import type { UnstoredClicks } from './core/ports/clicks.ts';
import type { Component, Logger } from './core/ports.ts';
import { backlogBytes, type SharedMemory } from './core/shared.ts';
import { type Trouble, trouble } from './core/troubles.ts';
import { createLifecycle } from './lifecycle.ts';

/** No list of reasons reads like this. */
const NOTHING_SAID = 'nothing';

/** Entry files keep their ending when they are built: `.ts` here, `.js` in dist. */
export const entryUrl = (name: string): URL => new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

type ThreadsOptions = {
  shared: SharedMemory;
  counters: Counters;
  logger: Logger;
  shards: number;
  fronts: number;
  shardSetup(index: number): ShardSetup;
  frontSetup(index: number): FrontSetup;
  /** Tells other nodes what a thread has changed; never rejects. */
  announce(cells: Cells): Promise<void>;
  /** Tasks of a front come on this port. */
  servePool(port: MessagePort): void;
  /** A shard has stored clicks. */
  onStored(): void;
  /** A warning or an error in a thread's log. */
  onEvent(event: NodeEvent): void;
  /** Why the node is not well, beside what its threads say. */
  health(): readonly Trouble[];
};

export type Threads = {
  spreadHealth(): void;
  health(): readonly Trouble[];
  storedElsewhere(): void;
  useCountries(countries: Countries): void;
  /** Asks the shards, as a front does. */
  unstored: UnstoredClicks;
};

/** Shards first: fronts ask them. They stop after the fronts, when the last click is in the logs. */
export async function startThreads(options: ThreadsOptions): Promise<Component<Threads>> {
  const { shared, counters, logger, shardSetup, frontSetup, announce, onStored, onEvent } = options;
  const life = createLifecycle(logger);
  const own = createShardClient(options.shards, { moved: () => undefined, anyMoved: () => undefined });
  const shards = new Map<number, SupervisedThread>();
  const fronts = new Map<number, SupervisedThread>();
  /** The health that all fronts were told last; a front that has just started was told nothing. */
  let said = NOTHING_SAID;
  /** @param setup each life of a thread begins with what holds by then */
  const start = (name: string, file: string, setup: () => object, onReady: (thread: SupervisedThread) => void) =>
    superviseThread({
      name,
      spawn: () => new Worker(entryUrl(file), { workerData: setup(), name }),
      onReady,
      onMessage(message, answer) {
        if (message.type === 'stored') onStored();
        else if (message.type === 'events') for (const event of message.events) onEvent(event);
        else void announce(message.cells).then(() => answer({ type: 'announced', id: message.id }));
      },
      counters,
      logger,
    });
  const startShard = (index: number) =>
    start(
      trouble('shard', { number: index }),
      'shard-thread',
      () => shardSetup(index),
      (shard) => {
        shards.set(index, shard);
        connectMain(own, shard, index, options.fronts);
        for (const [i, front] of fronts) connect(front, i, shard, index);
      },
    );
  const startFront = (index: number) =>
    start(
      trouble('front', { number: index }),
      'front-thread',
      () => frontSetup(index),
      (front) => {
        fronts.set(index, front);
        said = NOTHING_SAID;
        const { port1, port2 } = new MessageChannel();
        front.post({ type: 'pool', port: port1 }, [port1]);
        options.servePool(port2);
        for (const [i, shard] of shards) connect(front, index, shard, i);
      },
    );
  await life.start('shards', () => together(options.shards, startShard));
  await life.start('fronts', () => together(options.fronts, startFront));

  const health = () => [...[...shards.values(), ...fronts.values()].flatMap((thread) => thread.health()), ...options.health()];
  return {
    value: {
      health,
      unstored: own.unstored,
      /** Tells the fronts how all threads are, when that has changed: any of them may be asked. */
      spreadHealth() {
        const reasons = health();
        counters.raise('backlogHighWaterBytes', backlogBytes(shared.logs));
        if (said === reasons.join()) return;
        said = reasons.join();
        for (const front of fronts.values()) front.post({ type: 'health', reasons });
      },
      /** From now on; threads that start later have them from their setup. */
      useCountries(countries) {
        for (const thread of [...shards.values(), ...fronts.values()]) thread.post({ type: 'countries', countries });
      },
      /** Another node has stored clicks. */
      storedElsewhere() {
        for (const front of fronts.values()) front.post({ type: 'storedElsewhere' });
      },
    },
    async stop() {
      own.close();
      await life.stop();
    },
  };
}

/** Starts several of a kind at once, and stops them at once: one that waits for Postgres does not add to what the others wait. */
async function together<T>(count: number, start: (index: number) => Promise<Component<T>>): Promise<Component<undefined>> {
  const starts = await Promise.allSettled(Array.from({ length: count }, (_, index) => start(index)));
  const stop = async () => {
    await Promise.all(starts.map((it) => (it.status === 'fulfilled' ? it.value.stop() : undefined)));
  };
  for (const it of starts) {
    if (it.status === 'fulfilled') continue;
    await stop();
    throw it.reason;
  }
  return { value: undefined, stop };
}

function connect(front: SupervisedThread, frontIndex: number, shard: SupervisedThread, shardIndex: number): void {
  const { port1, port2 } = new MessageChannel();
  front.post({ type: 'connect', peer: shardIndex, port: port1 }, [port1]);
  shard.post({ type: 'connect', peer: frontIndex, port: port2 }, [port2]);
}

/** Main asks as one front more; it takes no clicks. */
function connectMain(client: ShardClient, shard: SupervisedThread, index: number, fronts: number): void {
  const { port1, port2 } = new MessageChannel();
  client.connect(index, port1);
  shard.post({ type: 'connect', peer: fronts, port: port2 }, [port2]);
}
