/** A shard thread: joins the click logs, the actors and Postgres. Its loop reads while there is something to read, and rests otherwise. */
import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { countryReader } from './actors/enrich/country.ts';
import { createEnricher } from './actors/enrich/enrich.ts';
import { recentVisitors } from './actors/enrich/recent-visitors.ts';
import { createFlusher } from './actors/flusher.ts';
import { createLimits, LIMIT_CONNECTIONS } from './actors/limits.ts';
import { createLiveWatch } from './actors/live-watch.ts';
import { createSalts } from './actors/salts.ts';
import { createShard, type ShardLog } from './actors/shard.ts';
import { answerOn } from './actors/shard-port.ts';
import { threadAnnouncer } from './core/announce.ts';
import { countersOf } from './core/counters.ts';
import type { FromMain, ShardSetup, ToMain } from './core/messages.ts';
import { linkVersions, logBoard } from './core/shared.ts';
import { trouble } from './core/troubles.ts';
import { lowerPriority } from './priority.ts';
import { openLogReader } from './storage/click-log/reader.ts';
import { type LogId, listLogs, logName } from './storage/click-log/segment.ts';
import { createLogSyncer } from './storage/click-log/syncer.ts';
import { createClickLimitStore } from './storage/postgres/click-limits.ts';
import { createClickStore } from './storage/postgres/clicks.ts';
import { createPool, isStoreAway } from './storage/postgres/pool.ts';
import { openThreadLog } from './thread-log.ts';

/** How long the loop rests when its logs have nothing new. */
const REST_MS = 20;
const SYNC_MS = 1_000;
const SALT_MS = 600_000;
/** What is not stored by then when the node stops stays in the log for the next start. */
const DRAIN_MS = 8_000;
const VISITORS_REMEMBERED = 2 ** 20;
const CONNECTIONS = 2;
/** How often other nodes are told at most that clicks were stored. */
const STORED_TELL_MS = 250;
/** A Postgres that takes longer for a statement of a batch counts as away: the node says so, and tries again. */
const STORE_TIMEOUT_MS = 5_000;
/** Of a statement about limited links, and of a connection for it: somebody waits for the answer. */
const LIMIT_TIMEOUT_MS = 1_000;

const setup: ShardSetup = workerData;
const main = parentPort;
if (main === null) throw new Error('shard-thread.ts is started by main.ts');

// Redirects first: what is written down can wait.
lowerPriority('storing');
const name = `shard ${setup.index}`;
const logger = openThreadLog(name, setup.logLevel, main);
const counters = countersOf(setup.shared.counters, 1 + setup.fronts + setup.index);
const pool = await createPool({ url: setup.databaseUrl, name, max: CONNECTIONS, logger, queryTimeoutMs: STORE_TIMEOUT_MS });
const store = createClickStore({ pool: pool.value, node: setup.node, randomBytes, logger });
const limitPool = await createPool({
  url: setup.databaseUrl,
  name: `${name} limits`,
  max: LIMIT_CONNECTIONS,
  logger,
  queryTimeoutMs: LIMIT_TIMEOUT_MS,
  connectTimeoutMs: LIMIT_TIMEOUT_MS,
});

let hasStored = false;
let saidStoredAt = 0;
const logs = await openLogs();
const salts = createSalts(store, Date.now, logger);
const flusher = createFlusher({
  store,
  flushRows: setup.flushRows,
  flushMs: setup.flushMs,
  clock: Date.now,
  counters,
  logger,
  isRetryable: isStoreAway,
  onStored(batch) {
    for (const [log, { to }] of batch.moves) logs.get(log)?.release(to);
    hasStored ||= batch.rows > 0;
  },
  onFatal(error) {
    throw error; // the thread ends; the next one starts from the stored positions
  },
});
const live = createLiveWatch();
let countryOf = countryReader(setup.countries);
const shard = createShard({
  logs: [...logs.values()],
  flusher,
  enrich: createEnricher({ countryOf: (address) => countryOf(address), ownHosts: setup.ownHosts, salts: salts.get }),
  seenBefore: recentVisitors(VISITORS_REMEMBERED),
  wantSalt: salts.want,
  onClick: live.note,
  clock: Date.now,
  counters,
});
const announcer = threadAnnouncer(
  linkVersions(setup.shared.versions),
  setup.hasOthers ? (id, cells) => main.postMessage({ type: 'changed', id, cells } satisfies ToMain) : null,
);
// The visitor who has got the last click does not wait until other nodes know: nobody gets one more there either.
const limitStore = createClickLimitStore(limitPool.value, (slugs) => void announcer.changed(slugs));
const limits = createLimits({ store: limitStore, isStoreAway, clock: Date.now, logger });
const syncer = createLogSyncer({
  dir: setup.clickLog.dir,
  logs: ownLogs().map(({ name: log, front }) => ({ name: log, board: boardOf(front) })),
  counters,
  logger,
});

salts.fetchAhead();
const timers = [setInterval(salts.fetchAhead, SALT_MS)];
if (setup.clickLog.fsync === 'everysec') timers.push(setInterval(() => void syncer.tick(), SYNC_MS));

let stopping = false;
let next: NodeJS.Timeout | undefined;
function loop(): void {
  if (stopping) return;
  const mayHaveMore = shard.tick();
  sayHealth();
  sayStored();
  live.tick(Date.now());
  if (mayHaveMore) setImmediate(loop);
  else next = setTimeout(loop, REST_MS);
}

/** Where other nodes show numbers live, they have to hear of new ones. */
function sayStored(): void {
  if (!hasStored || Date.now() - saidStoredAt < STORED_TELL_MS) return;
  hasStored = false;
  saidStoredAt = Date.now();
  main?.postMessage({ type: 'stored' } satisfies ToMain);
}

let said = '';
function sayHealth(): void {
  const reasons = [
    ...(flusher.failures() > 0 || flusher.isStuck() ? [trouble('clicksUnstored')] : []),
    ...(syncer.failing ? [trouble('logUnsynced')] : []),
  ];
  if (said === reasons.join()) return;
  said = reasons.join();
  main?.postMessage({ type: 'health', reasons } satisfies ToMain);
}

/** The fronts have stopped: what is in the logs now is all there is. */
async function stop(): Promise<void> {
  stopping = true;
  clearTimeout(next);
  for (const timer of timers) clearInterval(timer);
  const deadline = Date.now() + DRAIN_MS;
  let isDrained = true;
  do {
    while (shard.tick()); // until there is no more, or no more room
    isDrained = await flusher.drain(Math.max(0, deadline - Date.now()));
  } while (isDrained && shard.tick());
  if (!isDrained) logger.warn({}, 'stopped before all clicks were stored; the rest is in the click log');
  if (setup.clickLog.fsync === 'everysec') await syncer.tick();
  // Not awaited when Postgres does not answer: the thread's end closes the connections.
  if (isDrained) await Promise.all([pool.stop(), limitPool.stop()]);
  process.exit(0);
}

main.on('message', (message: FromMain) => {
  if (message.type === 'stop') void stop();
  else if (message.type === 'announced') announcer.settle(message.id);
  else if (message.type === 'countries') countryOf = countryReader(message.countries.memory);
  else if (message.type === 'connect') answerOn(message.port, { shard, limits, live, now: Date.now });
});
loop();
main.postMessage({ type: 'ready' } satisfies ToMain);

/** One log a front, and the logs of threads that this node no longer has. */
async function openLogs(): Promise<Map<string, ShardLog>> {
  const left = listLogs(setup.clickLog.dir).filter((log) => log.shard % setup.shards === setup.index);
  const ids = new Map<string, LogId>([...ownLogs(), ...left].map((log) => [log.name, log]));
  const positions = await store.positions([...ids.values()]);
  return new Map(
    [...ids.values()].map((id) => {
      const reader = openLogReader({
        dir: setup.clickLog.dir,
        name: id.name,
        from: positions.get(id.name) ?? 0,
        board: id.front < setup.fronts && id.shard < setup.shards ? boardOf(id.front) : null,
        counters,
        quarantineDir: setup.quarantineDir,
        logger,
      }).value;
      return [id.name, Object.assign(reader, { name: id.name, front: id.front, shard: id.shard })];
    }),
  );
}

function ownLogs(): LogId[] {
  return Array.from({ length: setup.fronts }, (_, front) => ({ name: logName(front, setup.index), front, shard: setup.index }));
}

function boardOf(front: number) {
  return logBoard(setup.shared.logs, front * setup.shards + setup.index);
}
