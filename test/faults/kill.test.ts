// timeout: 300 s
/** G1: a click whose redirect was answered survives SIGKILL of any or all processes, and is counted once. SOAK=1: ten times as many rounds. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Component } from '../../src/core/ports.ts';
import { embeddedAddress } from '../../src/storage/postgres/embedded.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { firstAnswer, startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { postgresProcesses, startOwnPostgres } from '../support/own-postgres.ts';
import { signalAll } from '../support/processes.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { SOAK_FACTOR } from '../support/soak.ts';
import { storedClicks, untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Shape, shapeSettings, spawnTestNode, startTestNode, type TestNode } from '../support/test-node.ts';
import { makeOwner, type TestOwner } from '../support/test-owner.ts';

const ROUNDS = { external: 16 * SOAK_FACTOR, embedded: 4 * SOAK_FACTOR };
const CONNECTIONS = 16;
const LINKS = 40;
const LOAD_MS = { least: 100, most: 1_500 };
/** A node is killed again so long after its start at most: before it is ready, or while it reads what the one before has left. */
const RECOVERY_MS = 1_200;
/** The load goes on for so long when only Postgres is killed. */
const AFTER_MS = 400;

const VICTIMS = ['elnk', 'all', 'elnk', 'postgres'] as const;
/** Half of the rounds with two of each; the number of either changes between two lives. */
const SHAPES: readonly Shape[] = [
  { fronts: 2, shards: 2 },
  { fronts: 1, shards: 1 },
  { fronts: 2, shards: 2 },
  { fronts: 3, shards: 1 },
  { fronts: 2, shards: 2 },
  { fronts: 1, shards: 2 },
];

/** A Postgres as the rounds see it. */
type Store = {
  settings: Record<string, string>;
  kill(): Promise<void>;
  /** After `kill`, when the node lives on or is started next. */
  restart(): Promise<void>;
  /** Of the Postgres that is running now. */
  openPool(): Promise<Component<Pool>>;
};

const poolOf = (url: string | null) => {
  if (url === null) throw new Error('the embedded Postgres is not running');
  return createPool({ url, name: 'test', max: 2, logger: silentLogger });
};

const it = suite('kill -9');

it('loses no answered click and invents none; a Postgres of its own', async () => {
  const postgres = await startOwnPostgres();
  const { url, kill, start: restart } = postgres.value;
  try {
    await rounds('G1', ROUNDS.external, temporaryFolder(), {
      settings: { DATABASE_URL: url },
      kill,
      restart,
      openPool: () => poolOf(url),
    });
  } finally {
    await postgres.stop();
  }
});

it('loses no answered click and invents none; the embedded Postgres', async () => {
  const dataDir = temporaryFolder();
  await rounds('G1 embedded', ROUNDS.embedded, dataDir, {
    settings: {},
    kill: async () => signalAll(postgresProcesses(join(dataDir, 'postgres')), 'SIGKILL'),
    restart: async () => undefined, // the node does it
    openPool: () => poolOf(embeddedAddress(dataDir)),
  });
});

it.run();

async function rounds(name: string, count: number, dataDir: string, store: Store): Promise<void> {
  const random = randomFrom(seed);
  let shape = SHAPES[0];
  const options = () => ({ dataDir, settings: { ...store.settings, ...shapeSettings(shape) } });
  let node = await startTestNode(options());
  let pool = await store.openPool();
  try {
    const owner = await makeOwner(pool.value, { links: LINKS });
    let storedBefore = 0;
    for (let round = 1; round <= count; round++) {
      const victim = VICTIMS[round % VICTIMS.length];
      const load = startLoad({ url: node.url(), connections: CONNECTIONS, next: randomLink(owner, random) });
      await firstAnswer(load);
      await sleep(LOAD_MS.least + random() * (LOAD_MS.most - LOAD_MS.least));
      let happened = `${describe(shape)}, ${victim} killed`;
      if (victim === 'postgres') {
        await store.kill();
        await store.restart();
        await sleep(AFTER_MS);
        await load.stop();
      } else {
        await Promise.all([node.kill(), ...(victim === 'all' ? [store.kill()] : [])]);
        await load.stop();
        if (victim === 'all') await store.restart();
        shape = SHAPES[round % SHAPES.length];
        if (random() < 0.5) happened += await killInRecovery(spawnTestNode(options()), random() * RECOVERY_MS);
        node = await startTestNode(options());
        await pool.stop();
        pool = await store.openPool();
      }

      await untilDrained(pool.value, dataDir, shape);
      const storedNow = await storedClicks(pool.value);
      const stored = storedNow - storedBefore;
      storedBefore = storedNow;
      const { acked, sent } = load.figures;
      say(`${name} round ${round} (${happened}): acked ${acked} ≤ stored ${stored} ≤ sent ${sent}`);
      assert.ok(
        acked > 0 && acked <= stored && stored <= sent,
        `round ${round}: acked ${acked}, stored ${stored}, sent ${sent}\n${node.log()}`,
      );
    }
    assert.equal(await node.stop().then(({ code }) => code), 0);
  } finally {
    await node.kill();
    await pool.stop();
  }
}

async function killInRecovery(node: TestNode, afterMs: number): Promise<string> {
  await sleep(afterMs);
  await node.kill();
  return `, and again ${Math.round(afterMs)} ms after its next start`;
}

const randomLink =
  ({ links }: TestOwner, random: () => number) =>
  () => ({ path: `/${links[Math.floor(random() * links.length)].slug}` });

const describe = ({ fronts, shards }: Shape) => `${fronts} fronts, ${shards} shards`;
