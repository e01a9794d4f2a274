/** What somebody leaves behind who had an account for a while, or made it of an address that is not theirs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cookieOf, NEW_PASSWORD, PASSWORD, startMailedAccounts } from '../support/mailed-accounts.ts';

const it = suite('takeover');

const { value, stop } = await startMailedAccounts();
const { api, post, newEmail, register, registerProved, mailedToken, me } = value;

it.after(() => stop());
it.before.each(() => api.pool.query('DELETE FROM throttles').then(() => undefined));

const edit = (key: string, body: object) => api.send('PATCH', '/api/v1/me', { key, body });
const makeKey = async (key: string): Promise<string> =>
  (await api.send('POST', '/api/v1/api-keys', { key, body: { name: 'x', scopes: ['links:read'] } })).json.key;
const links = async (key: string) => (await api.send('GET', '/api/v1/links', { key })).status;

it('who has made an account of a stranger’s address has nothing of it when the stranger sets its password', async () => {
  const [victim, evil] = [newEmail(), newEmail()];
  const { token, answer } = await register({ email: victim });
  const key = await makeKey(token);
  assert.is(await links(key), 200);
  assert.is((await edit(token, { email: evil, currentPassword: PASSWORD })).status, 200);
  const change = await mailedToken(evil, 1, 'confirm');

  await post('password/forgot', { body: { email: victim } });
  const reset = await mailedToken(victim, 2, 'reset');
  assert.is((await post('password/reset', { body: { token: reset, password: NEW_PASSWORD } })).status, 204);
  assert.is(await links(key), 401, 'a key that was at hand');
  assert.is((await me(token)).status, 401);
  assert.is((await post('refresh', { headers: { Cookie: cookieOf(answer) } })).status, 401);
  assert.is((await post('confirm', { body: { token: change } })).status, 422, 'the way to another address');
  const { user } = (await post('login', { body: { email: victim, password: NEW_PASSWORD } })).json;
  assert.equal([user.email, user.pendingEmail, user.confirmed], [victim, null, true]);
});

it('a new password ends the way to another address, and mails to set the former one', async () => {
  const { email, token } = await registerProved();
  const evil = newEmail();
  await edit(token, { email: evil, currentPassword: PASSWORD });
  const change = await mailedToken(evil, 1, 'confirm');
  await post('password/forgot', { body: { email } });
  const reset = await mailedToken(email, 2, 'reset');
  const changed = await edit(token, { password: NEW_PASSWORD, currentPassword: PASSWORD });
  assert.equal([changed.status, changed.json.user.pendingEmail], [200, null]);
  assert.is((await post('confirm', { body: { token: change } })).status, 422);
  assert.is((await post('password/reset', { body: { token: reset, password: PASSWORD } })).status, 422);
  assert.is((await me(changed.json.accessToken)).email, email);
});

it('keys of an account that was confirmed survive its new password', async () => {
  const { email, token } = await registerProved();
  const key = await makeKey(token);
  await post('password/forgot', { body: { email } });
  const reset = await mailedToken(email, 2, 'reset');
  assert.is((await post('password/reset', { body: { token: reset, password: NEW_PASSWORD } })).status, 204);
  assert.is(await links(key), 200);
});

it('a password and an address are changed together or not at all', async () => {
  const { email, token } = await registerProved();
  const other = newEmail();
  for (let i = 0; i < 5; i++) await edit(token, { email: newEmail(), currentPassword: PASSWORD });
  const refused = await edit(token, { email: other, password: NEW_PASSWORD, timezone: 'Asia/Tokyo', currentPassword: PASSWORD });
  assert.is(refused.status, 429, 'so many mails an hour');
  assert.is((await me(token)).timezone, 'UTC');
  await api.pool.query('DELETE FROM throttles');
  const changed = await edit(token, { email: other, password: NEW_PASSWORD, timezone: 'Asia/Tokyo', currentPassword: PASSWORD });
  const { user } = changed.json;
  assert.equal([user.email, user.pendingEmail, user.timezone], [email, other, 'Asia/Tokyo']);
  assert.is((await post('confirm', { body: { token: await mailedToken(other, 1, 'confirm') } })).status, 204);
  assert.is((await post('login', { body: { email: other, password: NEW_PASSWORD } })).status, 200);
});

it('who has got hold of a session does not find out the password: ten guesses, whatever they are for', async () => {
  const { token } = await registerProved();
  const guesses = [
    (currentPassword: string) => edit(token, { password: NEW_PASSWORD, currentPassword }),
    (currentPassword: string) => edit(token, { email: newEmail(), currentPassword }),
    (currentPassword: string) => edit(token, { timezone: 'UTC', currentPassword }),
    (currentPassword: string) => api.send('DELETE', '/api/v1/me', { key: token, body: { currentPassword } }),
  ];
  for (let i = 0; i < 10; i++) assert.is((await guesses[i % guesses.length](`guess ${i}`)).status, 422);
  for (const guess of guesses) {
    const refused = await guess(PASSWORD);
    assert.equal([refused.status, refused.headers.get('ratelimit-policy')], [429, '"login";q=10;w=900']);
  }
  assert.is((await edit(token, { locale: 'ru' })).status, 200, 'what needs no password');
  await api.pool.query('DELETE FROM throttles');
  for (let i = 0; i < 9; i++) assert.is((await guesses[0](`guess ${i}`)).status, 422);
  assert.is((await edit(token, { timezone: 'UTC', currentPassword: PASSWORD })).status, 200);
  assert.is((await guesses[0]('guess')).status, 422, 'the right one makes them forgotten');
});

it('keys of a former administrator are no administrator’s any more', async () => {
  const { email, token } = await registerProved();
  await api.pool.query('UPDATE users SET is_admin = true WHERE email = $1', [email]);
  const body = { name: 'x', scopes: ['links:read', 'admin'] };
  const { key } = (await api.send('POST', '/api/v1/api-keys', { key: token, body })).json;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key)));
  const scopes = async () => {
    const holder = await api.otherThread(hash);
    return holder === null || holder === 'banned' ? holder : holder.scopes;
  };
  assert.equal(await scopes(), ['links:read', 'admin']);
  await api.pool.query('UPDATE users SET is_admin = false WHERE email = $1', [email]);
  api.clock.now += 5_000;
  assert.equal(await scopes(), ['links:read']);
});

it.run();
