// timeout: 300 s
// alone
/**
 * G8: a stop is clean. SIGTERM under load: the node ends in time with code 0 and nothing is lost; with Postgres at hand everything is stored
 * by then, without it the clicks are found at the next start. SOAK=1: ten times as many.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { firstAnswer, type LoadFigures, startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { SOAK_FACTOR } from '../support/soak.ts';
import { storedClicks, untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Shape, shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const STOPS = 46 * SOAK_FACTOR;
/** Each takes some seconds: the node hopes that Postgres comes back. */
const OUTAGES = 4 * SOAK_FACTOR;
const EXIT_MS = 15_000;
const LOAD_MS = { least: 50, most: 350 };
/** Long enough for the node's own questions to be under way. */
const OUTAGE_MS = 2_000;
/** A node that is stopped after its load has ended, so that nothing waits to be stored. */
const IDLE_EVERY = 4;
const LINKS = 20;
const CONNECTIONS = 8;
const SHAPES: readonly Shape[] = [
  { fronts: 1, shards: 1 },
  { fronts: 2, shards: 2 },
];

const random = randomFrom(seed);

const it = suite('stop');

it('under load: in time, with code 0, and nothing is lost', async () => {
  // At once, because the latter mostly waits; when it is over, it takes its share of the others.
  const stops = Array.from({ length: STOPS }, (_, i) => i + 1).values();
  const results = await Promise.allSettled([stopWithPostgres(stops), stopWithoutPostgres().then(() => stopWithPostgres(stops))]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
});

it.run();

/** Everything is stored when the node has ended. @param stops which of them; those that are taken are gone */
async function stopWithPostgres(stops: Iterable<number>): Promise<void> {
  const database = await testDatabase();
  const pool = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
  const owner = await makeOwner(pool.value, { links: LINKS });
  const next = () => ({ path: `/${owner.links[Math.floor(random() * LINKS)].slug}` });
  const dataDir = temporaryFolder();
  const all = { stops: 0, acked: 0, stored: 0, sent: 0, slowestMs: 0 };
  let node: TestNode | null = null;
  try {
    for (const stop of stops) {
      const shape = SHAPES[stop % SHAPES.length];
      node = await startTestNode({ dataDir, settings: { ...shapeSettings(shape), DATABASE_URL: database.value.url } });
      const load = startLoad({ url: node.url(), connections: CONNECTIONS, next });
      await firstAnswer(load);
      await sleep(LOAD_MS.least + random() * (LOAD_MS.most - LOAD_MS.least));
      const tookMs = await expectCleanStop(node);
      const { acked, sent } = await load.stop();
      const stored = (await storedClicks(pool.value)) - all.stored;
      assert.ok(
        acked > 0 && acked <= stored && stored <= sent,
        `stop ${stop}: acked ${acked}, stored ${stored}, sent ${sent}\n${node.log()}`,
      );
      all.stops++;
      all.acked += acked;
      all.stored += stored;
      all.sent += sent;
      all.slowestMs = Math.max(all.slowestMs, tookMs);
    }
    say(`G8: ${all.stops} stops, the slowest took ${all.slowestMs} ms: acked ${all.acked} ≤ stored ${all.stored} ≤ sent ${all.sent}`);
  } finally {
    await node?.kill();
    await pool.stop();
    await database.stop();
  }
}

/** Everything is stored after the next start. */
async function stopWithoutPostgres(): Promise<void> {
  const postgres = await startOwnPostgres();
  const { url } = postgres.value;
  const pool = await createPool({ url, name: 'test', max: 2, logger: silentLogger });
  const dataDir = temporaryFolder();
  const optionsOf = (shape: Shape) => ({ dataDir, settings: { ...shapeSettings(shape), DATABASE_URL: url } });
  let node = await startTestNode(optionsOf(SHAPES[0]));
  try {
    const owner = await makeOwner(pool.value, { links: LINKS });
    const next = () => ({ path: `/${owner.links[Math.floor(random() * LINKS)].slug}` });
    let storedBefore = 0;
    for (let stop = 1; stop <= OUTAGES; stop++) {
      const shape = SHAPES[stop % SHAPES.length];
      const isFrozen = stop % 3 !== 0;
      const isIdle = stop % IDLE_EVERY === 0;
      assert.is((await node.stop()).code, 0);
      node = await startTestNode(optionsOf(shape));
      const load = startLoad({ url: node.url(), connections: CONNECTIONS, next });
      await until('warm fronts', () => load.figures.acked > 100 * LINKS);
      let figures: LoadFigures | null = isIdle ? await load.stop() : null;
      if (isIdle) await untilDrained(pool.value, dataDir, shape);
      if (isFrozen) postgres.value.freeze();
      else await postgres.value.stop();
      await sleep(random() * OUTAGE_MS);
      const tookMs = await expectCleanStop(node);
      figures ??= await load.stop();
      if (isFrozen) postgres.value.thaw();
      else await postgres.value.start();

      node = await startTestNode(optionsOf(shape));
      await untilDrained(pool.value, dataDir, shape);
      const storedNow = await storedClicks(pool.value);
      const stored = storedNow - storedBefore;
      storedBefore = storedNow;
      const { acked, sent } = figures;
      const what = `Postgres ${isFrozen ? 'frozen' : 'stopped'}, ${isIdle ? 'idle' : 'under load'}, ${shape.fronts} fronts, ${shape.shards} shards`;
      say(`G8 ${what}: stopped in ${tookMs} ms; acked ${acked} ≤ stored ${stored} ≤ sent ${sent}`);
      assert.ok(acked > 0 && acked <= stored && stored <= sent, what);
    }
    assert.is((await node.stop()).code, 0);
  } finally {
    await node.kill();
    await postgres.stop();
    await pool.stop();
  }
}

async function expectCleanStop(node: TestNode): Promise<number> {
  const { code, signal, tookMs } = await node.stop();
  assert.equal({ code, signal }, { code: 0, signal: null }, `after ${tookMs} ms\n${node.log()}`);
  assert.ok(tookMs <= EXIT_MS, `took ${tookMs} ms\n${node.log()}`);
  return tookMs;
}
