/** /api/v1/admin/links: everybody's links. */

import type { LinkAdministration, AdminLink as StoredLink } from '../../../core/administration.ts';
import { type AdminLink, adminLinkPageSchema, adminLinkQuerySchema, adminLinkSchema, switchLinkSchema } from '../../../core/api/admin.ts';
import { type BlockedHosts, leadsToBlockedHost } from '../../../core/blocked-hosts.ts';
import type { Counters } from '../../../core/counters.ts';
import { cursorOf, cursorText } from '../../cursor.ts';
import { type ApiRoute, apiRoute } from '../../route.ts';
import { announcing, slugOf } from '../links.ts';
import { ADMIN, COMMON, iso } from './common.ts';

export type AdminLinkDeps = {
  adminLinks: LinkAdministration;
  /** As redirects know them. */
  hosts: BlockedHosts;
  /** Makes edits effective everywhere (core/announce.ts). */
  onChanged(slugs: readonly string[]): Promise<void>;
  counters: Counters;
  baseUrl: string;
};

const LINKS = `${ADMIN}/links`;
const LINK = `${ADMIN}/links/{slug}`;

export const adminLinkRoutes = (deps: AdminLinkDeps): ApiRoute[] => [listRoute(deps), switchRoute(deps), deleteRoute(deps)];

const listRoute = (deps: AdminLinkDeps) =>
  apiRoute({
    ...COMMON,
    method: 'GET',
    path: LINKS,
    summary: "Search everybody's links by a part of the slug or target, the newest first",
    query: adminLinkQuerySchema,
    reply: { status: 200, description: 'One page', schema: adminLinkPageSchema, headers: [] },
    handler: async ({ query: { search, disabled, owner, limit, cursor } }) => {
      const filter = { search, disabled, ownerId: owner };
      const { data, next } = await deps.adminLinks.list(filter, limit, cursorOf(cursor, 'number'));
      const blocked = await deps.hosts.current();
      return {
        status: 200,
        body: { data: data.map((link) => toLink(deps, link, blocked)), nextCursor: next === null ? null : cursorText(next) },
      };
    },
  });

const switchRoute = (deps: AdminLinkDeps) =>
  apiRoute({
    ...COMMON,
    method: 'PATCH',
    path: LINK,
    summary: 'Disable a link, so that it leads nowhere, or enable it again; effective at once',
    body: switchLinkSchema,
    reply: { status: 200, description: 'The link as it is now', schema: adminLinkSchema, headers: [] },
    handler: async ({ caller, exchange, body: { disabled } }) => {
      const slug = slugOf(exchange);
      const link = await announcing(deps, [slug], () => deps.adminLinks.setDisabled(caller.userId, slug, disabled));
      return { status: 200, body: toLink(deps, link, await deps.hosts.current()) };
    },
  });

const deleteRoute = (deps: AdminLinkDeps) =>
  apiRoute({
    ...COMMON,
    method: 'DELETE',
    path: LINK,
    summary: 'Delete a link with its statistics',
    reply: { status: 204, description: 'It is gone', schema: null, headers: [] },
    handler: async ({ caller, exchange }) => {
      const slug = slugOf(exchange);
      await announcing(deps, [slug], () => deps.adminLinks.delete(caller.userId, slug));
      deps.counters.add('linksDeleted');
      return { status: 204 };
    },
  });

const toLink = ({ baseUrl }: AdminLinkDeps, link: StoredLink, blocked: ReadonlySet<string>): AdminLink => ({
  ...link,
  shortUrl: `${baseUrl}/${link.slug}`,
  blocked: leadsToBlockedHost(link.url, blocked),
  createdAt: iso(link.createdAt),
  updatedAt: iso(link.updatedAt),
});
