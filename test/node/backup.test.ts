// timeout: 240 s
/** A backup beside a running node, and what a node makes of it in another folder. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openForCommand } from '../../src/storage/postgres/command-access.ts';
import { embeddedAddress } from '../../src/storage/postgres/embedded.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { startCommand } from '../support/command.ts';
import { startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { say } from '../support/say.ts';
import { storedClicks, storedClicksOf, untilDrained } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Shape, shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { apiClient, makeOwner, type TestOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const SHAPE: Shape = { fronts: 2, shards: 2 };
const settings = { ...shapeSettings(SHAPE), DATABASE_URL: '' };
/** Each shard stores its first thousand clicks, and the next ones a quarter of a minute later: some are in Postgres, the others only in the logs. */
const slowly = { ...settings, FLUSH_MS: '60000' };
const LINKS = 10;
const RATE = 1_200;
const WARM_UP_MS = 3_000;
const BROWSER = 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n';

const command = (args: string[], dataDir: string, env: Record<string, string> = {}) => startCommand(args, { DATA_DIR: dataDir, ...env });

async function resultOf(args: string[], dataDir: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await command(args, dataDir).outcome;
  assert.equal([code, stderr], [0, '']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function complaintOf(args: string[], dataDir: string, env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await command(args, dataDir, env).outcome;
  assert.equal([code, stdout], [1, '']);
  assert.match(stderr, /^elnk: [^\n]*\n$/);
  return stderr;
}

async function withPool<T>(url: string, use: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = await createPool({ url, name: 'test', max: 2, logger: silentLogger });
  return use(pool.value).finally(pool.stop);
}

/** Of a node that does not run. */
async function withDatabaseOf<T>(dataDir: string, use: (pool: Pool) => Promise<T>): Promise<T> {
  const database = await openForCommand({ databaseUrl: null, dataDir, logger: silentLogger });
  return withPool(database.value.url, use).finally(database.stop);
}

const addressOf = (dataDir: string): string => {
  const url = embeddedAddress(dataDir);
  if (url === null) throw new Error('the node has no Postgres of its own');
  return url;
};

/** Everything of the schema that is not data, as the catalogue has it. */
const SCHEMA = `
  SELECT c.relname, c.relkind::text, c.reloptions, pg_get_expr(c.relpartbound, c.oid) AS bounds,
         CASE c.relkind WHEN 'i' THEN pg_get_indexdef(c.oid) END AS index,
         ARRAY(SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attstorage::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
               FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname) AS columns,
         ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid ORDER BY 1) AS constraints
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'graphile_worker') ORDER BY 1, 2`;

const schemaOf = (dir: string) =>
  withDatabaseOf(dir, async (pool) => new Set((await pool.query(SCHEMA)).rows.map((row) => JSON.stringify(row))));

const dataDir = temporaryFolder();
const folder = temporaryFolder();
const file = join(folder, 'backup');
const counts = { acked: new Map<number, number>(), sent: new Map<number, number>() };
let owner: TestOwner;
let ackedBefore: Map<number, number>;
let sentAfter: Map<number, number>;

const sum = (map: Map<number, number>) => [...map.values()].reduce((a, b) => a + b, 0);
const add = (map: Map<number, number>, id: number) => map.set(id, (map.get(id) ?? 0) + 1);

const nodes: TestNode[] = [];
async function start(dir: string, env: Record<string, string>): Promise<TestNode> {
  const node = await startTestNode({ dataDir: dir, settings: env });
  nodes.push(node);
  return node;
}

const it = suite('backup');

it.after(async () => {
  for (const node of nodes) await node.kill();
});

it('is made beside a node under load', async () => {
  const node = await start(dataDir, slowly);
  owner = await withPool(addressOf(dataDir), (pool) => makeOwner(pool, { links: LINKS }));
  let turn = 0;
  const load = startLoad({
    url: node.url(),
    connections: 8,
    ratePerSec: RATE,
    next: () => {
      const { id, slug } = owner.links[turn++ % LINKS];
      return { path: `/${slug}`, headers: BROWSER, id };
    },
    onSent: ({ id }) => add(counts.sent, id),
    onAcked: ({ id }) => add(counts.acked, id),
  });
  await sleep(WARM_UP_MS);
  await withPool(addressOf(dataDir), (pool) => until('clicks in Postgres', async () => (await storedClicks(pool)) > 0, 30_000));
  ackedBefore = new Map(counts.acked);
  const made = await resultOf(['backup', file], dataDir);
  sentAfter = new Map(counts.sent);
  assert.is(made.file, file);
  assert.is(made.bytes, statSync(file).size);
  assert.is(statSync(file).mode & 0o777, 0o600);
  assert.match(await complaintOf(['backup', file], dataDir), /is there already/);
  assert.match(await complaintOf(['restore', '--force', file], dataDir), /is in use by process/);
  const { refused, cut } = await load.stop();
  assert.equal([refused, cut], [{}, 0]);
  assert.is((await node.stop()).code, 0);
});

it('a folder made of it has every click once, those of the logs too', async () => {
  const restored = join(folder, 'restored');
  const { before } = await resultOf(['restore', file], restored);
  assert.is(before, null);
  const inDatabase = await withDatabaseOf(restored, storedClicks);
  say(
    `${inDatabase} clicks in the database of the backup, ${sum(ackedBefore)} answered when it began, ${sum(sentAfter)} sent when it was made`,
  );
  assert.ok(inDatabase > 0);
  const logs = readdirSync(join(restored, 'click-log'));
  assert.is(logs.length, SHAPE.fronts * SHAPE.shards);

  const node = await start(restored, settings);
  await withPool(addressOf(restored), async (pool) => {
    await untilDrained(pool, restored, SHAPE);
    const stored = await storedClicksOf(
      pool,
      owner.links.map(({ id }) => id),
    );
    for (const { id } of owner.links) {
      const [least, is, most] = [ackedBefore.get(id) ?? 0, stored.get(id) ?? 0, sentAfter.get(id) ?? 0];
      assert.ok(least <= is && is <= most, `link ${id}: ${least} <= ${is} <= ${most}`);
    }
    assert.ok(sum(stored) > inDatabase, 'some were only in the logs');
    const api = apiClient(node.url(), owner);
    const page = await api.links();
    assert.equal(page.data.map(({ slug }) => slug).sort(), owner.links.map(({ slug }) => slug).sort());
    for (const { id, slug } of owner.links) assert.is(page.data.find((link) => link.slug === slug)?.clicks, stored.get(id));
    // It goes on counting where it was.
    assert.is((await node.ask(`/${owner.links[0].slug}`)).status, 302);
    const { clicks, botClicks } = await api.stats(owner.links[0].slug);
    assert.equal([clicks, botClicks], [stored.get(owner.links[0].id), 1], 'what the test asks with counts as a bot');
    const { rows } = await pool.query('INSERT INTO users (email) VALUES ($1) RETURNING id', ['next@example.com']);
    assert.is(rows[0].id, owner.userId + 1, 'sequences go on');
  });
  assert.is((await node.stop()).code, 0);
});

it('has the same schema, and can be backed up again', async () => {
  const restored = join(folder, 'restored');
  const again = join(folder, 'again');
  await resultOf(['backup', again], restored);
  const copy = join(folder, 'copy');
  await resultOf(['restore', again], copy);
  const [one, other] = [await schemaOf(restored), await schemaOf(copy)];
  assert.ok(one.size > 100);
  assert.equal([[...one].filter((it) => !other.has(it)), [...other].filter((it) => !one.has(it))], [[], []]);
  assert.is(await withDatabaseOf(copy, storedClicks), await withDatabaseOf(restored, storedClicks));
});

it('takes no folder that has data, unless told so; a damaged file changes nothing', async () => {
  const restored = join(folder, 'restored');
  const nodeId = readFileSync(join(restored, 'node-id'), 'utf8');
  const names = readdirSync(restored)
    .filter((name) => !name.startsWith('lock'))
    .sort();
  const damaged = join(folder, 'damaged');
  copyFileSync(file, damaged);
  truncateSync(damaged, statSync(file).size >> 1);
  assert.match(await complaintOf(['restore', file], restored), /has data: name an empty folder in DATA_DIR, or say --force/);
  assert.match(await complaintOf(['restore', '--force', damaged], restored), /cut off/);
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(damaged, bytes);
  assert.match(await complaintOf(['restore', '--force', damaged], restored), /is damaged at byte \d+/);
  assert.match(await complaintOf(['restore', damaged], join(folder, 'none')), /is damaged at byte \d+/);
  assert.not(existsSync(join(folder, 'none')));
  assert.equal(
    readdirSync(restored)
      .filter((name) => !name.startsWith('lock'))
      .sort(),
    names,
  );
  const { before } = await resultOf(['restore', '--force', file], restored);
  assert.is(readFileSync(join(String(before), 'node-id'), 'utf8'), nodeId);
  assert.match(await complaintOf(['restore', '--force', file], restored), /before an earlier restore/);
});

it('a restore that is killed leaves nothing half restored', async () => {
  const target = join(folder, 'killed');
  const killed = command(['restore', file], target);
  await until('a database that is being filled', () => existsSync(join(target, 'restore.new', 'postgres', 'postmaster.pid')), 60_000);
  killed.kill('SIGKILL');
  await killed.outcome;
  assert.not(existsSync(join(target, 'postgres')) || existsSync(join(target, 'node-id')));
  const { before } = await resultOf(['restore', file], target);
  assert.is(before, null);
  assert.not(existsSync(join(target, 'restore.new')));
  rmSync(target, { recursive: true });
});

it('is for the embedded Postgres, in a folder that has one', async () => {
  const own = { DATABASE_URL: 'postgres://u:p@127.0.0.1:1/d' };
  for (const name of ['backup', 'restore']) {
    assert.match(
      await complaintOf([name, join(folder, 'x')], temporaryFolder(), own),
      /are for the embedded Postgres; for DATABASE_URL use pg_dump/,
    );
  }
  const empty = temporaryFolder();
  assert.match(await complaintOf(['backup', join(folder, 'x')], empty), /has no database of elnk: is DATA_DIR right/);
  assert.equal(readdirSync(empty), []);
});

it.run();
