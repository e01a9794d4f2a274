/** What a node tells others and hears from them. Without Redis there are no others, and nothing waits. */
import { randomBytes } from 'node:crypto';
import type { Cells } from './core/announce.ts';
import type { Counters } from './core/counters.ts';
import { createNodeAnnouncer } from './core/node-announcer.ts';
import type { Logger } from './core/ports.ts';
import type { LinkVersions } from './core/shared.ts';
import { type Trouble, trouble } from './core/troubles.ts';
import { startTicker } from './jobs/ticker.ts';
import type { Lifecycle } from './lifecycle.ts';
import { openBus } from './storage/redis/bus.ts';

const TICK_MS = 1_000;
const NAME_BYTES = 8;

export type NodeBus = {
  /** Settles when other nodes know what a thread has changed, or have been waited for long enough. Never rejects. */
  announce(cells: Cells): Promise<void>;
  /** Tells other nodes that this one has stored clicks. */
  stored(): void;
  /** Called when another node has. */
  onStored(take: () => void): void;
  /** Why the node is not well. */
  health(): readonly Trouble[];
};

export type NodeBusOptions = {
  /** Null: this is the only node. */
  redisUrl: string | null;
  versions: LinkVersions;
  counters: Counters;
  logger: Logger;
  life: Lifecycle;
};

export async function startNodeBus({ redisUrl, versions, counters, logger, life }: NodeBusOptions): Promise<NodeBus> {
  if (redisUrl === null) {
    const nobody = () => undefined;
    return { announce: async () => undefined, stored: nobody, onStored: nobody, health: () => [] };
  }
  const newName = () => randomBytes(NAME_BYTES).toString('hex');
  const clock = () => performance.now();
  const bus = await life.start('bus', () => openBus({ url: redisUrl, newName, clock, counters, logger }));
  const announcer = createNodeAnnouncer(bus, versions);
  const tick = async () => {
    bus.tick();
    announcer.tick();
  };
  await life.start('bus ticks', async () => startTicker('bus', TICK_MS, tick, logger));
  return {
    announce: announcer.announce,
    stored: () => bus.send({ type: 'stored' }),
    onStored: (take) => bus.on('stored', take),
    health: () => (bus.isUp() ? [] : [trouble('redisAway')]),
  };
}
