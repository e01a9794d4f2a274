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

/** $1 node, $2 from where on, $3 batches that were looked at */
const STORED_ELSEWHERE = `
  SELECT newest.id AS newest, ARRAY(
    SELECT id FROM click_batches WHERE id > coalesce($2, newest.id) AND node <> $1 AND id <> ALL ($3::bigint[]) ORDER BY id
  ) AS batches FROM (SELECT coalesce(max(id), 0) AS id FROM click_batches) newest`;

const MOVED = 'SELECT DISTINCT link_id AS id FROM clicks_between($1, $2, $3) WHERE batch_id = ANY ($4)';

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
      const { rows } = await db.query<{ newest: number; batches: number[] }>({
        name: 'live-stored-elsewhere',
        text: STORED_ELSEWHERE,
        values: [node, since, lookedAt],
      });
      const [{ newest, batches }] = rows;
      const first = batches.at(0);
      const moved =
        first === undefined || linkIds.length === 0
          ? []
          : (await db.query<{ id: number }>(MOVED, [first, batches.at(-1), linkIds, batches])).rows.map(({ id }) => id);
      newestBatch = newest;
      lookedAt = [...lookedAt, ...batches].filter((id) => id > newest - BATCHES_AGAIN);
      return moved;
    },
  };
}
