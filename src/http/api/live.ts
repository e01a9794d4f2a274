/** What /api/v1/live says to those who come without WebSocket; the feed itself is in ../live.ts. */
import { Failure } from '../../core/failure.ts';
import { LIVE_PATH } from '../live.ts';
import { type ApiRoute, openRoute } from '../route.ts';

export const liveRoutes = (): ApiRoute[] => [
  openRoute({
    method: 'GET',
    path: LIVE_PATH,
    summary:
      'WebSocket: the numbers of your links, live. Send {"type":"auth","token":…}, then {"type":"subscribe","links":"all" or [slugs]}; ' +
      'a snapshot comes, then deltas with the new figures of the links that have changed. See docs/api.md',
    query: null,
    body: null,
    requestHeaders: [{ name: 'Upgrade', description: 'websocket' }],
    reply: { status: 101, description: 'The connection is a WebSocket from here on', schema: null, headers: [] },
    failures: ['upgrade_required'],
    countRefusal: () => [],
    handler: async () => {
      throw new Failure('upgrade_required', 'Connect with WebSocket, as docs/api.md says');
    },
  }),
];
