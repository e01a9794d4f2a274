/**
 * The SQL of guest links: the store for nodes that have no Redis for them.
 * Whoever makes or removes links locks the row of `guest_usage` first, and removes only what nobody else has locked; `touch` passes over what
 * is locked. So the sum is exact, and nobody waits for somebody who waits for him.
 */
import type { Counters } from '../../core/counters.ts';
import type { GuestLink } from '../../core/link.ts';
import type { GuestStore } from '../../core/ports/links.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';

/** Links that one creation removes at most. The longest takes the room of some forty of the shortest, so that this is enough. */
const EVICTED_WITH_ONE = 100;
/** Links that are removed in one transaction, when the cap was lowered. */
const EVICTED_AT_ONCE = 5_000;

export type GuestStoreOptions = {
  /** For making links; one connection is enough, for they are made one after the other. */
  pool: Pool;
  /** For finding links. */
  lookups: Pool;
  capBytes: number;
  counters: Counters;
};

export function createGuestStore({ pool, lookups, capBytes, counters }: GuestStoreOptions): GuestStore {
  return {
    async put(slug, target) {
      const known = await targetOf(pool, slug);
      if (known !== null) return { target: known, isNew: false };
      const { gone, ...made } = await inTransaction(pool, async (client) => {
        const usedBytes = await lockUsage(client);
        const { rows } = await client.query<{ bytes: number }>(
          'INSERT INTO guest_links (slug, target) VALUES ($1, $2) ON CONFLICT (slug) DO NOTHING RETURNING bytes',
          [slug, target],
        );
        if (rows.length === 0) return { target: await targetOf(client, slug), isNew: false, gone: 0 };
        const removed = await evict(client, usedBytes + rows[0].bytes - capBytes, EVICTED_WITH_ONE);
        await setUsage(client, usedBytes + rows[0].bytes - removed.bytes);
        return { target, isNew: true, gone: removed.links };
      });
      counters.add('guestLinksGone', gone);
      return made;
    },

    async lookup(slugs) {
      const { rows } = await lookups.query<GuestLink>('SELECT slug, target FROM guest_links WHERE slug = ANY ($1)', [slugs]);
      return new Map(rows.map((link) => [link.slug, link]));
    },

    async touch(slugs) {
      await pool.query(
        `UPDATE guest_links SET used_at = now()
         WHERE slug IN (SELECT slug FROM guest_links WHERE slug = ANY ($1) FOR UPDATE SKIP LOCKED)`,
        [slugs],
      );
    },
  };
}

/** Removes what is beyond the cap after that was lowered; there is nothing to do otherwise. @returns how many links went */
export async function evictGuestLinks(pool: Pool, capBytes: number): Promise<number> {
  let links = 0;
  for (;;) {
    const removed = await inTransaction(pool, async (client) => {
      const usedBytes = await lockUsage(client);
      const { bytes, links: gone } = await evict(client, usedBytes - capBytes, EVICTED_AT_ONCE);
      if (gone > 0) await setUsage(client, usedBytes - bytes);
      return gone;
    });
    links += removed;
    if (removed < EVICTED_AT_ONCE) return links;
  }
}

/**
 * Takes note of how many links a Redis has displaced.
 * @param evictions since that run of it began
 * @returns how many of them nobody has counted yet; none at the first time of all
 */
export async function countEvictions(pool: Pool, runId: string, evictions: number): Promise<number> {
  const { rows } = await pool.query<{ fresh: number }>(
    `WITH before AS (SELECT redis_run_id AS run_id, redis_evictions AS counted FROM guest_usage FOR UPDATE)
     UPDATE guest_usage SET redis_run_id = $1, redis_evictions = CASE WHEN run_id = $1 THEN greatest(counted, $2) ELSE $2 END
     FROM before
     RETURNING CASE WHEN run_id IS NULL THEN 0 WHEN run_id = $1 THEN greatest(0, $2 - counted) ELSE $2 END AS fresh`,
    [runId, evictions],
  );
  return rows[0].fresh;
}

async function targetOf(db: Queryable, slug: string): Promise<string | null> {
  const { rows } = await db.query<{ target: string }>('SELECT target FROM guest_links WHERE slug = $1', [slug]);
  return rows[0]?.target ?? null;
}

async function lockUsage(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>('SELECT bytes FROM guest_usage FOR UPDATE');
  return rows[0].bytes;
}

async function setUsage(client: Queryable, bytes: number): Promise<void> {
  await client.query('UPDATE guest_usage SET bytes = $1', [bytes]);
}

/** Removes links, the least recently used first, until `excessBytes` are free or `max` links are gone. */
async function evict(client: Queryable, excessBytes: number, max: number): Promise<{ links: number; bytes: number }> {
  if (excessBytes <= 0) return { links: 0, bytes: 0 };
  const { rows } = await client.query<{ links: number; bytes: number }>(
    `WITH oldest AS (SELECT slug, bytes, used_at FROM guest_links ORDER BY used_at, slug LIMIT $2 FOR UPDATE SKIP LOCKED),
          summed AS (SELECT slug, sum(bytes) OVER (ORDER BY used_at, slug) - bytes AS bytes_before FROM oldest),
          gone AS (DELETE FROM guest_links USING summed
                   WHERE guest_links.slug = summed.slug AND bytes_before < $1 RETURNING guest_links.bytes)
     SELECT count(*) AS links, coalesce(sum(bytes), 0)::bigint AS bytes FROM gone`,
    [excessBytes, max],
  );
  return rows[0];
}
