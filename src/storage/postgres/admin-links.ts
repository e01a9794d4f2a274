/** All links, for administrators. */
import type { AdminLink, LinkAdministration } from '../../core/administration.ts';
import { Failure } from '../../core/failure.ts';
import { administer, changesOf, sliceOf } from './administration.ts';
import { inDomain } from './domain.ts';
import { deleteFigures } from './link-deletion.ts';
import type { Pool } from './pool.ts';
import { linkHas, queryConditions } from './search.ts';

const COLUMNS = 'l.id, l.slug, l.target, l.disabled, l.owner_id, u.email, l.created_at, l.updated_at';
/** With $1 a slug. */
const NAMED = `FROM links l JOIN users u ON u.id = l.owner_id WHERE ${inDomain('l.')} AND l.slug = $1`;

type Row = {
  id: number;
  slug: string;
  target: string;
  disabled: boolean;
  owner_id: number;
  email: string;
  created_at: Date;
  updated_at: Date;
};

const linkOf = ({ id, slug, target, disabled, owner_id, email, created_at, updated_at }: Row): AdminLink => ({
  id,
  slug,
  url: target,
  disabled,
  owner: { id: owner_id, email },
  createdAt: created_at,
  updatedAt: updated_at,
});

export function createLinkAdministration(pool: Pool): LinkAdministration {
  return {
    async list({ search, disabled, ownerId }, limit, after) {
      const query = queryConditions();
      if (search !== undefined && search !== '') query.add(linkHas(search, query.parameter));
      query.where(disabled, (value) => `disabled = ${value}`);
      query.where(ownerId, (value) => `owner_id = ${value}`);
      query.where(after?.id, (value) => `id < ${value}`);
      const { rows } = await pool.query<Row>(
        `WITH page AS (SELECT * FROM links ${query.text()} ORDER BY id DESC LIMIT ${query.parameter(limit + 1)})
         SELECT ${COLUMNS} FROM page l JOIN users u ON u.id = l.owner_id ORDER BY l.id DESC`,
        query.values,
      );
      return sliceOf(rows.map(linkOf), limit, ({ id }) => ({ key: id, id }));
    },

    setDisabled: (adminId, slug, disabled) =>
      administer(pool, adminId, async ({ client, record }) => {
        const { rows } = await client.query<Row>(`SELECT ${COLUMNS} ${NAMED} FOR NO KEY UPDATE OF l`, [slug]);
        if (rows.length === 0) return notFound();
        const link = linkOf(rows[0]);
        const changes = changesOf({ disabled: link.disabled }, { disabled });
        if (Object.keys(changes).length === 0) return link;
        const updated = await client.query<{ updatedAt: Date }>(
          'UPDATE links SET disabled = $2, version = version + 1, updated_at = now() WHERE id = $1 RETURNING updated_at AS "updatedAt"',
          [link.id, disabled],
        );
        await record('link.edit', { id: link.id, name: slug }, changes);
        return { ...link, disabled, updatedAt: updated.rows[0].updatedAt };
      }),

    delete: (adminId, slug) =>
      administer(pool, adminId, async ({ client, record }) => {
        const { rows } = await client.query<{ id: number }>(`DELETE FROM links WHERE ${inDomain()} AND slug = $1 RETURNING id`, [slug]);
        if (rows.length === 0) return notFound();
        await deleteFigures(client, [rows[0].id]);
        await record('link.delete', { id: rows[0].id, name: slug }, {});
        return undefined;
      }),
  };
}

const notFound = () => new Failure('not_found', 'There is no such link');
