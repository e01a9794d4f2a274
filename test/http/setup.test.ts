/** The first administrator, by the link that a node prints. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keepSetupToken } from '../../src/storage/postgres/setup.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { startApi } from '../support/api-server.ts';

const TOKEN = 'a-token-of-a-test';
const PASSWORD = 'correct horse battery';
const PERSON = { email: 'first@example.com', password: PASSWORD, timezone: 'Europe/Moscow', locale: 'ru' };

const it = suite('the first administrator');

const { value: api, stop } = await startApi();

it.after(stop);
it.before.each(async () => {
  await api.pool.query(`DELETE FROM users WHERE email NOT IN ('ann@example.com', 'bob@example.com', 'root@example.com')`);
  await api.pool.query('UPDATE users SET is_admin = false');
  await api.pool.query('DELETE FROM throttles');
  await api.pool.query('DELETE FROM admin_acts');
  assert.is(await keepSetupToken(api.pool, TOKEN), true);
});

const setUp = (more: object = {}, headers: Record<string, string> = {}) =>
  api.send('POST', '/api/v1/auth/setup', { body: { token: TOKEN, ...PERSON, ...more }, headers });
const administrators = async () => (await api.pool.query('SELECT email FROM users WHERE is_admin')).rows.map(({ email }) => email);

it('is made, confirmed and signed in, and the act is in the audit list', async () => {
  const { status, json, headers } = await setUp();
  assert.is(status, 201, JSON.stringify(json));
  const { email, isAdmin, confirmed, timezone, locale } = json.user;
  assert.equal([email, isAdmin, confirmed, timezone, locale], ['first@example.com', true, true, 'Europe/Moscow', 'ru']);
  assert.match(headers.get('set-cookie') ?? '', 'HttpOnly');
  const key = json.accessToken;
  assert.is((await api.send('GET', '/api/v1/admin/users', { key })).status, 200);
  assert.is((await api.send('POST', '/api/v1/links', { key, body: { url: 'https://example.com/' } })).status, 201);
  assert.is((await api.send('POST', '/api/v1/auth/login', { body: { email, password: PASSWORD } })).status, 200);
  const [{ action, admin, subject, changes }] = (await api.send('GET', '/api/v1/admin/audit', { key })).json.data;
  assert.equal([action, admin.email, subject.name, changes], ['setup', email, email, {}]);
  assert.not.match(JSON.stringify((await api.pool.query('SELECT * FROM setup_token, admin_acts')).rows), TOKEN);
});

it('the token is good once', async () => {
  assert.is((await setUp()).status, 201);
  const again = await setUp({ email: 'second@example.com' });
  assert.equal([again.status, again.json.errors[0].path], [422, 'token']);
  assert.equal(await administrators(), ['first@example.com']);
});

it('of many who use it at the same moment, one becomes it', async () => {
  const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => setUp({ email: `storm-${i}@example.com` })));
  assert.equal(answers.map(({ status }) => status).sort(), [201, 422, 422, 422, 422, 422]);
  assert.is((await administrators()).length, 1);
});

it('it ends with the next one, and with the first administrator however that one was made', async () => {
  await keepSetupToken(api.pool, 'another');
  assert.is((await setUp()).status, 422);
  await createConfirmedUser(api.pool, { email: 'cli@example.com', passwordHash: null, isAdmin: true, plan: 'regular', timeZone: 'UTC' });
  assert.is((await setUp({ token: 'another' })).status, 422);
  assert.is(await keepSetupToken(api.pool, 'a third'), false);
  assert.is((await setUp({ token: 'a third' })).status, 422);
  await api.pool.query('UPDATE users SET is_admin = false');
  assert.is((await setUp({ token: 'another' })).status, 422, 'and does not come back');
});

it('what is wrong does not use it up', async () => {
  await createConfirmedUser(api.pool, { email: 'taken@example.com', passwordHash: null, isAdmin: false, plan: 'regular', timeZone: 'UTC' });
  for (const [more, path] of [
    [{ email: 'taken@example.com' }, 'email'],
    [{ email: 'nobody' }, 'email'],
    [{ password: 'password1' }, 'password'],
    [{ password: 'short' }, 'password'],
    [{ timezone: 'Mars' }, 'timezone'],
    [{ locale: 'de' }, 'locale'],
    [{ token: '' }, 'token'],
    [{ token: `${TOKEN}x` }, 'token'],
    [{ isAdmin: true }, 'isAdmin'],
    [{ plan: 'unlimited' }, 'plan'],
  ] as const) {
    const { status, json } = await setUp(more);
    assert.equal([status, json.errors?.[0].path], [422, path], JSON.stringify(more));
  }
  assert.is((await setUp({}, { Origin: 'https://evil.example' })).status, 403);
  assert.equal(await administrators(), []);
  assert.is((await setUp()).status, 201);
});

it('an address that somebody claims and has not proved may be taken', async () => {
  const claim = await api.send('POST', '/api/v1/auth/register', { body: { email: PERSON.email, password: 'the horse of somebody else' } });
  assert.is(claim.status, 201);
  assert.is((await setUp()).status, 201);
  assert.is((await api.send('GET', '/api/v1/admin/users', { key: claim.json.accessToken })).status, 403);
});

it('it cannot be guessed', async () => {
  const guesses = await Promise.all(Array.from({ length: 70 }, (_, i) => setUp({ token: `guess-${i}` })));
  assert.is(guesses.filter(({ status }) => status === 422).length, 60);
  assert.is(guesses.filter(({ status }) => status === 429).length, 10);
});

it.run();
