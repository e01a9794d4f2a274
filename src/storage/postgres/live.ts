/** What the live feed asks Postgres for, beside the numbers themselves. */
import { LIVE_LINKS_MAX, type LiveLink, type LiveStore } from '../../core/live.ts';
import { inDomain } from './domain.ts';
import type { Queryable } from './pool.ts';

/** Numbers are given out in order, but not committed in it: so many are looked at again. */
const LINKS_AGAIN = 200;
const BATCHES_AGAIN = 256;

const NEW_LINKS = `
  SELECT newest.id AS newest, l.id, l.slug, l.owner_id AS "ownerId"
  FROM (SELECT coalesce(max(id), 0) AS id FROM links) newest
  LEFT JOIN links l ON l.id > coalesce($2, newest.id) - ${LINKS_AGAIN} AND l.owner_id = ANY ($1) AND $2 IS NOT NULL`;

/** $1 node, $2 links, $3 from where on, $4 batches that were looked at */
const MOVED_ELSEWHERE = `
  WITH fresh AS MATERIALIZED (
    SELECT id FROM click_batches WHERE id > coalesce($3::bigint, (SELECT max(id) FROM click_batches), 0) AND node <> $1 AND id <> ALL ($4::bigint[])
  )
  SELECT (SELECT coalesce(max(id), 0) FROM click_batches) AS newest, ARRAY(SELECT id FROM fresh) AS batches, ARRAY(
    SELECT DISTINCT link_id FROM clicks_between((SELECT min(id) FROM fresh), (SELECT max(id) FROM fresh), $2)
    WHERE batch_id IN (SELECT id FROM fresh)
  ) AS moved`;

/** @param node whose own clicks its shards tell of */
export function createLiveStore(db: Queryable, node: string): LiveStore {
  let newestLink: number | null = null;
  let newestBatch: number | null = null;
  let lookedAt: number[] = [];

  return {
    async links(ownerId, wish) {
      const text = `SELECT id, slug FROM links WHERE owner_id = $1 AND ${inDomain()} AND ($2::text[] IS NULL OR slug = ANY ($2))
                    ORDER BY id DESC LIMIT ${LIVE_LINKS_MAX}`;
      return (await db.query<LiveLink>(text, [ownerId, wish === 'all' ? null : [...wish]])).rows;
    },

    async slugs(linkIds) {
      const { rows } = await db.query<LiveLink>('SELECT id, slug FROM links WHERE id = ANY ($1)', [linkIds]);
      return new Map(rows.map(({ id, slug }) => [id, slug]));
    },

    async newLinks(ownerIds) {
      type Row = LiveLink & { newest: number; ownerId: number };
      const { rows } = await db.query<Row>({ name: 'live-new-links', text: NEW_LINKS, values: [ownerIds, newestLink] });
      newestLink = rows[0].newest; // there is one row at least
      return rows.filter(({ id }) => id !== null);
    },

    async accounts(ids) {
      const { rows } = await db.query<{ id: number; publicId: string; timeZone: string }>(
        'SELECT id, public_id AS "publicId", time_zone AS "timeZone" FROM users WHERE id = ANY ($1) AND banned_at IS NULL',
        [ids],
      );
      return new Map(rows.map(({ id, publicId, timeZone }) => [id, { publicId, timeZone }]));
    },

    async movedElsewhere(linkIds) {
      const since = newestBatch === null ? null : newestBatch - BATCHES_AGAIN;
      const { rows } = await db.query<{ newest: number; batches: number[]; moved: number[] }>({
        name: 'live-moved-elsewhere',
        text: MOVED_ELSEWHERE,
        values: [node, linkIds, since, lookedAt],
      });
      const [{ newest, batches, moved }] = rows;
      newestBatch = newest;
      lookedAt = [...lookedAt, ...batches].filter((id) => id > newest - BATCHES_AGAIN);
      return moved;
    },
  };
}
