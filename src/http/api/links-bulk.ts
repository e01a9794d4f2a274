/** /api/v1/links/bulk and /api/v1/links/delete: many links in one request, each with a result of its own. */
import {
  type BulkResult,
  bulkCreateSchema,
  bulkDeleteSchema,
  bulkResultsSchema,
  type CreateLink,
  type LinkRequestSchemas,
  linkRequestSchemas,
} from '../../core/api/links.ts';
import { Failure } from '../../core/failure.ts';
import type { NewLink, OwnedLink, RefusedLink } from '../../core/ports/links.ts';
import { refusalCounters } from '../../core/refused-links.ts';
import { isSlugForm } from '../../core/slug.ts';
import { checked } from '../input.ts';
import { PROBLEMS, problemOf } from '../problem.ts';
import { type ApiRoute, apiRoute } from '../route.ts';
import { NO_CLICKS, toLink } from './link-json.ts';
import {
  announcing,
  hashed,
  IDEMPOTENCY_KEY,
  idempotencyOf,
  isDenied,
  LINKS,
  type LinkDeps,
  refusedCreation,
  withoutPassword,
} from './links.ts';

/** Bytes of a body at most: 1,000 links with targets of 2,000 characters. */
export const BULK_BODY_MAX_BYTES = 2 << 20;
/** Links of a request that may have a password. Hashing one takes some 30 ms of a core, and the request has 5 seconds. */
export const BULK_MAX_PASSWORDS = 20;
/** Faults that are named of one link: a thousand of them have to fit into an answer. */
const ERRORS_MAX = 10;

export function bulkRoutes(deps: LinkDeps): ApiRoute[] {
  return [createManyRoute(deps, linkRequestSchemas(deps.ownHosts)), deleteManyRoute(deps)];
}

const createManyRoute = (deps: LinkDeps, { createLink }: LinkRequestSchemas) =>
  apiRoute({
    method: 'POST',
    path: `${LINKS}/bulk`,
    summary: `Create many links; at most ${BULK_MAX_PASSWORDS} of them with a password`,
    scope: 'links:write',
    query: null,
    body: bulkCreateSchema,
    maxBodyBytes: BULK_BODY_MAX_BYTES,
    requestHeaders: [IDEMPOTENCY_KEY],
    reply: { status: 200, description: 'What has become of each', schema: bulkResultsSchema, headers: [] },
    failures: ['unconfirmed', 'idempotency_conflict', 'too_many_requests'],
    countRefusal: refusedCreation,
    handler: async ({ exchange, caller, body }) => {
      const idempotency = idempotencyOf(exchange, { links: body.links.map((item) => withoutPassword(deps, item)) });
      await deps.throttles.links.take(String(caller.userId), body.links.length);
      const links = await hashedInTurn(deps, withFewPasswords(body.links.map((item) => checkedLink(createLink, item))));
      const chosen = links.map((link) => ('code' in link ? undefined : link.slug));
      const { outcomes, isRepeat } = await announcing(deps, chosen, () => deps.links.createMany(caller.userId, links, idempotency));
      await deps.onChanged(outcomes.flatMap((outcome) => ('code' in outcome ? [] : outcome.slug)));
      if (!isRepeat) count(deps, outcomes);
      return { status: 200, body: { results: outcomes.map((outcome) => resultOf(deps, outcome)) } };
    },
  });

const deleteManyRoute = (deps: LinkDeps) =>
  apiRoute({
    method: 'POST',
    path: `${LINKS}/delete`,
    summary: 'Delete many links with their statistics',
    scope: 'links:write',
    query: null,
    body: bulkDeleteSchema,
    requestHeaders: [IDEMPOTENCY_KEY],
    reply: { status: 200, description: 'What has become of each: 204 or 404', schema: bulkResultsSchema, headers: [] },
    failures: ['idempotency_conflict'],
    countRefusal: ({ code }) => (isDenied(code) ? ['deniedDeletions'] : []),
    handler: async ({ exchange, caller, body: { slugs } }) => {
      const asked = [...new Set(slugs.filter(isSlugForm))];
      const idempotency = idempotencyOf(exchange, { delete: slugs });
      const { deleted, isRepeat } = await announcing(deps, asked, () => deps.links.deleteMany(caller.userId, asked, idempotency));
      if (!isRepeat) {
        deps.counters.add('linksDeleted', deleted.length);
        deps.counters.add('deniedDeletions', slugs.length - deleted.length);
      }
      const left = new Set(deleted); // one that is named twice is not there any more the second time
      return { status: 200, body: { results: slugs.map((slug) => (left.delete(slug) ? { status: 204 } : NOT_FOUND)) } };
    },
  });

const NOT_FOUND: BulkResult = {
  status: PROBLEMS.not_found.status,
  problem: problemOf(new Failure('not_found', 'There is no such link')),
};

function checkedLink(createLink: LinkRequestSchemas['createLink'], item: unknown): CreateLink | RefusedLink {
  try {
    return checked(createLink, item);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { code: 'invalid', message: error.message, errors: error.errors.slice(0, ERRORS_MAX) };
  }
}

const TOO_MANY_PASSWORDS: RefusedLink = {
  code: 'invalid',
  message: 'One field is not valid',
  errors: [
    { path: 'password', message: `can be given for ${BULK_MAX_PASSWORDS} links of a request only: send this one in another request` },
  ],
};

function withFewPasswords(links: readonly (CreateLink | RefusedLink)[]): (CreateLink | RefusedLink)[] {
  let passwords = 0;
  return links.map((link) => {
    if ('code' in link || typeof link.password !== 'string') return link;
    return ++passwords > BULK_MAX_PASSWORDS ? TOO_MANY_PASSWORDS : link;
  });
}

/** One after the other, so that there is room for whoever signs in meanwhile. @throws Failure too_many_requests */
async function hashedInTurn(deps: LinkDeps, links: readonly (CreateLink | RefusedLink)[]): Promise<(NewLink | RefusedLink)[]> {
  const result: (NewLink | RefusedLink)[] = [];
  for (const link of links) result.push('code' in link ? link : await hashed(deps, link));
  return result;
}

function count({ counters }: LinkDeps, outcomes: readonly (OwnedLink | RefusedLink)[]): void {
  for (const outcome of outcomes) {
    if ('code' in outcome) for (const name of refusalCounters(outcome)) counters.add(name);
    else counters.add('linksCreated');
  }
}

function resultOf(deps: LinkDeps, outcome: OwnedLink | RefusedLink): BulkResult {
  if (!('code' in outcome)) return { status: 201, link: toLink(deps, outcome, NO_CLICKS) };
  const problem = problemOf({ errors: [], ...outcome });
  return { status: problem.status, problem };
}
