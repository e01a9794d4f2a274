/** /api/v1/dashboard: all links of an owner with what the panel shows of them. */
import { dashboardSchema } from '../../core/api/stats.ts';
import type { Counters } from '../../core/counters.ts';
import { type DashboardFigures, showFigures } from '../../core/dashboard.ts';
import { dayToISO } from '../../core/zone.ts';
import { requireScope } from '../auth.ts';
import { isKnown } from '../conditional.ts';
import type { ReadDashboard } from '../dashboard/dashboards.ts';
import type { DashboardText } from '../dashboard/view.ts';
import { type ApiRoute, apiRoute } from '../route.ts';
import { type LinkJsonDeps, toLink } from './link-json.ts';

export type DashboardDeps = { dashboard: ReadDashboard; counters: Counters };

export const dashboardRoutes = ({ dashboard, counters }: DashboardDeps): ApiRoute[] => [
  apiRoute({
    method: 'GET',
    path: '/api/v1/dashboard',
    summary: 'All your links with their totals, today and this week, as of now',
    scope: 'stats:read',
    query: null,
    body: null,
    requestHeaders: [{ name: 'If-None-Match', description: 'ETag of what you have; 304 when nothing has changed since' }],
    reply: {
      status: 200,
      description: 'The dashboard',
      schema: dashboardSchema,
      headers: [{ name: 'ETag', description: 'Another one when anything has changed' }],
    },
    failures: ['too_many_links'],
    countRefusal: () => [],
    handler: async ({ exchange, caller }) => {
      requireScope(caller, 'links:read');
      const { body, etag, isCached } = await dashboard({ id: caller.userId, timeZone: caller.timeZone });
      counters.add(isCached ? 'dashboardsCached' : 'dashboardsComputed');
      const headers = { ETag: etag, 'Cache-Control': 'private, no-cache', Vary: 'Authorization, X-Api-Key' };
      if (isKnown(exchange, etag)) return { status: 304, headers };
      return { status: 200, headers: { ...headers, 'Content-Type': 'application/json' }, body };
    },
  }),
];

export const dashboardText = (deps: Pick<LinkJsonDeps, 'baseUrl'>): DashboardText => ({
  link: (link, figures: DashboardFigures, now) => {
    const { clicks, repeatClicks, clicksToday, repeatClicksToday, ...others } = showFigures(figures);
    const shown = toLink({ ...deps, clock: () => now }, link, { clicks, repeatClicks, clicksToday, repeatClicksToday });
    return JSON.stringify({ ...shown, ...others });
  },
  frame: (timezone, day, total) => {
    const head = JSON.stringify({ timezone, day: dayToISO(day), total: showFigures(total) });
    return [`${head.slice(0, -1)},"links":[`, ']}'];
  },
});
