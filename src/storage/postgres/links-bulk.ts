/** Many links in one transaction and a few statements. */
import type { Rehearsal } from '../../core/link-import.ts';
import type { NewLink, OwnedLink, RefusedLink } from '../../core/ports/links.ts';
import { freshSlug } from '../../core/slug.ts';
import { trouble } from '../../core/troubles.ts';
import type { Room } from './allowance.ts';
import { inDomain } from './domain.ts';
import { deleteFigures } from './link-deletion.ts';
import { COLUMNS, dateOf, type LinkRow, linkOf } from './link-rows.ts';
import type { PoolClient, Queryable } from './pool.ts';

/** Each round is a statement. A second one is needed when a random slug was taken, or when somebody else was quicker with a slug. */
const ROUNDS_MAX = 10;

type Candidate = { index: number; id: number; slug: string; link: NewLink };

/**
 * Makes as many as there is room for, the first ones first; what cannot be made for its slug takes no room.
 * @param client in the transaction that has found out about the room
 * @param links what is refused already stays so
 * @param randomBytes a cryptographic source
 * @returns for each its link, or why there is none
 */
export async function insertLinks(
  client: PoolClient,
  ownerId: number,
  links: readonly (NewLink | RefusedLink)[],
  room: Room,
  randomBytes: (n: number) => Uint8Array,
): Promise<(OwnedLink | RefusedLink)[]> {
  const outcomes: (OwnedLink | RefusedLink)[] = new Array(links.length);
  const taken = await takenSlugs(client, links);
  const ids = await newIds(client, links.length);
  let pending: Candidate[] = [];
  for (const [index, link] of links.entries()) {
    if ('code' in link) outcomes[index] = link;
    else if (link.slug !== undefined && taken.has(link.slug)) outcomes[index] = alreadyTaken(link.slug);
    else pending.push({ index, id: ids[index], slug: link.slug ?? freshSlug(randomBytes), link });
  }
  let made = 0;
  for (let round = 0; round < ROUNDS_MAX && pending.length > 0 && made < room.free; round++) {
    const tried = pending.slice(0, room.free - made);
    const again: Candidate[] = [];
    const inserted = await insert(client, ownerId, tried);
    for (const candidate of tried) {
      const link = inserted.get(candidate.id);
      if (link !== undefined) outcomes[candidate.index] = link;
      else if (candidate.link.slug !== undefined) outcomes[candidate.index] = alreadyTaken(candidate.link.slug);
      else again.push({ ...candidate, slug: freshSlug(randomBytes) });
    }
    made += inserted.size;
    pending = [...again, ...pending.slice(tried.length)];
  }
  if (made < room.free && pending.length > 0) throw new Error(trouble('slugsTaken', { number: ROUNDS_MAX }));
  for (const { index } of pending) outcomes[index] = noRoom(room, made);
  return outcomes;
}

/**
 * What `insertLinks` would answer, if it were asked for all that came before as well.
 * @param before slugs that were chosen before, and how many links would have been made
 */
export async function judgeLinks(
  client: Queryable,
  links: readonly (NewLink | RefusedLink)[],
  room: Room,
  before: Readonly<Rehearsal>,
): Promise<('made' | RefusedLink)[]> {
  const taken = new Set(await takenSlugs(client, links));
  let { made } = before;
  return links.map((link) => {
    if ('code' in link) return link;
    if (link.slug !== undefined && (taken.has(link.slug) || before.slugs.has(link.slug))) return alreadyTaken(link.slug);
    if (made >= room.free) return noRoom(room, made);
    if (link.slug !== undefined) taken.add(link.slug);
    made++;
    return 'made';
  });
}

function noRoom(room: Room, made: number): RefusedLink {
  const { message, plan } = room.refusal(made);
  return { code: 'quota_exceeded', message, plan };
}

export const slugTakenText = (slug: string | undefined): string => `The slug ${slug} is taken`;

const alreadyTaken = (slug: string): RefusedLink => ({ code: 'slug_taken', message: slugTakenText(slug) });

/** Of the chosen slugs those that somebody has. Whoever is quicker after this is found out by the insert. */
async function takenSlugs(client: Queryable, links: readonly (NewLink | RefusedLink)[]): Promise<ReadonlySet<string>> {
  const chosen = links.flatMap((link) => ('code' in link ? [] : (link.slug ?? [])));
  if (chosen.length === 0) return new Set();
  const { rows } = await client.query<{ slug: string }>(`SELECT slug FROM links WHERE ${inDomain()} AND slug = ANY($1)`, [chosen]);
  return new Set(rows.map(({ slug }) => slug));
}

/** Drawn beforehand, so that links have them in the order of the request although they are inserted in another one. */
async function newIds(client: Queryable, count: number): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(
    `SELECT nextval(pg_get_serial_sequence('links', 'id')) AS id FROM generate_series(1, $1::int)`,
    [count],
  );
  return rows.map(({ id }) => id);
}

/**
 * In the order of the slugs: two transactions that want the same ones then wait for each other in one direction only. Of two that are alike the
 * first in the request is inserted.
 */
async function insert(client: Queryable, ownerId: number, candidates: readonly Candidate[]): Promise<Map<number, OwnedLink>> {
  const rows = candidates.map(({ id, slug, link }) => ({
    id,
    slug,
    target: link.url,
    title: link.title ?? null,
    tags: link.tags ?? [],
    password_hash: link.passwordHash ?? null,
    max_clicks: link.maxClicks ?? null,
    valid_from: dateOf(link.validFrom),
    expires_at: dateOf(link.expiresAt),
    expired_url: link.expiredUrl ?? null,
  }));
  const inserted = await client.query<LinkRow>(
    `INSERT INTO links (id, slug, owner_id, target, title, tags, password_hash, max_clicks, valid_from, expires_at, expired_url)
     OVERRIDING SYSTEM VALUE
     SELECT id, slug, $1, target, title, tags, password_hash, max_clicks, valid_from, expires_at, expired_url
     FROM json_to_recordset($2) AS r (
       id bigint, slug text, target text, title text, tags text[], password_hash text, max_clicks int,
       valid_from timestamptz, expires_at timestamptz, expired_url text
     ) ORDER BY slug COLLATE "C", id
     ON CONFLICT (domain, slug) DO NOTHING RETURNING ${COLUMNS}`,
    [ownerId, JSON.stringify(rows)],
  );
  return new Map(inserted.rows.map((row) => [row.id, linkOf(row)]));
}

/** @returns the slugs of those that the owner had and has no longer */
export async function deleteLinks(client: PoolClient, ownerId: number, slugs: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: number; slug: string }>(
    `SELECT id, slug FROM links WHERE ${inDomain()} AND slug = ANY($1) AND owner_id = $2 ORDER BY id FOR UPDATE`,
    [slugs, ownerId],
  );
  const ids = rows.map(({ id }) => id);
  await client.query('DELETE FROM links WHERE id = ANY($1)', [ids]);
  await deleteFigures(client, ids);
  return rows.map(({ slug }) => slug);
}
