/** /api/v1/admin/audit: what administrators did. */

import type { AuditStore, AdminAct as StoredAct } from '../../../core/administration.ts';
import { type AdminAct, auditPageSchema, auditQuerySchema } from '../../../core/api/admin.ts';
import { cursorOf, cursorText } from '../../cursor.ts';
import { type ApiRoute, apiRoute } from '../../route.ts';
import { ADMIN, COMMON, iso } from './common.ts';

export type AuditDeps = { audit: AuditStore };

export const auditRoutes = ({ audit }: AuditDeps): ApiRoute[] => [
  apiRoute({
    ...COMMON,
    method: 'GET',
    path: `${ADMIN}/audit`,
    summary: 'List what administrators did, the newest first',
    query: auditQuerySchema,
    reply: { status: 200, description: 'One page', schema: auditPageSchema, headers: [] },
    handler: async ({ query: { limit, cursor } }) => {
      const { data, next } = await audit.list(limit, cursorOf(cursor, 'number'));
      return { status: 200, body: { data: data.map(toAct), nextCursor: next === null ? null : cursorText(next) } };
    },
  }),
];

const toAct = ({ at, ...act }: StoredAct): AdminAct => ({ ...act, at: iso(at) });
