/** All links of an owner at once. */
import type { OwnerLinkIds } from '../../core/ports/stats.ts';
import type { Queryable } from './pool.ts';

export const createOwnerLinkIds =
  (db: Queryable): OwnerLinkIds =>
  async (ownerId) => {
    const { rows } = await db.query<{ id: number }>('SELECT id FROM links WHERE owner_id = $1 ORDER BY id DESC', [ownerId]);
    return rows.map(({ id }) => id);
  };
