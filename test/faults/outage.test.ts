// timeout: 240 s
// alone
/** G4 for Postgres: stopped, started again, frozen and thawed under load. Redirects go on, clicks wait on disk, and everybody is told. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { batchedLookup, LOOKUP_TIMEOUT_MS } from '../../src/storage/links/lookup.ts';
import { createLinkTable } from '../../src/storage/links/table.ts';
import { createLinkLookup } from '../../src/storage/postgres/link-lookup.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { outageWatcher, timed } from '../support/outage.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { storedClicks, untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Shape, shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { apiClient, makeOwner, type TestOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const LINKS = 20;
const CONNECTIONS = 8;
/** Leaves most of the machine idle, so that latencies tell of the node and not of the load. */
const RATE = 800;
const WARM_UP = 3_000;
/** Until /readyz says that clicks cannot be stored. A Postgres that hangs may only be slow, so that takes longer to say. */
const TOLD_MS = { stopped: 3_000, frozen: 8_000 };
const UNKNOWN_SLUG_MS = { stopped: 500, frozen: 2_000 };
const API_MS = 7_000;
const RECOVERED_MS = 10_000;

const it = suite('Postgres away');

it('redirects go on, and no click is lost: one front, one shard', () => outages({ fronts: 1, shards: 1 }));

it('redirects go on, and no click is lost: two fronts, two shards', () => outages({ fronts: 2, shards: 2 }));

it('a link that expired while nobody came is answered when Postgres turns out to be frozen', async () => {
  const postgres = await startOwnPostgres();
  await migrate({ url: postgres.value.url, logger: silentLogger });
  const pool = await createPool({ url: postgres.value.url, name: 'test', max: 2, logger: silentLogger, queryTimeoutMs: LOOKUP_TIMEOUT_MS });
  try {
    const { links } = await makeOwner(pool.value, { links: 1 });
    const { slug } = links[0];
    const lifetimeMs = 60_000;
    let now = Date.now();
    const table = createLinkTable({
      lookup: batchedLookup(createLinkLookup(pool.value)),
      versions: linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions),
      entries: 100,
      ttlMs: () => lifetimeMs,
      clock: () => now,
      onFailure: () => undefined,
    });
    const known = await table.load(slug);
    assert.is(known?.slug, slug);

    postgres.value.freeze();
    now += 2 * lifetimeMs;
    assert.is(table.get(slug), undefined, 'has to be asked for');
    const { value, tookMs } = await timed(() => table.load(slug));
    assert.is(value, known);
    assert.ok(tookMs <= UNKNOWN_SLUG_MS.frozen, `${tookMs} ms`);
    assert.is(table.get(slug), known, 'and then at once');
  } finally {
    await postgres.stop();
    await pool.stop();
  }
});

it.run();

async function outages(shape: Shape): Promise<void> {
  const postgres = await startOwnPostgres();
  const pool = await createPool({ url: postgres.value.url, name: 'test', max: 2, logger: silentLogger });
  const dataDir = temporaryFolder();
  const node = await startTestNode({ dataDir, settings: { ...shapeSettings(shape), DATABASE_URL: postgres.value.url } });
  try {
    const owner = await makeOwner(pool.value, { links: LINKS });
    const random = randomFrom(seed);
    const next = () => ({ path: `/${owner.links[Math.floor(random() * LINKS)].slug}` });
    const load = startLoad({ url: node.url(), connections: CONNECTIONS, ratePerSec: RATE, next });
    await until('warm fronts', () => load.figures.acked >= WARM_UP);
    const watch = await outageWatcher(describe(shape), node, load);

    await watch('Postgres stopped', async () => {
      await postgres.value.stop();
      return expectTold(node, owner, 'stopped');
    });
    await watch('Postgres started again', async () => {
      await postgres.value.start();
      return expectRecovered(node, owner);
    });
    await watch('Postgres frozen', async () => {
      postgres.value.freeze();
      return expectTold(node, owner, 'frozen');
    });
    await watch('Postgres thawed', async () => {
      postgres.value.thaw();
      return expectRecovered(node, owner);
    });

    const { sent, acked, refused, cut } = await load.stop();
    await untilDrained(pool.value, dataDir, shape);
    const stored = await storedClicks(pool.value);
    say(`G4 ${describe(shape)}: sent ${sent}, acked ${acked}, stored ${stored}, lost ${(await node.status()).clicksLost}`);
    assert.equal({ refused, cut, acked, stored }, { refused: {}, cut: 0, acked: sent, stored: sent });
    assert.is(await node.metric('elnk_thread_restarts_total'), 0);
    assert.is((await node.stop()).code, 0);
  } finally {
    await node.kill();
    await postgres.stop();
    await pool.stop();
  }
}

async function expectTold(node: TestNode, owner: TestOwner, how: 'stopped' | 'frozen'): Promise<string> {
  const from = performance.now();
  const unready = async () => {
    const { status, reasons } = await node.readiness();
    return status === 503 && reasons.some((reason) => reason.includes('clicks cannot be stored'));
  };
  const [unknown, answer, toldMs] = await Promise.all([
    timed(() => node.ask('/no-such-link')),
    timed(() => apiClient(node.url(), owner).get('/links')),
    until('not ready', unready, TOLD_MS[how]).then(() => performance.now() - from),
  ]);
  // Now that it is known that the store is away.
  const again = await timed(() => node.ask('/no-other-link'));
  const head = await node.ask(`/${owner.links[0].slug}`, { method: 'HEAD' });

  assert.is(unknown.value.status, 503);
  assert.ok(unknown.value.headers.has('retry-after'));
  assert.ok(unknown.tookMs <= UNKNOWN_SLUG_MS[how], `an unknown slug is answered after ${unknown.tookMs} ms`);
  assert.is(again.value.status, 503);
  assert.ok(again.tookMs <= UNKNOWN_SLUG_MS[how], `another unknown slug is answered after ${again.tookMs} ms`);
  assert.is(head.status, 302);
  assert.is(answer.value.status, 503);
  assert.match(answer.value.headers.get('content-type') ?? '', 'application/problem+json');
  assert.ok(Number(answer.value.headers.get('retry-after')) > 0);
  assert.ok(answer.tookMs <= API_MS);
  const ms = (value: number) => `${Math.round(value)} ms`;
  return `unknown slugs 503 in ${ms(unknown.tookMs)} and ${ms(again.tookMs)}, API 503 in ${ms(answer.tookMs)}, not ready after ${ms(toldMs)}`;
}

async function expectRecovered(node: TestNode, owner: TestOwner): Promise<string> {
  const from = performance.now();
  await until('ready again', async () => (await node.readiness()).status === 200, RECOVERED_MS);
  await until('an API that answers', async () => (await apiClient(node.url(), owner).get('/links')).status === 200, RECOVERED_MS);
  await until('known again what is unknown', async () => (await node.ask('/nothing-here')).status === 404, RECOVERED_MS);
  return `all well after ${Math.round(performance.now() - from)} ms`;
}

const describe = ({ fronts, shards }: Shape) => `${fronts} fronts, ${shards} shards`;
