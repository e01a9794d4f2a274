// timeout: 180 s
/** G2 with a whole node: its connections to Postgres are cut while visitors come; in the end every figure is right. SOAK=1: ten times as many cuts. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { SOAK_FACTOR } from '../support/soak.ts';
import { storedClicks, untilDrained } from '../support/stored-clicks.ts';
import { startTcpCutter } from '../support/tcp-cutter.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { apiClient, makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';
import { figuresOf, randomVisits, Tally, VISIT_SETTINGS, zoneAtNoon } from '../support/visits.ts';

const CUTS = 50 * SOAK_FACTOR;
const CUT_SHARE = 0.5;
const PATIENCE_MS = 120_000 * SOAK_FACTOR;
const LINKS = 12;
const VISITORS = 300;
const RATE = 800;
const WARM_UP = 1_500;
const SHAPE = { fronts: 2, shards: 2 };
/** A batch a visit, nearly, so that there is much to cut. */
const SETTINGS = { ...shapeSettings(SHAPE), ...VISIT_SETTINGS, FLUSH_ROWS: '1', FLUSH_MS: '20' };

const it = suite('cut connections of a node');

it('answers every visitor, and counts each once', async () => {
  const random = randomFrom(seed);
  const database = await testDatabase();
  const cutter = await startTcpCutter({ target: database.value.url, random });
  const pool = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
  const dataDir = temporaryFolder();
  const node = await startTestNode({ dataDir, settings: { ...SETTINGS, DATABASE_URL: cutter.value.url } });
  try {
    const owner = await makeOwner(pool.value, { links: LINKS, timeZone: zoneAtNoon(Date.now()) });
    const tally = new Tally();
    const visits = randomVisits(owner, random, VISITORS);
    const load = startLoad({ url: node.url(), connections: 8, ratePerSec: RATE, next: visits, onAcked: (visit) => tally.add(visit) });
    // Links come to be at hand of every connection's front while nothing is cut: this is about what becomes of clicks.
    await until('warm fronts', () => load.figures.acked >= WARM_UP, PATIENCE_MS);
    cutter.value.share = CUT_SHARE;
    await until('enough cuts', () => cutter.value.total() >= CUTS, PATIENCE_MS);
    await load.stop();
    cutter.value.share = 0;

    await untilDrained(pool.value, dataDir, SHAPE);
    const stored = await storedClicks(pool.value);
    const { sent, acked } = load.figures;
    const [restarts, retries] = await Promise.all([node.metric('elnk_thread_restarts_total'), node.metric('elnk_flush_retries_total')]);
    say(`G2 node: ${cutter.value.total()} cuts, ${retries} batches tried again: sent ${sent}, acked ${acked}, stored ${stored}`);
    assert.equal([acked, stored], [sent, sent]);
    assert.equal(load.figures.refused, {});
    assert.is(restarts, 0);

    const api = apiClient(node.url(), owner);
    const list = await api.links();
    for (const { slug } of owner.links) {
      const expected = tally.of(slug).figures();
      assert.equal(figuresOf(await api.stats(slug)), expected, slug);
      for (const link of [await api.link(slug), list.data.find((it) => it.slug === slug)]) {
        assert.equal([link?.clicks, link?.repeatClicks], [expected.clicks, expected.repeatClicks], slug);
        assert.equal([link?.clicksToday, link?.repeatClicksToday], [expected.clicks, expected.repeatClicks], slug);
      }
    }
    assert.is((await node.stop()).code, 0);
  } finally {
    await node.kill();
    for (const part of [pool, cutter, database]) await part.stop();
  }
});

it.run();
