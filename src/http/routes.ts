/** All routes but the redirect's. The OpenAPI document is made from the same list that is registered. */
import type { TemplatedApp } from 'uWebSockets.js';
import type { Allowance } from '../core/allowance.ts';
import { basePathOf } from '../core/base-url.ts';
import type { Counters } from '../core/counters.ts';
import { Failure } from '../core/failure.ts';
import { type AuditDeps, auditRoutes } from './api/admin/audit.ts';
import { type BlockedHostDeps, blockedHostRoutes } from './api/admin/blocked-hosts.ts';
import { type CounterDeps, counterRoutes } from './api/admin/counters.ts';
import { type JobDeps, jobRoutes } from './api/admin/jobs.ts';
import { type AdminLinkDeps, adminLinkRoutes } from './api/admin/links.ts';
import { type NodeDeps, nodeRoutes } from './api/admin/nodes.ts';
import { type SettingsDeps, settingsRoutes } from './api/admin/settings.ts';
import { type AdminUserDeps, adminUserRoutes } from './api/admin/users.ts';
import { type ApiKeyDeps, apiKeyRoutes } from './api/api-keys.ts';
import { authRoutes } from './api/auth.ts';
import { type DashboardDeps, dashboardRoutes } from './api/dashboard.ts';
import { type ImportDeps, importRoutes } from './api/imports.ts';
import { type LinkDeps, linkRoutes } from './api/links.ts';
import { bulkRoutes } from './api/links-bulk.ts';
import { exportRoutes } from './api/links-export.ts';
import { listRoutes } from './api/links-list.ts';
import { liveRoutes } from './api/live.ts';
import { type MeDeps, meRoutes } from './api/me.ts';
import { type QrDeps, qrRoutes } from './api/qr.ts';
import { type RegistrationDeps, registrationRoutes } from './api/registration.ts';
import { type ReportDeps, reportRoutes } from './api/reports.ts';
import { type SetupDeps, setupRoutes } from './api/setup.ts';
import { slugRoutes } from './api/slugs.ts';
import { type StatsDeps, statsRoutes } from './api/stats.ts';
import { appRoutes } from './assets.ts';
import { authenticate, type CallerLookups, hasCredentials, requireScope } from './auth.ts';
import { requireOwnOrigin, requireOwnOriginOfCookie, SET_COOKIE } from './cookie.ts';
import { type ExchangeDeps, serveNothingBelow, serveNothingElse, serveOtherMethods, serveRoute } from './exchange.ts';
import { healthRoutes } from './health.ts';
import { checked, jsonOf, queryOf } from './input.ts';
import { type MetricsDeps, metricsRoute } from './metrics.ts';
import { openApiDocument, openApiRoute } from './openapi.ts';
import { problemReply } from './problem.ts';
import type { ApiRoute, Exchange, Handler, Reply, ServedRoute } from './route.ts';
import { type NodeStatus, statusRoute } from './status.ts';
import { allowanceHeaders, type RequestThrottle } from './throttle.ts';

/** Bytes of a JSON body at most. */
export const API_BODY_MAX_BYTES = 64 << 10;

type OperatorDeps = CounterDeps & NodeDeps & JobDeps;
type AdminDeps = SetupDeps & AdminUserDeps & AdminLinkDeps & BlockedHostDeps & SettingsDeps & AuditDeps & OperatorDeps;
export type ApiDeps = ReportDeps &
  ImportDeps &
  DashboardDeps &
  LinkDeps &
  QrDeps &
  StatsDeps &
  MeDeps &
  RegistrationDeps &
  ApiKeyDeps &
  AdminDeps;
type CallerDeps = CallerLookups & {
  counters: Counters;
  requests: RequestThrottle;
  /** Who calls, for counting requests. */
  addressOf(exchange: Exchange): string;
  /** What short links begin with: an origin, perhaps with a path. */
  baseUrl: string;
};
export type RoutesDeps = ApiDeps &
  CallerDeps &
  MetricsDeps &
  ExchangeDeps & {
    /** Why this node should get no traffic right now; empty: all well. */
    readiness: () => readonly string[];
    /** Who has it may read /internal/status. */
    statusToken: string;
    status: () => NodeStatus;
    /** Of elnk, for the OpenAPI document. */
    version: string;
    /** The built web app; null: none is served. */
    webFolder: string | null;
  };

export const apiRoutes = (deps: ApiDeps): ApiRoute[] => [
  ...linkRoutes(deps),
  ...listRoutes(deps),
  ...bulkRoutes(deps),
  ...exportRoutes(deps),
  ...importRoutes(deps),
  ...slugRoutes(deps),
  ...qrRoutes(deps),
  ...statsRoutes(deps),
  ...dashboardRoutes(deps),
  ...reportRoutes(deps),
  ...liveRoutes(),
  ...authRoutes(deps),
  ...registrationRoutes(deps),
  ...setupRoutes(deps),
  ...meRoutes(deps),
  ...apiKeyRoutes(deps),
  ...adminUserRoutes(deps),
  ...adminLinkRoutes(deps),
  ...blockedHostRoutes(deps),
  ...settingsRoutes(deps),
  ...auditRoutes(deps),
  ...counterRoutes(deps),
  ...nodeRoutes(deps),
  ...jobRoutes(deps),
];

export function registerRoutes(app: TemplatedApp, deps: RoutesDeps): void {
  const api = apiRoutes(deps);
  const served: ServedRoute[] = [
    ...api.map((route) => servedRoute(route, deps)),
    ...healthRoutes(deps.readiness),
    metricsRoute(deps),
    statusRoute(deps.statusToken, deps.status),
    openApiRoute(openApiDocument(api, deps)),
    ...(deps.webFolder === null ? [] : appRoutes(deps.webFolder, basePathOf(deps.baseUrl))),
  ];
  for (const route of served) serveRoute(app, route, deps);
  for (const path of new Set(served.map((route) => route.path))) serveOtherMethods(app, path, served, deps);
  serveNothingBelow(app, '/api', deps);
  serveNothingElse(app, deps);
}

export function servedRoute(route: ApiRoute, deps: CallerDeps): ServedRoute {
  return {
    method: route.method,
    path: route.path,
    maxBodyBytes: route.body === null ? 0 : (route.maxBodyBytes ?? API_BODY_MAX_BYTES),
    ...(route.upload === undefined ? {} : { upload: route.upload }),
    ...(route.deadlineMs === undefined ? {} : { deadlineMs: route.deadlineMs }),
    handler: apiHandler(route, deps),
  };
}

/** Where something is found is said by its path here; visitors have the path of BASE_URL before it. */
function located({ headers }: Reply, basePath: string): Reply['headers'] {
  const location = headers?.Location;
  return location?.startsWith('/') ? { ...headers, Location: basePath + location } : headers;
}

/** Who calls is asked before what is asked: a stranger learns nothing about a body that is wrong. */
function apiHandler(route: ApiRoute, deps: CallerDeps): Handler {
  const read = (exchange: Exchange) => ({
    exchange,
    query: route.query === null ? null : checked(route.query, queryOf(exchange.query, route.repeated)),
    body: route.body === null ? null : checked(route.body, jsonOf(exchange)),
  });
  const setsCookie = route.reply.headers.includes(SET_COOKIE);
  const requireOwnPages = (headers: Exchange['headers']) => {
    if (setsCookie) requireOwnOrigin(headers, deps.baseUrl);
    else if (route.method !== 'GET') requireOwnOriginOfCookie(headers, deps.baseUrl);
  };
  const answer = async (exchange: Exchange, spend: (allowance: Promise<Allowance>) => Promise<void>): Promise<Reply> => {
    requireOwnPages(exchange.headers);
    const ofAddress = () => spend(deps.requests.ofAddress(deps.addressOf(exchange)));
    if (route.scope === null) {
      await ofAddress();
      return route.handler(read(exchange));
    }
    if (route.guest !== undefined && !hasCredentials(exchange.headers)) {
      await ofAddress();
      return route.guest.handler({ exchange, body: route.guest.read(jsonOf(exchange)) });
    }
    const caller = await authenticate(exchange.headers, deps).catch(async (error) => {
      if (error instanceof Failure) await ofAddress();
      throw error;
    });
    await spend(deps.requests.ofAccount(caller.userId));
    requireScope(caller, route.scope);
    return route.handler({ ...read(exchange), caller });
  };
  return async (exchange) => {
    let headers: Record<string, string> = {};
    const spend = async (allowance: Promise<Allowance>) => {
      headers = allowanceHeaders(await allowance);
    };
    try {
      const reply = await answer(exchange, spend);
      return { ...reply, headers: { ...headers, ...located(reply, basePathOf(deps.baseUrl)) } };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.policy !== undefined) deps.counters.add('throttledRequests');
      for (const name of route.countRefusal(error)) deps.counters.add(name);
      return problemReply(error, headers);
    }
  };
}
