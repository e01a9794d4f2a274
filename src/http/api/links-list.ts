/** GET /api/v1/links and /api/v1/tags */
import {
  LINK_LIST_REPEATED,
  type LinkListQuery,
  linkListQuerySchema,
  linkPageSchema,
  tagListQuerySchema,
  tagPageSchema,
} from '../../core/api/links.ts';
import type { LinkSort } from '../../core/link-list.ts';
import type { LinkFigures } from '../../core/ports/stats.ts';
import { dayOf, offsetAt, quarterOf } from '../../core/zone.ts';
import { cursorOf, cursorText } from '../cursor.ts';
import { type ApiRoute, apiRoute } from '../route.ts';
import { withNumbers } from './link-json.ts';
import { LINKS, type LinkDeps } from './links.ts';

export function listRoutes(deps: LinkDeps): ApiRoute[] {
  return [listRoute(deps), tagsRoute(deps)];
}

const listRoute = (deps: LinkDeps) =>
  apiRoute({
    method: 'GET',
    path: LINKS,
    summary: 'List your links, the newest first, or search them',
    scope: 'links:read',
    query: linkListQuerySchema,
    repeated: LINK_LIST_REPEATED,
    body: null,
    requestHeaders: [],
    reply: { status: 200, description: 'One page', schema: linkPageSchema, headers: [] },
    failures: [],
    countRefusal: () => [],
    handler: async ({ caller: { userId, timeZone }, query }) => {
      const { sort, isDescending } = orderOf(query);
      const after = cursorOf(query.cursor, KEYS[sort], query.sort);
      const now = deps.clock();
      const quarter = quarterOf(now);
      const today = dayOf(quarter, offsetAt(timeZone, quarter));
      const question = { search: query.search || null, tags: query.tag, states: query.state, limit: query.limit, now, today };
      const { data, next } = await deps.links.list(userId, { ...question, sort, isDescending, after });
      const links = await withNumbers(deps, timeZone, data);
      const nextCursor = next === null ? null : cursorText(next, query.sort);
      return { status: 200, body: { data: inOrder(links, sort, isDescending), nextCursor } };
    },
  });

/** What the list is sorted by. */
const KEYS: Readonly<Record<LinkSort, 'string' | 'number'>> = {
  created: 'number',
  title: 'string',
  clicks: 'number',
  clicksToday: 'number',
};

function orderOf({ sort }: LinkListQuery): { sort: LinkSort; isDescending: boolean } {
  const isDescending = sort.startsWith('-');
  return { sort: (isDescending ? sort.slice(1) : sort) as LinkSort, isDescending };
}

/** Which links are on a page is decided by the clicks that are stored; on the page they stand by those that are shown, of a moment later. */
function inOrder<T extends LinkFigures & { id: number }>(links: readonly T[], sort: LinkSort, isDescending: boolean): T[] {
  if (sort !== 'clicks' && sort !== 'clicksToday') return [...links];
  const sign = isDescending ? -1 : 1;
  return links.toSorted((a, b) => sign * (a[sort] - b[sort] || a.id - b.id));
}

const tagsRoute = (deps: LinkDeps) =>
  apiRoute({
    method: 'GET',
    path: '/api/v1/tags',
    summary: 'Your tags by name, and how many links have them',
    scope: 'links:read',
    query: tagListQuerySchema,
    body: null,
    requestHeaders: [],
    reply: { status: 200, description: 'One page', schema: tagPageSchema, headers: [] },
    failures: [],
    countRefusal: () => [],
    handler: async ({ caller, query: { limit, cursor } }) => {
      const after = cursorOf(cursor, 'string', 'tags');
      const found = await deps.links.tags(caller.userId, limit + 1, after === null ? null : String(after.key));
      const data = found.slice(0, limit);
      const isMore = found.length > data.length;
      return { status: 200, body: { data, nextCursor: isMore ? cursorText({ key: data[data.length - 1].tag, id: 0 }, 'tags') : null } };
    },
  });
