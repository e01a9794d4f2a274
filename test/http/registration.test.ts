/** Accounts that begin with a mail, from a real SMTP server. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CONFIRM_TTL_SEC, RESET_TTL_SEC } from '../../src/http/api/registration.ts';
import { startMailJobs } from '../../src/jobs/mail.ts';
import { createSmtpTransport } from '../../src/jobs/mail-transport.ts';
import { type ApiServer, BASE_URL, startApi } from '../support/api-server.ts';
import { silentLogger } from '../support/logger.ts';
import { type MailServer, type ReceivedMail, startMailServer } from '../support/mail-server.ts';
import { until } from '../support/until.ts';

const PASSWORD = 'correct horse battery';
const NEW_PASSWORD = 'a longer horse than before';

const it = suite('registration');

let api: ApiServer;
let mails: MailServer;
const stops: (() => Promise<void>)[] = [];
let people = 0;

it.before(async () => {
  const [server, smtp] = [await startApi(), await startMailServer()];
  [api, mails] = [server.value, smtp.value];
  const jobs = startMailJobs({
    pool: api.pool,
    transport: createSmtpTransport(mails.url),
    from: 'elnk@elnk.example',
    logger: silentLogger,
  });
  stops.push(jobs.stop, smtp.stop, server.stop);
});
it.after(async () => {
  for (const stop of stops) await stop();
});
it.before.each(() => api.pool.query('DELETE FROM throttles').then(() => undefined));

type Sent = { body?: unknown; key?: string; headers?: Record<string, string> };
const post = (path: string, sent: Sent = {}) => api.send('POST', `/api/v1/auth/${path}`, sent);
const newEmail = () => `person-${++people}@example.com`;
const mailsTo = (email: string): ReceivedMail[] => mails.received.filter(({ to }) => to.includes(email));

async function register(more: Record<string, unknown> = {}): Promise<{ email: string; token: string }> {
  const email = newEmail();
  const answer = await post('register', { body: { email, password: PASSWORD, ...more } });
  assert.is(answer.status, 201, JSON.stringify(answer.json));
  return { email, token: answer.json.accessToken };
}

/** The token in the `n`th mail to somebody. */
async function mailedToken(email: string, n: number, page: 'confirm' | 'reset'): Promise<string> {
  const { mail } = await until(`mail ${n} to ${email}`, () => mailsTo(email)[n - 1]);
  const [, token] = new RegExp(`^${BASE_URL}/${page}#token=([\\w-]{43})$`, 'm').exec(mail.text ?? '') ?? [];
  assert.ok(token, mail.text);
  assert.match(mail.html || '', `${BASE_URL}/${page}#token=${token}`);
  return token;
}

const me = async (token: string) => (await api.send('GET', '/api/v1/me', { key: token })).json;
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
  await post('register', { body: { email, password: PASSWORD } });
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

it('refuses a taken address, in any case, a weak password and fields that are not for visitors to set', async () => {
  const { email } = await register();
  const wrong: [string, Record<string, unknown>][] = [
    ['email', { email: email.toUpperCase(), password: PASSWORD }],
    ['email', { email: 'no address', password: PASSWORD }],
    ['email', { email: 'a@b.c\r\nBcc: d@e.f', password: PASSWORD }],
    ['password', { email: newEmail(), password: 'Password1' }],
    ['password', { email: newEmail(), password: '1234567' }],
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

it('of many who register one address at once, one gets it', async () => {
  const email = newEmail();
  const answers = await Promise.all(Array.from({ length: 10 }, () => post('register', { body: { email, password: PASSWORD } })));
  assert.equal(answers.map(({ status }) => status).sort(), [201, ...new Array(9).fill(422)]);
});

it('links lead to our own host, whatever the request says', async () => {
  const email = newEmail();
  const headers = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http', Forwarded: 'host=evil.example' };
  assert.is((await post('register', { body: { email, password: PASSWORD }, headers })).status, 201);
  await mailedToken(email, 1, 'confirm');
  assert.not.match(JSON.stringify(mailsTo(email)), 'evil');
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

it('an address of somebody else cannot be taken over, and says nothing about them', async () => {
  const [{ email: theirs }, { email, token }] = [await register(), await register()];
  const edit = (to: string) => api.send('PATCH', '/api/v1/me', { key: token, body: { email: to, currentPassword: PASSWORD } });
  const [taken, free] = [await edit(theirs), await edit(newEmail())];
  assert.equal([taken.status, { ...taken.json.user, pendingEmail: null }], [free.status, { ...free.json.user, pendingEmail: null }]);
  const wanted = `person-${people}@example.com`;
  const mailed = await mailedToken(wanted, 1, 'confirm');
  assert.is((await post('register', { body: { email: wanted, password: PASSWORD } })).status, 201, 'somebody else was faster');
  assert.is((await post('confirm', { body: { token: mailed } })).status, 422);
  assert.is((await me(token)).email, email);
  assert.is(mailsTo(theirs).length, 1, 'the confirmation only');
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

it('asking for a new password says nothing about who has an account', async () => {
  const { email } = await register();
  await mailedToken(email, 1, 'confirm');
  const [known, unknown] = [
    await post('password/forgot', { body: { email } }),
    await post('password/forgot', { body: { email: newEmail() } }),
  ];
  assert.equal([known.status, known.json], [204, '']);
  assert.equal([unknown.status, unknown.json, [...unknown.headers.keys()]], [known.status, known.json, [...known.headers.keys()]]);
  await mailedToken(email, 2, 'reset');
  assert.is(mailsTo(`person-${people}@example.com`).length, 0);
  await api.pool.query('UPDATE users SET banned_at = now() WHERE email = $1', [email]);
  assert.is((await post('password/forgot', { body: { email } })).status, 204);
});

it('nobody is flooded with mails, and tokens are not guessed', async () => {
  const { email, token } = await register();
  const forgot = () => post('password/forgot', { body: { email } });
  for (let i = 0; i < 5; i++) assert.is((await forgot()).status, 204);
  assert.is((await forgot()).status, 429);
  for (let i = 0; i < 5; i++) assert.is((await post('confirm/resend', { key: token })).status, 204);
  assert.is((await post('confirm/resend', { key: token })).status, 429);
  const guesses = await Promise.all(Array.from({ length: 80 }, (_, i) => post('confirm', { body: { token: `guess-${i}` } })));
  assert.is(guesses.filter(({ status }) => status === 429).length, 80 - (60 - 6));
  const many = await Promise.all(Array.from({ length: 30 }, () => post('register', { body: { email: newEmail(), password: PASSWORD } })));
  assert.ok(many.filter(({ status }) => status === 201).length <= 20);
  assert.ok(many.some(({ status }) => status === 429));
});

it.run();
