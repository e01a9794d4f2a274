/**
 * A node: what belongs together is started in this order and stopped in the reverse one, so that no part outlives what it needs.
 * The main thread serves no requests; it starts the threads, introduces them to each other, and decides when to fold.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Config, localOrigin, mailWay } from './config.ts';
import { countersOf } from './core/counters.ts';
import { watchedLogger } from './core/journal.ts';
import type { FrontSetup, PoolSetup, ShardSetup } from './core/messages.ts';
import type { Component, Logger } from './core/ports.ts';
import { createSharedMemory, linkVersions, TuningBoard } from './core/shared.ts';
import { ownHostsOf } from './front-guests.ts';
import { createFolding } from './jobs/fold.ts';
import type { MailTransport } from './jobs/mail-transport.ts';
import { startTaskPool } from './jobs/pool.ts';
import { servePool } from './jobs/pool-port.ts';
import { JOB_CONNECTIONS } from './jobs/runner.ts';
import { startTicker } from './jobs/ticker.ts';
import { startTtlTuner } from './jobs/ttl-tuner.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { startAlerts, tellFailedMigration } from './node-alerts.ts';
import { startNodeBus } from './node-bus.ts';
import { openNodeCountries } from './node-countries.ts';
import { startNodeGuests } from './node-guests.ts';
import { nodeImports } from './node-imports.ts';
import { startNodeJobs } from './node-jobs.ts';
import { nodeJournal, startBookkeeping, startHeartbeat, watchDisk } from './node-operations.ts';
import { nodeReports } from './node-reports.ts';
import { startNodeRetention } from './node-retention.ts';
import { diskUsedBy } from './node-state.ts';
import { connectTelegram } from './node-telegram.ts';
import type { PoolTasks } from './pool-thread.ts';
import { disableMemoryReducer, lowerPoolPriority } from './priority.ts';
import { offerSetup } from './setup-link.ts';
import { openDataFolder, removeNodeAddress, writeNodeAddress } from './storage/data-folder.ts';
import { passwordMemory } from './storage/passwords.ts';
import { storedPositions } from './storage/postgres/click-counts.ts';
import { startEmbedded } from './storage/postgres/embedded.ts';
import { createEpochStore } from './storage/postgres/epochs.ts';
import { startLinkNews } from './storage/postgres/link-news.ts';
import { MigrationFailed, migrate } from './storage/postgres/migrate.ts';
import { createPool } from './storage/postgres/pool.ts';
import { createCounterStore } from './storage/postgres/server-counters.ts';
import { entryUrl, startThreads } from './threads.ts';
import { VERSION } from './version.ts';

const FOLD_TICK_MS = 1_000;
const HEALTH_TICK_MS = 200;
const MAIN_CONNECTIONS = 2 + JOB_CONNECTIONS;
/** How long a stop waits for what Postgres may be keeping: a fold, a query. Each is a transaction. */
const ABANDON = { abandonAfterMs: 1_000 };

/** @throws an Error for people: the folder or the port is taken, Postgres cannot be reached, … What was started is stopped again. */
export async function startNode(config: Config, logger: Logger): Promise<Component<{ url: string }>> {
  const life = createLifecycle(logger);
  try {
    const value = await startParts(config, logger, life);
    return { value, stop: life.stop };
  } catch (error) {
    await life.stop();
    throw error;
  }
}

async function startParts(config: Config, log: Logger, life: Lifecycle): Promise<{ url: string }> {
  const startedAt = Date.now();
  const run = randomUUID();
  const { frontThreads: fronts, shardThreads: shards } = config;
  const shared = createSharedMemory({ fronts, shards });
  const journal = nodeJournal(shared, Date.now);
  const logger = watchedLogger(log, 'main', Date.now, journal.event);
  const telegram = connectTelegram(config.telegram, logger);
  const folder = await life.start('data folder', () => openDataFolder(config.dataDir));
  const port = await life.start('port', () => claimPort(config.host, config.port));
  const databaseUrl = config.databaseUrl ?? (await life.start('embedded Postgres', () => startEmbedded({ dir: folder.path, logger }))).url;
  const baseUrl = config.baseUrl ?? localOrigin(config.host, port);
  const told = { folder: folder.path, where: `${baseUrl}, ${folder.nodeId}`, logger };
  const openDatabase = async () => {
    await migrate({ url: databaseUrl, logger }).catch(async (error) => {
      if (telegram !== null && error instanceof MigrationFailed) await tellFailedMigration(telegram, told, error.message);
      throw error;
    });
    return createPool({ url: databaseUrl, name: 'main', max: MAIN_CONNECTIONS, logger });
  };
  const pool = await life.start('database', openDatabase, ABANDON);

  const counters = countersOf(shared.counters, MAIN_LANE);
  const tuning = new TuningBoard(shared.tuning);
  const shape = { shared, fronts, shards, startedAt };
  const disk = await watchDisk(() => diskUsedBy(folder.path), logger, life);
  await startBookkeeping({ journal, pool, node: folder.nodeId, run, startedAt, counters, logger, life });
  // Before the threads, so that no change is missed by a link that is cached.
  const others = await startNodeBus({ redisUrl: config.redisUrl, versions: linkVersions(shared.versions), counters, logger, life });
  await life.start('news of links', () => startLinkNews(databaseUrl, linkVersions(shared.versions), logger), ABANDON);
  const guests = await startNodeGuests({ config, pool, counters, logger, life });
  const clickLog = {
    dir: folder.clickLogDir,
    fsync: config.clickLogFsync,
    maxBytes: config.clickLogMaxBytes / (fronts * shards),
  };
  await lowerPoolPriority('passwords');
  disableMemoryReducer();
  const passwords = passwordMemory(fronts);
  const statusToken = randomBytes(24).toString('base64url');
  const common = { node: folder.nodeId, databaseUrl, fronts, shards, clickLog, logLevel: config.logLevel, shared };

  const positions = await storedPositions(pool, folder.nodeId);
  const countries = await openNodeCountries(config.geoipFile, logger, life);
  // Before the threads: fronts have tasks for it. One thread is for folds, which may take long.
  const poolSetup: PoolSetup = { node: folder.nodeId, databaseUrl, logLevel: config.logLevel };
  const poolThreads = { threads: Math.max(2, availableParallelism() - 1) };
  const openTasks = async () => startTaskPool<PoolTasks>(entryUrl('pool-thread').href, poolSetup, poolThreads);
  const tasks = await life.start('task pool', openTasks, ABANDON);

  const secrets: FrontSetup['secrets'] = [config.secretKey ?? folder.secretKey(), ...config.previousSecretKeys];
  const threads = await life.start('threads', () =>
    startThreads({
      shared,
      counters,
      logger,
      announce: others.announce,
      servePool: (port) => servePool(port, tasks),
      onStored: others.stored,
      onEvent: journal.event,
      health: () => [...others.health(), ...guests.health(), ...disk.health()],
      shardSetup: (index): ShardSetup => ({
        ...common,
        index,
        hasOthers: config.redisUrl !== null,
        quarantineDir: join(folder.path, 'quarantine'),
        flushRows: config.flushRows,
        flushMs: config.flushMs,
        ownHosts: [new URL(baseUrl).hostname],
        countries: countries.current().memory,
      }),
      frontSetup: (index): FrontSetup => ({
        ...common,
        index,
        run,
        version: VERSION,
        startedAt,
        host: config.host,
        port,
        baseUrl,
        isRegistrationOpen: config.registration === 'open',
        canMail: mailWay(config) !== 'off',
        secrets,
        trustedProxies: config.trustedProxies,
        linkCacheEntries: config.linkCacheEntries,
        redisGuestUrl: config.redisGuestUrl,
        guestCacheBytes: config.guestCacheBytes,
        quickLinkShops: config.quickLinkShops,
        quotas: config.quotas,
        redisUrl: config.redisUrl,
        limits: config.limits,
        passwords,
        startAtLeast: Array.from({ length: shards }, (_, shard) => positions.get(`f${index}-s${shard}`) ?? 0),
        countries: countries.current().about,
        statusToken,
      }),
      fronts,
      shards,
    }),
  );

  others.onStored(threads.storedElsewhere);
  const folding = createFolding({
    epochs: createEpochStore(pool),
    runFold: () => journal.timed('maintenance', 'folding', () => tasks.run('foldClicks', null), isDone),
    wantedAt: () => tuning.foldWantedAt,
    rawClickDays: config.rawClickDays,
    clock: Date.now,
    counters,
    logger,
  });
  await life.start('folding', async () => startTicker('folding', FOLD_TICK_MS, folding.tick, logger), ABANDON);
  await countries.watch(threads.useCountries);
  await startNodeRetention(databaseUrl, logger, life);
  await life.start('ttl tuner', async () => startTtlTuner(tuning, logger));
  await startHeartbeat({
    pool,
    node: folder.nodeId,
    logger,
    life,
    shape,
    disk,
    degraded: threads.health,
  });
  const figures = createCounterStore({ pool, node: folder.nodeId, run, memory: shared, clock: Date.now });
  const parts = { config, secrets, baseUrl, node: folder.nodeId, pool, tasks, unstored: threads.unstored, counters, logger };
  const reports = (transport: MailTransport) => nodeReports(parts, transport);
  const ownHosts = [...ownHostsOf({ baseUrl, quickLinkShops: config.quickLinkShops })];
  const imports = nodeImports({ pool, tasks, quotas: config.quotas, ownHosts, counters, logger });
  await startNodeJobs({ config, baseUrl, pool, journal, counters, figures, telegram, imports, reports, logger, life });
  if (telegram !== null) await startAlerts({ ...told, config, telegram, databaseUrl, shape, diskUsed: disk.used, life });
  await life.start('health', async () => startTicker('health', HEALTH_TICK_MS, async () => threads.spreadHealth(), logger));
  await offerSetup(pool, baseUrl, logger);
  // The last that may fail: who finds the address finds a node that is up.
  await life.start('address', async () => {
    writeNodeAddress(folder.path, { pid: process.pid, url: localOrigin(config.host, port), statusToken });
    return { value: undefined, stop: async () => removeNodeAddress(folder.path) };
  });
  logger.info({ url: baseUrl, fronts, shards, node: folder.nodeId, version: VERSION }, `elnk is ready at ${baseUrl}`);
  return { url: baseUrl };
}

const MAIN_LANE = 0;
/** Whether there was anything to do. */
const isDone = (result: unknown): boolean => result !== null;
/** The fronts share their port (SO_REUSEPORT), which would also share it with another node: so it is tried alone first. */
async function claimPort(host: string, port: number): Promise<Component<number>> {
  const probe = createServer();
  const claimed = await new Promise<number>((resolve, reject) => {
    probe.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE'
          ? 'is in use by another program: stop it, or set PORT to another one'
          : `cannot be used (${cause.code})`;
      reject(new Error(`port ${port} of ${host} ${why}`, { cause }));
    });
    probe.listen(port, host, () => {
      const address = probe.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
  await new Promise((resolve) => probe.close(resolve));
  return { value: claimed, stop: async () => undefined };
}
