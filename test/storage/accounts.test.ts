/** Changes of accounts that meet: in a real Postgres, in the order that hurts. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Account, AccountChanges } from '../../src/core/ports/accounts.ts';
import { createAccountStore } from '../../src/storage/postgres/accounts.ts';
import { addApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createLinkStore } from '../../src/storage/postgres/links.ts';
import { createPool, isStoreAway } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { startTcpCutter } from '../support/tcp-cutter.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const NOTHING: AccountChanges = {
  timeZone: undefined,
  locale: undefined,
  dailyReport: undefined,
  passwordHash: undefined,
  email: undefined,
};

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 12, logger: silentLogger });
const accounts = createAccountStore(pool);
const links = createLinkStore(pool, randomBytes, { regular: 75, extended: 150 });

const it = suite('accounts in Postgres');

it.after(async () => {
  await closePool();
  await database.stop();
});

async function account(): Promise<Account> {
  const email = `${randomBytes(6).toString('hex')}@example.com`;
  await createConfirmedUser(pool, { email, passwordHash: 'a hash', isAdmin: false, plan: 'unlimited', timeZone: 'UTC' });
  const { owner } = await accounts.findByEmail(email);
  if (owner === null) throw new Error('no account');
  return owner;
}

it('changes nothing for whoever was signed out while the password was being checked', async () => {
  const before = await account();
  const changed = await accounts.change(before, { ...NOTHING, passwordHash: 'the owner’s new hash' });
  assert.is.not(changed?.publicId, before.publicId);
  assert.is(await accounts.change(before, { ...NOTHING, passwordHash: 'the thief’s hash' }), null);
  const token = { token: 'x', link: 'https://s.example.com/', signInLink: 'https://s.example.com/', ttlSec: 60 };
  assert.is(await accounts.change(before, { ...NOTHING, email: { address: 'thief@example.com', token } }), null);
  assert.is(await accounts.remove(before, async () => assert.unreachable('gone')), false);
  const { owner } = await accounts.findByEmail(before.email);
  assert.equal([owner?.passwordHash, owner?.pendingEmail], ['the owner’s new hash', null]);
});

it('of many who change the password at once, knowing the same old one, one gets through', async () => {
  const before = await account();
  const changes = await Promise.all(
    Array.from({ length: 10 }, (_, i) => accounts.change(before, { ...NOTHING, passwordHash: `hash ${i}` })),
  );
  assert.is(changes.filter((it) => it !== null).length, 1);
});

it('a link that is being made while its account is deleted is deleted and announced as well', async () => {
  const doomed = await account();
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query(`INSERT INTO links (slug, owner_id, target) VALUES ('late-link', $1, 'https://example.com/')`, [doomed.id]);
  const gone: string[] = [];
  const removed = accounts.remove(doomed, async ({ slugs }) => void gone.push(...slugs));
  await until('a deletion that waits', async () => {
    const { rows } = await pool.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    return rows.length > 0;
  });
  await client.query('COMMIT');
  client.release();
  assert.is(await removed, true);
  assert.equal(gone, ['late-link']);
  assert.is((await pool.query('SELECT FROM links WHERE owner_id = $1', [doomed.id])).rowCount, 0);
});

it('many links and keys that are made while the account is deleted: all gone, none forgotten, no deadlock', async () => {
  const doomed = await account();
  const made: string[] = [];
  const gone: string[] = [];
  const makeLink = async (i: number) => {
    const link = { url: 'https://example.com/', slug: `crowd-${i}` };
    const {
      link: { slug },
    } = await links.create(doomed.id, link, { key: `key-${i}`, requestHash: new Uint8Array(32) });
    made.push(slug);
  };
  const makeKey = () => addApiKey(pool, { userId: doomed.id, name: 'x', scopes: [] });
  const work = Array.from({ length: 20 }, (_, i) => [makeLink(i), makeKey()]).flat();
  const [results] = await Promise.all([Promise.allSettled(work), accounts.remove(doomed, async ({ slugs }) => void gone.push(...slugs))]);
  for (const it of results) if (it.status === 'rejected') assert.is(it.reason.code, 'unauthenticated', String(it.reason));
  assert.equal(gone.sort(), made.sort());
  for (const table of ['links WHERE owner_id', 'api_keys WHERE user_id', 'idempotency_keys WHERE user_id']) {
    assert.is((await pool.query(`SELECT FROM ${table} = $1`, [doomed.id])).rowCount, 0, table);
  }
});

it('what is gone is announced also when the answer of the commit is lost', async () => {
  const doomed = await account();
  await links.create(doomed.id, { url: 'https://example.com/', slug: 'lost-answer' }, null);
  // Every transaction is cut after its commit: the last kind of cut.
  const cutter = await startTcpCutter({ target: database.value.url, random: () => 0.99 });
  const { value: cutPool, stop: closeCutPool } = await createPool({ url: cutter.value.url, name: 'cut', max: 1, logger: silentLogger });
  cutter.value.share = 1;
  const gone: string[] = [];
  const error = await thrownBy(createAccountStore(cutPool).remove(doomed, async ({ slugs }) => void gone.push(...slugs)));
  assert.ok(isStoreAway(error), String(error));
  assert.is(cutter.value.counts['after commit'], 1);
  assert.equal(gone, ['lost-answer']);
  assert.is((await pool.query('SELECT FROM users WHERE id = $1', [doomed.id])).rowCount, 0);
  await closeCutPool();
  await cutter.stop();
});

it.run();
