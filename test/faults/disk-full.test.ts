// timeout: 240 s
/** G5: with no room for the click log redirects go on, each click that could not be written is counted and reported, and it heals by itself. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { say } from '../support/say.ts';
import { storedClicks, untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const SHAPE = { fronts: 1, shards: 1 };
const CONNECTIONS = 16;
const MIB = 2 ** 20;
const RECOVERY_MS = 5_000;

type Room = {
  settings: Record<string, string>;
  reason: RegExp;
  fill(dataDir: string): void | Promise<void>;
  free(dataDir: string): void | Promise<void>;
};

const it = suite('disk full');

it('a full file system', async () => {
  const dataDir = temporaryFolder();
  const log = join(dataDir, 'click-log');
  mkdirSync(log);
  if (!canMount(log)) {
    say('G5: not root, so no small file system; test/storage/click-log-faults.test.ts injects the fault');
    return;
  }
  const filler = join(log, 'filler');
  try {
    await goesOnAndHeals('G5 full file system', dataDir, {
      settings: {},
      reason: /cannot be written/,
      fill: () => fillUp(filler),
      free: () => rmSync(filler),
    });
  } finally {
    execFileSync('umount', ['--lazy', log]);
  }
});

it('CLICK_LOG_MAX_BYTES', async () => {
  let release = async () => undefined as void;
  await goesOnAndHeals('G5 CLICK_LOG_MAX_BYTES', temporaryFolder(), {
    settings: { CLICK_LOG_MAX_BYTES: '1MiB' },
    reason: /is full/,
    fill: async () => undefined, // Postgres is frozen below, so the log fills by itself
    free: () => release(),
    withPostgres(postgres) {
      release = async () => postgres.thaw();
      postgres.freeze();
    },
  });
});

it.run();

async function goesOnAndHeals(
  name: string,
  dataDir: string,
  room: Room & { withPostgres?(postgres: { freeze(): void; thaw(): void }): void },
): Promise<void> {
  const postgres = await startOwnPostgres();
  const { url } = postgres.value;
  const pool = await createPool({ url, name: 'test', max: 2, logger: silentLogger });
  try {
    const node = await startTestNode({ dataDir, settings: { DATABASE_URL: url, ...shapeSettings(SHAPE), ...room.settings } });
    const { links } = await makeOwner(pool.value, { links: 5 });
    let n = 0;
    const load = startLoad({
      url: node.url(),
      connections: CONNECTIONS,
      ratePerSec: 4_000,
      next: () => ({ path: `/${links[n++ % links.length].slug}` }),
    });
    await until('all links at hand', () => load.figures.acked > 1_000);
    await room.fill(dataDir);
    room.withPostgres?.(postgres.value);
    const lost = async () => (await node.status()).clicksLost;
    await until('clicks that are lost', async () => (await lost()) > 1_000, 60_000);
    const { status, reasons } = await node.readiness();
    assert.is(status, 503);
    assert.match(reasons.join(), room.reason);

    await room.free(dataDir);
    const healed = await healing(node, lost);
    const { acked, sent, refused, cut } = await load.stop();
    await untilDrained(pool.value, dataDir, SHAPE);
    const [stored, reported] = [await storedClicks(pool.value), await lost()];
    say(`${name}: sent ${sent} = stored ${stored} + reported ${reported}; healed after ${healed} ms`);
    assert.equal({ refused, cut, acked }, { refused: {}, cut: 0, acked: sent }, 'every redirect was answered');
    assert.is(stored + reported, sent);
    assert.ok(healed <= RECOVERY_MS, `healed after ${healed} ms`);
    assert.is((await node.stop()).code, 0);
  } finally {
    postgres.value.thaw();
    await pool.stop();
    await postgres.stop();
  }
}

/** Milliseconds until no click was lost for half a second. */
async function healing(node: TestNode, lost: () => Promise<number>): Promise<number> {
  const from = Date.now();
  let since = Date.now();
  let before = await lost();
  await until(
    'no more losses',
    async () => {
      const now = await lost();
      if (now !== before) since = Date.now();
      before = now;
      return Date.now() - since > 500;
    },
    30_000,
  );
  const healedAt = since - from;
  await until('a node that is ready again', async () => (await node.readiness()).status === 200, 30_000);
  return healedAt;
}

function canMount(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Takes all that is left. */
function fillUp(path: string): void {
  for (let size = 4 * MIB; size >= 1; size = Math.floor(size / 2)) {
    try {
      writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
}
