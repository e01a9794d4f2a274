/**
 * What a node does once for the guest links of all its threads: where Redis has them, it makes that Redis what it has to be, again whenever
 * it was started anew; where Postgres has them, it removes what a lower cap leaves no room for. In either case it counts what was displaced.
 */
import type { Config } from './config.ts';
import type { Counters } from './core/counters.ts';
import type { Logger } from './core/ports.ts';
import { isTrouble, type Trouble, trouble } from './core/troubles.ts';
import { startTicker } from './jobs/ticker.ts';
import type { Lifecycle, StopOptions } from './lifecycle.ts';
import { countEvictions, evictGuestLinks } from './storage/postgres/guest-links.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { isRedisAway, openRedis, type RedisConnection } from './storage/redis/connection.ts';
import { claimGuestMemory, evictionsOf } from './storage/redis/guest-memory.ts';

const CLAIM_TICK_MS = 1_000;
const COUNT_TICK_MS = 10_000;
const CAP_TICK_MS = 60_000;
/** Every tick is one command or one transaction. */
const ABANDON: StopOptions = { abandonAfterMs: 1_000 };

export type NodeGuests = {
  /** Why the node is not well. */
  health(): readonly Trouble[];
};

export type NodeGuestsOptions = {
  config: Pick<Config, 'redisGuestUrl' | 'guestCacheBytes'>;
  pool: Pool;
  counters: Counters;
  logger: Logger;
  life: Lifecycle;
};

/** @throws an Error for people when the Redis of guest links must not be used; one that is away is waited for */
export async function startNodeGuests(options: NodeGuestsOptions): Promise<NodeGuests> {
  const { config, pool, counters, logger, life } = options;
  if (config.redisGuestUrl !== null) return startInRedis(config.redisGuestUrl, options);
  const evict = async () => counters.add('guestLinksGone', await evictGuestLinks(pool, config.guestCacheBytes));
  await life.start('cap of guest links', async () => startTicker('cap of guest links', CAP_TICK_MS, evict, logger), ABANDON);
  return { health: () => [] };
}

async function startInRedis(url: string, { config, pool, counters, logger, life }: NodeGuestsOptions): Promise<NodeGuests> {
  let isClaimed = false;
  let fault: Trouble | null = null;
  const onUp = () => {
    isClaimed = false;
  };
  const redis = await life.start('Redis of guest links', () => openRedis({ url, name: 'guest links', logger, onUp }));

  async function claim(): Promise<void> {
    if (isClaimed || !redis.isUp()) return;
    try {
      await claimGuestMemory(redis.client, config.guestCacheBytes, logger);
      isClaimed = true;
      fault = null;
    } catch (error) {
      if (isRedisAway(error)) return; // the connection says so
      const message = error instanceof Error ? error.message : String(error);
      fault = isTrouble(message) ? message : trouble('guestRedisUnusable', { message });
      throw error;
    }
  }

  await claim();
  await life.start('claim of guest links', async () => startTicker('claim of guest links', CLAIM_TICK_MS, claim, logger), ABANDON);
  const count = () => countGone(redis, pool, counters);
  await life.start('count of guest links', async () => startTicker('count of guest links', COUNT_TICK_MS, count, logger), ABANDON);
  return {
    health() {
      if (!redis.isUp()) return [trouble('guestRedisAway')];
      return fault === null ? [] : [fault];
    },
  };
}

async function countGone(redis: RedisConnection, pool: Pool, counters: Counters): Promise<void> {
  if (!redis.isUp()) return;
  const { runId, evictions } = await evictionsOf(redis.client);
  counters.add('guestLinksGone', await countEvictions(pool, runId, evictions));
}
