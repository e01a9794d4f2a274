/** The SQL of links. */
import pg from 'pg';
import { Failure } from '../../core/failure.ts';
import type { TagCount } from '../../core/link-list.ts';
import type { Idempotency, LinkChanges, LinkStore, NewLink, OwnedLink } from '../../core/ports/links.ts';
import type { Quotas } from '../../core/quota.ts';
import { freshSlug } from '../../core/slug.ts';
import { sliceOf } from './administration.ts';
import { roomFor, whyNotAllowed } from './allowance.ts';
import { inDomain } from './domain.ts';
import { makeOnce } from './idempotency.ts';
import { deleteFigures } from './link-deletion.ts';
import { listLinks } from './link-list.ts';
import { COLUMNS, dateOf, type LinkRow, linkOf } from './link-rows.ts';
import { deleteLinks, insertLinks, slugTakenText } from './links-bulk.ts';
import { inTransaction, type Pool, type PoolClient, type Queryable, UNIQUE_VIOLATION } from './pool.ts';

/** With 55^7 slugs a collision is rare; so many in a row mean that something else is wrong. */
const RANDOM_SLUG_TRIES = 10;
const CHECK_VIOLATION = '23514';

/** A link of this owner in a version that may be touched. $3 null: any version. */
const OWNED = `${inDomain()} AND slug = $1 AND owner_id = $2 AND ($3::int[] IS NULL OR version = ANY ($3))`;

/** @param randomBytes a cryptographic source */
export function createLinkStore(pool: Pool, randomBytes: (n: number) => Uint8Array, quotas: Quotas): LinkStore {
  /** In a transaction of its own. @returns `isRepeat`: it was made before, and this is what was answered then */
  async function once<T extends object>(
    ownerId: number,
    idempotency: Idempotency | null,
    work: (client: PoolClient) => Promise<T | Failure>,
  ): Promise<{ answer: T; isRepeat: boolean }> {
    const { answer, isRepeat } = await inTransaction(pool, async (client) => {
      let isRepeat = true;
      const make = () => {
        isRepeat = false;
        return work(client);
      };
      const answer = idempotency === null ? await make() : await makeOnce(client, ownerId, idempotency, make);
      return { answer, isRepeat };
    });
    if (answer instanceof Failure) throw answer;
    return { answer, isRepeat };
  }

  return {
    async create(ownerId, link, idempotency) {
      const { answer, isRepeat } = await once(ownerId, idempotency, async (client) => {
        return (await whyNotAllowed(client, ownerId, quotas)) ?? (await insertLink(client, ownerId, link, randomBytes));
      });
      return { link: answer, isRepeat };
    },

    async createMany(ownerId, links, idempotency) {
      const { answer, isRepeat } = await once(ownerId, idempotency, async (client) => {
        const room = await roomFor(client, ownerId, quotas);
        return room instanceof Failure ? room : insertLinks(client, ownerId, links, room, randomBytes);
      });
      return { outcomes: answer, isRepeat };
    },

    async deleteMany(ownerId, slugs, idempotency) {
      const { answer, isRepeat } = await once(ownerId, idempotency, (client) => deleteLinks(client, ownerId, slugs));
      return { deleted: answer, isRepeat };
    },

    async get(ownerId, slug) {
      const { rows } = await pool.query<LinkRow>(`SELECT ${COLUMNS} FROM links WHERE ${OWNED}`, [slug, ownerId, null]);
      if (rows.length === 0) throw notFound();
      return linkOf(rows[0]);
    },

    async isSlugTaken(slug) {
      const { rowCount } = await pool.query(`SELECT FROM links WHERE ${inDomain()} AND slug = $1`, [slug]);
      return rowCount !== 0;
    },

    async list(ownerId, question) {
      const { limit } = question;
      const { rows, end } = await listLinks(pool, ownerId, { ...question, limit: limit + 1 });
      const { data, next } = sliceOf(rows, limit, ({ key, link }) => ({ key, id: link.id }));
      return { data: data.map(({ link }) => link), next: next ?? end };
    },

    async tags(ownerId, limit, after) {
      const { rows } = await pool.query<TagCount>(
        `SELECT tag COLLATE "C" AS tag, count(*) AS links FROM links, unnest(tags) AS tag
         WHERE owner_id = $1 AND tags <> '{}' AND ($3::text IS NULL OR tag COLLATE "C" > $3) GROUP BY 1 ORDER BY 1 LIMIT $2`,
        [ownerId, limit, after],
      );
      return rows;
    },

    async edit(ownerId, slug, changes, versions) {
      const { sets, values } = assignments(changes, 4);
      const result = await updateKeepingConnection(
        pool,
        `UPDATE links SET ${sets}, version = version + 1, updated_at = now() WHERE ${OWNED} RETURNING ${COLUMNS}`,
        [slug, ownerId, versions, ...values],
      );
      if (result === UNIQUE_VIOLATION) throw slugTaken(changes.slug);
      if (result === CHECK_VIOLATION) throw noWindow(changes);
      if (result.length === 0) throw await whyNone(pool, ownerId, slug);
      return linkOf(result[0]);
    },

    async delete(ownerId, slug, versions) {
      const isDeleted = await inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ id: number }>(`DELETE FROM links WHERE ${OWNED} RETURNING id`, [slug, ownerId, versions]);
        if (rows.length === 0) return false;
        await deleteFigures(client, [rows[0].id]);
        return true;
      });
      if (!isDeleted) throw await whyNone(pool, ownerId, slug);
    },
  };
}

async function insertLink(
  client: Queryable,
  ownerId: number,
  { url, slug, title, tags, passwordHash, maxClicks, validFrom, expiresAt, expiredUrl }: NewLink,
  randomBytes: (n: number) => Uint8Array,
): Promise<OwnedLink | Failure> {
  for (let i = 0; i < RANDOM_SLUG_TRIES; i++) {
    const tried = slug ?? freshSlug(randomBytes);
    const { rows } = await client.query<LinkRow>(
      `INSERT INTO links (slug, owner_id, target, title, tags, password_hash, max_clicks, valid_from, expires_at, expired_url)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (domain, slug) DO NOTHING RETURNING ${COLUMNS}`,
      [tried, ownerId, url, title ?? null, tags ?? [], passwordHash, maxClicks, dateOf(validFrom), dateOf(expiresAt), expiredUrl],
    );
    if (rows.length === 1) return linkOf(rows[0]);
    if (slug !== undefined) return slugTaken(slug);
  }
  throw new Error(`no free slug in ${RANDOM_SLUG_TRIES} tries`);
}

const COLUMN_OF: Readonly<Record<keyof LinkChanges, string>> = {
  url: 'target',
  slug: 'slug',
  title: 'title',
  tags: 'tags',
  passwordHash: 'password_hash',
  maxClicks: 'max_clicks',
  validFrom: 'valid_from',
  expiresAt: 'expires_at',
  expiredUrl: 'expired_url',
};

/** @param first number of the first placeholder */
function assignments({ validFrom, expiresAt, ...changes }: LinkChanges, first: number): { sets: string; values: unknown[] } {
  const times = Object.entries({ validFrom, expiresAt }).map(([field, ms]) => [field, ms === undefined ? undefined : dateOf(ms)] as const);
  const given = [...Object.entries(changes), ...times].filter(([, value]) => value !== undefined);
  return {
    sets: given.map(([field], i) => `${COLUMN_OF[field as keyof LinkChanges]} = $${first + i}`).join(', '),
    values: given.map(([, value]) => value),
  };
}

type Violation = typeof UNIQUE_VIOLATION | typeof CHECK_VIOLATION;

/** `pool.query` closes the connection of every query that fails; a slug that is taken is not worth that. */
async function updateKeepingConnection(pool: Pool, text: string, values: unknown[]): Promise<LinkRow[] | Violation> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<LinkRow>(text, values);
    client.release();
    return rows;
  } catch (error) {
    const code = error instanceof pg.DatabaseError ? error.code : undefined;
    const isViolation = code === UNIQUE_VIOLATION || code === CHECK_VIOLATION;
    client.release(!isViolation);
    if (isViolation) return code;
    throw error;
  }
}

async function whyNone(client: Queryable, ownerId: number, slug: string): Promise<Failure> {
  const { rowCount } = await client.query(`SELECT FROM links WHERE ${OWNED}`, [slug, ownerId, null]);
  return rowCount === 0 ? notFound() : new Failure('stale', 'The link has another version than If-Match says');
}

const notFound = () => new Failure('not_found', 'There is no such link');
/** The other end of the window is stored: the only check of the table that the form of a change does not guarantee. */
const noWindow = ({ validFrom }: LinkChanges) => {
  const [path, other] = typeof validFrom === 'number' ? ['validFrom', 'earlier than expiresAt'] : ['expiresAt', 'later than validFrom'];
  return new Failure('invalid', 'One field is not valid', { errors: [{ path, message: `must be ${other}` }] });
};
const slugTaken = (slug: string | undefined) => new Failure('slug_taken', slugTakenText(slug));
