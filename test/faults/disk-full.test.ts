// timeout: 180 s
/**
 * G5: when a click cannot be written down, its visitor is redirected all the same, and the click is counted as lost and reported; it is over
 * as soon as there is space. The disk is a small file system of its own, which takes root; where that is not to be had, the log's own limit
 * stands in for it (and is tested anyway).
 */

import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { hasErrorCode } from '../../src/storage/private-file.ts';
import { type Load, startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { IS_SOAK } from '../support/soak.ts';
import { storedClicks, untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Shape, shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const MIB = 1024 ** 2;
const DISK_BYTES = 2 * MIB;
/** Few, so that each front has had all of them when Postgres goes away: it would have to ask for others. */
const LINKS = 5;
const CONNECTIONS = 8;
/** A megabyte a second: the smallest log here holds as much as comes in one. With less room, a busy machine is enough for it to be full. */
const RATE = 1_000;
/** Large ones: the disk is to be full soon. */
const HEADERS = `User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) ${'x'.repeat(450)}\r\nReferer: https://shop.example/${'y'.repeat(450)}\r\n`;
/** Clicks while the disk is full, and after it is well again. */
const CLICKS = 600;
const FULL_MS = 30_000;
const RECOVERED_MS = 5_000;
/** They take turns; with SOAK=1 every fault meets both. */
const SHAPES: readonly Shape[] = [
  { fronts: 1, shards: 1 },
  { fronts: 2, shards: 2 },
];

type Rig = { dataDir: string; disk: string; node: TestNode; pool: Pool; postgres: OwnPostgres };
type Fault = {
  name: string;
  settings: Record<string, string>;
  needsDisk: boolean;
  /** False when the disk is so small that the log soon fills it again, Postgres or not. */
  staysWell: boolean;
  /** What takes the space away, and what gives it back. */
  begin(rig: Rig): Promise<void>;
  end(rig: Rig): Promise<void>;
  reason: RegExp;
};

const filler = (disk: string) => join(disk, 'filler');

const FAULTS: readonly Fault[] = [
  {
    name: 'something else fills the disk',
    settings: { CLICK_LOG_MAX_BYTES: '1MiB' },
    needsDisk: true,
    staysWell: true,
    begin: async ({ disk }) => fill(disk),
    end: async ({ disk }) => rmSync(filler(disk)),
    reason: /the click log cannot be written: clicks are lost/,
  },
  {
    name: 'the log fills the disk while Postgres is away',
    settings: { CLICK_LOG_MAX_BYTES: '4MiB' },
    needsDisk: true,
    staysWell: true,
    begin: ({ postgres }) => postgres.stop(),
    end: ({ postgres }) => postgres.start(),
    reason: /the click log cannot be written: clicks are lost/,
  },
  {
    name: 'a single segment fills the disk while Postgres is away',
    settings: {},
    needsDisk: true,
    staysWell: false,
    begin: ({ postgres }) => postgres.stop(),
    end: ({ postgres }) => postgres.start(),
    reason: /the click log cannot be written: clicks are lost/,
  },
  {
    name: 'CLICK_LOG_MAX_BYTES is reached while Postgres is away',
    settings: { CLICK_LOG_MAX_BYTES: '4MiB' },
    needsDisk: false,
    staysWell: true,
    begin: ({ postgres }) => postgres.stop(),
    end: ({ postgres }) => postgres.start(),
    reason: /the click log is full: clicks are lost/,
  },
];

/** Block by block until there is no space: the log takes some of it at the same time. */
function fill(disk: string): void {
  const block = Buffer.alloc(statfsSync(disk).bsize);
  for (;;) {
    try {
      appendFileSync(filler(disk), block);
    } catch (error) {
      if (hasErrorCode(error, 'ENOSPC')) return;
      throw error;
    }
  }
}

const it = suite('disk full');

for (const [i, fault] of FAULTS.entries()) {
  for (const shape of IS_SOAK ? SHAPES : [SHAPES[i % SHAPES.length]]) {
    const name = `${fault.name}, ${shape.fronts} fronts, ${shape.shards} shards`;
    it(name, () => runOut(name, fault, shape));
  }
}

it.run();

async function runOut(name: string, fault: Fault, shape: Shape): Promise<void> {
  const dataDir = temporaryFolder();
  const disk = join(dataDir, 'click-log');
  const isMounted = fault.needsDisk && mount(disk);
  const settings = { ...fault.settings, ...(fault.needsDisk && !isMounted ? { CLICK_LOG_MAX_BYTES: '1MiB' } : {}) };
  const postgres = await startOwnPostgres();
  const { url } = postgres.value;
  const pool = await createPool({ url, name: 'test', max: 2, logger: silentLogger });
  const node = await startTestNode({ dataDir, settings: { ...shapeSettings(shape), ...settings, LOG_LEVEL: 'silent', DATABASE_URL: url } });
  const rig = { dataDir, disk, node, pool: pool.value, postgres: postgres.value };
  try {
    await measure(isMounted || !fault.needsDisk ? name : `${name}; no disk of its own here`, fault, shape, rig);
    assert.is((await node.stop()).code, 0);
  } finally {
    await node.kill();
    await postgres.stop();
    await pool.stop();
    if (isMounted) execFileSync('umount', [disk]);
  }
}

async function measure(name: string, fault: Fault, shape: Shape, rig: Rig): Promise<void> {
  const { node, pool, dataDir } = rig;
  const owner = await makeOwner(pool, { links: LINKS });
  const random = randomFrom(seed);
  const next = () => ({ path: `/${owner.links[Math.floor(random() * LINKS)].slug}`, headers: HEADERS });
  const load = startLoad({ url: node.url(), connections: CONNECTIONS, ratePerSec: RATE, next });
  await until('warm fronts', () => load.figures.acked > CLICKS);
  assert.is((await node.status()).clicksLost, 0);

  await fault.begin(rig);
  const said = async () => {
    const { status, reasons } = await node.readiness();
    return status === 503 && fault.reason.test(reasons.join('\n'));
  };
  await until('lost clicks', async () => (await node.status()).clicksLost > CLICKS, FULL_MS);
  await until('a node that says that clicks are lost', said, RECOVERED_MS);
  assert.ok((await node.status()).degraded.some((reason) => fault.reason.test(reason)));

  await fault.end(rig);
  const from = performance.now();
  await until('a node that is ready again', async () => (await node.readiness()).status === 200, RECOVERED_MS);
  const recoveredMs = performance.now() - from;
  await until('clicks of which none is lost any more', async () => (await keepsAll(node, load)) || !fault.staysWell, RECOVERED_MS);
  const { sent, acked, refused, cut } = await load.stop();
  const lost = (await node.status()).clicksLost;

  await untilDrained(pool, dataDir, shape);
  const stored = await storedClicks(pool);
  say(
    `G5 ${name}: sent ${sent}, acked ${acked}, stored ${stored} + lost ${lost} = ${stored + lost}, well after ${Math.round(recoveredMs)} ms`,
  );
  assert.equal({ acked, refused, cut }, { acked: sent, refused: {}, cut: 0 });
  assert.is(stored + lost, sent);
}

/** Whether so many more clicks come without a loss: a log this small is full again as soon as a Postgres that has just started hesitates. */
async function keepsAll(node: TestNode, { figures }: Load): Promise<boolean> {
  const { clicksLost } = await node.status();
  const target = figures.acked + CLICKS;
  await until('more clicks', () => figures.acked > target);
  return (await node.status()).clicksLost === clicksLost;
}

/** @returns false where that cannot be done */
function mount(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // not root, or not Linux
  }
}
