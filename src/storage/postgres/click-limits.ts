/** The SQL of click limits: `links.clicks_used` is the only count of what limited links have granted. */
import type { ClickLimitStore } from '../../core/ports/clicks.ts';
import type { Pool } from './pool.ts';

/**
 * One statement is one transaction: answered when it is committed. A row that is locked is taken as it is then, not as it was when the
 * statement began; so no click is granted twice however many nodes take at once. A limit that was taken off meanwhile grants everything, a
 * link that is gone nothing.
 * @param wait how to meet a row that somebody else has locked
 */
const takeClicks = (wait: 'SKIP LOCKED' | '') => `
  WITH locked AS MATERIALIZED (
    SELECT l.id, l.max_clicks, l.clicks_used, d.clicks
    FROM links l JOIN unnest($1::bigint[], $2::int[]) AS d (id, clicks) ON d.id = l.id
    FOR NO KEY UPDATE OF l ${wait}
  ), granted AS (
    UPDATE links l SET clicks_used = l.clicks_used + least(k.clicks, k.max_clicks - k.clicks_used)
    FROM locked k WHERE l.id = k.id AND k.clicks_used < k.max_clicks
    RETURNING l.id, least(k.clicks, k.max_clicks - k.clicks_used) AS clicks, CASE WHEN l.clicks_used = l.max_clicks THEN l.slug END AS used_up
  )
  SELECT k.id, coalesce(g.clicks, CASE WHEN k.max_clicks IS NULL THEN k.clicks ELSE 0 END) AS clicks, g.used_up AS "usedUp"
  FROM locked k LEFT JOIN granted g ON g.id = k.id`;

const TAKE = { name: 'take-clicks', text: takeClicks('SKIP LOCKED') };
const TAKE_ALONE = { name: 'take-clicks-alone', text: takeClicks('') };

/**
 * @param pool with short timeouts: visitors wait for the answer
 * @param onUsedUp told, before anybody is answered, the slugs of links whose last click has just been taken: whoever has them cached does not know
 */
export function createClickLimitStore(pool: Pool, onUsedUp: (slugs: readonly string[]) => void): ClickLimitStore {
  const take = async (statement: typeof TAKE, links: readonly number[], clicks: readonly number[]) => {
    const { rows } = await pool.query<{ id: number; clicks: number; usedUp: string | null }>({ ...statement, values: [links, clicks] });
    const usedUp = rows.flatMap((row) => row.usedUp ?? []);
    if (usedUp.length > 0) onUsedUp(usedUp);
    return new Map(rows.map((row) => [row.id, row.clicks]));
  };
  return {
    take: (demands) =>
      take(
        TAKE,
        demands.map(({ linkId }) => linkId),
        demands.map(({ clicks }) => clicks),
      ),
    async takeAlone({ linkId, clicks }) {
      return (await take(TAKE_ALONE, [linkId], [clicks])).get(linkId) ?? 0;
    },
  };
}
