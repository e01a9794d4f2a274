/** A click log with a backlog, and the shard that stores it: the product's own parts, in this process. */
import { join } from 'node:path';
import { BUNDLED_COUNTRIES, countryReader, loadCountries } from '../../src/actors/enrich/country.ts';
import { createEnricher } from '../../src/actors/enrich/enrich.ts';
import { recentVisitors } from '../../src/actors/enrich/recent-visitors.ts';
import { createFlusher } from '../../src/actors/flusher.ts';
import { createSalts } from '../../src/actors/salts.ts';
import { createShard } from '../../src/actors/shard.ts';
import { countersOf } from '../../src/core/counters.ts';
import type { ClickStore } from '../../src/core/ports/clicks.ts';
import { createSharedMemory, logBoard } from '../../src/core/shared.ts';
import { openLogReader } from '../../src/storage/click-log/reader.ts';
import { openLogWriter } from '../../src/storage/click-log/writer.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { isStoreAway, type Pool } from '../../src/storage/postgres/pool.ts';
import { silentLogger as logger } from '../../test/support/logger.ts';

const LINKS = 10_000;
const NAME = 'f0-s0';
const SEGMENT_BYTES = 2 ** 36; // one file, read again in every round
const VISITORS = 2 ** 20;

export type Backlog = {
  /** Stores all of it, for a node of another name each time. @param copy gets the rows as they are stored @returns seconds */
  store(copy: ((rows: Uint8Array) => void) | null): Promise<number>;
};

export async function openBacklog(options: { dir: string; pool: Pool; clicks: number; randomBytes(n: number): Buffer }): Promise<Backlog> {
  const { dir, pool, clicks, randomBytes } = options;
  const memory = createSharedMemory({ fronts: 1, shards: 1 });
  const [board, counters] = [logBoard(memory.logs, 0), countersOf(memory.counters, 0)];
  const writer = openLogWriter({
    dir,
    front: 0,
    shard: 0,
    board,
    fsync: 'no',
    maxBytes: SEGMENT_BYTES * 8,
    segmentBytes: SEGMENT_BYTES,
    startAtLeast: 0,
    counters,
    logger,
  });
  const agents = Array.from(
    { length: 200 },
    (_, i) => `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${60 + i}.0.0.0 Safari/537.36`,
  );
  const now = Date.now();
  for (let i = 0; i < clicks; i++) {
    const address = Uint8Array.of(80 + (i % 7), i >> 16, i >> 8, i).buffer;
    writer.value.append(
      now,
      1 + ((i * 7919) % LINKS),
      12,
      address,
      agents[i % agents.length],
      i % 2 === 0 ? '' : `https://site${i % 300}.example/`,
      'ru-RU,ru;q=0.9',
    );
  }
  const { memory: countries } = await loadCountries(BUNDLED_COUNTRIES.file);
  let round = 0;

  return {
    async store(copy) {
      const plain = createClickStore({ pool, node: `round ${round++}`, randomBytes, logger });
      const store: ClickStore = copy === null ? plain : copying(plain, copy);
      await store.positions([{ name: NAME, front: 0, shard: 0 }]);
      const reader = openLogReader({ dir, name: NAME, from: 0, board, counters, quarantineDir: join(dir, 'quarantine'), logger });
      const flusher = createFlusher({
        store,
        flushRows: 1_000,
        flushMs: 250,
        clock: Date.now,
        counters,
        logger,
        isRetryable: isStoreAway,
        onStored: () => undefined,
        onFatal: (error) => {
          throw error;
        },
      });
      const salts = createSalts(store, Date.now, logger);
      const shard = createShard({
        logs: [Object.assign(reader.value, { name: NAME, front: 0, shard: 0 })],
        flusher,
        enrich: createEnricher({ countryOf: countryReader(countries), ownHosts: [], salts: salts.get }),
        seenBefore: recentVisitors(VISITORS),
        wantSalt: salts.want,
        onClick: () => undefined,
        clock: Date.now,
        counters,
      });
      const began = performance.now();
      while (reader.value.position < board.written) {
        shard.tick();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await flusher.drain(600_000);
      await reader.stop();
      return (performance.now() - began) / 1000;
    },
  };
}

function copying(store: ClickStore, copy: (rows: Uint8Array) => void): ClickStore {
  return {
    ...store,
    async store(batch) {
      const result = await store.store(batch);
      copy(batch.bytes.subarray(0, batch.starts[batch.rows]));
      return result;
    },
  };
}
