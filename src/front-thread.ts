/** A front thread: joins the server, the link table, the click logs and the shards. */
import { randomBytes, randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { createShardClient } from './actors/shard-port.ts';
import { joinAdministration } from './administration.ts';
import { threadAnnouncer } from './core/announce.ts';
import { accountRequestSchemas } from './core/api/accounts.ts';
import { countersOf, readCounters } from './core/counters.ts';
import { createDocumentReader, createReportReader } from './core/daily-report.ts';
import type { FromMain, FrontSetup, ToMain } from './core/messages.ts';
import { backlogBytes, linkVersions, liveSockets, logBoard, TuningBoard } from './core/shared.ts';
import { type Trouble, trouble } from './core/troubles.ts';
import { openFrontFigures } from './front-figures.ts';
import { frontQuickLinks, openFrontGuests, ownHostsOf } from './front-guests.ts';
import { createFrontLive } from './front-live.ts';
import { openFrontThrottles } from './front-throttles.ts';
import { serveVisits } from './front-visits.ts';
import { sessionLookup } from './http/auth.ts';
import { exchangeAddress } from './http/client-address.ts';
import { API_DEADLINE_MS, type ExchangeDeps } from './http/exchange.ts';
import { fingerprinter } from './http/keys.ts';
import type { LiveServer } from './http/live.ts';
import { registerRoutes } from './http/routes.ts';
import { startServer } from './http/server.ts';
import type { NodeStatus } from './http/status.ts';
import { createTokens } from './http/tokens.ts';
import { trustedProxies } from './http/trusted-proxies.ts';
import { createUnsubscribes } from './http/unsubscribe.ts';
import { createPoolClient } from './jobs/pool-port.ts';
import { backlogOf } from './node-state.ts';
import type { PoolTasks } from './pool-thread.ts';
import { clickWriter, openLogWriter } from './storage/click-log/writer.ts';
import { isCommonPassword } from './storage/common-passwords.ts';
import { createBlockedHosts, markingBlocked, refusingBlocked } from './storage/links/blocked-hosts.ts';
import { batchedLookup, LOOKUP_TIMEOUT_MS } from './storage/links/lookup.ts';
import { createLinkTable } from './storage/links/table.ts';
import { createPasswords } from './storage/passwords.ts';
import { createAccountStore } from './storage/postgres/accounts.ts';
import { apiKeyLookup, createApiKeyStore } from './storage/postgres/api-keys.ts';
import { loadBlockedHosts } from './storage/postgres/blocked-hosts.ts';
import { createClickCounter } from './storage/postgres/click-counts.ts';
import { cachedKeyLookup, keyName } from './storage/postgres/key-cache.ts';
import { createLinkImportStore } from './storage/postgres/link-imports.ts';
import { createLinkLookup } from './storage/postgres/link-lookup.ts';
import { createLinkStore } from './storage/postgres/links.ts';
import { newMailToken } from './storage/postgres/mail-tokens.ts';
import { createOwnerLinkIds } from './storage/postgres/owner-links.ts';
import { createPool, isAccountGone, isStoreAway } from './storage/postgres/pool.ts';
import { createRegistrationStore } from './storage/postgres/registration.ts';
import { createReportedLinks, createReportStore } from './storage/postgres/reports.ts';
import { createSessionStore } from './storage/postgres/sessions.ts';
import { openThreadLog } from './thread-log.ts';
import { webFolder } from './web-folder.ts';

/** Lifetime of a cached link while this node cannot be told what others have edited. */
const DEAF_LINK_TTL_MS = 10_000;
/** API keys that are at hand, each some 500 bytes. */
const KEY_CACHE_ENTRIES = 10_000;
const LOOKUP_CONNECTIONS = 2;
const API_CONNECTIONS = 6;
const HEALTH_MS = 200;
/** Connections to a Postgres that does not answer are left to the end of the thread. */
const POOL_STOP_MS = 1_000;

const setup: FrontSetup = workerData;
const main = parentPort;
if (main === null) throw new Error('front-thread.ts is started by main.ts');

const name = `front ${setup.index}`;
const { shared, shards } = setup;
const logger = openThreadLog(name, setup.logLevel, main);
const counters = countersOf(shared.counters, 1 + setup.index);
const versions = linkVersions(shared.versions);
const tuning = new TuningBoard(shared.tuning);
const isTrusted = trustedProxies(setup.trustedProxies);
const ownHosts = ownHostsOf(setup);

const logs = Array.from({ length: shards }, (_, shard) =>
  openLogWriter({
    dir: setup.clickLog.dir,
    front: setup.index,
    shard,
    board: logBoard(shared.logs, setup.index * shards + shard),
    fsync: setup.clickLog.fsync,
    maxBytes: setup.clickLog.maxBytes,
    startAtLeast: setup.startAtLeast[shard],
    counters,
    logger,
  }),
);
const poolOf = (use: string, max: number, queryTimeoutMs: number, settings = {}) =>
  createPool({ url: setup.databaseUrl, name: `${name} ${use}`, max, logger, queryTimeoutMs, connectTimeoutMs: queryTimeoutMs, settings });
const lookups = await poolOf('lookups', LOOKUP_CONNECTIONS, LOOKUP_TIMEOUT_MS);
const queries = await poolOf('api', API_CONNECTIONS, API_DEADLINE_MS);
const throttles = await openFrontThrottles({ setup, pool: queries.value, logger });

const shardClient = createShardClient(shards, {
  moved: (linkIds, clicks) => live.hub.moved(linkIds, clicks),
  anyMoved: () => live.hub.allMoved(),
});
const tasks = createPoolClient<PoolTasks>();
const figures = await openFrontFigures({ setup, name, pool: queries.value, tasks, unstored: shardClient.unstored, tuning, logger });
const { asOfNow, dashboard } = figures.value;
const hosts = createBlockedHosts({
  load: () => loadBlockedHosts(lookups.value),
  versions,
  clock: Date.now,
  onFailure: (error) => logger.warn({ err: error }, 'the blocked hosts could not be asked for'),
});
const links = createLinkTable({
  lookup: batchedLookup(markingBlocked(createLinkLookup(lookups.value), hosts)),
  versions,
  entries: setup.linkCacheEntries,
  ttlMs: linkTtlMs,
  clock: Date.now,
  onFailure: (error) => logger.debug({ err: error }, 'link lookup failed'),
});
const guests = await openFrontGuests({ setup, name, lookups: lookups.value, hosts, versions, counters, logger });
const readReport = createReportReader(
  createReportedLinks(queries.value),
  createDocumentReader({ count: createClickCounter(queries.value, setup.node), unstored: shardClient.unstored }),
);
const announcer = threadAnnouncer(
  versions,
  setup.redisUrl !== null ? (id, cells) => main.postMessage({ type: 'changed', id, cells } satisfies ToMain) : null,
);
const keysEnded = (hashes: readonly Uint8Array[]) => announcer.changed(hashes.map(keyName));
const findKey = cachedKeyLookup({
  lookup: apiKeyLookup(queries.value, { clock: Date.now, logger }),
  versions,
  entries: KEY_CACHE_ENTRIES,
  clock: Date.now,
});

const passwords = createPasswords(setup.passwords, setup.fronts, setup.index);
const accounts = createAccountStore(queries.value);
const tokens = createTokens({ secrets: setup.secrets, issuer: setup.baseUrl, clock: Date.now });

function linkTtlMs(): number {
  return versions.isDeaf() ? DEAF_LINK_TTL_MS : tuning.ttlMs;
}

let nodeHealth: readonly Trouble[] = [];
let { countries } = setup;
const addressOf = exchangeAddress(isTrusted);
const exchangeDeps: ExchangeDeps = {
  logger,
  counters,
  isStoreAway,
  isAccountGone,
  newErrorId: randomUUID,
  deadlineMs: API_DEADLINE_MS,
  otherHosts: frontQuickLinks(setup, {
    guests: guests.value.links,
    throttle: throttles.value.throttles.guestLinks,
    addressOf,
    ownHosts,
    counters,
  }),
};
const findSession = sessionLookup({ tokens, accounts });
const live = createFrontLive({
  setup,
  exchange: exchangeDeps,
  pool: queries.value,
  shards: shardClient,
  versions,
  figures: asOfNow.live,
  findKey,
  findSession,
  tokens,
  addressOf,
});
let liveServer: LiveServer | undefined;
const server = await startServer(setup.host, setup.port, (app) => {
  liveServer = live.serve(app);
  registerRoutes(app, {
    ...exchangeDeps,
    findKey,
    apiKeys: createApiKeyStore(queries.value, (hash) => keysEnded([hash])),
    onKeysEnded: keysEnded,
    findSession,
    accounts,
    sessions: createSessionStore(queries.value),
    passwords,
    tokens,
    newSessionId: randomUUID,
    registration: createRegistrationStore(queries.value),
    fingerprint: fingerprinter(setup.secrets[0]),
    newMailToken,
    canMail: setup.canMail,
    throttles: throttles.value.throttles,
    requests: throttles.value.requests,
    addressOf,
    accountSchemas: accountRequestSchemas(isCommonPassword),
    imports: createLinkImportStore(queries.value),
    links: refusingBlocked(createLinkStore(queries.value, randomBytes, setup.quotas), hosts),
    guests: guests.value.links,
    ownerLinkIds: createOwnerLinkIds(queries.value),
    numbers: asOfNow.numbers,
    reports: createReportStore(queries.value),
    readReport,
    renderReport: (order) => tasks.run('dailyPdf', order),
    unsubscribes: createUnsubscribes(setup.secrets, setup.baseUrl),
    stats: asOfNow.stats,
    dashboard,
    clock: Date.now,
    onChanged: announcer.changed,
    baseUrl: setup.baseUrl,
    ownHosts,
    ...joinAdministration({
      pool: queries.value,
      announcer,
      isOpenBySetting: () => setup.isRegistrationOpen,
      node: setup.node,
      run: setup.run,
      memory: shared,
      clock: Date.now,
    }),
    hosts,
    version: setup.version,
    webFolder: webFolder(),
    readiness: () => nodeHealth,
    counterMemory: shared.counters,
    gauges: () => ({
      backlogBytes: backlogBytes(shared.logs),
      cachedLinks: links.size() + guests.value.table.size(),
      ttlMs: linkTtlMs(),
      cpuLoad: tuning.load,
      liveSockets: liveSockets(shared.live),
    }),
    metricsToken: null,
    statusToken: setup.statusToken,
    status,
  });
  serveVisits(app, {
    setup,
    exchange: exchangeDeps,
    isTrusted,
    passwords,
    throttle: throttles.value.throttle,
    links,
    guests: { links: guests.value.table, used: guests.value.used },
    clicks: clickWriter(logs.map((log) => log.value)),
    limits: shardClient,
  });
});

function status(): NodeStatus {
  const backlog = backlogOf(shared);
  return {
    version: setup.version,
    uptimeSec: Math.floor((Date.now() - setup.startedAt) / 1000),
    ttlMs: linkTtlMs(),
    fronts: setup.fronts,
    shards,
    backlogBytes: backlog.bytes,
    backlogClicks: backlog.clicks,
    clicksLost: readCounters(shared.counters).clicksLost,
    countries,
    degraded: nodeHealth,
  };
}

let said = '';
const health = setInterval(() => {
  const reasons = logs
    .map((log) => log.value.state(Date.now()))
    .filter((state) => state !== 'ok')
    .map((state) => trouble(state === 'full' ? 'logFull' : 'logUnwritten'));
  if (said === reasons.join()) return;
  said = reasons.join();
  main.postMessage({ type: 'health', reasons } satisfies ToMain);
}, HEALTH_MS);

main.on('message', (message: FromMain) => {
  if (message.type === 'stop') void stop().then(() => process.exit(0));
  else if (message.type === 'health') nodeHealth = message.reasons;
  else if (message.type === 'storedElsewhere') live.hub.movedElsewhere();
  else if (message.type === 'countries') countries = message.countries.about;
  else if (message.type === 'announced') announcer.settle(message.id);
  else if (message.type === 'pool') tasks.connect(message.port);
  else shardClient.connect(message.peer, message.port);
});

/** Stops to listen, lets the answers under way finish, and closes: uWebSockets aborts the process when its app is open as the thread ends. */
async function stop(): Promise<void> {
  clearInterval(health);
  nodeHealth = [trouble('stopping')];
  liveServer?.stop();
  await server.stop();
  for (const log of logs) await log.stop();
  shardClient.close();
  tasks.close();
  await Promise.race([
    Promise.all([guests.stop(), lookups.stop(), queries.stop(), throttles.stop(), figures.stop()]),
    new Promise((resolve) => setTimeout(resolve, POOL_STOP_MS)),
  ]);
}

process.on('uncaughtException', (error) => {
  logger.error({ err: error }, 'unexpected error; the thread ends and is started again');
  liveServer?.stop();
  void server.stop().finally(() => process.exit(1));
});

main.postMessage({ type: 'ready' } satisfies ToMain);
