// timeout: 180 s
/** Thirty-two people who sign in at once, again and again, do not slow down redirects: passwords are checked two at a time, behind them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashPassword } from '../../src/storage/passwords.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { percentile, startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const AT_ONCE = 32;
const LINKS = 20;
const CONNECTIONS = 8;
/** Leaves most of the machine idle, so that latencies tell of the node and not of the load. */
const RATE = 800;
const WARM_UP = 2_000;
/** Quiet and stormy by turns, so that what else happens on the machine meets both. */
const ROUNDS = 7;
const PHASE_MS = 2_000;
/** p99 may be twice what it was, or so many milliseconds more: on a busy machine one pause of a millisecond doubles a p99 of one. */
const SLACK_MS = 5;
const PASSWORD = 'correct horse battery';

const it = suite('login storm');

it('redirects are as fast as before while 32 sign in at once', async () => {
  const database = await testDatabase();
  const pool = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
  const node = await startTestNode({
    dataDir: temporaryFolder(),
    settings: { ...shapeSettings({ fronts: 2, shards: 1 }), DATABASE_URL: database.value.url, TRUSTED_PROXIES: '127.0.0.1' },
  });
  try {
    const { userId, links } = await makeOwner(pool.value, { links: LINKS });
    const passwordHash = await hashPassword(PASSWORD);
    await pool.value.query(`UPDATE users SET email = 'ann@example.com', password_hash = $2 WHERE id = $1`, [userId, passwordHash]);
    const random = randomFrom(seed);
    const next = () => ({ path: `/${links[Math.floor(random() * LINKS)].slug}` });
    const load = startLoad({ url: node.url(), connections: CONNECTIONS, ratePerSec: RATE, next });
    await until('warm fronts', () => load.figures.acked >= WARM_UP);

    const statuses: Record<number, number> = {};
    let tries = 0;
    /** Half of them rightly; each from an address of its own. */
    const signIn = async () => {
      const n = tries++;
      const email = n % 2 === 0 ? 'ann@example.com' : `nobody-${n}@example.com`;
      const response = await fetch(`${node.url()}/api/v1/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}` },
        body: JSON.stringify({ email, password: PASSWORD }),
      });
      await response.arrayBuffer();
      statuses[response.status] = (statuses[response.status] ?? 0) + 1;
    };
    const storm = async (untilMs: number) => {
      while (performance.now() < untilMs) await signIn();
    };

    const rounds: { quiet: number; storm: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      load.takeLatencies();
      await sleep(PHASE_MS);
      const quiet = percentile(load.takeLatencies(), 0.99);
      const end = performance.now() + PHASE_MS;
      const people = Promise.all(Array.from({ length: AT_ONCE }, () => storm(end)));
      await sleep(PHASE_MS);
      rounds.push({ quiet, storm: percentile(load.takeLatencies(), 0.99) });
      await people;
    }
    const median = (values: number[]) => percentile(values, 0.5);
    const [quiet, stormy] = [median(rounds.map((it) => it.quiet)), median(rounds.map((it) => it.storm))];
    const figures = `redirect p99 ${stormy.toFixed(2)} ms while ${AT_ONCE} sign in at once, ${quiet.toFixed(2)} ms without (medians of ${ROUNDS} rounds)`;
    say(`login storm: ${figures}; answers ${JSON.stringify(statuses)}`);
    assert.ok(stormy <= Math.max(2 * quiet, quiet + SLACK_MS), figures);
    assert.equal(Object.keys(statuses), ['200', '401']);
    const { refused, cut, sent, acked } = await load.stop();
    assert.equal({ refused, cut, acked }, { refused: {}, cut: 0, acked: sent });
    assert.is((await node.stop()).code, 0);
  } finally {
    await node.kill();
    await pool.stop();
    await database.stop();
  }
});

it.run();
