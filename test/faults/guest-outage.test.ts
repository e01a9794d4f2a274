// timeout: 180 s
// alone
/** G4 for the Redis of guest links: stopped, started again, frozen, thawed and emptied under load. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { percentile, startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { outageWatcher, timed } from '../support/outage.ts';
import { testDatabase } from '../support/postgres.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startTestRedis } from '../support/redis.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { storedClicks, untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const SHAPE = { fronts: 2, shards: 1 };
const LINKS = 20;
const CONNECTIONS = 8;
const RATE = 800;
const WARM_UP = 3_000;
const BACK_MS = 20_000;
/** What a guest waits at most to hear that no link can be made, beside what making one takes on this machine right now. */
const REFUSED_MS = 250;
/** Tries in a row; those of a frozen Redis are over before the silence is noticed, after which there is nothing to wait for. */
const TRIES = 5;
/** Times that the one quick link had to be made: at first, and when Redis was empty. */
const QUICK_LINK_MADE = 3;

const it = suite('Redis of guest links away');

it('links of owners and guest links at hand go on; no guest waits for long to be told that none can be made', async () => {
  const database = await testDatabase();
  const redis = await startTestRedis();
  const pool = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
  const dataDir = temporaryFolder();
  const settings = { ...shapeSettings(SHAPE), DATABASE_URL: database.value.url, REDIS_GUEST_URL: redis.value.url };
  const node = await startTestNode({ dataDir, settings });
  try {
    const owner = await makeOwner(pool.value, { links: LINKS });
    const guest = guestOf(node);
    const slugs: string[] = [];
    for (let i = 0; i < LINKS; i++) slugs.push((await guest.create()).slug);
    const own = await guest.median();
    const quick = await guest.quick();

    const acked = { owners: 0, guests: 0 };
    const random = randomFrom(seed);
    const load = startLoad({
      url: node.url(),
      connections: CONNECTIONS,
      ratePerSec: RATE,
      next: () => {
        // In no order that the connections could fall in step with: a front that never saw a link before the outage would have to ask for it.
        const kind = random() < 0.5 ? ('owners' as const) : ('guests' as const);
        const i = Math.floor(random() * LINKS);
        return { path: `/${kind === 'owners' ? owner.links[i].slug : slugs[i]}`, kind };
      },
      onAcked: ({ kind }) => acked[kind]++,
    });
    await until('warm fronts', () => load.figures.acked >= WARM_UP);
    const watch = await outageWatcher('Redis of guest links', node, load);
    const reasons = async () => (await node.readiness()).reasons;
    const told = () => until('it is missed', async () => (await reasons()).some((it) => it.includes('Redis of guest links')), BACK_MS);
    let unknowns = 0;
    /** Another one each time, because a front remembers for a while that there is none. */
    const unknownSlug = () => `/_${String(2_000_000 + unknowns++).replace(/[01]/g, 'x')}`;
    const refused = async () => {
      const tookMs = await guest.refused();
      assert.ok(tookMs <= REFUSED_MS + own, `a guest was told after ${tookMs} ms; making a link takes ${own} ms`);
      assert.is((await node.ask(unknownSlug())).status, 503, 'an unknown guest slug');
      assert.is((await node.ask('/no-such-link')).status, 404, 'an unknown one of owners');
      assert.is(await guest.quick(), null);
      await told();
      return `guests are told after ${Math.round(tookMs)} ms`;
    };
    const back = async () => {
      const { tookMs } = await timed(() => until('a link that is made', async () => (await guest.create()).status === 201, BACK_MS));
      await until('all well', async () => (await reasons()).length === 0, BACK_MS);
      await until('known again what is unknown', async () => (await node.ask(unknownSlug())).status === 404, BACK_MS);
      // Each front finds the way back by itself.
      assert.is(await until('a quick link', guest.quick, BACK_MS), quick, 'the same product gets the same link');
      return `a link was made after ${Math.round(tookMs)} ms`;
    };

    await watch('stopped', async () => {
      await redis.value.stop();
      return refused();
    });
    await watch('started again, empty', async () => {
      await redis.value.start();
      return back();
    });
    await watch('frozen', async () => {
      redis.value.freeze();
      return refused();
    });
    await watch('thawed', async () => {
      redis.value.thaw();
      return back();
    });
    await watch('emptied', async () => {
      await redis.value.flush();
      return back();
    });

    const { sent, refused: others, cut } = await load.stop();
    await untilDrained(pool.value, dataDir, SHAPE);
    const stored = await storedClicks(pool.value);
    say(`G4 Redis of guest links: sent ${sent}, acked ${acked.owners} of owners and ${acked.guests} of guests, stored ${stored}`);
    assert.equal({ others, cut, acked: acked.owners + acked.guests, stored }, { others: {}, cut: 0, acked: sent, stored: acked.owners });
    const metric = (name: string) => node.metric(`elnk_${name}_total`);
    assert.is(await metric('redirects'), acked.owners);
    assert.is(await metric('guest_redirects'), acked.guests);
    assert.is(await metric('guest_links_created'), guest.made() + QUICK_LINK_MADE);
    assert.ok((await metric('guest_store_errors')) >= 2 * TRIES);
    assert.is(await metric('clicks_lost'), 0);
    assert.is(await metric('thread_restarts'), 0);
    assert.is((await node.stop()).code, 0);
  } finally {
    await node.kill();
    redis.value.thaw();
    await redis.stop();
    await pool.stop();
    await database.stop();
  }
});

/** Somebody without an account, and how many links he has got. */
function guestOf(node: TestNode) {
  let made = 0;
  const create = async () => {
    const response = await fetch(`${node.url()}/api/v1/links`, {
      method: 'POST',
      headers: { connection: 'close', 'content-type': 'application/json' },
      body: '{"url":"https://example.com/guest"}',
    });
    if (response.status === 201) made++;
    return { status: response.status, ...((await response.json()) as { slug: string }) };
  };
  const several = async (status: number) => {
    const all: number[] = [];
    for (let i = 0; i < TRIES; i++) {
      const { value, tookMs } = await timed(create);
      assert.is(value.status, status);
      all.push(tookMs);
    }
    return percentile(all, 0.5);
  };
  return {
    create,
    /** Milliseconds that making a link takes. */
    median: () => several(201),
    /** Milliseconds until a guest is told that none can be made. */
    refused: () => several(503),
    /** The short link of a product; null when there is none to be had. */
    async quick(): Promise<string | null> {
      const port = Number(new URL(node.url()).port);
      const page = await rawRequest(port, 'GET /product/1 HTTP/1.1\r\nHost: eeozon.ru\r\nConnection: close\r\n\r\n');
      return /value="([^"]*\/_\w{7})"/.exec(page)?.[1] ?? null;
    },
    made: () => made,
  };
}

it.run();
