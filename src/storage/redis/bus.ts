/**
 * The bus between nodes: Redis pub/sub, with acknowledgements. Each node listens on a channel that all have in common and on one of its own:
 *
 *   announcer ── PUBLISH all {id, changed …} ──► every node, the announcer too ── PUBLISH announcer's {ack of id} ──► announcer
 *
 * Redis says how many have received a message, so that nobody needs a list of nodes: it is acknowledged when so many have said so. A node that
 * owes an acknowledgement longer than ACK_WAIT_MS (frozen, cut off) is silent and is not waited for until it is heard again. It is told from those
 * that have left by its own channel: whether somebody listens there is asked in the same transaction as the message is sent. A node that connects
 * anew gets a new name, so that a connection of its past, which Redis may keep for minutes, is nobody else than a silent node.
 *
 *   lost ◄──► up      up: both connections are, and the channels are subscribed; a node that does not hear its own beats connects anew
 */
import type { Redis } from 'ioredis';
import { ACKNOWLEDGED, type BusBody, type BusMessage, decodeBusMessage, encodeBusMessage } from '../../core/bus.ts';
import type { Counters } from '../../core/counters.ts';
import type { Bus } from '../../core/ports/bus.ts';
import type { Clock, Component, Logger } from '../../core/ports.ts';
import { openRedis } from './connection.ts';
import { channelsOf, createDeliveries } from './deliveries.ts';

/** How long a node may not hear itself. Beats are sent by `tick`. */
export const DEAF_MS = 4_000;

export type BusOptions = {
  url: string;
  /** 8 random bytes, hexadecimal. */
  newName(): string;
  /** Monotonic. */
  clock: Clock;
  counters: Counters;
  logger: Logger;
};

export type RedisBus = Bus & {
  /** Lets the others hear that this node is there, and looks whether it hears itself. To be called about once a second. */
  tick(): void;
};

type Taker = (body: BusBody, from: string) => void;

/** Settles when Redis is reached or could not be; later it comes up by itself. */
export async function openBus({ url, newName, clock, counters, logger }: BusOptions): Promise<Component<RedisBus>> {
  const channels = channelsOf(url);
  const deliveries = createDeliveries({ channels, counters, logger });
  const takers = new Map<BusBody['type'], Taker>();
  const upTakers: (() => void)[] = [];
  const lostTakers: (() => void)[] = [];
  let name = newName();
  let lastId = 0;
  let isSubscribed = false;
  let isUp = false;
  let lastHeard = clock();

  function update(): void {
    const was = isUp;
    isUp = isSubscribed && out.value.isUp();
    if (isUp === was) return;
    for (const take of isUp ? upTakers : lostTakers) take();
    if (!isUp) deliveries.failAll();
  }

  let subscribing: Promise<void> = Promise.resolve();
  async function subscribe(client: Redis): Promise<void> {
    name = newName();
    try {
      await client.subscribe(channels.all, channels.of(name));
      isSubscribed = true;
      lastHeard = clock();
      update();
    } catch {
      client.disconnect(true); // the connection says why, and comes up again
    }
  }

  function unsubscribed(): void {
    isSubscribed = false;
    update();
  }

  /** What cannot be sent is lost; the connection says why. */
  function publish(channel: string, body: BusBody): void {
    out.value.client.publish(channel, encodeBusMessage({ from: name, id: ++lastId, body })).catch(() => undefined);
  }

  function hear(_channel: string, text: string): void {
    lastHeard = clock();
    const message = decodeBusMessage(text);
    if (message === null) counters.add('ignoredBusMessages');
    else take(message);
  }

  function take({ from, id, body }: BusMessage): void {
    deliveries.heard(from);
    if (body.type === 'ack') deliveries.acknowledge(body.of, from);
    else if (from === name) deliveries.acknowledge(id, name);
    else {
      takers.get(body.type)?.(body, from);
      if (ACKNOWLEDGED.has(body.type)) publish(channels.of(from), { type: 'ack', of: id });
    }
  }

  function tick(): void {
    const silentMs = Math.round(clock() - lastHeard);
    if (isSubscribed && silentMs > DEAF_MS) {
      logger.warn({ silentMs }, 'this node does not hear itself: it connects to the bus anew');
      unsubscribed();
      inward.value.client.disconnect(true);
    } else if (isUp) publish(channels.all, { type: 'beat' });
  }

  const out = await openRedis({ url, name: 'bus out', logger, onUp: update, onLost: update });
  const onUp = (client: Redis) => {
    client.off('message', hear).on('message', hear);
    subscribing = subscribe(client);
  };
  const inward = await openRedis({ url, name: 'bus in', logger, onUp, onLost: unsubscribed });
  await subscribing;

  const value: RedisBus = {
    on: (type, taker) => void takers.set(type, taker as Taker),
    onUp: (taker) => void upTakers.push(taker),
    onLost: (taker) => void lostTakers.push(taker),
    isUp: () => isUp,
    send: (body) => {
      if (isUp) publish(channels.all, body);
    },
    async deliver(body) {
      if (!isUp) return 'failed';
      const id = ++lastId;
      return deliveries.deliver(out.value.client, id, encodeBusMessage({ from: name, id, body }));
    },
    tick,
  };
  return {
    value,
    async stop() {
      deliveries.failAll();
      await Promise.all([inward.stop(), out.stop()]);
    },
  };
}
