/** Who has an account is nobody else's business: what is answered does not tell, and what can be done with it does not either. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Answer } from '../support/api-server.ts';
import { cookieOf, NEW_PASSWORD, PASSWORD, startMailedAccounts } from '../support/mailed-accounts.ts';
import { until } from '../support/until.ts';

const it = suite('known addresses');

const { value, stop } = await startMailedAccounts();
const { api, post, newEmail, register, registerProved, mailsTo, mail, mailedToken, me } = value;

it.after(() => stop());
it.before.each(() => api.pool.query('DELETE FROM throttles').then(() => undefined));

/** What of an answer could tell something. */
const shown = ({ status, headers, json }: Answer, hide: string[]) => {
  const text = JSON.stringify([status, [...headers].filter(([name]) => name !== 'date'), json]);
  return [...hide, ...(text.match(/r=\d+;t=\d+/) ?? [])].reduce((rest, it) => rest.replaceAll(it, '…'), text);
};
const secretsOf = (answer: Answer, email: string) => [
  email,
  answer.json.accessToken,
  cookieOf(answer).split('=')[1],
  answer.json.user.createdAt,
];
const queueIsEmpty = () => until('an empty queue', async () => (await api.pool.query('SELECT FROM graphile_worker.jobs')).rowCount === 0);
const login = (email: string, password: string, from = '192.0.2.1') =>
  post('login', { body: { email, password }, headers: { 'X-Forwarded-For': from } });
const makeLink = (key: string) => api.send('POST', '/api/v1/links', { key, body: { url: 'https://example.com/' } });

it('registering a taken address is answered like any other, and only its owner is told', async () => {
  const { email: theirs } = await registerProved();
  await api.pool.query(`UPDATE users SET locale = 'ru' WHERE email = $1`, [theirs]);
  const [taken, free] = [
    await register({ email: theirs.toUpperCase(), password: NEW_PASSWORD }),
    await register({ password: NEW_PASSWORD }),
  ];
  assert.is(shown(taken.answer, secretsOf(taken.answer, theirs)), shown(free.answer, secretsOf(free.answer, free.email)));
  const { subject, text = '', html } = await mail(theirs, 2);
  assert.is(subject, 'У вас уже есть учётная запись');
  assert.ok(text.includes('\nhttps://elnk.example/login\n'), text);
  assert.not.match(`${text}${html}`, 'token');
  await mailedToken(free.email, 1, 'confirm');
});

it('an account that claims a taken address can do what any other can that is not confirmed', async () => {
  const { email: theirs, token: owner } = await registerProved();
  for (const { email, token, answer } of [
    await register({ email: theirs, password: NEW_PASSWORD }),
    await register({ password: NEW_PASSWORD }),
  ]) {
    assert.equal(await me(token).then((user) => [user.email, user.confirmed]), [email, false]);
    assert.is((await post('confirm/resend', { key: token })).status, 204);
    assert.equal(await makeLink(token).then(({ status, json }) => [status, json.code]), [403, 'unconfirmed']);
    assert.is((await api.send('POST', '/api/v1/api-keys', { key: token, body: { name: 'x', scopes: ['links:read'] } })).status, 201);
    assert.is((await post('refresh', { headers: { Cookie: cookieOf(answer) } })).json.user.email, email);
    const again = await login(email, NEW_PASSWORD);
    assert.equal([again.status, again.json.user.confirmed], [200, false]);
    assert.is((await post('logout', { headers: { Cookie: cookieOf(again) } })).status, 204);
    assert.is((await post('logout/everywhere', { key: token })).status, 204);
    assert.is((await login(email, 'a wrong password')).status, 401);
  }
  assert.is((await mail(theirs, 3)).subject, 'You have an account already', 'asked for again');
  assert.is((await login(theirs, PASSWORD)).json.user.confirmed, true, 'the owner is who they were');
  assert.is((await makeLink(owner)).status, 201);
});

it('many may claim an address, and one can have it', async () => {
  const email = newEmail();
  const answers = await Promise.all(Array.from({ length: 10 }, () => post('register', { body: { email, password: PASSWORD } })));
  const statuses = answers.map(({ status }) => status).sort();
  assert.equal(statuses, [...new Array(5).fill(201), ...new Array(5).fill(429)], 'so many mails an hour');
  const tokens = await Promise.all([1, 2, 3, 4, 5].map((n) => mailedToken(email, n, 'confirm')));
  const confirmed = await Promise.all(tokens.map((token) => post('confirm', { body: { token } })));
  assert.equal(confirmed.map(({ status }) => status).sort(), [204, 422, 422, 422, 422]);
  const { rows } = await api.pool.query('SELECT FROM users WHERE email = $1 AND confirmed_at IS NOT NULL', [email]);
  assert.is(rows.length, 1);
});

it('whoever proves an address has it, also when others have claimed it later', async () => {
  const first = await register();
  const proof = await mailedToken(first.email, 1, 'confirm');
  const second = await register({ email: first.email, password: NEW_PASSWORD });
  assert.is((await post('confirm', { body: { token: proof } })).status, 204);
  assert.is((await me(first.token)).confirmed, true);
  assert.is((await post('confirm', { body: { token: await mailedToken(first.email, 2, 'confirm') } })).status, 422);
  assert.is((await me(second.token)).confirmed, false);
  assert.is((await login(first.email, PASSWORD)).json.user.confirmed, true);
});

it('an account that claims the address does not make guesses at its owner’s password forgotten', async () => {
  for (const email of [(await registerProved()).email, newEmail()]) {
    await register({ email, password: NEW_PASSWORD });
    for (let i = 0; i < 9; i++) assert.is((await login(email, `wrong ${i}`)).status, 401);
    assert.is((await login(email, NEW_PASSWORD)).status, 200);
    assert.is((await login(email, 'wrong again')).status, 401);
    assert.is((await login(email, 'and again')).status, 429);
  }
});

it('asking for a new password is answered alike, and only who has an account gets a mail', async () => {
  const { email } = await register();
  const stranger = newEmail();
  const [known, unknown] = [
    await post('password/forgot', { body: { email } }),
    await post('password/forgot', { body: { email: stranger } }),
  ];
  assert.is(known.status, 204);
  assert.is(shown(known, []), shown(unknown, []));
  await mailedToken(email, 2, 'reset');
  await queueIsEmpty();
  assert.is(mailsTo(stranger).length, 0);
  await api.pool.query('UPDATE users SET banned_at = now() WHERE email = $1', [email]);
  assert.is((await post('password/forgot', { body: { email } })).status, 204);
  await queueIsEmpty();
  assert.is(mailsTo(email).length, 2);
});

it('a forgotten password is that of the owner, not of who only claims the address', async () => {
  const { email, token } = await registerProved();
  const claim = await register({ email, password: NEW_PASSWORD });
  assert.is((await post('password/forgot', { body: { email } })).status, 204);
  const reset = await mailedToken(email, 3, 'reset');
  assert.is((await post('password/reset', { body: { token: reset, password: 'set by the owner' } })).status, 204);
  assert.is((await me(token)).status, 401);
  assert.is((await me(claim.token)).confirmed, false);
  assert.is((await login(email, 'set by the owner')).json.user.confirmed, true);
});

it('an address of somebody else cannot be taken over, and changing to it says nothing about them', async () => {
  const [{ email: theirs }, { email, token }] = [await registerProved(), await registerProved()];
  const edit = (to: string) => api.send('PATCH', '/api/v1/me', { key: token, body: { email: to, currentPassword: PASSWORD } });
  const wanted = newEmail();
  const [taken, free] = [await edit(theirs), await edit(wanted)];
  assert.is(shown(taken, [theirs]), shown(free, [wanted]));
  assert.is((await mail(theirs, 2)).subject, 'You have an account already');
  const mailed = await mailedToken(wanted, 1, 'confirm');
  const other = await register({ email: wanted, password: NEW_PASSWORD });
  assert.is((await post('confirm', { body: { token: await mailedToken(wanted, 2, 'confirm') } })).status, 204, 'somebody else was faster');
  assert.is((await post('confirm', { body: { token: mailed } })).status, 422);
  assert.is((await me(token)).email, email);
  assert.is((await me(other.token)).confirmed, true);
});

it('signing in says nothing either, whether there is an account, one without a password, or one that is banned', async () => {
  const { email } = await registerProved();
  const answers = [await login(email, 'a wrong password'), await login(newEmail(), 'a wrong password')];
  await api.pool.query('UPDATE users SET password_hash = NULL WHERE email = $1', [email]);
  answers.push(await login(email, PASSWORD));
  await api.pool.query('UPDATE users SET banned_at = now() WHERE email = $1', [email]);
  answers.push(await login(email, PASSWORD));
  assert.is(answers[0].status, 401);
  for (const answer of answers) assert.is(shown(answer, []), shown(answers[0], []));
});

it.run();
