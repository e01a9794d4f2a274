/** The HTTP API on a free port, with a Postgres of its own and two accounts. Figures of clicks are what the test says they are. */
import { randomBytes, randomUUID } from 'node:crypto';
import { joinAdministration } from '../../src/administration.ts';
import { createAllowance } from '../../src/core/allowance.ts';
import { type Announcer, threadAnnouncer } from '../../src/core/announce.ts';
import { accountRequestSchemas } from '../../src/core/api/accounts.ts';
import type { Scope } from '../../src/core/api/common.ts';
import type { OwnerStats } from '../../src/core/api/stats.ts';
import { type CounterName, type Counters, counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import { createDocumentReader, createReportReader, type RenderDailyPdf } from '../../src/core/daily-report.ts';
import { type Limits, linkPolicy, requestPolicy, strangersPolicy } from '../../src/core/limits.ts';
import type { KeyLookup, ThrottlePolicy } from '../../src/core/ports/accounts.ts';
import type { LinkFigures } from '../../src/core/ports/stats.ts';
import type { Component } from '../../src/core/ports.ts';
import { quickHostsOf } from '../../src/core/quick-links.ts';
import type { Quotas } from '../../src/core/quota.ts';
import { createSharedMemory, linkVersions, todayBoard } from '../../src/core/shared.ts';
import type { StatsRange } from '../../src/core/stats.ts';
import { DAY_MS } from '../../src/core/zone.ts';
import { LOGIN_ADDRESS_POLICY, LOGIN_POLICY } from '../../src/http/api/auth.ts';
import { dashboardText } from '../../src/http/api/dashboard.ts';
import { GUEST_LINKS_POLICY } from '../../src/http/api/guest-links.ts';
import { MAIL_POLICY, REGISTER_POLICY, TOKEN_POLICY } from '../../src/http/api/registration.ts';
import { PDF_POLICY, REPORT_POLICY } from '../../src/http/api/reports.ts';
import { sessionLookup } from '../../src/http/auth.ts';
import { exchangeAddress } from '../../src/http/client-address.ts';
import { createDashboards } from '../../src/http/dashboard/dashboards.ts';
import { fingerprinter } from '../../src/http/keys.ts';
import { quickLinkHosts } from '../../src/http/quick-links.ts';
import { registerRoutes } from '../../src/http/routes.ts';
import { startServer } from '../../src/http/server.ts';
import type { NodeStatus } from '../../src/http/status.ts';
import { createTokens, type Tokens } from '../../src/http/tokens.ts';
import { trustedProxies } from '../../src/http/trusted-proxies.ts';
import { createUnsubscribes } from '../../src/http/unsubscribe.ts';
import { renderDailyPdf } from '../../src/jobs/tasks/daily-pdf.ts';
import { isCommonPassword } from '../../src/storage/common-passwords.ts';
import { guardedGuestStore } from '../../src/storage/guests/guarded.ts';
import { createGuestLinks } from '../../src/storage/guests/links.ts';
import { createBlockedHosts, refusingBlocked, refusingBlockedGuests } from '../../src/storage/links/blocked-hosts.ts';
import { createPasswords, passwordMemory } from '../../src/storage/passwords.ts';
import { createAccountStore } from '../../src/storage/postgres/accounts.ts';
import { apiKeyLookup, createApiKey, createApiKeyStore } from '../../src/storage/postgres/api-keys.ts';
import { loadBlockedHosts } from '../../src/storage/postgres/blocked-hosts.ts';
import { createClickCounter } from '../../src/storage/postgres/click-counts.ts';
import { createDashboardStore } from '../../src/storage/postgres/dashboard-store.ts';
import { createGuestStore } from '../../src/storage/postgres/guest-links.ts';
import { cachedKeyLookup, keyName } from '../../src/storage/postgres/key-cache.ts';
import { createLinkImportStore } from '../../src/storage/postgres/link-imports.ts';
import { createLinkStore } from '../../src/storage/postgres/links.ts';
import { newMailToken } from '../../src/storage/postgres/mail-tokens.ts';
import { createOwnerLinkIds } from '../../src/storage/postgres/owner-links.ts';
import { createPool, isAccountGone, isStoreAway, type Pool } from '../../src/storage/postgres/pool.ts';
import { createRegistrationStore } from '../../src/storage/postgres/registration.ts';
import { createReportedLinks, createReportStore } from '../../src/storage/postgres/reports.ts';
import { createSessionStore } from '../../src/storage/postgres/sessions.ts';
import { createThrottle } from '../../src/storage/postgres/throttles.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { documentedBy } from './documented.ts';
import { type LogLine, recordingLogger, silentLogger } from './logger.ts';
import { testDatabase } from './postgres.ts';

export const BASE_URL = 'https://elnk.example';
export const METRICS_TOKEN = 'a-token-for-metrics';
export const STATUS_TOKEN = 'a-token-for-the-status';
export const TOKEN_SECRET = 'a secret of a test, long enough to be one';
const STATUS: NodeStatus = {
  version: '0.0.0',
  uptimeSec: 1,
  ttlMs: 10_000,
  fronts: 1,
  shards: 1,
  backlogBytes: 0,
  backlogClicks: 0,
  clicksLost: 0,
  countries: { source: 'test', builtAt: '2026-06-17T00:00:00.000Z', licence: 'CC0-1.0' },
  degraded: [],
};
/** The defaults. */
export const QUOTAS: Quotas = { regular: 75, extended: 150 };
export const QUICK_LINK_SHOPS = ['ozon', 'wildberries'];
const GUEST_CAP_BYTES = 1_000_000;
const NODE = 'test';
/** Nothing that a test does without meaning to comes near them. */
export const LIMITS: Limits = { requestsPerMinute: 1_000_000, strangersRequestsPerMinute: 1_000_000, linksPerHour: 1_000_000 };
export const ALL_SCOPES: readonly Scope[] = ['links:read', 'links:write', 'stats:read'];

/** One of the API, and one for a test to keep places busy. */
export const PASSWORD_THREADS = 2;

export type Sent = { key?: string; body?: unknown; headers?: Record<string, string> };
/** What a test reads of any JSON answer. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is what the test is about
export type Answer = { status: number; headers: Headers; json: any };

/** Root is an administrator. */
export type TestUser = 'ann' | 'bob' | 'root';

export type ApiServer = {
  port: number;
  base: string;
  /** Keys with every scope but admin, of accounts without a quota. Ann's day is Moscow's. */
  ann: string;
  bob: string;
  keyOf(user: TestUser, scopes: readonly Scope[]): Promise<string>;
  /** A token with which the user is signed in, given as a key is. */
  sessionOf(user: TestUser): Promise<string>;
  /** Finds keys as another thread of the same node does: with a cache of its own, and the same versions. */
  otherThread: KeyLookup;
  /** Ids of the accounts. */
  ids: Record<TestUser, number>;
  /** `body` is sent as JSON; a string as it is. */
  send(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** What the API reads; by link id. */
  figures: Map<number, LinkFigures>;
  statsAsked: { links: { ids: readonly number[]; timeZone: string }; range: StatsRange }[];
  changed: string[];
  reasons: string[];
  registration: { isOpen: boolean };
  foldsWanted: { count: number };
  pdfs: { render: RenderDailyPdf };
  /** See core/places.ts. */
  passwordMemory: SharedArrayBuffer;
  lines: LogLine[];
  pool: Pool;
  tokens: Tokens;
  clock: { now: number };
  counter(name: CounterName): number;
  counters: Counters;
  /** The UTC day of the clock begins, as main says it. */
  beginDay(): void;
};

export const NO_STATS: Omit<OwnerStats, 'timezone' | 'from' | 'to'> = {
  clicks: 0,
  uniqueClicks: 0,
  repeatClicks: 0,
  botClicks: 0,
  series: [],
  hours: new Array(24).fill(0),
  week: new Array(7).fill(0),
  countries: [],
  devices: [],
  os: [],
  browsers: [],
  referrers: [],
  languages: [],
};

/** Long enough for a machine that is busy with something else: what comes late is not what these tests are about. */
export const PATIENT_DEADLINE_MS = 30_000;

/** @param given a migrated database, which is stopped with the API */
export async function startApi(
  given?: Component<{ url: string }>,
  changedLimits: Partial<Limits> = {},
  deadlineMs = PATIENT_DEADLINE_MS,
): Promise<Component<ApiServer>> {
  const database = given ?? (await testDatabase());
  const connections = await createPool({ url: database.value.url, name: 'api test', max: 10, logger: silentLogger });
  const pool = connections.value;
  const user = (email: string, timeZone: string, isAdmin = false) =>
    createConfirmedUser(pool, { email, passwordHash: null, isAdmin, plan: 'unlimited', timeZone });
  const users = {
    ann: await user('ann@example.com', 'Europe/Moscow'),
    bob: await user('bob@example.com', 'UTC'),
    root: await user('root@example.com', 'UTC', true),
  };
  const keyOf: ApiServer['keyOf'] = (name, scopes) => createApiKey(pool, { userId: users[name].id, name: 'test', scopes });

  const sessionOf: ApiServer['sessionOf'] = async (name) => {
    const { rows } = await pool.query<{ publicId: string }>('SELECT public_id AS "publicId" FROM users WHERE id = $1', [users[name].id]);
    return tokens.signAccess(rows[0].publicId);
  };

  const counterMemory = new SharedArrayBuffer(counterBytes(1));
  const { logger, lines } = recordingLogger();
  const parts = {
    figures: new Map<number, LinkFigures>(),
    statsAsked: [] as ApiServer['statsAsked'],
    changed: [] as string[],
    reasons: [] as string[],
    registration: { isOpen: true },
    foldsWanted: { count: 0 },
    pdfs: { render: renderDailyPdf as RenderDailyPdf },
    passwordMemory: passwordMemory(PASSWORD_THREADS),
    clock: { now: Date.UTC(2026, 4, 10, 22, 7) },
  };
  const accounts = createAccountStore(pool);
  const tokens = createTokens({ secrets: [TOKEN_SECRET], issuer: BASE_URL, clock: () => parts.clock.now });
  const shared = createSharedMemory({ fronts: 1, shards: 1 });
  const versions = linkVersions(shared.versions);
  const announcer = threadAnnouncer(versions, null);
  const keysEnded = (hashes: readonly Uint8Array[]) => announcer.changed(hashes.map(keyName));
  const slugsOf = (names: Iterable<string>) => [...names].filter((name) => !name.includes(':'));
  const recording: Announcer = {
    changed(names) {
      parts.changed.push(...slugsOf(names));
      return announcer.changed(names);
    },
    everythingChanged: announcer.everythingChanged,
  };
  const clock = () => parts.clock.now;
  const keyLookup = () => cachedKeyLookup({ lookup: apiKeyLookup(pool, { clock, logger }), versions, entries: 100, clock });
  const findKey = keyLookup();
  const hosts = createBlockedHosts({
    load: () => loadBlockedHosts(pool),
    versions,
    clock,
    onFailure: (error) => {
      throw error;
    },
  });
  const counters = countersOf(counterMemory, 0);
  const guestStore = guardedGuestStore(
    createGuestStore({ pool, lookups: pool, capBytes: GUEST_CAP_BYTES, counters }),
    isStoreAway,
    counters,
  );
  const limits = { ...LIMITS, ...changedLimits };
  const allowance = (policy: ThrottlePolicy) =>
    createAllowance({ policy, store: createThrottle(pool, policy), entries: 1_000, clock: () => performance.now() });
  const ofAccount = allowance(requestPolicy(limits));
  const guests = refusingBlockedGuests(
    createGuestLinks(guestStore, randomBytes, (slug) => void parts.changed.push(slug)),
    hosts,
  );
  const throttles = {
    login: createThrottle(pool, LOGIN_POLICY),
    loginAddress: createThrottle(pool, LOGIN_ADDRESS_POLICY),
    register: createThrottle(pool, REGISTER_POLICY),
    mail: createThrottle(pool, MAIL_POLICY),
    token: createThrottle(pool, TOKEN_POLICY),
    guestLinks: createThrottle(pool, GUEST_LINKS_POLICY),
    reports: createThrottle(pool, REPORT_POLICY),
    reportPdfs: createThrottle(pool, PDF_POLICY),
    links: createThrottle(pool, linkPolicy(limits)),
  };
  const addressOf = exchangeAddress(trustedProxies(['127.0.0.1'])); // so that a test can come from anywhere
  const ownHosts = new Set(['elnk.example']);
  const documents = createDocumentReader({ count: createClickCounter(pool, NODE), unstored: async () => [] });
  const server = await startServer('127.0.0.1', 0, (app) =>
    registerRoutes(app, {
      otherHosts: quickLinkHosts({
        hosts: quickHostsOf(QUICK_LINK_SHOPS, 'elnk.example'),
        guests,
        throttles,
        addressOf,
        ownHosts,
        baseUrl: BASE_URL,
        counters,
      }),
      imports: createLinkImportStore(pool),
      links: refusingBlocked(createLinkStore(pool, randomBytes, QUOTAS), hosts),
      numbers: async (_, ids) => new Map(ids.flatMap((id) => (parts.figures.has(id) ? [[id, parts.figures.get(id) as LinkFigures]] : []))),
      ownerLinkIds: createOwnerLinkIds(pool),
      stats: async (links, range) => {
        parts.statsAsked.push({ links, range });
        const [from, to] = [range.from, range.to].map((ms) => new Date(ms).toISOString());
        return { timezone: range.timeZone, from, to, ...NO_STATS };
      },
      reports: createReportStore(pool),
      readReport: createReportReader(createReportedLinks(pool), documents),
      renderReport: (order) => parts.pdfs.render(order),
      unsubscribes: createUnsubscribes([TOKEN_SECRET], BASE_URL),
      guests,
      dashboard: createDashboards({
        store: createDashboardStore(pool, NODE),
        unstored: async () => [],
        text: dashboardText({ baseUrl: BASE_URL }),
        clock,
        ttlMs: () => 60_000,
        wantFold: () => {
          parts.foldsWanted.count++;
        },
      }),
      onChanged: async (slugs) => void parts.changed.push(...slugs),
      findKey,
      apiKeys: createApiKeyStore(pool, (hash) => keysEnded([hash])),
      onKeysEnded: keysEnded,
      findSession: sessionLookup({ tokens, accounts }),
      accounts,
      sessions: createSessionStore(pool),
      passwords: createPasswords(parts.passwordMemory, PASSWORD_THREADS, 0),
      tokens,
      newSessionId: randomUUID,
      registration: createRegistrationStore(pool),
      fingerprint: fingerprinter(TOKEN_SECRET),
      newMailToken,
      canMail: true,
      throttles,
      addressOf,
      requests: { ofAccount: (userId) => ofAccount(String(userId)), ofAddress: allowance(strangersPolicy(limits)) },
      accountSchemas: accountRequestSchemas(isCommonPassword),
      counters,
      counterMemory,
      gauges: () => ({ clickLogBacklogBytes: 12_345 }),
      metricsToken: METRICS_TOKEN,
      readiness: () => parts.reasons,
      logger,
      isStoreAway,
      isAccountGone,
      newErrorId: () => randomBytes(4).toString('hex'),
      deadlineMs,
      clock,
      baseUrl: BASE_URL,
      ...joinAdministration({
        pool,
        announcer: recording,
        isOpenBySetting: () => parts.registration.isOpen,
        node: NODE,
        run: 'this-run',
        memory: { counters: counterMemory, today: shared.today },
        clock,
      }),
      hosts,
      ownHosts,
      version: '0.0.0',
      webFolder: null,
      statusToken: STATUS_TOKEN,
      status: () => STATUS,
    }),
  );
  const base = `http://127.0.0.1:${server.value.port}`;
  return {
    value: {
      ...parts,
      port: server.value.port,
      base,
      ann: await keyOf('ann', ALL_SCOPES),
      bob: await keyOf('bob', ALL_SCOPES),
      keyOf,
      sessionOf,
      otherThread: keyLookup(),
      ids: { ann: users.ann.id, bob: users.bob.id, root: users.root.id },
      send: checking(base),
      lines,
      pool,
      tokens,
      counter: (name) => readCounters(counterMemory)[name],
      counters,
      beginDay: () => todayBoard(shared.today).begin(Math.floor(clock() / DAY_MS), readCounters(counterMemory)),
    },
    async stop() {
      await server.stop();
      await connections.stop();
      await database.stop();
    },
  };
}

/** Sends, and holds every answer against the OpenAPI document. */
function checking(base: string): ApiServer['send'] {
  let document: Promise<ReturnType<typeof documentedBy>> | undefined;
  return async (method, path, sent) => {
    document ??= send(base, 'GET', '/openapi.json').then(({ json }) => documentedBy(json));
    const check = await document;
    const answer = await send(base, method, path, sent);
    const fault = check(method, path, answer);
    if (fault !== null) throw new Error(fault);
    return answer;
  };
}

async function send(base: string, method: string, path: string, { key, body, headers = {} }: Sent = {}): Promise<Answer> {
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    redirect: 'manual',
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : text };
}
