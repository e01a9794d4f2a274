// timeout: 180 s
/** `elnk import` and `elnk export` as people use them: with and without a node, on a terminal and not, interrupted and killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'csv-parse/sync';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { until } from '../support/until.ts';

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts');
const EMAIL = 'me@example.com';
/** More than are imported while a test reacts. */
const MANY = 10_000;
const PATIENCE_MS = 120_000;

const folder = temporaryFolder();
const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const pool = connections.value;
const env = { PATH: process.env.PATH, DATABASE_URL: database.value.url, DATA_DIR: join(folder, 'data'), BASE_URL: 'https://elnk.example' };

type Outcome = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

function start(program: string, args: readonly string[]): ChildProcess & { outcome: Promise<Outcome> } {
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const outcome = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(([[code, signal], stdout, stderr]) => ({
    code,
    signal,
    stdout,
    stderr,
  }));
  return Object.assign(child, { outcome });
}
const elnk = (...args: string[]) => start(process.execPath, [CLI, ...args]);

async function complaintOf(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await elnk(...args).outcome;
  assert.equal([code, stdout], [1, ''], stderr);
  return stderr;
}

function fileWith(name: string, lines: readonly string[]): string {
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  return name;
}
const manyRows = (name: string) => ['url,slug', ...Array.from({ length: MANY }, (_, i) => `https://a.example/${i},${name}-${i}`)];
const countLinks = async (name: string) =>
  (await pool.query<{ n: number }>('SELECT count(*) AS n FROM links WHERE slug LIKE $1', [`${name}-%`])).rows[0].n;
const lastImport = async () =>
  (
    await pool.query<{ state: string; imported: number }>(
      'SELECT state, imported FROM link_imports WHERE rows_done > 0 ORDER BY id DESC LIMIT 1',
    )
  ).rows[0];

await createConfirmedUser(pool, { email: EMAIL, passwordHash: null, isAdmin: false, plan: 'unlimited', timeZone: 'UTC' });
await pool.query(`INSERT INTO blocked_hosts (host) VALUES ('evil.example')`);

const it = suite('elnk import, elnk export');

it.after(async () => {
  await connections.stop();
  await database.stop();
});

it('imports what is good, shows what is not, and exports it again', async () => {
  const bad = Array.from({ length: 25 }, (_, i) => (i === 0 ? 'https://sub.evil.example/,' : `no URL ${i},`));
  const file = fileWith('links.csv', ['url,slug', 'https://a.example/?q=1,first', ...bad, 'https://elnk.example/x,', ',']);
  const rehearsed = await elnk('import', file, '--user', EMAIL, '--dry-run').outcome;
  assert.equal(JSON.parse(rehearsed.stdout), { rows: 28, imported: 1, refused: 27, dryRun: true });
  assert.is(await countLinks('first'), 0);
  const { code, stdout, stderr } = await elnk('import', file, '--user', 'ME@example.com', '--refused', 'bad.csv').outcome;
  assert.is(code, 0, stderr);
  assert.equal(JSON.parse(stdout), { rows: 28, imported: 1, refused: 27, dryRun: false });
  const lines = stderr.trimEnd().split('\n');
  assert.is(lines[0], '100 %  28 rows, 27 refused');
  assert.match(lines[1], /^line 3: url: must not lead to a host that is blocked here$/);
  assert.match(lines[2], /^line 4: url: /);
  assert.equal([lines.length, lines[21]], [22, 'and 7 more']);
  const refused: Record<string, string>[] = parse(readFileSync(join(folder, 'bad.csv')), { columns: true });
  assert.equal(
    refused.map(({ line }) => Number(line)),
    Array.from({ length: 27 }, (_, i) => i + 3),
  );
  const exported = await elnk('export', '--user', EMAIL).outcome;
  assert.equal([exported.code, exported.stderr], [0, '100 %  1 links\n']);
  const [link] = parse(exported.stdout, { columns: true }) as Record<string, string>[];
  assert.equal([link.slug, link.url, link.shortUrl], ['first', 'https://a.example/?q=1', 'https://elnk.example/first']);
  const again = await elnk('export', '--user', EMAIL, '--out', 'out.csv', '--excel').outcome;
  assert.equal(JSON.parse(again.stdout), { email: EMAIL, links: 1, file: 'out.csv' });
  assert.match(readFileSync(join(folder, 'out.csv'), 'utf8'), /^\ufeffslug;url;/);
});

it('says in one line what is wrong', async () => {
  assert.is(await complaintOf('import', 'nowhere.csv', '--user', EMAIL), 'elnk: there is no file nowhere.csv\n');
  assert.is(await complaintOf('import', '.', '--user', EMAIL), 'elnk: . is no file\n');
  assert.match(await complaintOf('import', fileWith('no.csv', ['a,b', '1,2']), '--user', EMAIL), /^elnk: The file must name .*\n$/);
  assert.is(
    await complaintOf('import', 'links.csv', '--user', 'you@example.com'),
    'elnk: there is no account with the e-mail you@example.com\n',
  );
  assert.is(await complaintOf('export', '--user', 'you@example.com'), 'elnk: there is no account with the e-mail you@example.com\n');
  assert.match(await complaintOf('export', '--user', EMAIL, '--out', 'nowhere/e.csv'), /^elnk: ENOENT: .*\n$/);
  assert.match(await complaintOf('import', 'links.csv'), "required option '--user <email>' not specified");
  const { rowCount } = await pool.query(`SELECT FROM link_imports WHERE state NOT IN ('done')`);
  assert.is(rowCount, 0, 'what was refused leaves nothing');
});

it('draws a bar on a terminal', async () => {
  const file = fileWith('bar.csv', ['url', ...Array.from({ length: 1_200 }, (_, i) => `https://a.example/${i}`)]);
  const command = [process.execPath, CLI, 'import', file, '--user', EMAIL].join(' ');
  const { code, stdout } = await start('script', ['-qec', command, '/dev/null']).outcome;
  assert.is(code, 0, stdout);
  const drawn = stdout.split('\r\x1b[K').slice(1);
  assert.match(drawn[0], /^\[#+-+\] +\d\d % {2}500 rows, 0 refused$/);
  assert.match(drawn[2], /^\[#{30}\] 100 % {2}1200 rows, 0 refused\r\n\{"rows":1200,/);
  const exported = await start('script', ['-qec', `${process.execPath} ${CLI} export --user ${EMAIL} --out e.csv`, '/dev/null']).outcome;
  assert.match(exported.stdout, /\[#{30}\] 100 % {2}1201 links\r\n\{"email"/);
});

it('interrupted, it cancels the import: what is made stays, nothing more comes', async () => {
  const child = elnk('import', fileWith('stop.csv', manyRows('stop')), '--user', EMAIL);
  await until('some links', async () => (await countLinks('stop')) > 0, PATIENCE_MS);
  child.kill('SIGINT');
  const { code, stderr } = await child.outcome;
  assert.is(code, 1);
  const { state, imported } = await lastImport();
  assert.is(state, 'cancelled');
  assert.ok(imported < MANY);
  assert.is(stderr.trimEnd().split('\n').at(-1), `elnk: cancelled; ${imported} links were made before, and stay`);
  assert.is(await countLinks('stop'), imported);
});

it('killed, it is gone on with by the next node', async () => {
  const child = elnk('import', fileWith('kill.csv', manyRows('kill')), '--user', EMAIL);
  await until('some links', async () => (await countLinks('kill')) > 0, PATIENCE_MS);
  child.kill('SIGKILL');
  assert.is((await child.outcome).signal, 'SIGKILL');
  assert.is((await lastImport()).state, 'running');
  await pool.query(`UPDATE link_imports SET touched_at = now() - interval '1 minute' WHERE state = 'running'`); // so that nobody has to wait
  const node = await startTestNode({
    dataDir: env.DATA_DIR,
    settings: { ...shapeSettings({ fronts: 1, shards: 1 }), DATABASE_URL: env.DATABASE_URL },
  });
  try {
    await until('all of them', async () => (await lastImport()).state === 'done', PATIENCE_MS);
    assert.equal([(await lastImport()).imported, await countLinks('kill')], [MANY, MANY]);
  } finally {
    await node.stop();
  }
});

it.run();
