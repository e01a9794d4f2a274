/** The command line as people and scripts use it: a process, its output, its exit code. */
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import pg from 'pg';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeNodeAddress } from '../../src/storage/data-folder.ts';
import { verifyPassword } from '../../src/storage/passwords.ts';
import { processIdentity } from '../../src/storage/process.ts';
import { CLI, type Outcome, startCommand } from '../support/command.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { spawnTestNode } from '../support/test-node.ts';
import { until } from '../support/until.ts';

const run = (args: string[], env: Record<string, string> = {}): Promise<Outcome> => startCommand(args, env).outcome;

/** The result of a command that has to succeed. */
async function resultOf(args: string[], env: Record<string, string>) {
  const { code, stdout, stderr } = await run(args, env);
  assert.is(stderr, '');
  assert.is(code, 0);
  return JSON.parse(stdout);
}

/** What a command that has to fail says: one line. */
async function complaintOf(args: string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await run(args, env);
  assert.is(code, 1, stderr);
  assert.is(stdout, '');
  assert.match(stderr, /^elnk: .*\n$/);
  assert.is(stderr.split('\n').length, 2, stderr);
  return stderr.trim();
}

const it = suite('cli');

it('makes accounts and keys in a data folder without a node', async () => {
  const env = { DATA_DIR: join(temporaryFolder(), 'data') };
  const user = await resultOf(['user', 'add', ' Me@Example.com'], env);
  assert.equal(Object.keys(user), ['id', 'email', 'apiKey']);
  assert.is(user.email, 'me@example.com');
  assert.match(user.apiKey, /^elnk_[0-9A-Za-z]{40}$/);
  const key = await resultOf(['key', 'add', 'ME@example.com', '--name', 'my program', '--scope', 'links:read', 'stats:read'], env);
  assert.equal(Object.keys(key), ['apiKey']);
  assert.is.not(key.apiKey, user.apiKey);
  assert.is(await complaintOf(['user', 'add', 'me@example.com'], env), 'elnk: there is an account with the e-mail me@example.com already');
  assert.is(await complaintOf(['key', 'add', 'you@example.com'], env), 'elnk: there is no account with the e-mail you@example.com');
  assert.not(existsSync(join(env.DATA_DIR, 'postgres', 'postmaster.pid')), 'Postgres is stopped again');
});

it('stores what it was told', async () => {
  const database = await testDatabase();
  const env = { DATABASE_URL: database.value.url, DATA_DIR: join(temporaryFolder(), 'data') };
  const options = ['--password', 'correct horse', '--admin', '--plan', 'extended', '--timezone', 'Asia/Kathmandu'];
  const { id } = await resultOf(['user', 'add', 'boss@example.com', ...options], env);
  await resultOf(['key', 'add', 'boss@example.com', '--name', 'reader', '--scope', 'links:read', 'links:read'], env);
  const client = new pg.Client({ connectionString: database.value.url });
  await client.connect();
  const [user] = (await client.query('SELECT * FROM users WHERE id = $1', [id])).rows;
  const { rows: keys } = await client.query('SELECT name, scopes FROM api_keys ORDER BY id');
  await client.end();
  await database.stop();
  assert.equal([user.is_admin, user.plan, user.time_zone], [true, 'extended', 'Asia/Kathmandu']);
  assert.ok(user.confirmed_at);
  assert.ok(await verifyPassword(user.password_hash, 'correct horse'));
  assert.equal(keys, [
    { name: 'command line', scopes: ['links:read', 'links:write', 'stats:read', 'admin'] },
    { name: 'reader', scopes: ['links:read'] },
  ]);
  assert.not(existsSync(env.DATA_DIR), 'with DATABASE_URL there is nothing to keep');
});

it('makes keys only within what the account may have and give', async () => {
  const database = await testDatabase();
  const env = { DATABASE_URL: database.value.url };
  try {
    const { id } = await resultOf(['user', 'add', 'me@example.com'], env);
    const key = ['key', 'add', 'me@example.com'];
    assert.match(
      await complaintOf([...key, '--scope', 'links:read', 'admin'], env),
      'only administrators may have keys with the scope admin',
    );
    const client = new pg.Client({ connectionString: database.value.url });
    await client.connect();
    await client.query(
      `INSERT INTO api_keys (user_id, name, prefix, hash, scopes)
       SELECT $1, 'x', 'x', sha256(n::text::bytea), '{}' FROM generate_series(1, 49) n`,
      [id],
    );
    await client.end();
    assert.match(await complaintOf(key, env), 'an account may have 50 keys: delete one first');
  } finally {
    await database.stop();
  }
});

it('works when several commands start at once', async () => {
  const env = { DATA_DIR: join(temporaryFolder(), 'data') };
  const users = await Promise.all(['a', 'b', 'c'].map((name) => resultOf(['user', 'add', `${name}@example.com`], env)));
  assert.equal(new Set(users.map(({ id }) => id)).size, 3);
});

it('works beside a running node, which no second one may join', async () => {
  const dataDir = join(temporaryFolder(), 'data');
  const node = spawnTestNode({ dataDir, settings: { FRONT_THREADS: '1' } });
  const early = run(['user', 'add', 'early@example.com'], { DATA_DIR: dataDir }); // while it is starting
  await node.ready();
  assert.is((await early).code, 0, (await early).stderr);
  const { apiKey } = await resultOf(['user', 'add', 'me@example.com'], { DATA_DIR: dataDir });
  const response = await fetch(`${node.url()}/api/v1/links`, { headers: { authorization: `Bearer ${apiKey}` } });
  assert.is(response.status, 200, 'the node knows the key');
  const { stdout } = await run(['migrate'], { DATA_DIR: dataDir });
  assert.is(stdout, 'nothing to do\n');
  assert.match(await complaintOf(['serve'], { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent' }), `is in use by process ${node.pid}`);
  const status = await resultOf(['status', '--json'], { DATA_DIR: dataDir });
  assert.is(status.fronts, 1);
  assert.is((await node.stop()).code, 0);
  assert.match(await complaintOf(['status'], { DATA_DIR: dataDir }), 'no node is running in');
});

it('migrates a database, and says what it did', async () => {
  const env = { DATA_DIR: join(temporaryFolder(), 'data') };
  const first = await run(['migrate'], env);
  assert.is(first.code, 0, first.stderr);
  const migrations = readdirSync(join(CLI, '..', 'storage', 'postgres', 'migrations')).sort();
  assert.is(first.stdout, migrations.map((name) => `applied ${name}\n`).join(''));
  assert.equal(await run(['migrate'], env), { code: 0, stdout: 'nothing to do\n', stderr: '' });
});

it('shows the status that the node gives', async () => {
  const dataDir = temporaryFolder();
  const asked: (string | undefined)[] = [];
  const status = {
    version: '1.2.3',
    uptimeSec: 90_061,
    ttlMs: 60_000,
    fronts: 3,
    shards: 2,
    backlogBytes: 1_234,
    backlogClicks: 12,
    clicksLost: 0,
    countries: { source: '/own.mmdb', builtAt: '2026-11-01T12:00:00.000Z', licence: null },
    degraded: ['postgres is away', 'disk full'],
  };
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    response.end(JSON.stringify(status));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  writeNodeAddress(dataDir, { pid: process.pid, url: `http://127.0.0.1:${port}`, statusToken: 'sesame' });
  assert.equal(await resultOf(['status', '--json'], { DATA_DIR: dataDir }), status);
  const { stdout } = await run(['status'], { DATA_DIR: dataDir });
  assert.match(stdout, /^uptime +1 d 01:01:01$/m);
  assert.match(stdout, /^backlog +12 clicks, 1234 bytes$/m);
  assert.match(stdout, /^countries +\/own.mmdb, made on 2026-11-01, the file's own licence$/m);
  assert.match(stdout, /^state +degraded: postgres is away, disk full$/m);
  assert.equal(asked, ['/internal/status Bearer sesame', '/internal/status Bearer sesame']);
  server.close();
  await once(server, 'close');
  assert.match(await complaintOf(['status'], { DATA_DIR: dataDir }), 'does not answer at http://127.0.0.1');
});

it('lists every fault of the settings at once', async () => {
  const env = { PORT: 'x', LOG_LEVEL: 'loud', SECRET_KEY: 'hunter2', DATA_DIR: temporaryFolder() };
  for (const command of [[], ['user', 'add', 'a@b.c'], ['status']]) {
    const { code, stdout, stderr } = await run(command, env);
    assert.is(code, 1);
    assert.is(stdout, '');
    assert.equal(
      stderr
        .trim()
        .split('\n')
        .map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['elnk: PORT', 'elnk: SECRET_KEY', 'elnk: LOG_LEVEL'],
    );
    assert.not.match(stderr, 'hunter2');
  }
});

it('says in one line what is wrong with a command', async () => {
  const cases: [string[], string][] = [
    [['server'], "unknown command 'server'"],
    [['serve', '--port', '1'], "unknown option '--port'"],
    [['report'], "'report' needs a command; see elnk report --help"],
    [['user', 'remove', 'a@b.c'], "unknown command 'remove'; see elnk user --help"],
    [['key', '--all'], "unknown option '--all'"],
    [['user', 'add'], "missing required argument 'email'"],
    [['user', 'add', 'nonsense'], 'It must be an e-mail address.'],
    [['user', 'add', 'a@b.c', '--plan', 'gold'], 'Allowed choices are regular, extended, unlimited.'],
    [['user', 'add', 'a@b.c', '--timezone', 'Mars/Olympus'], 'It must be an IANA time zone'],
    [['user', 'add', 'a@b.c', '--password', 'short'], 'It must have 8 to 128 characters.'],
    [['key', 'add', 'a@b.c', '--scope', 'everything'], 'Allowed choices are links:read'],
    [['report', 'send', 'a@b.c', 'now'], 'too many arguments'],
    [['status', 'now'], 'too many arguments'],
  ];
  const complaints = await Promise.all(cases.map(([args]) => complaintOf(args)));
  for (const [i, [args, says]] of cases.entries()) assert.ok(complaints[i].includes(says), args.join(' '));
});

it('says in one line what is wrong with the machine', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  assert.match(await complaintOf(['migrate'], { DATA_DIR: join(folder, 'file') }), 'cannot be written to');
  for (const command of [['migrate'], ['user', 'add', 'a@b.c'], ['serve']]) {
    const env = { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/d', DATA_DIR: join(folder, 'other'), LOG_LEVEL: 'silent' };
    const complaint = await complaintOf(command, env);
    assert.match(complaint, 'cannot connect to Postgres at 127.0.0.1:1: connect ECONNREFUSED');
    assert.not.match(complaint, 'hunter2');
  }
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const env = { PORT: String(port), DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'silent' };
  assert.match(await complaintOf([], env), `port ${port} of 127.0.0.1 is in use by another program`);
  server.close();
});

it('helps everywhere', async () => {
  const pairs = [
    ['user', 'add'],
    ['key', 'add'],
    ['report', 'send'],
  ];
  const commands = [[], ['serve'], ['migrate'], ['user'], ...pairs, ['import'], ['export'], ['backup'], ['restore'], ['status']];
  const outcomes = await Promise.all(commands.map((args) => run([...args, '--help'])));
  for (const [i, { code, stdout, stderr }] of outcomes.entries()) {
    assert.is(code, 0);
    assert.match(stdout, `Usage: ${['elnk', ...commands[i]].join(' ')}`);
    assert.is(stderr, '');
  }
  assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
});

it('ends at once at the second signal', async () => {
  const dataDir = join(temporaryFolder(), 'data');
  const node = startCommand(['serve'], { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'info', FRONT_THREADS: '1' });
  await until('a node that is ready', () => existsSync(join(dataDir, 'node.json')), 30_000);
  const postgres = Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
  node.kill('SIGTERM');
  node.kill('SIGINT');
  await node.outcome;
  assert.is.not(node.exitCode, 0);
  await until('the end of its Postgres', () => processIdentity(postgres) === null);
});

it.run();
