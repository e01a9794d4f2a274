// timeout: 180 s
// alone
/** G4 for Redis, and for Redis and Postgres at once: stopped, frozen, and back in either order, under load. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { outageWatcher, timed } from '../support/outage.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { startTestRedis } from '../support/redis.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { storedClicks, untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { apiClient, makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const SHAPE = { fronts: 2, shards: 2 };
const LINKS = 20;
const CONNECTIONS = 8;
const RATE = 800;
const WARM_UP = 3_000;
const TOLD_MS = 10_000;
const BACK_MS = 20_000;
const EDIT_MS = 4_000;

const it = suite('Redis away');

it('redirects go on and no click is lost; edits are answered while Postgres is there', async () => {
  const postgres = await startOwnPostgres();
  const redis = await startTestRedis();
  await migrate({ url: postgres.value.url, logger: silentLogger });
  const pool = await createPool({ url: postgres.value.url, name: 'test', max: 2, logger: silentLogger });
  const dataDir = temporaryFolder();
  const settings = { ...shapeSettings(SHAPE), DATABASE_URL: postgres.value.url, REDIS_URL: redis.value.url };
  const node = await startTestNode({ dataDir, settings });
  try {
    const owner = await makeOwner(pool.value, { links: LINKS });
    const { edit } = apiClient(node.url(), owner);
    const random = randomFrom(seed);
    // In no order that the connections could fall in step with: a front that never saw a link before the outage would have to ask for it.
    const next = () => ({ path: `/${owner.links[Math.floor(random() * LINKS)].slug}` });
    const load = startLoad({ url: node.url(), connections: CONNECTIONS, ratePerSec: RATE, next });
    await until('warm fronts', () => load.figures.acked >= WARM_UP);
    const watch = await outageWatcher('Redis and Postgres', node, load);
    const reasons = async () => (await node.readiness()).reasons;
    const told = () => until('Redis is missed', async () => (await reasons()).some((reason) => reason.includes('Redis is away')), TOLD_MS);
    const back = () => until('all well', async () => (await reasons()).length === 0, BACK_MS);
    const edited = async () => {
      const { tookMs } = await timed(() => edit(owner.links[0].slug, { title: 'edited' }));
      assert.ok(tookMs <= EDIT_MS, `${tookMs} ms`);
      return `an edit took ${Math.round(tookMs)} ms`;
    };

    await watch('Redis stopped', async () => {
      await redis.value.stop();
      const said = await edited();
      await told();
      return said;
    });
    await watch('Redis started again', async () => {
      await redis.value.start();
      await back();
      return edited();
    });
    await watch('Redis frozen', async () => {
      redis.value.freeze();
      const said = await edited();
      await told();
      return said;
    });
    await watch('Postgres stopped, too', async () => {
      await postgres.value.stop();
      return 'nothing to ask any more';
    });
    await watch('Redis thawed, Postgres still away', async () => {
      redis.value.thaw();
      await until('the bus is back', async () => !(await reasons()).some((reason) => reason.includes('Redis')), BACK_MS);
      return 'links of the former epoch are answered as they are';
    });
    await watch('Postgres started again', async () => {
      await postgres.value.start();
      await back();
      return edited();
    });

    const { sent, acked, refused, cut } = await load.stop();
    await untilDrained(pool.value, dataDir, SHAPE);
    const stored = await storedClicks(pool.value);
    say(`G4 Redis and Postgres: sent ${sent}, acked ${acked}, stored ${stored}`);
    assert.equal({ refused, cut, acked, stored }, { refused: {}, cut: 0, acked: sent, stored: sent });
    assert.is((await node.stop()).code, 0);
  } finally {
    await node.kill();
    redis.value.thaw();
    await redis.stop();
    await postgres.stop();
    await pool.stop();
  }
});

it.run();
