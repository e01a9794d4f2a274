/** What pruning takes, and what it leaves, with a clock that is moved. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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

it('takes any number, a bounded one at a time', async () => {
  const user = await addUser('many@example.com', true);
  await pool.value.query(
    `INSERT INTO idempotency_keys (user_id, key, request_hash) SELECT $1, n::text, 'h' FROM generate_series(1, 12000) n`,
    [user],
  );
  assert.equal(await prune(pool.value, days(2)), { idempotency_keys: 12_000 });
});

it.run();
