/** /api/v1/admin/nodes: the nodes on this database, and how they are. */

import { type Nodes, nodesSchema } from '../../../core/api/operations.ts';
import type { NodeStore } from '../../../core/operations.ts';
import { type ApiRoute, apiRoute } from '../../route.ts';
import { ADMIN, COMMON, iso } from './common.ts';

export type NodeDeps = { nodes: NodeStore };

export const nodeRoutes = ({ nodes }: NodeDeps): ApiRoute[] => [
  apiRoute({
    ...COMMON,
    method: 'GET',
    path: `${ADMIN}/nodes`,
    summary: 'The nodes, as they were at their last heartbeat',
    reply: { status: 200, description: 'Those that were seen in the last week', schema: nodesSchema, headers: [] },
    handler: async () => {
      const data = (await nodes.list()).map(({ state, startedAt, seenAt, ...node }) => ({
        ...node,
        ...state,
        degraded: [...state.degraded],
        logs: [...state.logs],
        startedAt: iso(startedAt),
        seenAt: iso(seenAt),
      }));
      return { status: 200, body: { data } satisfies Nodes };
    },
  }),
];
