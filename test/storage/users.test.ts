/** Accounts and their API keys. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isApiKeyForm } from '../../src/core/api-key.ts';
import { Failure } from '../../src/core/failure.ts';
import { hashPassword, verifyPassword } from '../../src/storage/passwords.ts';
import { apiKeyLookup, createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser, findUserByEmail, type NewUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { thrownBy } from '../support/thrown-by.ts';

const database = await testDatabase();
const { value: pool, stop } = await createPool({ url: database.value.url, name: 'test', max: 4, logger: silentLogger });

const newUser = (email: string): NewUser => ({ email, passwordHash: null, isAdmin: false, plan: 'regular', timeZone: 'Europe/Moscow' });
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

const it = suite('users');
it.after(async () => {
  await stop();
  await database.stop();
});

it('makes an account that is confirmed, and finds it', async () => {
  const made = await createConfirmedUser(pool, { ...newUser('a@example.com'), isAdmin: true, plan: 'unlimited' });
  assert.type(made.id, 'number');
  assert.instance(made.confirmedAt, Date);
  const { id, confirmedAt, ...rest } = made;
  assert.equal(rest, { email: 'a@example.com', isAdmin: true, plan: 'unlimited', timeZone: 'Europe/Moscow' });
  assert.equal(await findUserByEmail(pool, 'a@example.com'), made);
  assert.is(await findUserByEmail(pool, 'b@example.com'), null);
});

it('has one account for an e-mail, also when many try at once', async () => {
  const outcomes = await Promise.allSettled(['x', 'X', 'x', 'X'].map((name) => createConfirmedUser(pool, newUser(`${name}@example.com`))));
  const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  assert.is(refusals.length, 3);
  for (const refusal of refusals) {
    assert.instance(refusal, Failure);
    assert.is(refusal.code, 'invalid');
    assert.equal(refusal.errors, [{ path: 'email', message: 'is taken' }]);
  }
});

it('does not take another fault for a taken e-mail', async () => {
  const wrong = { ...newUser('c@example.com'), plan: 'gold' } as unknown as NewUser;
  assert.not.instance(await thrownBy(createConfirmedUser(pool, wrong)), Failure);
});

it('makes a key that is only known by its hash, and finds whom it speaks for', async () => {
  const { id } = await createConfirmedUser(pool, newUser('k@example.com'));
  const key = await createApiKey(pool, { userId: id, name: 'mine', scopes: ['links:read', 'stats:read'] });
  assert.ok(isApiKeyForm(key));
  const find = apiKeyLookup(pool, { clock: Date.now, logger: silentLogger });
  const caller = { userId: id, publicId: null, kind: 'key', scopes: ['links:read', 'stats:read'], timeZone: 'Europe/Moscow' };
  assert.equal(await find(sha256(key)), { caller, expiresAt: null });
  const { rows } = await pool.query('SELECT * FROM api_keys WHERE user_id = $1', [id]);
  assert.is(rows.length, 1);
  assert.is(rows[0].prefix, key.slice(0, 11));
  assert.not.match(JSON.stringify(rows), key.slice(11));
});

it('knows neither a wrong key nor that of an account that is gone', async () => {
  const { id } = await createConfirmedUser(pool, newUser('gone@example.com'));
  const key = await createApiKey(pool, { userId: id, name: 'mine', scopes: [] });
  const find = apiKeyLookup(pool, { clock: Date.now, logger: silentLogger });
  assert.is(await find(sha256(`${key}x`)), null);
  await pool.query('DELETE FROM users WHERE id = $1', [id]);
  assert.is(await find(sha256(key)), null);
});

it('keeps a password as argon2id with its own salt', async () => {
  const [first, second] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
  assert.match(first, /^\$argon2id\$v=19\$m=19456,p=1,t=2\$|^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.is.not(first, second);
  assert.ok(await verifyPassword(first, 'correct horse'));
  assert.not(await verifyPassword(first, 'correct house'));
});

it('leaves threads for files while it hashes many passwords', async () => {
  let done = 0;
  const hashing = Array.from({ length: 12 }, () => hashPassword('correct horse').then(() => done++));
  await Promise.race(hashing);
  await stat(import.meta.filename);
  assert.ok(done < 6, `a file was looked at after ${done} of 12`);
  await Promise.all(hashing);
});

it.run();
