/** The SQL of links. */
import pg from 'pg';
import { Failure } from '../../core/failure.ts';
import type { Idempotency, LinkChanges, LinkStore, NewLink, OwnedLink } from '../../core/ports.ts';
import type { Quotas } from '../../core/quota.ts';
import { randomSlug, slugFault } from '../../core/slug.ts';
import { BEGIN_ALLOWANCE, whyNotAllowed } from './allowance.ts';
import { inTransaction, type Pool, type PoolClient, type Queryable, UNIQUE_VIOLATION } from './pool.ts';

/** With 55^7 slugs a collision is rare; so many in a row mean that something else is wrong. */
const RANDOM_SLUG_TRIES = 10;
const CHECK_VIOLATION = '23514';

const COLUMNS =
  'id, slug, target, title, tags, disabled, password_hash IS NOT NULL AS has_password, max_clicks, clicks_used, valid_from, expires_at, ' +
  'expired_url, version, created_at, updated_at';

type Row = {
  id: number;
  slug: string;
  target: string;
  title: string | null;
  tags: string[];
  disabled: boolean;
  has_password: boolean;
  max_clicks: number | null;
  clicks_used: number;
  valid_from: Date | null;
  expires_at: Date | null;
  expired_url: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
};

const linkOf = ({ id, slug, title, tags, disabled, version, ...row }: Row): OwnedLink => ({
  id,
  slug,
  url: row.target,
  title,
  tags,
  disabled,
  hasPassword: row.has_password,
  maxClicks: row.max_clicks,
  clicksUsed: row.clicks_used,
  validFrom: row.valid_from?.getTime() ?? null,
  expiresAt: row.expires_at?.getTime() ?? null,
  expiredUrl: row.expired_url,
  version,
  createdAt: row.created_at.getTime(),
  updatedAt: row.updated_at.getTime(),
});

/** A link of this owner in a version that may be touched. $3 null: any version. */
const OWNED = `domain = '' AND slug = $1 AND owner_id = $2 AND ($3::int[] IS NULL OR version = ANY ($3))`;

/** @param randomBytes a cryptographic source */
export function createLinkStore(pool: Pool, randomBytes: (n: number) => Uint8Array, quotas: Quotas): LinkStore {
  return {
    async create(ownerId, link, idempotency) {
      const work = (client: PoolClient) => {
        const make = async () => (await whyNotAllowed(client, ownerId, quotas)) ?? (await insertLink(client, ownerId, link, randomBytes));
        return idempotency === null ? make() : makeOnce(client, ownerId, idempotency, make);
      };
      const made = await inTransaction(pool, work, BEGIN_ALLOWANCE);
      if (made instanceof Failure) throw made;
      return made;
    },

    async get(ownerId, slug) {
      const { rows } = await pool.query<Row>(`SELECT ${COLUMNS} FROM links WHERE ${OWNED}`, [slug, ownerId, null]);
      if (rows.length === 0) throw notFound();
      return linkOf(rows[0]);
    },

    async isSlugTaken(slug) {
      const { rowCount } = await pool.query(`SELECT FROM links WHERE domain = '' AND slug = $1`, [slug]);
      return rowCount !== 0;
    },

    async list(ownerId, limit, beforeId) {
      const { rows } = await pool.query<Row>(
        `SELECT ${COLUMNS} FROM links WHERE owner_id = $1 AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $2`,
        [ownerId, limit, beforeId],
      );
      return rows.map(linkOf);
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
        // A fold under way locks totals first and then days by link and day: so do we, or the two would wait for each other.
        await client.query('DELETE FROM link_totals WHERE link_id = $1', [rows[0].id]);
        await client.query('SELECT FROM link_days WHERE link_id = $1 ORDER BY day FOR UPDATE', [rows[0].id]);
        await client.query('DELETE FROM link_days WHERE link_id = $1', [rows[0].id]);
        return true;
      });
      if (!isDeleted) throw await whyNone(pool, ownerId, slug);
    },
  };
}

/**
 * The key, the link and what is answered, all or nothing. Whoever comes second with a key waits here for the first to commit, or to fail:
 * then it is the first. Failures are returned: one that is thrown costs the connection, see inTransaction.
 * The key comes before the lock of the account: a repeat is answered whatever the quota, and nobody holds the lock while waiting for a key.
 */
async function makeOnce(
  client: PoolClient,
  ownerId: number,
  { key, requestHash }: Idempotency,
  make: () => Promise<OwnedLink | Failure>,
): Promise<OwnedLink | Failure> {
  const taken = await client.query(
    'INSERT INTO idempotency_keys (user_id, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT (user_id, key) DO NOTHING',
    [ownerId, key, requestHash],
  );
  if (taken.rowCount === 0) {
    const { rows } = await client.query<{ same: boolean; response: OwnedLink }>(
      'SELECT request_hash = $3 AS same, response FROM idempotency_keys WHERE user_id = $1 AND key = $2',
      [ownerId, key, requestHash],
    );
    return rows[0].same ? rows[0].response : new Failure('idempotency_conflict', 'This Idempotency-Key came with another request before');
  }
  const made = await make();
  if (made instanceof Failure) await client.query('DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2', [ownerId, key]);
  else await client.query('UPDATE idempotency_keys SET response = $3 WHERE user_id = $1 AND key = $2', [ownerId, key, made]);
  return made;
}

async function insertLink(
  client: Queryable,
  ownerId: number,
  { url, slug, title, tags, passwordHash, maxClicks, validFrom, expiresAt, expiredUrl }: NewLink,
  randomBytes: (n: number) => Uint8Array,
): Promise<OwnedLink | Failure> {
  for (let i = 0; i < RANDOM_SLUG_TRIES; i++) {
    const tried = slug ?? freshSlug(randomBytes);
    const { rows } = await client.query<Row>(
      `INSERT INTO links (slug, owner_id, target, title, tags, password_hash, max_clicks, valid_from, expires_at, expired_url)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (domain, slug) DO NOTHING RETURNING ${COLUMNS}`,
      [tried, ownerId, url, title ?? null, tags ?? [], passwordHash, maxClicks, dateOf(validFrom), dateOf(expiresAt), expiredUrl],
    );
    if (rows.length === 1) return linkOf(rows[0]);
    if (slug !== undefined) return slugTaken(slug);
  }
  throw new Error(`no free slug in ${RANDOM_SLUG_TRIES} tries`);
}

function freshSlug(randomBytes: (n: number) => Uint8Array): string {
  const slug = randomSlug(randomBytes);
  return slugFault(slug) === null ? slug : freshSlug(randomBytes);
}

const dateOf = (ms: number | null | undefined): Date | null => (typeof ms === 'number' ? new Date(ms) : null);

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
async function updateKeepingConnection(pool: Pool, text: string, values: unknown[]): Promise<Row[] | Violation> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<Row>(text, values);
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
const slugTaken = (slug: string | undefined) => new Failure('slug_taken', `The slug ${slug} is taken`);
