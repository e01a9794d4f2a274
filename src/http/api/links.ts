/** /api/v1/links */
import { createHash } from 'node:crypto';
import { type LinkRequestSchemas, linkRequestSchemas, linkSchema } from '../../core/api/links.ts';
import type { CounterName, Counters } from '../../core/counters.ts';
import { Failure, type FailureCode } from '../../core/failure.ts';
import type { Passwords, Throttle } from '../../core/ports/accounts.ts';
import type { Idempotency, LinkStore } from '../../core/ports/links.ts';
import { QuotaExceeded } from '../../core/quota.ts';
import { refusalCounters, rejectedUrl } from '../../core/refused-links.ts';
import { isSlugForm } from '../../core/slug.ts';
import { type ApiRoute, apiRoute, type Exchange } from '../route.ts';
import { type GuestLinkDeps, guestCreation } from './guest-links.ts';
import { etag, type LinkJsonDeps, linkReply, NO_CLICKS, toLink } from './link-json.ts';

export type LinkDeps = LinkJsonDeps &
  GuestLinkDeps & {
    links: LinkStore;
    passwords: Pick<Passwords, 'hash'>;
    /** See `fingerprinter` (http/keys.ts). */
    fingerprint(text: string): string;
    /** Makes edits effective everywhere (core/announce.ts). Called after the commit, and awaited before the answer. Never rejects. */
    onChanged(slugs: readonly string[]): Promise<void>;
    throttles: { links: Throttle };
    counters: Counters;
    /** See core/target.ts. */
    ownHosts: ReadonlySet<string>;
  };

export const LINKS = '/api/v1/links';
const LINK = '/api/v1/links/{slug}';

const IF_MATCH = { name: 'If-Match', description: 'ETag of the version that is meant, or *' };
export const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  description: '1 to 255 visible ASCII characters; the same request of an account with the same key is made once',
};
const ETAG = { name: 'ETag', description: 'The version of the link' };
const LOCATION = { name: 'Location', description: 'Where the link is found in this API; of a guest link, the short link' };

const NOTHING_SENT = { query: null, body: null, requestHeaders: [], failures: [] } as const;

export function linkRoutes(deps: LinkDeps): ApiRoute[] {
  const schemas = linkRequestSchemas(deps.ownHosts);
  return [createRoute(deps, schemas), readRoute(deps), editRoute(deps, schemas), deleteRoute(deps)];
}

const createRoute = (deps: LinkDeps, schemas: LinkRequestSchemas) =>
  apiRoute({
    ...NOTHING_SENT,
    method: 'POST',
    path: LINKS,
    summary: 'Create a link',
    scope: 'links:write',
    guest: guestCreation(deps, schemas),
    body: schemas.createLink,
    requestHeaders: [IDEMPOTENCY_KEY],
    reply: { status: 201, description: 'The new link', schema: linkSchema, headers: [LOCATION, ETAG] },
    failures: ['unconfirmed', 'quota_exceeded', 'slug_taken', 'idempotency_conflict', 'too_many_requests'],
    countRefusal: refusedCreation,
    handler: async ({ exchange, caller, body }) => {
      const idempotency = idempotencyOf(exchange, withoutPassword(deps, body));
      await deps.throttles.links.take(String(caller.userId));
      const wanted = await hashed(deps, body);
      const { link: made, isRepeat } = await announcing(deps, [body.slug], () => deps.links.create(caller.userId, wanted, idempotency));
      if (body.slug === undefined) await deps.onChanged([made.slug]);
      if (!isRepeat) deps.counters.add('linksCreated');
      return { status: 201, headers: { Location: `${LINKS}/${made.slug}`, ...etag(made) }, body: toLink(deps, made, NO_CLICKS) };
    },
  });

const readRoute = (deps: LinkDeps) =>
  apiRoute({
    ...NOTHING_SENT,
    method: 'GET',
    path: LINK,
    summary: 'Read a link',
    scope: 'links:read',
    reply: { status: 200, description: 'The link', schema: linkSchema, headers: [ETAG] },
    countRefusal: () => [],
    handler: async ({ exchange, caller }) => linkReply(deps, caller.timeZone, await deps.links.get(caller.userId, slugOf(exchange))),
  });

const editRoute = (deps: LinkDeps, { editLink }: LinkRequestSchemas) =>
  apiRoute({
    ...NOTHING_SENT,
    method: 'PATCH',
    path: LINK,
    summary: 'Edit a link; effective at once',
    scope: 'links:write',
    body: editLink,
    requestHeaders: [IF_MATCH],
    reply: { status: 200, description: 'The link as it is now', schema: linkSchema, headers: [ETAG] },
    failures: ['stale', 'slug_taken', 'too_many_requests'],
    countRefusal: ({ code, errors }) => {
      if (code === 'invalid' || code === 'malformed') return ['rejectedEdits', ...rejectedUrl(errors)];
      return isDenied(code) ? ['deniedEdits'] : [];
    },
    handler: async ({ exchange, caller, body }) => {
      const slug = slugOf(exchange);
      const versions = versionsOf(exchange);
      const changes = await hashed(deps, body);
      const edited = await announcing(deps, [slug, body.slug], () => deps.links.edit(caller.userId, slug, changes, versions));
      deps.counters.add('linksEdited');
      return linkReply(deps, caller.timeZone, edited);
    },
  });

const deleteRoute = (deps: LinkDeps) =>
  apiRoute({
    ...NOTHING_SENT,
    method: 'DELETE',
    path: LINK,
    summary: 'Delete a link with its statistics',
    scope: 'links:write',
    requestHeaders: [IF_MATCH],
    reply: { status: 204, description: 'It is gone', schema: null, headers: [] },
    failures: ['stale'],
    countRefusal: ({ code }) => (isDenied(code) ? ['deniedDeletions'] : []),
    handler: async ({ exchange, caller }) => {
      const slug = slugOf(exchange);
      const versions = versionsOf(exchange);
      await announcing(deps, [slug], () => deps.links.delete(caller.userId, slug, versions));
      deps.counters.add('linksDeleted');
      return { status: 204 };
    },
  });

export function refusedCreation(failure: Failure): CounterName[] {
  const { code, errors } = failure;
  if (code === 'malformed' || code === 'invalid') return refusalCounters({ code: 'invalid', errors });
  if (code === 'unconfirmed') return ['unconfirmedCreations'];
  if (code === 'banned') return ['bannedCreations'];
  return failure instanceof QuotaExceeded ? refusalCounters({ code: 'quota_exceeded', plan: failure.plan }) : [];
}

/** What belongs to somebody else cannot be told from what is not there: both are counted as denied. */
export const isDenied = (code: FailureCode) => code === 'forbidden' || code === 'not_found';

/** The slug of the path. @throws Failure not_found for what cannot be one, without asking the store */
export function slugOf({ params }: Exchange): string {
  if (!isSlugForm(params.slug)) throw new Failure('not_found', 'There is no such link');
  return params.slug;
}

/** Announces a change also when it failed: a commit whose answer was lost has happened all the same. */
export async function announcing<T>(
  { onChanged }: Pick<LinkDeps, 'onChanged'>,
  slugs: readonly (string | undefined)[],
  change: () => Promise<T>,
): Promise<T> {
  try {
    return await change();
  } finally {
    await onChanged(slugs.filter((slug) => slug !== undefined));
  }
}

/** The store never sees a password. @throws Failure too_many_requests when too many are being hashed */
export async function hashed<T extends { password?: string | null | undefined }>(
  { passwords }: Pick<LinkDeps, 'passwords'>,
  { password, ...rest }: T,
): Promise<Omit<T, 'password'> & { passwordHash: string | null | undefined }> {
  return { ...rest, passwordHash: typeof password === 'string' ? await passwords.hash(password) : password };
}

/**
 * The versions that If-Match allows; null: any. Weak tags never match (RFC 9110, 13.1.1), and tags we never gave do not either.
 * @throws Failure malformed
 */
export function versionsOf({ headers }: Exchange): number[] | null {
  const text = headers.get('if-match');
  if (text === undefined || text.trim() === '*') return null;
  if (!/^\s*(?:W\/)?"[^"]*"\s*(?:,\s*(?:W\/)?"[^"]*"\s*)*$/.test(text))
    throw new Failure('malformed', 'If-Match must be * or ETags in quotes');
  return [...text.matchAll(/(?<!W\/)"([1-9]\d{0,8})"/g)].map(([, version]) => Number(version));
}

/** What is kept of a request must not help to guess a password in it. */
export const withoutPassword = <T>({ fingerprint }: Pick<LinkDeps, 'fingerprint'>, body: T): T =>
  typeof body === 'object' && body !== null && 'password' in body && typeof body.password === 'string'
    ? { ...body, password: fingerprint(body.password) }
    : body;

/** @param kept what makes the request this one, without secrets; @throws Failure malformed */
export function idempotencyOf({ headers }: Exchange, kept: unknown): Idempotency | null {
  const key = headers.get('idempotency-key');
  if (key === undefined) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new Failure('malformed', 'Idempotency-Key must be 1 to 255 visible ASCII characters');
  return { key, requestHash: createHash('sha256').update(JSON.stringify(kept)).digest() };
}
