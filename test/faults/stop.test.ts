// timeout: 400 s
/** G8: SIGTERM under load ends a node in time, with code 0 and nothing lost, also while Postgres is stopped or frozen. */
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { storedClicks, untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';

const ROUNDS = process.env.SOAK === '1' ? 500 : 50;
/** Every so many rounds Postgres is stopped, or frozen, before the signal comes. */
const AWAY_EVERY = 10;
const SHAPES = [
  { fronts: 1, shards: 1 },
  { fronts: 2, shards: 2 },
];
const CONNECTIONS = 16;
const LINKS = 20;
const EXIT_MS = 15_000;

const it = suite('stop');

it('is clean under load', async () => {
  const postgres = await startOwnPostgres();
  const { url, freeze, thaw, stop: stopPostgres, start: startPostgres } = postgres.value;
  const dataDir = temporaryFolder();
  const random = randomFrom(seed);
  const took: number[] = [];
  let pool = await createPool({ url, name: 'test', max: 2, logger: silentLogger });
  try {
    let node = await startTestNode({ dataDir, settings: { DATABASE_URL: url, ...shapeSettings(SHAPES[0]) } });
    const { links } = await makeOwner(pool.value, { links: LINKS });
    const next = () => ({ path: `/${links[Math.floor(random() * links.length)].slug}` });
    let storedBefore = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      const shape = SHAPES[round % SHAPES.length];
      const away = round % AWAY_EVERY === 0 ? 'frozen' : round % AWAY_EVERY === AWAY_EVERY / 2 ? 'stopped' : 'well';
      const load = startLoad({ url: node.url(), connections: CONNECTIONS, next });
      await sleep(100 + random() * 300);
      if (away === 'frozen') freeze();
      if (away === 'stopped') {
        await pool.stop();
        await stopPostgres();
      }
      if (away !== 'well') await sleep(100 + random() * 400); // clicks wait
      const { code, signal, tookMs } = await node.stop();
      const { acked, sent } = await load.stop();
      if (away === 'frozen') thaw();
      if (away === 'stopped') {
        await startPostgres();
        pool = await createPool({ url, name: 'test', max: 2, logger: silentLogger });
      }
      const { log } = node;
      node = await startTestNode({ dataDir, settings: { DATABASE_URL: url, ...shapeSettings(shape) } });
      await untilDrained(pool.value, dataDir, shape);
      const storedNow = await storedClicks(pool.value);
      const stored = storedNow - storedBefore;
      storedBefore = storedNow;
      took.push(tookMs);
      say(`G8 round ${round} (Postgres ${away}): ${tookMs} ms, code ${code}, acked ${acked} ≤ stored ${stored} ≤ sent ${sent}`);
      assert.equal({ code, signal }, { code: 0, signal: null }, `round ${round}\n${log()}`);
      assert.ok(tookMs <= EXIT_MS, `round ${round} took ${tookMs} ms\n${log()}`);
      assert.ok(acked > 0 && acked <= stored && stored <= sent, `round ${round}\n${log()}`);
    }
    await node.stop();
    say(`G8: ${ROUNDS} stops, longest ${Math.max(...took)} ms`);
  } finally {
    await pool.stop();
    await postgres.stop();
  }
});

it.run();
