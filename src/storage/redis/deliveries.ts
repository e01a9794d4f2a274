/** The bookkeeping of the bus: which messages wait for acknowledgements, and which nodes are not waited for because they are silent. */
import type { Redis } from 'ioredis';
import type { Counters } from '../../core/counters.ts';
import type { Delivery } from '../../core/ports/bus.ts';
import type { Logger } from '../../core/ports.ts';

/** How long an edit waits for the other nodes. */
export const ACK_WAIT_MS = 1_000;

/** Channels are the same for all databases of a Redis, unlike keys: their names tell installations apart that share one. */
export function channelsOf(url: string) {
  const prefix = `elnk:${new URL(url).pathname.slice(1) || 0}:`;
  return {
    all: `${prefix}all`,
    of: (node: string) => `${prefix}node:${node}`,
    nodeOf: (channel: string) => channel.slice(`${prefix}node:`.length),
  };
}

export type DeliveriesOptions = { channels: ReturnType<typeof channelsOf>; counters: Counters; logger: Logger };

export type Deliveries = {
  /** Sends a message to all and waits for what `Bus.deliver` promises. */
  deliver(client: Redis, id: number, text: string): Promise<Delivery>;
  acknowledge(id: number, by: string): void;
  /** A node has said something: if it was silent, it is waited for again. */
  heard(node: string): void;
  /** Nobody can acknowledge any more. */
  failAll(): void;
};

/** By how many it has to be acknowledged, once that is known, not counting those who are silent. */
type Flight = { acked: Set<string>; needed: number; silent: ReadonlySet<string>; landed: PromiseWithResolvers<Delivery> };

export function createDeliveries({ channels, counters, logger }: DeliveriesOptions): Deliveries {
  const flights = new Map<number, Flight>();
  const silent = new Set<string>();

  /** @returns how many acknowledgements are to be waited for */
  async function publish(client: Redis, text: string, notWaitedFor: ReadonlySet<string>): Promise<number> {
    if (notWaitedFor.size === 0) return client.publish(channels.all, text);
    const names = [...notWaitedFor];
    const replies = await client
      .multi()
      .publish(channels.all, text)
      .pubsub('NUMSUB', ...names.map(channels.of))
      .exec();
    const [receivers, listeners] = (replies ?? []).map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
    const counts = (listeners as (string | number)[]).filter((_, i) => i % 2 === 1).map(Number);
    for (const [i, node] of names.entries()) if (counts[i] === 0) silent.delete(node); // it has left
    return Number(receivers) - counts.filter((count) => count > 0).length;
  }

  /** Who listens and has not acknowledged, is not waited for the next time. */
  async function findSilent(client: Redis, acked: ReadonlySet<string>): Promise<void> {
    const listening = (await client.pubsub('CHANNELS', channels.of('*'))) as string[];
    for (const node of listening.map(channels.nodeOf)) {
      if (acked.has(node) || silent.has(node)) continue;
      silent.add(node);
      logger.warn({ node, waitedMs: ACK_WAIT_MS }, 'a node does not acknowledge changes: it is not waited for until it is heard again');
    }
  }

  return {
    async deliver(client, id, text) {
      const landed = Promise.withResolvers<Delivery>();
      const flight: Flight = { acked: new Set(), needed: Number.POSITIVE_INFINITY, silent: new Set(silent), landed };
      flights.set(id, flight);
      const timer = setTimeout(() => landed.resolve('unacknowledged'), ACK_WAIT_MS);
      try {
        flight.needed = await publish(client, text, flight.silent);
        landIfComplete(flight);
        const delivery = await landed.promise;
        if (delivery === 'unacknowledged') {
          counters.add('unacknowledgedChanges');
          findSilent(client, flight.acked).catch(() => undefined); // Redis is away now: then nobody is waited for
        }
        return delivery;
      } catch {
        return 'failed'; // the connection says why
      } finally {
        clearTimeout(timer);
        flights.delete(id);
      }
    },
    acknowledge(id, by) {
      const flight = flights.get(id);
      if (flight === undefined || flight.silent.has(by)) return;
      flight.acked.add(by);
      landIfComplete(flight);
    },
    heard(node) {
      if (silent.delete(node)) logger.info({ node }, 'a node acknowledges again');
    },
    failAll() {
      for (const { landed } of flights.values()) landed.resolve('failed');
    },
  };
}

function landIfComplete({ acked, needed, landed }: Flight): void {
  if (acked.size >= needed) landed.resolve('acknowledged');
}
