/** The way of a click without threads: a writer, a shard, Postgres and folds, each moved on by the test. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { BUNDLED_COUNTRIES, countryReader, loadCountries } from '../../src/actors/enrich/country.ts';
import { createEnricher } from '../../src/actors/enrich/enrich.ts';
import { recentVisitors } from '../../src/actors/enrich/recent-visitors.ts';
import { createFlusher, type Flusher } from '../../src/actors/flusher.ts';
import { createSalts } from '../../src/actors/salts.ts';
import { createShard, type Shard } from '../../src/actors/shard.ts';
import { type AsOfNow, createAsOfNow } from '../../src/core/as-of-now.ts';
import { countersOf, readCounters } from '../../src/core/counters.ts';
import type { ClickStore, ClickWriter, FoldResult, UnstoredClicks } from '../../src/core/ports/clicks.ts';
import { createSharedMemory, logBoard } from '../../src/core/shared.ts';
import { dashboardText } from '../../src/http/api/dashboard.ts';
import { createDashboards, type ReadDashboard } from '../../src/http/dashboard/dashboards.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { openLogReader } from '../../src/storage/click-log/reader.ts';
import { logName } from '../../src/storage/click-log/segment.ts';
import { openLogWriter } from '../../src/storage/click-log/writer.ts';
import { createClickCounter } from '../../src/storage/postgres/click-counts.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createDashboardStore } from '../../src/storage/postgres/dashboard-store.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { isStoreAway, type Pool } from '../../src/storage/postgres/pool.ts';
import { createStatsCounter } from '../../src/storage/postgres/stats-counts.ts';
import { silentLogger } from './logger.ts';
import { until } from './until.ts';

const NODE = 'test';
const FRONTS = 2;
const SETTLE_MS = 60_000;
const DASHBOARD_TTL_MS = 3_600_000;

export type ClickPath = {
  /** One writer a front; both lead to the one shard. */
  writers: ClickWriter[];
  clock: { now: number };
  shard: Shard;
  flusher: Flusher;
  asOfNow: AsOfNow;
  dashboard: ReadDashboard;
  /** How often a dashboard wanted a fold. */
  foldsWanted(): number;
  fold(): Promise<FoldResult | null>;
  /** Forgets everything in memory and starts anew from what is stored, as a restarted thread does. */
  restartShard(): Promise<void>;
  /** Reads and stores until nothing waits. */
  settle(): Promise<void>;
  counter(name: Parameters<ReturnType<typeof countersOf>['add']>[0]): number;
};

export type ClickPathOptions = {
  pool: Pool;
  dir: string;
  segmentBytes?: number;
  rememberVisitors?: number;
  wrapStore?: (store: ClickStore) => ClickStore;
};

export async function openClickPath({ pool, dir, segmentBytes, rememberVisitors = 16, wrapStore }: ClickPathOptions): Promise<ClickPath> {
  const shared = createSharedMemory({ fronts: FRONTS, shards: 1 });
  const counters = countersOf(shared.counters, 0);
  const clock = { now: Date.UTC(2026, 10, 23, 9) };
  const now = () => clock.now;
  const logs = Array.from({ length: FRONTS }, (_, front) => ({ name: logName(front, 0), front, shard: 0 }));
  const common = { dir: join(dir, 'click-log'), counters, logger: silentLogger };
  const writers = logs.map(
    ({ front }) =>
      openLogWriter({
        ...common,
        front,
        shard: 0,
        board: logBoard(shared.logs, front),
        fsync: 'no',
        maxBytes: 1e9,
        startAtLeast: 0,
        ...(segmentBytes === undefined ? {} : { segmentBytes }),
      }).value,
  );
  const { memory: countries } = await loadCountries(BUNDLED_COUNTRIES.file);
  const plain = createClickStore({ pool, node: NODE, randomBytes, logger: silentLogger });
  const store = wrapStore?.(plain) ?? plain;

  async function openShard() {
    const positions = await store.positions(logs);
    const readers = logs.map((log) =>
      Object.assign(
        openLogReader({
          ...common,
          name: log.name,
          from: positions.get(log.name) ?? 0,
          board: logBoard(shared.logs, log.front),
          quarantineDir: join(dir, 'quarantine'),
        }).value,
        log,
      ),
    );
    const flusher = createFlusher({
      store,
      flushRows: 20,
      flushMs: 250,
      clock: now,
      counters,
      logger: silentLogger,
      isRetryable: isStoreAway,
      onStored: (batch) => {
        for (const reader of readers) {
          const move = batch.moves.get(reader.name);
          if (move !== undefined) reader.release(move.to);
        }
      },
      onFatal: (error) => {
        throw error;
      },
    });
    const salts = createSalts(store, now, silentLogger);
    const shard = createShard({
      logs: readers,
      flusher,
      enrich: createEnricher({ countryOf: countryReader(countries), ownHosts: ['elnk.example'], salts: salts.get }),
      seenBefore: recentVisitors(rememberVisitors),
      wantSalt: salts.want,
      onClick: () => undefined,
      clock: now,
      counters,
    });
    return { flusher, shard };
  }

  let current = await openShard();
  const count = createClickCounter(pool, NODE);
  const foldStore = createFoldStore(pool);
  const unstored: UnstoredClicks = (ids) => current.shard.unstored(ids, Number.POSITIVE_INFINITY);
  let foldsWanted = 0;
  return {
    writers,
    clock,
    get shard() {
      return current.shard;
    },
    get flusher() {
      return current.flusher;
    },
    asOfNow: createAsOfNow({ count, sum: createStatsCounter(pool, NODE), unstored, clock: now }),
    dashboard: createDashboards({
      store: createDashboardStore(pool, NODE),
      unstored,
      text: dashboardText({ baseUrl: 'https://elnk.example' }),
      clock: now,
      ttlMs: () => DASHBOARD_TTL_MS,
      wantFold: () => {
        foldsWanted++;
      },
    }),
    foldsWanted: () => foldsWanted,
    fold: () => fold(foldStore),
    async restartShard() {
      await until('the batch under way is stored', () => current.flusher.unstored().length === 1);
      current = await openShard();
    },
    async settle() {
      await current.shard.unstored([], Number.POSITIVE_INFINITY); // reads to the end
      await current.flusher.drain(SETTLE_MS);
    },
    counter: (name) => readCounters(shared.counters)[name],
  };
}
