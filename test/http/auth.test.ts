import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AT_ONCE, hashPassword, PASSWORD_QUEUE } from '../../src/storage/passwords.ts';
import { sharePlaces } from '../../src/storage/places.ts';
import { KEY_TTL_MS } from '../../src/storage/postgres/key-cache.ts';
import { type Answer, BASE_URL, PASSWORD_THREADS, startApi } from '../support/api-server.ts';
import { until } from '../support/until.ts';

const ANN = { email: 'ann@example.com', password: 'correct horse battery' };
const BOB = { email: 'bob@example.com', password: 'another horse entirely' };

const it = suite('signing in');

const { value: api, stop } = await startApi();

it.after(stop);

it.before.each(async () => {
  for (const { email, password } of [ANN, BOB]) {
    await api.pool.query(`UPDATE users SET password_hash = $2, banned_at = NULL, time_zone = 'UTC', locale = 'en' WHERE email = $1`, [
      email,
      await hashPassword(password),
    ]);
  }
  await api.pool.query('DELETE FROM sessions');
  await api.pool.query('DELETE FROM throttles');
});

const post = (
  path: string,
  { cookie, ...sent }: { body?: unknown; cookie?: string; headers?: Record<string, string>; key?: string } = {},
) =>
  api.send('POST', `/api/v1/auth/${path}`, { ...sent, headers: { ...(cookie === undefined ? {} : { Cookie: cookie }), ...sent.headers } });

const cookieOf = (answer: Answer): string => answer.headers.get('set-cookie')?.split(';')[0] ?? '';

async function signIn(who = ANN): Promise<{ token: string; cookie: string; answer: Answer }> {
  const answer = await post('login', { body: who });
  assert.is(answer.status, 200, JSON.stringify(answer.json));
  return { token: answer.json.accessToken, cookie: cookieOf(answer), answer };
}

const me = (token: string) => api.send('GET', '/api/v1/me', { key: token });

it('the right password gives an access token, and a refresh token that no script can read', async () => {
  const { token, answer } = await signIn();
  assert.equal(
    { ...answer.json.user, createdAt: null },
    {
      email: ANN.email,
      pendingEmail: null,
      timezone: 'UTC',
      locale: 'en',
      plan: 'unlimited',
      isAdmin: false,
      dailyReport: true,
      confirmed: true,
      createdAt: null,
    },
  );
  const cookie = answer.headers.get('set-cookie') ?? '';
  const [pair, ...attributes] = cookie.split('; ');
  assert.match(pair, /^__Host-elnk-refresh=[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal(attributes, ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict', `Max-Age=${60 * 24 * 3600}`], 'and no Domain');
  assert.is((await me(token)).json.email, ANN.email);
  assert.is((await api.send('GET', '/api/v1/links', { key: token })).status, 200);
  assert.is((await api.send('POST', '/api/v1/links', { key: token, body: { url: 'https://example.com/' } })).status, 201);
});

it('a wrong password and an unknown address get the same answer', async () => {
  const wrong = await post('login', { body: { ...ANN, password: 'a wrong password' } });
  const unknown = await post('login', { body: { ...ANN, email: 'nobody@example.com' } });
  assert.is(wrong.status, 401);
  assert.equal(wrong.json, unknown.json);
  assert.equal([...wrong.headers.keys()], [...unknown.headers.keys()]);
  await api.pool.query('UPDATE users SET password_hash = NULL WHERE email = $1', [ANN.email]);
  assert.equal((await post('login', { body: ANN })).json, wrong.json, 'an account that has only keys');
  await api.pool.query('UPDATE users SET banned_at = now() WHERE email = $1', [BOB.email]);
  assert.equal((await post('login', { body: BOB })).json, wrong.json, 'a banned account');
});

it('after ten wrong passwords an account is closed to that address for a while, also for the right one', async () => {
  const tryFrom = (address: string, password: string, { email } = ANN) =>
    post('login', { body: { email, password }, headers: { 'X-Forwarded-For': address } });
  const [here, elsewhere] = ['192.0.2.7', '192.0.2.8'];
  for (let i = 0; i < 10; i++) assert.is((await tryFrom(here, `wrong ${i}`)).status, 401);
  for (const password of ['wrong again', ANN.password]) {
    const refused = await tryFrom(here, password);
    assert.is(refused.status, 429);
    const retryAfter = Number(refused.headers.get('retry-after'));
    assert.ok(retryAfter > 14 * 60 && retryAfter <= 15 * 60, `${retryAfter}`);
    assert.is(refused.headers.get('ratelimit-policy'), '"login";q=10;w=900');
    assert.is(refused.headers.get('ratelimit'), `"login";r=0;t=${retryAfter}`);
  }
  assert.is((await tryFrom(elsewhere, ANN.password)).status, 200, 'its owner is somewhere else');
  assert.is((await tryFrom(here, BOB.password, BOB)).status, 200, 'another account');
  await api.pool.query('UPDATE throttles SET expire = $1', [Date.now() - 1]);
  assert.is((await tryFrom(here, ANN.password)).status, 200, 'when the time is over');
});

it('tries are counted exactly, also when they come at once, and a right password makes them forgotten', async () => {
  const wrong = () => post('login', { body: { ...ANN, password: 'a wrong password' }, headers: { 'X-Forwarded-For': '192.0.2.9' } });
  const answers = await Promise.all(Array.from({ length: 25 }, wrong));
  assert.is(answers.filter(({ status }) => status === 401).length, 10);
  assert.is(answers.filter(({ status }) => status === 429).length, 15);
  await api.pool.query('DELETE FROM throttles');
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 9; i++) assert.is((await wrong()).status, 401);
    assert.is((await post('login', { body: ANN, headers: { 'X-Forwarded-For': '192.0.2.9' } })).status, 200);
  }
});

it('an address may guess a hundred times in all, whatever accounts it names', async () => {
  const guess = (n: number, address = '2001:db8:1:2:3:4:5:6') =>
    post('login', { body: { email: `u${n}@example.com`, password: 'a wrong password' }, headers: { 'X-Forwarded-For': address } });
  for (let n = 0; n < 100; n += 10) {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => guess(n + i)));
    assert.ok(answers.every(({ status }) => status === 401));
  }
  assert.is((await guess(101)).headers.get('ratelimit-policy'), '"login-address";q=100;w=900');
  assert.is((await guess(102, '2001:db8:1:2:ffff::1')).status, 429, 'the same network');
  assert.is((await guess(103, '2001:db8:1:3::1')).status, 401);
  const { rows } = await api.pool.query('SELECT key FROM throttles');
  for (const { key } of rows) assert.not.match(key, /@|2001|192/);
});

it('so many passwords wait to be checked, more are refused at once, and those that wait are answered', async () => {
  // Another thread is checking passwords in all places.
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const other = sharePlaces(api.passwordMemory, { places: AT_ONCE, lanes: PASSWORD_THREADS }, PASSWORD_THREADS - 1, PASSWORD_QUEUE);
  const busy = Array.from({ length: AT_ONCE }, () => other.run(() => gate));
  let n = 0;
  const guess = () =>
    post('login', { body: { email: `q${++n}@example.com`, password: 'x' }, headers: { 'X-Forwarded-For': `192.0.2.${n}` } });
  const early = Array.from({ length: PASSWORD_QUEUE.waitingMax + 5 }, guess);
  await until('a full queue', async () => (await guess()).status === 429);
  for (let i = 0; i < 5; i++) {
    const refused = await guess();
    assert.equal([refused.status, refused.json.code, refused.headers.get('retry-after')], [429, 'too_many_requests', '2']);
  }
  open();
  for (const { status } of await Promise.all(early)) assert.ok(status === 401 || status === 429, `${status}`);
  await Promise.all(busy);
  await until('an empty queue', async () => (await guess()).status === 401);
});

it('a refresh token is good for one use; using it again ends the chain', async () => {
  const first = await signIn();
  const second = await post('refresh', { cookie: first.cookie });
  assert.is(second.status, 200);
  assert.is((await me(second.json.accessToken)).status, 200);
  const third = await post('refresh', { cookie: cookieOf(second) });
  assert.is(third.status, 200);
  assert.is((await post('refresh', { cookie: first.cookie })).status, 401, 'used before');
  assert.is((await post('refresh', { cookie: cookieOf(third) })).status, 401, 'the newest of the same chain');
  assert.is((await post('refresh', { cookie: (await signIn()).cookie })).status, 200, 'another chain');
});

it('of many who use one refresh token at once, one gets through at most, and the chain ends for that one, too', async () => {
  for (let round = 0; round < 5; round++) {
    const { cookie } = await signIn();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('refresh', { cookie })));
    const through = answers.filter(({ status }) => status === 200);
    assert.ok(through.length <= 1);
    assert.ok(answers.every(({ status }) => status === 200 || status === 401));
    for (const one of through) assert.is((await post('refresh', { cookie: cookieOf(one) })).status, 401);
    assert.is((await api.pool.query('SELECT FROM sessions')).rowCount, 0);
  }
});

it('signing out ends the chain of this browser, and no other', async () => {
  const [here, there] = [await signIn(), await signIn()];
  const out = await post('logout', { cookie: here.cookie });
  assert.is(out.status, 204);
  assert.match(out.headers.get('set-cookie') ?? '', /Max-Age=0/);
  assert.is((await post('refresh', { cookie: here.cookie })).status, 401);
  assert.is((await post('refresh', { cookie: there.cookie })).status, 200);
  assert.is((await post('logout')).status, 204, 'who is not signed in is signed out');
});

it('signing out everywhere ends every token at once', async () => {
  const [here, there] = [await signIn(), await signIn()];
  assert.is((await post('logout/everywhere', { key: here.token })).status, 204);
  for (const { token, cookie } of [here, there]) {
    assert.is((await me(token)).status, 401);
    assert.is((await post('refresh', { cookie })).status, 401);
  }
  assert.is((await me((await signIn()).token)).status, 200);
});

it('a banned account is out: its tokens at once, its keys within five seconds', async () => {
  const { token, cookie } = await signIn();
  assert.is((await api.send('GET', '/api/v1/links', { key: api.ann })).status, 200);
  await api.pool.query('UPDATE users SET banned_at = now() WHERE email = $1', [ANN.email]);
  assert.is((await me(token)).status, 401);
  assert.is((await post('refresh', { cookie })).status, 401);
  api.clock.now += KEY_TTL_MS;
  assert.is((await api.send('GET', '/api/v1/links', { key: api.ann })).status, 401, 'a key within its lifetime in memory');
});

it('nothing happens for other people’s pages', async () => {
  const { cookie } = await signIn();
  const others = ['https://evil.example', 'null', `${BASE_URL}.evil.example`, BASE_URL.replace('https', 'http'), `${BASE_URL}:8443`];
  for (const origin of others) {
    for (const path of ['refresh', 'logout']) {
      assert.is((await post(path, { cookie, headers: { Origin: origin } })).status, 403, `${path} from ${origin}`);
    }
    assert.is((await post('login', { body: ANN, headers: { Origin: origin } })).status, 403);
  }
  assert.is((await post('refresh', { cookie, headers: { Origin: BASE_URL } })).status, 200);
});

it('who signs in gets a session of their own, whatever the request brings along', async () => {
  const attacker = await signIn(BOB);
  const victim = await post('login', { body: ANN, headers: { Cookie: attacker.cookie } });
  assert.is((await post('refresh', { cookie: attacker.cookie })).json.user.email, BOB.email);
  assert.is((await post('refresh', { cookie: cookieOf(victim) })).json.user.email, ANN.email);
});

it('of two refresh tokens neither is taken, nor one of a name that another host could set', async () => {
  const [attacker, victim] = [await signIn(BOB), await signIn()];
  for (const cookie of [`${attacker.cookie}; ${victim.cookie}`, `${victim.cookie}; x=y; ${attacker.cookie}`]) {
    assert.is((await post('refresh', { cookie })).status, 401);
  }
  for (const prefix of ['', '__Secure-', '__host-']) {
    assert.is((await post('refresh', { cookie: attacker.cookie.replace('__Host-', prefix) })).status, 401, prefix);
  }
  assert.is((await post('refresh', { cookie: `theme=dark; ${victim.cookie}; a=b` })).status, 200);
});

it('tokens are no keys and keys no tokens', async () => {
  const { token, cookie } = await signIn();
  const refresh = cookie.slice(cookie.indexOf('=') + 1);
  assert.is((await me(refresh)).status, 401, 'a refresh token as access token');
  assert.is((await post('refresh', { cookie: cookie.replace(refresh, token) })).status, 401, 'an access token as refresh token');
  assert.is((await me(api.ann)).status, 403, 'a key where a person is needed');
  for (const key of ['', 'x', `elnk_${randomBytes(20).toString('hex')}`, `${token}x`]) assert.is((await me(key)).status, 401, key);
});

it('counts what happens', async () => {
  const names = [
    'logins',
    'failedLogins',
    'unknownEmailLogins',
    'tokenRefreshes',
    'failedTokenRefreshes',
    'logouts',
    'passwordChanges',
    'failedPasswordChanges',
    'throttledRequests',
  ] as const;
  const before = names.map(api.counter);
  const { token, cookie } = await signIn();
  await post('login', { body: { ...ANN, password: 'a wrong password' } });
  await post('login', { body: { ...ANN, email: 'nobody@example.com' } });
  await post('refresh', { cookie });
  await post('refresh', { cookie });
  await post('logout', { cookie });
  const edit = (body: unknown) => api.send('PATCH', '/api/v1/me', { key: token, body });
  await edit({ password: 'a longer horse than before', currentPassword: 'not this one' });
  await edit({ password: 'a longer horse than before', currentPassword: ANN.password });
  for (let i = 0; i < 12; i++) await post('login', { body: { email: 'nobody@example.com', password: 'x' } });
  const after = names.map(api.counter);
  const counted = Object.fromEntries(names.map((name, i) => [name, after[i] - before[i]]));
  assert.equal(counted, {
    logins: 1,
    failedLogins: 2 + 9,
    unknownEmailLogins: 1 + 9,
    tokenRefreshes: 1,
    failedTokenRefreshes: 1,
    logouts: 1,
    passwordChanges: 1,
    failedPasswordChanges: 1,
    throttledRequests: 3,
  });
});

it('edits the account, and only what may be edited', async () => {
  const { token } = await signIn();
  const edit = (body: unknown) => api.send('PATCH', '/api/v1/me', { key: token, body });
  const edited = await edit({ timezone: 'Europe/Moscow', locale: 'ru', dailyReport: false });
  assert.equal(
    [edited.status, edited.json.user.timezone, edited.json.user.locale, edited.json.user.dailyReport],
    [200, 'Europe/Moscow', 'ru', false],
  );
  assert.equal((await me(token)).json, edited.json.user);
  for (const body of [
    {},
    { plan: 'unlimited' },
    { isAdmin: true },
    { confirmed: true },
    { publicId: 'x' },
    { timezone: 'Mars/Olympus' },
    { locale: 'de' },
  ]) {
    assert.is((await edit(body)).status, 422, JSON.stringify(body));
  }
  assert.equal((await me(token)).json, edited.json.user);
});

it('a new password needs the old one, and ends all tokens but the new ones', async () => {
  const [here, there] = [await signIn(), await signIn()];
  const edit = (body: unknown) => api.send('PATCH', '/api/v1/me', { key: here.token, body });
  const password = 'a longer horse than before';
  for (const body of [
    { password },
    { password, currentPassword: 'not this one' },
    { password: 'short', currentPassword: ANN.password },
    { password: 'Password123', currentPassword: ANN.password },
    { password: 'x'.repeat(129), currentPassword: ANN.password },
  ]) {
    assert.is((await edit(body)).status, 422, JSON.stringify(body));
  }
  assert.is((await me(there.token)).status, 200, 'nothing has changed yet');
  const changed = await edit({ password, currentPassword: ANN.password });
  assert.is(changed.status, 200);
  for (const { token, cookie } of [here, there]) {
    assert.is((await me(token)).status, 401);
    assert.is((await post('refresh', { cookie })).status, 401);
  }
  assert.is((await me(changed.json.accessToken)).status, 200);
  assert.is((await post('refresh', { cookie: cookieOf(changed) })).status, 200);
  assert.is((await post('login', { body: ANN })).status, 401);
  assert.is((await post('login', { body: { ...ANN, password } })).status, 200);
});

it('a hash of older parameters is replaced at the next sign-in', async () => {
  const old = await import('argon2').then(({ hash }) => hash(ANN.password, { memoryCost: 8192, timeCost: 2, parallelism: 1 }));
  await api.pool.query('UPDATE users SET password_hash = $2 WHERE email = $1', [ANN.email, old]);
  await signIn();
  const { rows } = await api.pool.query('SELECT password_hash FROM users WHERE email = $1', [ANN.email]);
  assert.match(rows[0].password_hash, /\$m=19456,/);
  await signIn();
});

it('deletes the account with all that is its own, and nothing of others', async () => {
  const { token } = await signIn(BOB);
  const made = await api.send('POST', '/api/v1/links', { key: token, body: { url: 'https://example.com/bob', slug: 'bobs-link' } });
  assert.is(made.status, 201);
  await api.pool.query(`INSERT INTO link_days VALUES ($1, '2026-05-10', '')`, [made.json.id]);
  await api.pool.query('INSERT INTO link_totals VALUES ($1, 1, 1, 0)', [made.json.id]);
  const remove = (currentPassword: string) => api.send('DELETE', '/api/v1/me', { key: token, body: { currentPassword } });
  assert.is((await remove('not this one')).status, 422);
  assert.is((await me(token)).status, 200);
  assert.is((await remove(BOB.password)).status, 204);
  assert.is((await me(token)).status, 401);
  assert.ok(api.changed.includes('bobs-link'));
  for (const table of ['link_days', 'link_totals']) {
    assert.is((await api.pool.query(`SELECT FROM ${table} WHERE link_id = $1`, [made.json.id])).rowCount, 0, table);
  }
  assert.is((await api.send('GET', '/api/v1/links', { key: api.bob })).status, 401);
  assert.is((await api.send('GET', '/api/v1/links', { key: api.ann })).status, 200);
});

it.run();
