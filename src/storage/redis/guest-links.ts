/** Guest links in a Redis of their own: the slug is the key, the target the value, and Redis itself displaces what is not used. */
import { Failure } from '../../core/failure.ts';
import type { GuestStore } from '../../core/ports/links.ts';
import type { Component, Logger } from '../../core/ports.ts';
import { openRedis, type RedisConnection } from './connection.ts';
import { isCapped } from './guest-memory.ts';

/** A guest is told within a quarter of a second that there can be no link right now. */
export const GUEST_COMMAND_TIMEOUT_MS = 150;

/** @param name what the connection is called, see `openRedis` */
export async function openGuestStore(url: string, name: string, logger: Logger): Promise<Component<GuestStore>> {
  let isFit = false;
  const { value, stop } = await openRedis({
    url,
    name,
    logger,
    commandTimeoutMs: GUEST_COMMAND_TIMEOUT_MS,
    onUp: () => {
      isFit = false; // one that was started again has forgotten what main had set
    },
  });
  return { value: guestStoreIn(value, async () => (isFit ||= await isCapped(value.client))), stop };
}

/** @param isFit whether links that are not used are displaced: no link is made before */
function guestStoreIn({ client }: RedisConnection, isFit: () => Promise<boolean>): GuestStore {
  return {
    async put(slug, target) {
      if (!(await isFit())) throw new Failure('store_away', 'The store of guest links is not ready yet', { retryAfterSec: 1 });
      // Sent together, and in this order: what the slug leads to is known after one round trip.
      const [made, found] = await Promise.all([client.set(slug, target, 'NX'), client.get(slug)]);
      return made === null ? { target: found, isNew: false } : { target, isNew: true };
    },

    async lookup(slugs) {
      const targets = await client.mget(...slugs);
      return new Map(
        slugs.flatMap((slug, i) => {
          const target = targets[i];
          return target === null ? [] : [[slug, { slug, target }]];
        }),
      );
    },

    async touch(slugs) {
      await client.touch(...slugs);
    },
  };
}
