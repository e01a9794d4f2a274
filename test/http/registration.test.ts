/** Accounts that begin with a mail, from a real SMTP server. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CONFIRM_TTL_SEC, RESET_TTL_SEC } from '../../src/core/mail.ts';
import { BASE_URL } from '../support/api-server.ts';
import { type MailedAccounts, NEW_PASSWORD, PASSWORD, startMailedAccounts } from '../support/mailed-accounts.ts';
import { rawRequest } from '../support/raw-http.ts';
import { until } from '../support/until.ts';

const it = suite('registration');

const { value, stop } = await startMailedAccounts();
const { api, post, newEmail, register, mail, mailsTo, mailedToken, me }: MailedAccounts = value;

it.after(() => stop());
it.before.each(() => api.pool.query('DELETE FROM throttles').then(() => undefined));

const makeLink = (token: string) => api.send('POST', '/api/v1/links', { key: token, body: { url: 'https://example.com/' } });

it('until the address is confirmed everything works but creating links, and the refusal says how to go on', async () => {
  const { email, token } = await register({ timezone: 'Europe/Moscow', locale: 'ru' });
  assert.equal(await me(token).then(({ confirmed, timezone, locale, plan, isAdmin }) => [confirmed, timezone, locale, plan, isAdmin]), [
    false,
    'Europe/Moscow',
    'ru',
    'regular',
    false,
  ]);
  assert.is((await api.send('GET', '/api/v1/links', { key: token })).status, 200);
  const refused = await makeLink(token);
  assert.is(refused.status, 403);
  assert.is(refused.json.code, 'unconfirmed');
  assert.match(refused.json.detail, '/api/v1/auth/confirm/resend');

  const mailed = await mailedToken(email, 1, 'confirm');
  assert.match(mailsTo(email)[0].mail.subject ?? '', 'Подтвердите');
  assert.is((await post('confirm', { body: { token: mailed } })).status, 204);
  assert.is((await me(token)).confirmed, true);
  assert.is((await makeLink(token)).status, 201);
  assert.is((await post('confirm', { body: { token: mailed } })).status, 422, 'used before');
});

it('counts what happens', async () => {
  const names = [
    'registrations',
    'failedRegistrations',
    'confirmationMails',
    'confirmations',
    'failedConfirmations',
    'passwordChanges',
  ] as const;
  const before = names.map(api.counter);
  const { email, token } = await register();
  await post('register', { body: { email: newEmail(), password: 'password' } });
  await mailedToken(email, 1, 'confirm');
  await post('confirm/resend', { key: token });
  const mailed = await mailedToken(email, 2, 'confirm');
  for (let i = 0; i < 2; i++) await post('confirm', { body: { token: mailed } });
  await post('password/forgot', { body: { email } });
  await post('password/reset', { body: { token: await mailedToken(email, 3, 'reset'), password: NEW_PASSWORD } });
  const after = names.map(api.counter);
  assert.equal(Object.fromEntries(names.map((name, i) => [name, after[i] - before[i]])), {
    registrations: 1,
    failedRegistrations: 1,
    confirmationMails: 2,
    confirmations: 1,
    failedConfirmations: 1,
    passwordChanges: 1,
  });
});

it('the mail is sent again on demand, and then only its token is good', async () => {
  const { email, token } = await register();
  const first = await mailedToken(email, 1, 'confirm');
  assert.is((await post('confirm/resend', { key: token })).status, 204);
  const second = await mailedToken(email, 2, 'confirm');
  assert.is((await post('confirm', { body: { token: first } })).status, 422);
  assert.is((await post('confirm', { body: { token: second } })).status, 204);
  assert.is((await post('confirm/resend', { key: token })).status, 204);
  assert.is((await api.pool.query('SELECT FROM mail_tokens m JOIN users u ON u.id = m.user_id WHERE u.email = $1', [email])).rowCount, 0);
});

it('refuses what is no address, a weak password and fields that are not for visitors to set', async () => {
  const wrong: [string, Record<string, unknown>][] = [
    ['email', { email: 'no address', password: PASSWORD }],
    ['email', { email: 'a@b.c\r\nBcc: d@e.f', password: PASSWORD }],
    ['password', { email: newEmail(), password: 'Password1' }],
    ['password', { email: newEmail(), password: '1234567' }],
    ['password', { email: newEmail(), password: '🐴🐴🐴🐴' }],
    ['password', { email: newEmail(), password: 'x'.repeat(129) }],
    ['password', { email: newEmail(), password: 'ｐａｓｓｗｏｒｄ１' }],
    ['timezone', { email: newEmail(), password: PASSWORD, timezone: '+03:00' }],
    ['isAdmin', { email: newEmail(), password: PASSWORD, isAdmin: true }],
    ['plan', { email: newEmail(), password: PASSWORD, plan: 'unlimited' }],
  ];
  for (const [path, body] of wrong) {
    const { status, json } = await post('register', { body });
    assert.equal([status, json.errors?.[0].path], [422, path], JSON.stringify(body));
  }
});

it('is closed when the server says so, and everything else goes on', async () => {
  const { email } = await register();
  api.registration.isOpen = false;
  try {
    const refused = await post('register', { body: { email: newEmail(), password: PASSWORD } });
    assert.equal([refused.status, refused.json.code], [403, 'forbidden']);
    assert.is((await post('login', { body: { email, password: PASSWORD } })).status, 200);
  } finally {
    api.registration.isOpen = true;
  }
});

it('passwords may be of any characters, eight of them are enough, and it does not matter how they are composed', async () => {
  const sets = [['zzzzzzzz'], ['        '], ['🐴'.repeat(128)], ['пароль-é', 'пароль-e\u0301'], ['ﬁsh and chips', 'fish and chips']];
  for (const [password, same = password] of sets) {
    const { email } = await register({ password });
    assert.is((await post('login', { body: { email, password: same } })).status, 200, password);
  }
});

it('no host that a request names gets into any mail', async () => {
  const evil = (method: string, path: string, body: object, key?: string) => {
    const json = JSON.stringify(body);
    const lines = [
      `${method} /api/v1${path} HTTP/1.1`,
      'Host: evil.example',
      ...['Host', 'Proto', 'Port', 'Prefix', 'Server'].map((name) => `X-Forwarded-${name}: evil.example`),
      'Forwarded: host=evil.example;proto=http',
      'X-Host: evil.example',
      'X-Original-URL: https://evil.example/',
      'Referer: https://evil.example/',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(json)}`,
      ...(key === undefined ? [] : [`Authorization: Bearer ${key}`]),
    ];
    return rawRequest(api.port, `${lines.join('\r\n')}\r\n\r\n${json}`);
  };
  const [email, other] = [newEmail(), newEmail()];
  assert.match(await evil('POST', '/auth/register', { email, password: PASSWORD }), / 201 /);
  const { accessToken: token } = (await post('login', { body: { email, password: PASSWORD } })).json;
  await mailedToken(email, 1, 'confirm');
  assert.match(await evil('POST', '/auth/confirm/resend', {}, token), / 204 /);
  const proof = await mailedToken(email, 2, 'confirm');
  assert.match(await evil('POST', '/auth/confirm', { token: proof }), / 204 /);
  assert.match(await evil('POST', '/auth/register', { email, password: NEW_PASSWORD }), / 201 /);
  await mail(email, 3);
  assert.match(await evil('POST', '/auth/password/forgot', { email }), / 204 /);
  await mailedToken(email, 4, 'reset');
  assert.match(await evil('PATCH', '/me', { email: other, currentPassword: PASSWORD }, token), / 200 /);
  assert.match(await evil('POST', '/auth/confirm', { token: await mailedToken(other, 1, 'confirm') }), / 204 /);
  const notice = await mail(email, 5);
  const mails = [...mailsTo(email), ...mailsTo(other)].map(({ mail: { subject, text, html, headerLines } }) => ({
    subject,
    text,
    html,
    headerLines,
  }));
  assert.equal(new Set(mails.map(({ subject }) => subject)).size, 5, 'one of each kind');
  assert.not.match(JSON.stringify(mails), 'evil');
  assert.ok(notice.text?.includes(`\n${BASE_URL}\n`), notice.text);
});

it('a forgotten password is set anew with the token of the mail, which ends every session', async () => {
  const { email, token } = await register();
  assert.is((await post('password/forgot', { body: { email: email.toUpperCase() } })).status, 204);
  const reset = await mailedToken(email, 2, 'reset');
  const set = (sent: string, password = NEW_PASSWORD) => post('password/reset', { body: { token: sent, password } });
  assert.is((await set(reset, 'password1')).status, 422, 'a weak one uses no token up');
  assert.is((await set(await mailedToken(email, 1, 'confirm'))).status, 422, 'a token for another purpose');
  assert.is((await post('confirm', { body: { token: reset } })).status, 422, 'and the other way round');
  assert.is((await set(reset)).status, 204);
  assert.is((await set(reset)).status, 422, 'used before');
  assert.is((await api.send('GET', '/api/v1/me', { key: token })).status, 401);
  assert.is((await post('login', { body: { email, password: PASSWORD } })).status, 401);
  const login = await post('login', { body: { email, password: NEW_PASSWORD } });
  assert.is(login.json.user.confirmed, true, 'who reads the mails of an address has confirmed it');
});

it('a new address is the account’s when it was confirmed, and the former one is told', async () => {
  const { email, token } = await register();
  const [first, other] = [await mailedToken(email, 1, 'confirm'), newEmail()];
  const edit = (body: unknown) => api.send('PATCH', '/api/v1/me', { key: token, body });
  assert.is((await edit({ email: other })).status, 422, 'without the password');
  assert.is((await edit({ email: other, currentPassword: 'not this one' })).status, 422);
  const edited = await edit({ email: other, currentPassword: PASSWORD });
  assert.equal([edited.status, edited.json.user.email, edited.json.user.pendingEmail], [200, email, other]);
  const mailed = await mailedToken(other, 1, 'confirm');
  assert.is((await post('login', { body: { email: other, password: PASSWORD } })).status, 401, 'not yet');
  assert.is((await post('confirm', { body: { token: mailed } })).status, 204);
  assert.equal(await me(token).then((user) => [user.email, user.pendingEmail, user.confirmed]), [other, null, true]);
  assert.match((await until('a notice', () => mailsTo(email)[1])).mail.subject ?? '', 'was changed');
  assert.is((await post('confirm', { body: { token: first } })).status, 422, 'what the former address was sent');
  assert.is((await post('login', { body: { email: other, password: PASSWORD } })).status, 200);
});

it('tokens end with their time', async () => {
  const { email } = await register();
  assert.is((await post('password/forgot', { body: { email } })).status, 204);
  const [confirm, reset] = [await mailedToken(email, 1, 'confirm'), await mailedToken(email, 2, 'reset')];
  const { rows } = await api.pool.query<{ purpose: string; sec: number }>(
    `SELECT purpose, round(extract(epoch FROM expires_at - now()))::int AS sec FROM mail_tokens m JOIN users u ON u.id = m.user_id WHERE u.email = $1`,
    [email],
  );
  for (const [purpose, ttl] of [
    ['confirm', CONFIRM_TTL_SEC],
    ['reset', RESET_TTL_SEC],
  ] as const) {
    const sec = rows.find((row) => row.purpose === purpose)?.sec ?? 0;
    assert.ok(sec > ttl - 60 && sec <= ttl, `${purpose}: ${sec}`);
  }
  await api.pool.query(`UPDATE mail_tokens SET expires_at = now()`);
  assert.is((await post('confirm', { body: { token: confirm } })).status, 422);
  assert.is((await post('password/reset', { body: { token: reset, password: NEW_PASSWORD } })).status, 422);
});

it('nobody is flooded with mails, and tokens are not guessed', async () => {
  const { email, token } = await register();
  const forgot = () => post('password/forgot', { body: { email } });
  for (let i = 0; i < 5; i++) assert.is((await forgot()).status, 204);
  assert.is((await forgot()).status, 429);
  for (let i = 0; i < 4; i++) assert.is((await post('confirm/resend', { key: token })).status, 204, 'after the one of the registration');
  assert.is((await post('confirm/resend', { key: token })).status, 429);
  assert.is((await post('register', { body: { email, password: PASSWORD } })).status, 429, 'whoever asks for them');
  const guesses = await Promise.all(Array.from({ length: 80 }, (_, i) => post('confirm', { body: { token: `guess-${i}` } })));
  assert.is(guesses.filter(({ status }) => status === 429).length, 80 - (60 - 6));
  const many = await Promise.all(Array.from({ length: 30 }, () => post('register', { body: { email: newEmail(), password: PASSWORD } })));
  assert.ok(many.filter(({ status }) => status === 201).length <= 20);
  assert.ok(many.some(({ status }) => status === 429));
});

it.run();
