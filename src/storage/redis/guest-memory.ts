/**
 * Makes the Redis of guest links what it has to be: at most so many bytes, and what was not used for the longest time goes first. That holds
 * for everything in it, so it must hold nothing else.
 */
import type { Redis } from 'ioredis';
import type { Logger } from '../../core/ports.ts';
import { isGuestSlug } from '../../core/slug.ts';
import { type Trouble, trouble } from '../../core/troubles.ts';
import { isRedisAway } from './connection.ts';

export const GUEST_POLICY = 'allkeys-lru';
const SCAN_KEYS = 5_000;

/**
 * Checks and sets policy and cap.
 * @throws an Error for people when this Redis must not, or cannot, be used; other errors when it is away
 */
export async function claimGuestMemory(client: Redis, capBytes: number, logger: Logger): Promise<void> {
  const foreign = await foreignData(client);
  if (foreign !== null) {
    throw new Error(trouble('guestRedisForeign', { what: foreign }));
  }
  const { policy, capBytes: before } = await memoryOf(client);
  if (policy !== GUEST_POLICY && !(await configure(client, 'maxmemory-policy', GUEST_POLICY))) {
    throw new Error(trouble('guestRedisKeeps', { policy, wanted: GUEST_POLICY, number: capBytes }));
  }
  if (before === capBytes || (await configure(client, 'maxmemory', String(capBytes)))) return;
  if (before === 0) throw new Error(trouble('guestRedisUncapped', { number: capBytes }));
  logger.warn(
    { maxmemory: before, wanted: capBytes },
    'the Redis of guest links has another maxmemory than GUEST_CACHE_BYTES, and keeps it',
  );
}

/** Whether what is not used is displaced. */
export async function isCapped(client: Redis): Promise<boolean> {
  const { policy, capBytes } = await memoryOf(client);
  return policy === GUEST_POLICY && capBytes > 0;
}

/** From INFO, which is allowed where CONFIG is not. */
async function memoryOf(client: Redis): Promise<{ policy: string; capBytes: number }> {
  const info = await client.info('memory');
  return { policy: /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown', capBytes: Number(/^maxmemory:(\d+)/m.exec(info)?.[1]) };
}

/** @returns false when Redis does not allow it */
async function configure(client: Redis, name: string, value: string): Promise<boolean> {
  try {
    await client.config('SET', name, value);
    return true;
  } catch (error) {
    if (isRedisAway(error)) throw error;
    return false;
  }
}

/** What is in there beside guest links; null when there is nothing. */
async function foreignData(client: Redis): Promise<Trouble | null> {
  const keyspace = await client.info('keyspace');
  const own = client.options.db ?? 0;
  for (const [, db, keys] of keyspace.matchAll(/^db(\d+):keys=(\d+)/gm))
    if (Number(db) !== own) return trouble('foreignKeys', { number: keys, database: db });
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'COUNT', SCAN_KEYS);
    const foreign = keys.find((key) => !isGuestSlug(key));
    if (foreign !== undefined) return trouble('foreignKey', { key: JSON.stringify(foreign) });
    cursor = next;
  } while (cursor !== '0');
  return null;
}

/** How many keys this Redis has displaced since it was started, and the name of that run. */
export async function evictionsOf(client: Redis): Promise<{ runId: string; evictions: number }> {
  const [server, stats] = await Promise.all([client.info('server'), client.info('stats')]);
  return { runId: /^run_id:(\w+)/m.exec(server)?.[1] ?? '', evictions: Number(/^evicted_keys:(\d+)/m.exec(stats)?.[1]) };
}
