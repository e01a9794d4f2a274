/** What pruning takes, and what it leaves, with a clock that is moved. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addJob } from '../../src/storage/postgres/jobs.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { prune } from '../../src/storage/postgres/prune.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';

const DAY_MS = 86_400_000;

const it = suite('pruning');

const database = await testDatabase();
const pool = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
it.after(async () => {
  await pool.stop();
  await database.stop();
});

const now = Date.now();
const days = (count: number) => now + count * DAY_MS;

async function addUser(email: string, isConfirmed: boolean): Promise<number> {
  const { rows } = await pool.value.query<{ id: number }>(
    'INSERT INTO users (email, confirmed_at) VALUES ($1, CASE WHEN $2 THEN now() END) RETURNING id',
    [email, isConfirmed],
  );
  return rows[0].id;
}

const emails = async () =>
  (await pool.value.query<{ email: string }>('SELECT email FROM users ORDER BY email')).rows.map(({ email }) => email);

it('takes sessions, tokens of mails and idempotency keys that are over, and no others', async () => {
  const user = await addUser('ann@example.com', true);
  for (const [name, expires] of [
    ['over', days(-1)],
    ['good', days(1)],
  ] as const) {
    await pool.value.query('INSERT INTO sessions (id, user_id, expires_at) VALUES ($1, $2, $3)', [name, user, new Date(expires)]);
    await pool.value.query(`INSERT INTO mail_tokens (hash, user_id, purpose, email, expires_at) VALUES ($1, $2, 'reset', 'x', $3)`, [
      Buffer.from(name),
      user,
      new Date(expires),
    ]);
  }
  await pool.value.query(`INSERT INTO idempotency_keys (user_id, key, request_hash) VALUES ($1, 'k', 'h')`, [user]);
  assert.equal(await prune(pool.value, now), { sessions: 1, mail_tokens: 1 });
  assert.equal((await pool.value.query('SELECT id FROM sessions')).rows, [{ id: 'good' }]);
  assert.equal(await prune(pool.value, days(1) - 60_000), {}, 'a key is good for a day');
  assert.equal(await prune(pool.value, days(1) + 60_000), { sessions: 1, mail_tokens: 1, idempotency_keys: 1 });
});

it('takes accounts that were never confirmed and have no links, after thirty days', async () => {
  await addUser('never@example.com', false);
  const owner = await addUser('has-links@example.com', false);
  await pool.value.query(`INSERT INTO links (slug, owner_id, target) VALUES ('kept', $1, 'https://example.com/')`, [owner]);
  assert.equal(await prune(pool.value, days(29)), {});
  assert.equal(await prune(pool.value, days(31)), { users: 1 });
  assert.equal(await emails(), ['ann@example.com', 'has-links@example.com']);
});

it('takes what the server has told of itself: nodes after a week, records of jobs after a month, the rest after a year', async () => {
  const { value } = pool;
  await value.query(`INSERT INTO nodes (node, version, started_at, state) VALUES ('n', '1', now(), '{}')`);
  await value.query(`INSERT INTO given_up_jobs (id, task, attempts, error, created_at) VALUES (1, 'mail', 12, 'no', now())`);
  await value.query(
    `INSERT INTO server_counters (day, node, name, kind, run, before, current) VALUES (now()::date, 'n', 'redirects', 'sum', 'r', 0, 1)`,
  );
  await value.query(
    `INSERT INTO admin_acts (admin_id, admin_email, action, subject, changes) VALUES (1, 'ann@example.com', 'host.block', 'x', '{}')`,
  );
  assert.equal(await prune(value, days(6)), {});
  assert.equal(await prune(value, days(8)), { nodes: 1 });
  assert.equal(await prune(value, days(31)), { given_up_jobs: 1 });
  assert.equal(await prune(value, days(364)), {});
  assert.equal(await prune(value, days(367)), { server_counters: 1, admin_acts: 1 });
});

it('takes what Telegram was told, work and events of old, clicks in quarantine, throttles that are over', async () => {
  const { value } = pool;
  await value.query(`INSERT INTO telegram_messages (key, chat, parts) VALUES ('k', '1', '{x}')`);
  await value.query(
    `INSERT INTO work_runs (day, node, run, kind, name, runs, failures, total_ms, longest_ms, last_ms, last_at)
     VALUES (now()::date, 'n', 'r', 'job', 'mail', 1, 0, 1, 1, 1, now())`,
  );
  await value.query(
    `INSERT INTO server_events (day, node, run, level, place, message, times, last_at) VALUES (now()::date, 'n', 'r', 'warn', 'main', 'x', 1, now())`,
  );
  await value.query(`INSERT INTO quarantined_clicks (node, reason, copy_row) VALUES ('n', 'why', 'x')`);
  await value.query('INSERT INTO throttles (key, points, expire) VALUES ($1, 1, $2), ($3, 1, $4)', ['over', now, 'later', days(400)]);
  assert.equal(await prune(value, now + 3_500_000), {});
  assert.equal(await prune(value, now + 3_700_000), { throttles: 1 });
  assert.equal(await prune(value, days(29)), {});
  assert.equal(await prune(value, days(31)), { telegram_messages: 1 });
  assert.equal(await prune(value, days(364)), {});
  assert.equal(await prune(value, days(367)), { work_runs: 1, server_events: 1, quarantined_clicks: 1 });
});

it('takes jobs that have been dead for a month, and none that may still be done', async () => {
  for (const key of ['dead', 'waits', 'failed']) await addJob(pool.value, 'telegram', {}, { key, maxAttempts: 3 });
  const set = (key: string, attempts: number) =>
    pool.value.query('UPDATE graphile_worker._private_jobs SET attempts = $2 WHERE key = $1', [key, attempts]);
  await set('dead', 3);
  await set('failed', 2);
  assert.equal(await prune(pool.value, days(29)), {});
  assert.equal(await prune(pool.value, days(31)), { jobs: 1 });
  const { rows } = await pool.value.query<{ key: string }>('SELECT key FROM graphile_worker.jobs ORDER BY key');
  assert.equal(
    rows.map(({ key }) => key),
    ['failed', 'waits'],
  );
});

/** What keeps each table from growing for ever; a new one needs a line, and a rule that deserves it. */
const BOUNDED: Record<string, string> = {
  ...Object.fromEntries(
    [
      'sessions',
      'mail_tokens',
      'idempotency_keys',
      'given_up_jobs',
      'telegram_messages',
      'nodes',
      'server_counters',
      'work_runs',
      'server_events',
    ].map((name) => [name, 'prune']),
  ),
  ...Object.fromEntries(['admin_acts', 'quarantined_clicks', 'throttles'].map((name) => [name, 'prune'])),
  ...Object.fromEntries(
    ['users', 'api_keys', 'links', 'link_totals', 'blocked_hosts'].map((name) => [name, 'what people have made; users also prune']),
  ),
  ...Object.fromEntries(['clicks', 'click_batches'].map((name) => [name, 'dropped by epochs (folding.test.ts)'])),
  ...Object.fromEntries(['click_visitors', 'day_salts', 'link_days'].map((name) => [name, 'retention (retention.test.ts)'])),
  ...Object.fromEntries(
    ['link_imports', 'link_import_chunks', 'link_import_faults'].map((name) => [name, 'pruneImports (imports.test.ts)']),
  ),
  ...Object.fromEntries(['guest_links', 'guest_usage'].map((name) => [name, 'a cap of bytes (guest-links.test.ts)'])),
  ...Object.fromEntries(
    ['alerts', 'click_epoch', 'fold_state', 'server_settings', 'setup_token', 'schema_versions'].map((name) => [
      name,
      'a row for each of a closed list',
    ]),
  ),
  click_positions: 'a row for each log of each data folder',
  daily_reports: 'forgotten after some days (daily-report.test.ts)',
  link_rankings: 'old days are dropped by folds',
};

it('every table has something that keeps it from growing for ever', async () => {
  const { rows } = await pool.value.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
  );
  assert.equal(rows.map(({ name }) => name).sort(), Object.keys(BOUNDED).sort());
});

it('tables whose rows are updated all the time are vacuumed sooner than by default', async () => {
  const { rows } = await pool.value.query<{ name: string; share: number }>(
    `SELECT relname AS name, split_part(option, '=', 2)::float8 AS share FROM pg_class, unnest(reloptions) AS option
     WHERE option LIKE 'autovacuum_vacuum_scale_factor=%'`,
  );
  const names = ['click_batches', 'link_days', 'link_totals', 'links', 'click_positions', 'fold_state', 'throttles', 'guest_links'];
  assert.equal(rows.map(({ name }) => name).sort(), names.sort());
  for (const { name, share } of rows) assert.ok(share <= 0.05, name);
});

it('takes any number, a bounded one at a time', async () => {
  const user = await addUser('many@example.com', true);
  await pool.value.query(
    `INSERT INTO idempotency_keys (user_id, key, request_hash) SELECT $1, n::text, 'h' FROM generate_series(1, 12000) n`,
    [user],
  );
  assert.equal(await prune(pool.value, days(2)), { idempotency_keys: 12_000 });
});

it.run();
