// timeout: 240 s
/**
 * G2: clicks are stored and folded exactly once, also when connections to Postgres are cut around COPY and COMMIT. Shards without
 * threads, so that a thousand cuts are a matter of seconds; cut-node.test.ts does the same to a whole node. SOAK=1: ten times as many.
 */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BUNDLED_COUNTRIES, countryReader, loadCountries } from '../../src/actors/enrich/country.ts';
import { createEnricher } from '../../src/actors/enrich/enrich.ts';
import { recentVisitors } from '../../src/actors/enrich/recent-visitors.ts';
import { createFlusher } from '../../src/actors/flusher.ts';
import { createSalts } from '../../src/actors/salts.ts';
import { createShard } from '../../src/actors/shard.ts';
import { countersOf } from '../../src/core/counters.ts';
import type { ClickStore } from '../../src/core/ports/clicks.ts';
import { createSharedMemory, logBoard } from '../../src/core/shared.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { openLogReader } from '../../src/storage/click-log/reader.ts';
import { logName } from '../../src/storage/click-log/segment.ts';
import { openLogWriter } from '../../src/storage/click-log/writer.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { createPool, isStoreAway, type Pool } from '../../src/storage/postgres/pool.ts';
import { recordingLogger, silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { SOAK_FACTOR } from '../support/soak.ts';
import { storedClicks } from '../support/stored-clicks.ts';
import { startTcpCutter, type TcpCutter } from '../support/tcp-cutter.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const STORE_CUTS = 950 * SOAK_FACTOR;
const FOLD_CUTS = 150 * SOAK_FACTOR;
/** A failed batch waits before it is tried again, so many are under way at once. */
const SHARDS = 12;
const LINKS = 2 * SHARDS;
const CUT_SHARE = 0.6;
/** Clicks that come at once, and that wait in a batch, at most. */
const BURST = 12;
const WAITING_MAX = 200;
const VISITORS = 60;
const NODE = 'cut';
/** pg keeps the timers of its COPY TO streams, and with them the process, until this is over. */
const QUERY_TIMEOUT_MS = 5_000;
const SETTLE_MS = 30_000;
/** Any moment, so that no test run has two days. */
const NOON = Date.UTC(2026, 10, 23, 12);

const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'curl/8.5.0',
  'Googlebot/2.1 (+http://www.google.com/bot.html)',
];
const isBot = (agent: string) => agent !== AGENTS[0];

const random = randomFrom(seed);
const below = (limit: number) => Math.floor(random() * limit);
const clock = () => NOON;

const it = suite('cut connections');

it('stores and folds every click once', async () => {
  const database = await testDatabase();
  const [storeCutter, foldCutter] = await Promise.all([0, 1].map(() => startTcpCutter({ target: database.value.url, random })));
  const { logger, lines } = recordingLogger();
  const poolOf = (url: string, max: number) => createPool({ url, name: 'test', max, logger, queryTimeoutMs: QUERY_TIMEOUT_MS });
  const direct = await poolOf(database.value.url, 2);
  const cutPool = await poolOf(storeCutter.value.url, SHARDS);
  const foldPool = await poolOf(foldCutter.value.url, 1);
  try {
    const owner = await makeOwner(direct.value, { links: LINKS });
    const expected = new Map(owner.links.map(({ id }) => [id, { clicks: 0, bots: 0, visitors: new Set<string>() }]));
    const store = createClickStore({ pool: cutPool.value, node: NODE, randomBytes, logger });
    const lanes = await openLanes(
      store,
      owner.links.map(({ id }) => id),
      expected,
    );

    storeCutter.value.share = CUT_SHARE;
    foldCutter.value.share = CUT_SHARE;
    const isOver = () => storeCutter.value.total() >= STORE_CUTS && foldCutter.value.total() >= FOLD_CUTS;
    const [folds] = await Promise.all([foldUntil(isOver, foldPool.value), ...lanes.map((lane) => lane.runUntil(isOver))]);
    storeCutter.value.share = 0;
    foldCutter.value.share = 0;
    await Promise.all(lanes.map((lane) => lane.settle()));

    const sent = sum([...expected.values()].map(({ clicks, bots }) => clicks + bots));
    const unfolded = await storedClicks(direct.value);
    say(`G2 store: ${describe(storeCutter.value)}: stored ${unfolded}, expected ${sent}`);
    assert.is(unfolded, sent);

    while ((await fold(createFoldStore(foldPool.value))) !== null);
    const folded = await storedClicks(direct.value);
    say(`G2 fold: ${describe(foldCutter.value)}, ${folds} folds got through: folded ${folded}, expected ${sent}`);
    assert.equal(
      await totalsOf(direct.value),
      [...expected].map(([id, it]) => ({ id, clicks: it.clicks, uniques: it.visitors.size, bots: it.bots })),
    );
    assert.is((await direct.value.query('SELECT FROM click_batches WHERE NOT folded')).rowCount, 0);
    assert.is((await direct.value.query('SELECT FROM quarantined_clicks')).rowCount, 0);
    assert.equal(
      lines.filter(({ level }) => level === 'error'),
      [],
    );
  } finally {
    for (const part of [foldPool, cutPool, direct, foldCutter, storeCutter, database]) await part.stop();
  }
});

it.run();

type Expected = Map<number, { clicks: number; bots: number; visitors: Set<string> }>;
type Lane = {
  /** Writes clicks and has them stored, until there is no need for more. */
  runUntil(isOver: () => boolean): Promise<void>;
  /** Has the rest stored. */
  settle(): Promise<void>;
};

/** A front's logs, and a shard for each of them. */
async function openLanes(store: ClickStore, linkIds: number[], expected: Expected): Promise<Lane[]> {
  const dir = join(temporaryFolder(), 'click-log');
  const shared = createSharedMemory({ fronts: 1, shards: SHARDS });
  const counters = countersOf(shared.counters, 0);
  const common = { dir, counters, logger: silentLogger };
  const { memory: countries } = await loadCountries(BUNDLED_COUNTRIES.file);
  const logs = Array.from({ length: SHARDS }, (_, shard) => ({ name: logName(0, shard), front: 0, shard }));
  await store.positions(logs);
  const salts = createSalts(store, clock, silentLogger);
  salts.fetchAhead();

  return logs.map((log) => {
    const { name, front, shard: number } = log;
    const board = logBoard(shared.logs, number);
    const writer = openLogWriter({
      ...common,
      front,
      shard: number,
      board,
      fsync: 'no',
      maxBytes: 1e9,
      segmentBytes: 20_000,
      startAtLeast: 0,
    }).value;
    const reader = openLogReader({ ...common, name, from: 0, board, quarantineDir: join(dir, 'quarantine') }).value;
    const shardLog = Object.assign(reader, { name, front, shard: number });
    let fault: unknown = null;
    const flusher = createFlusher({
      store,
      flushRows: 1,
      flushMs: 1,
      clock: Date.now,
      counters,
      logger: silentLogger,
      isRetryable: isStoreAway,
      onStored: (batch) => reader.release(batch.moves.get(name)?.to ?? 0),
      onFatal: (error) => {
        fault = error;
      },
    });
    const shard = createShard({
      logs: [shardLog],
      flusher,
      enrich: createEnricher({ countryOf: countryReader(countries), ownHosts: [], salts: salts.get }),
      seenBefore: recentVisitors(16), // forgets, so that the store is asked
      wantSalt: salts.want,
      onClick: () => undefined,
      clock: Date.now,
      counters,
    });
    const own = linkIds.filter((_, i) => i % SHARDS === number);

    function click(): void {
      const linkId = own[below(own.length)];
      const agent = AGENTS[below(AGENTS.length)];
      const host = below(VISITORS);
      const isWritten = writer.append(NOON, linkId, 0, Uint8Array.of(10, 0, 0, host).buffer, agent, '', '');
      assert.ok(isWritten);
      const counted = expected.get(linkId);
      assert.ok(counted);
      if (isBot(agent)) counted.bots++;
      else {
        counted.clicks++;
        counted.visitors.add(`${host} ${agent}`);
      }
    }

    function tick(): void {
      shard.tick();
      if (fault !== null) throw new Error('a batch was given up', { cause: fault });
    }

    return {
      async runUntil(isOver) {
        while (!isOver()) {
          if (flusher.gathering().rows < WAITING_MAX) for (let n = below(BURST); n > 0; n--) click();
          tick();
          await sleep(1);
        }
      },
      async settle() {
        const isDone = () => {
          tick();
          return board.stored === board.written;
        };
        await until(`log ${name} stored`, isDone, SETTLE_MS);
      },
    };
  });
}

/** @returns how many folds were not cut */
async function foldUntil(isOver: () => boolean, pool: Pool): Promise<number> {
  const store = createFoldStore(pool);
  let folds = 0;
  while (!isOver()) {
    try {
      if ((await fold(store)) !== null) folds++;
    } catch (error) {
      if (!isStoreAway(error)) throw error;
    }
    await sleep(1);
  }
  return folds;
}

async function totalsOf(pool: Pool): Promise<{ id: number; clicks: number; uniques: number; bots: number }[]> {
  const { rows } = await pool.query('SELECT link_id AS id, clicks, uniques, bots FROM link_totals ORDER BY link_id');
  return rows;
}

const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);

const describe = (cutter: TcpCutter) =>
  `${cutter.total()} cuts (${Object.entries(cutter.counts)
    .map(([cut, n]) => `${n} ${cut}`)
    .join(', ')})`;
