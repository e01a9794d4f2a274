/** What is made for an account at the moment in which it is deleted: whoever asks is told that there is no such account. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Plan } from '../../src/core/account.ts';
import { removeLocked } from '../../src/storage/postgres/accounts.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { inTransaction } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { ALL_SCOPES, type Answer, startApi } from '../support/api-server.ts';
import { until } from '../support/until.ts';

const server = await startApi();
const { send, pool, counter, lines } = server.value;

const LINKS = '/api/v1/links';
const url = 'https://example.com/';

let accounts = 0;
async function account(plan: Plan): Promise<{ id: number; key: string }> {
  const email = `doomed-${accounts++}@example.com`;
  const { id } = await createConfirmedUser(pool, { email, passwordHash: null, isAdmin: false, plan, timeZone: 'UTC' });
  return { id, key: await createApiKey(pool, { userId: id, name: 'test', scopes: ALL_SCOPES }) };
}

/** That a key was used is written down beside the request. */
const WAITING = `
  SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query NOT LIKE 'UPDATE api_keys%'`;

/** The answer to a request that comes before the deletion of its account is committed. */
async function whileDeleted(id: number, request: () => Promise<Answer>): Promise<Answer> {
  let answer: Promise<Answer> | null = null;
  await inTransaction(pool, async (client) => {
    await client.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [id]);
    await removeLocked(client, id);
    answer = request();
    await until('it waits for the end of the account', async () => (await pool.query(WAITING)).rowCount === 1);
  });
  if (answer === null) throw new Error('nothing was asked');
  return answer;
}

const test = suite('accounts that are being deleted');

test.after(() => server.stop());

const once = { 'Idempotency-Key': 'once' };
const links = { links: [{ url }, { url }] };
const csv = { body: `url\n${url}\n`, headers: { 'Content-Type': 'text/csv' } };

for (const plan of ['regular', 'unlimited'] as const) {
  for (const [what, path, sent] of [
    ['a link', LINKS, { body: { url } }],
    ['a link with an Idempotency-Key', LINKS, { body: { url }, headers: once }],
    ['many links', `${LINKS}/bulk`, { body: links }],
    ['many links with an Idempotency-Key', `${LINKS}/bulk`, { body: links, headers: once }],
    ['an import', `${LINKS}/import`, csv],
  ] as const) {
    test(`${plan}: ${what}`, async () => {
      const { id, key } = await account(plan);
      const { status, json } = await whileDeleted(id, () => send('POST', path, { key, ...sent }));
      assert.equal([status, json.code], [401, 'unauthenticated']);
      const { rowCount } = await pool.query('SELECT FROM links WHERE owner_id = $1', [id]);
      assert.is(rowCount, 0);
    });
  }
}

test('none of it is an error of the server', () => {
  assert.is(counter('serverErrors'), 0);
  assert.equal(lines.filter(({ level }) => level === 'error'), []); // biome-ignore format: short
});

test.run();
