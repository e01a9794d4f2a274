/** /api/v1/admin/blocked-hosts: hosts that no link may lead to. */

import type { BlockedHostStore } from '../../../core/administration.ts';
import {
  type BlockedHost,
  blockedHostPageSchema,
  blockedHostQuerySchema,
  blockedHostSchema,
  blockHostSchema,
} from '../../../core/api/admin.ts';
import { blockedHostOf } from '../../../core/blocked-hosts.ts';
import { Failure } from '../../../core/failure.ts';
import { cursorOf, cursorText } from '../../cursor.ts';
import { type ApiRoute, apiRoute } from '../../route.ts';
import { ADMIN, COMMON, iso } from './common.ts';

export type BlockedHostDeps = { blockedHosts: BlockedHostStore };

const HOSTS = `${ADMIN}/blocked-hosts`;
const LOCATION = { name: 'Location', description: 'Where it is unblocked in this API' };

export const blockedHostRoutes = (deps: BlockedHostDeps): ApiRoute[] => [listRoute(deps), blockRoute(deps), unblockRoute(deps)];

const listRoute = ({ blockedHosts }: BlockedHostDeps) =>
  apiRoute({
    ...COMMON,
    method: 'GET',
    path: HOSTS,
    summary: 'List blocked hosts by name',
    query: blockedHostQuerySchema,
    reply: { status: 200, description: 'One page', schema: blockedHostPageSchema, headers: [] },
    handler: async ({ query: { limit, cursor } }) => {
      const after = cursorOf(cursor, 'string')?.key;
      const found = await blockedHosts.list(limit + 1, after === undefined ? null : String(after));
      const data = found.slice(0, limit).map(toBlockedHost);
      const nextCursor = found.length > limit ? cursorText({ key: data[limit - 1].host, id: 0 }) : null;
      return { status: 200, body: { data, nextCursor } };
    },
  });

const blockRoute = ({ blockedHosts }: BlockedHostDeps) =>
  apiRoute({
    ...COMMON,
    method: 'POST',
    path: HOSTS,
    summary: 'Block a host with its subdomains: links to it, those that are there too, lead nowhere at once',
    body: blockHostSchema,
    reply: { status: 201, description: 'It is blocked, now or since before', schema: blockedHostSchema, headers: [LOCATION] },
    handler: async ({ caller, body: { host } }) => {
      const blocked = await blockedHosts.block(caller.userId, host);
      return { status: 201, headers: { Location: `${HOSTS}/${encodeURIComponent(host)}` }, body: toBlockedHost(blocked) };
    },
  });

const unblockRoute = ({ blockedHosts }: BlockedHostDeps) =>
  apiRoute({
    ...COMMON,
    method: 'DELETE',
    path: `${HOSTS}/{host}`,
    summary: 'Unblock a host: links to it lead on again at once',
    reply: { status: 204, description: 'It is not blocked any more', schema: null, headers: [] },
    handler: async ({ caller, exchange }) => {
      const host = blockedHostOf(exchange.params.host);
      if (host === null) throw new Failure('not_found', 'This is no host');
      await blockedHosts.unblock(caller.userId, host);
      return { status: 204 };
    },
  });

const toBlockedHost = ({ host, createdAt }: { host: string; createdAt: Date }): BlockedHost => ({ host, createdAt: iso(createdAt) });
