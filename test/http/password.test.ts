import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CounterName } from '../../src/core/counters.ts';
import { UNLOCK_BODY_MAX_BYTES } from '../../src/http/unlock.ts';
import { UNLOCK_TTL_SEC } from '../../src/http/unlock-cookie.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { cookieOf, startVisits, TARGET } from '../support/visit-server.ts';

const server = await startVisits({ fronts: 2 });
const { bases, make, edit, remove, get, unlock, post, counter, clicks, clock, lines } = server.value;

const test = suite('password of a link');
test.after(() => server.stop());

/** What has been counted since. */
function counting(...names: CounterName[]): () => number[] {
  const before = names.map(counter);
  return () => names.map((name, i) => counter(name) - before[i]);
}
const leadsOn = (answer: { status: number; headers: Headers }) =>
  assert.equal([answer.status, answer.headers.get('location')], [303, TARGET]);
let lastAddress = 0;
/** Each test has addresses of its own, so that none is throttled for what another did. */
const newAddress = () => `198.51.100.${++lastAddress}`;

test('GET: a page without a script that asks for the password, in the language of the visitor, and no click', async () => {
  const link = await make({ slug: 'locked', password: 'Sesame' });
  const counted = counting('passwordPages', 'redirects');
  for (const [language, words] of [
    ['en', /<html lang="en">[\s\S]*This link has a password[\s\S]*<button>Open the link<\/button>/],
    ['ru-RU,ru;q=0.9', /<html lang="ru">[\s\S]*Эта ссылка с паролем[\s\S]*<button>Открыть ссылку<\/button>/],
  ] as const) {
    const { status, headers, body } = await get('locked', { headers: { 'Accept-Language': language } });
    assert.is(status, 200);
    assert.match(body, words);
    assert.match(body, /<form method="post">[\s\S]*<label for="password">[\s\S]*<input id="password" name="password" type="password"/);
    assert.is(headers.get('content-type'), 'text/html; charset=utf-8');
    assert.is(headers.get('cache-control'), 'private, no-store');
    assert.not(headers.has('location'));
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none';.*base-uri 'none'.*frame-ancestors 'none'$/);
    assert.not.match(policy, /script|unsafe/);
    for (const [, style] of body.matchAll(/<style>([\s\S]*?)<\/style>/g)) {
      assert.ok(policy.includes(`'sha256-${createHash('sha256').update(style).digest('base64')}'`));
    }
    assert.not.match(body, /<script|javascript:|\son\w+=|\sstyle=|src=|href=|url\(|example\.com/i);
  }
  assert.equal(counted(), [2, 0]);
  assert.is(await clicks(link.id), 0);
});

test('programs get a problem, without where the link leads', async () => {
  for (const accept of ['*/*', 'application/json', '']) {
    const { status, headers, body } = await get('locked', { headers: { Accept: accept } });
    assert.is(status, 403);
    assert.is(headers.get('content-type'), 'application/problem+json');
    assert.is(JSON.parse(body).code, 'password_required');
    assert.not(body.includes('example.com/target'));
    const wrong = await unlock('locked', 'x', { headers: { Accept: accept }, from: newAddress() });
    assert.equal([wrong.status, JSON.parse(wrong.body).code], [403, 'wrong_password']);
    leadsOn(await unlock('locked', 'Sesame', { headers: { Accept: accept }, from: newAddress() }));
  }
});

test('the right password: 303 to the target, exactly one click, a cookie for this link', async () => {
  const link = await make({ slug: 'right', password: 'Пароль с пробелом ' });
  const counted = counting('rightLinkPasswords', 'wrongLinkPasswords', 'redirects');
  const answer = await unlock('right', 'Пароль с пробелом ', { from: newAddress(), headers: { 'Accept-Language': 'ru' } });
  leadsOn(answer);
  assert.is(answer.headers.get('cache-control'), 'private, no-store');
  assert.match(
    answer.headers.get('set-cookie') ?? '',
    /^elnk-unlock=\d+\.[\w-]{43}; Path=\/right; HttpOnly; SameSite=Lax; Max-Age=3600; Secure$/,
  );
  assert.equal(counted(), [1, 0, 1]);
  assert.is(await clicks(link.id), 1);
  const { rows } = await server.value.pool.query('SELECT language, bot FROM clicks WHERE link_id = $1', [link.id]);
  assert.is(rows.length, 1);
});

test('the click comes from where the visitor came from before the page asked; nothing of that can be more than a site', async () => {
  const link = await make({ slug: 'from', password: 'right' });
  const field = ({ body }: { body: string }) => /<input type="hidden"[^>]*value="([^"]*)"/.exec(body)?.[1];
  const referrer = async () => {
    await clicks(link.id);
    return (await server.value.pool.query('SELECT referrer FROM clicks WHERE link_id = $1 ORDER BY clicked_at DESC LIMIT 1', [link.id]))
      .rows[0].referrer;
  };
  const page = await get('from', { headers: { Referer: 'https://t.me/s/channel?x=1' } });
  assert.is(field(page), 'https://t.me/');
  const again = await post('from', 'from=https%3A%2F%2Ft.me%2F&password=wrong', { from: newAddress() });
  assert.is(field(again), 'https://t.me/', 'a wrong password does not forget it');
  leadsOn(await post('from', 'from=https%3A%2F%2Ft.me%2F&password=right', { from: newAddress() }));
  assert.is(await referrer(), 't.me');
  clock.now += 1_000;
  leadsOn(await unlock('from', 'right', { from: newAddress() }));
  assert.is(await referrer(), '');
  for (const hostile of [
    '"><script>alert(1)</script>',
    'javascript:alert(1)',
    'https://"><b>x/',
    "https://a'b/",
    'data:text/html,x',
    'x'.repeat(2_000),
  ]) {
    for (const answer of [
      await get('from', { headers: { Referer: hostile } }),
      await post('from', new URLSearchParams({ from: hostile, password: 'wrong' }).toString(), { from: newAddress() }),
    ]) {
      assert.match(field(answer) ?? '', /^(https:\/\/[\w.'%-]+\/)?$/);
      assert.not.match(answer.body, /<script|<b>|javascript|data:/);
    }
  }
});

test('the same word in another form of Unicode is the same password', async () => {
  await make({ slug: 'composed', password: 'чайник'.normalize('NFC') });
  leadsOn(await unlock('composed', 'чайник'.normalize('NFD'), { from: newAddress() }));
});

test('a wrong password: the page again with the reason, no click, no cookie', async () => {
  const link = await make({ slug: 'wrong', password: 'right' });
  const counted = counting('wrongLinkPasswords', 'rightLinkPasswords', 'redirects', 'passwordPages');
  const from = newAddress();
  for (const [password, language, words] of [
    ['Right', 'en', /That is not the password/],
    [' right', 'ru', /Пароль не подошёл/],
    ['right\0', 'en', /That is not the password/],
    ['x'.repeat(1_000), 'en', /That is not the password/],
  ] as const) {
    const { status, headers, body } = await unlock('wrong', password, { from, headers: { 'Accept-Language': language } });
    assert.is(status, 403);
    assert.match(body, words);
    assert.match(body, /<form method="post">[\s\S]*aria-invalid="true" aria-describedby="wrong"[\s\S]*role="alert"/);
    assert.equal([headers.get('location'), headers.get('set-cookie')], [null, null]);
  }
  assert.equal(counted(), [4, 0, 0, 0]);
  assert.is(await clicks(link.id), 0);
});

test('an empty field is no try; what is no such form is counted as malformed', async () => {
  await make({ slug: 'forms', password: 'right' });
  const from = newAddress();
  const empty = counting('emptyLinkPasswords', 'malformedUnlocks', 'wrongLinkPasswords');
  for (let n = 0; n < 20; n++) {
    const { status, body } = await unlock('forms', '', { from });
    assert.is(status, 422);
    assert.match(body, /Please enter the password/);
  }
  assert.equal(empty(), [20, 0, 0]);

  const malformed = counting('emptyLinkPasswords', 'malformedUnlocks', 'wrongLinkPasswords');
  const type = (it: string) => ({ 'Content-Type': it });
  for (const [body, status, headers] of [
    ['', 400, {}],
    ['passwort=right', 400, {}],
    ['password', 422, {}],
    ['password=right&password=right', 400, {}],
    ['password=%', 400, {}],
    ['password=%ff', 400, {}],
    ['password=%ed%a0%80', 400, {}],
    [Buffer.from('password=\xff', 'latin1'), 400, {}],
    [`password=${'x'.repeat(UNLOCK_BODY_MAX_BYTES)}`, 413, {}],
    ['{"password":"right"}', 415, type('application/json')],
    ['password=right', 415, type('text/plain')],
    ['--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nright\r\n--x--', 415, type('multipart/form-data; boundary=x')],
  ] as const) {
    const answer = await post('forms', body, { from, headers });
    assert.is(answer.status, status, String(body).slice(0, 40));
    assert.match(answer.body, /<form method="post">/);
  }
  assert.equal(malformed(), [1, 11, 0]);
  leadsOn(await unlock('forms', 'right', { from }));
  leadsOn(await post('forms', 'other=1&p%61ssword=%72ight', { from }));
});

test('the cookie opens the link again for an hour, on every thread, each time with a click', async () => {
  const link = await make({ slug: 'again', password: 'right' });
  const cookie = cookieOf(await unlock('again', 'right', { from: newAddress() }));
  for (const front of [0, 1]) {
    const { status, headers } = await get('again', { cookie: `a=b; ${cookie}; c=d`, front });
    assert.equal([status, headers.get('location')], [302, TARGET]);
  }
  assert.is((await get('again', { cookie, method: 'HEAD' })).status, 302);
  assert.is(await clicks(link.id), 3);
  const at = clock.now;
  clock.now = at + UNLOCK_TTL_SEC * 1000 - 1;
  assert.is((await get('again', { cookie })).status, 302);
  clock.now = at + UNLOCK_TTL_SEC * 1000;
  assert.is((await get('again', { cookie })).status, 200);
  clock.now = at;
});

test('a cookie of another link, another time or another make opens nothing', async () => {
  await make({ slug: 'mine', password: 'right' });
  await make({ slug: 'theirs', password: 'right' });
  const [name, value] = (cookieOf(await unlock('mine', 'right', { from: newAddress() })) ?? '').split('=');
  const [end, signature] = value.split('.');
  assert.is((await get('theirs', { cookie: `${name}=${value}` })).status, 200);
  const bytes = Buffer.from(signature, 'base64url');
  bytes[0] ^= 1;
  const flipped = bytes.toString('base64url');
  for (const forged of [
    '',
    '.',
    end,
    `${end}.`,
    `.${signature}`,
    `${Number(end) + 1}.${signature}`,
    `${end}0.${signature}`,
    `${end}.${flipped}`,
    `${end}.${signature}x`,
    `${end}.${signature.slice(1)}`,
    `${end}.${'A'.repeat(43)}`,
    `99999999999.${signature}`,
    `-1.${signature}`,
    `1e10.${signature}`,
    'true',
    '1',
  ]) {
    assert.is((await get('mine', { cookie: `${name}=${forged}` })).status, 200, forged);
  }
  assert.is((await get('mine', { cookie: `${name}x=${value}` })).status, 200);
  assert.is((await get('mine', { cookie: `${name}=forged; ${name}=${value}` })).status, 302, 'the right one is found behind a forged one');
  assert.is((await get('mine', { cookie: `${`${name}=x; `.repeat(100)}${name}=${value}` })).status, 200, 'but not behind any number');
});

test('another password, the same word again, or none: what was unlocked ends at once on every thread', async () => {
  await make({ slug: 'changing', password: 'one' });
  const open = async (word: string) => cookieOf(await unlock('changing', word, { from: newAddress() }));
  const opens = async (cookie: string | undefined) =>
    Promise.all([0, 1].map(async (front) => (await get('changing', { cookie, front })).status === 302));
  let cookie = await open('one');
  assert.equal(await opens(cookie), [true, true]);
  await edit('changing', { password: 'two' });
  assert.equal(await opens(cookie), [false, false]);
  assert.is((await unlock('changing', 'one', { from: newAddress() })).status, 403);
  cookie = await open('two');
  assert.equal(await opens(cookie), [true, true]);
  await edit('changing', { password: 'two' });
  assert.equal(await opens(cookie), [false, false]);
  cookie = await open('two');
  await edit('changing', { passwordHash: null });
  assert.equal(await opens(undefined), [true, true], 'no password any more');
  await edit('changing', { password: 'two' });
  assert.equal(await opens(cookie), [false, false]);
  cookie = await open('two');
  await edit('changing', { title: 'x', url: TARGET });
  assert.equal(await opens(cookie), [true, true], 'other edits end nothing');
  await remove('changing');
  await make({ slug: 'changing', password: 'two' });
  assert.equal(await opens(cookie), [false, false], 'another link with the same slug and word');
});

test('an edit while a password is checked: nobody gets through with the old one', async () => {
  for (let n = 0; n < 10; n++) {
    const slug = `race-${n}`;
    const link = await make({ slug, password: 'old' });
    const [answer] = await Promise.all([unlock(slug, 'old', { from: newAddress() }), edit(slug, { password: 'new', url: `${TARGET}2` })]);
    const location = answer.headers.get('location');
    // Either the password was right before the edit, or the visitor is sent back to the page, or it was wrong after it.
    assert.ok([TARGET, `/${slug}`, null].includes(location), String(location));
    assert.is(await clicks(link.id), location === TARGET ? 1 : 0);
  }
});

test('a page that was open while the password was removed leads on all the same; unknown links do not', async () => {
  const link = await make({ slug: 'removed', password: 'x' });
  await edit('removed', { passwordHash: null });
  const answer = await unlock('removed', 'x', { from: newAddress() });
  assert.equal([answer.status, answer.headers.get('location')], [303, '/removed']);
  assert.is(await clicks(link.id), 0, 'counted where it leads');
  for (const slug of ['nothing-here', '%72emoved', 'a%0d%0ab', '!']) {
    const { status, headers } = await unlock(slug, 'x', { from: newAddress() });
    assert.equal([status, headers.get('location')], [404, null]);
  }
});

test('HEAD and programs that draw previews see that there is a password, and count for nothing', async () => {
  const link = await make({ slug: 'peeked', password: 'x' });
  const counted = counting('passwordPages', 'redirects');
  for (const agent of ['TelegramBot (like TwitterBot)', 'facebookexternalhit/1.1', 'WhatsApp/2.23.20.0', 'Slackbot-LinkExpanding 1.0']) {
    const { status, headers, body } = await get('peeked', { headers: { 'User-Agent': agent, Accept: '*/*' } });
    assert.equal([status, headers.get('location')], [200, null]);
    assert.match(body, /This link has a password/);
  }
  const head = await get('peeked', { method: 'HEAD' });
  assert.equal([head.status, head.body, head.headers.get('location')], [200, '', null]);
  assert.equal(counted(), [0, 0]);
  assert.is(await clicks(link.id), 0);
});

test('with a limit: a wrong password costs no click; the last one is for whoever has the right one', async () => {
  const link = await make({ slug: 'both', password: 'right', maxClicks: 2 });
  for (let n = 0; n < 5; n++) await unlock('both', 'wrong', { from: newAddress() });
  await get('both');
  const used = async () => (await server.value.pool.query('SELECT clicks_used FROM links WHERE id = $1', [link.id])).rows[0].clicks_used;
  assert.is(await used(), 0);
  const first = await unlock('both', 'right', { from: newAddress() });
  leadsOn(first);
  const cookie = cookieOf(first);
  assert.is((await get('both', { cookie, method: 'HEAD' })).status, 200, 'a look takes none');
  assert.is((await get('both', { cookie, front: 1 })).status, 302);
  assert.is(await used(), 2);
  const counted = counting('limitRefusals', 'rightLinkPasswords', 'wrongLinkPasswords');
  assert.is((await unlock('both', 'right', { from: newAddress(), front: 1 })).status, 410);
  assert.is((await get('both', { cookie })).status, 410);
  assert.is((await get('both')).status, 410, 'nobody is asked for a password of a link that leads nowhere');
  assert.is((await unlock('both', 'wrong', { from: newAddress() })).status, 410);
  assert.equal(counted()[0], 4);
  assert.is(await clicks(link.id), 2);
  assert.is(await used(), 2);
});

test('once the last click is taken, no thread asks for the password any more, or says that there is a limit', async () => {
  await make({ slug: 'last', password: 'right', maxClicks: 2 });
  const all = async (path: string, sent: { method?: string; headers?: Record<string, string> } = {}) =>
    Promise.all([0, 1].map(async (front) => (await get(path, { ...sent, front })).status));
  const looks = [{ method: 'HEAD' }, { headers: { 'User-Agent': 'TelegramBot (like TwitterBot)' } }];
  leadsOn(await unlock('last', 'right', { from: newAddress() }));
  assert.equal(
    [await all('last'), await all('last+'), ...(await Promise.all(looks.map((look) => all('last', look))))].flat(),
    new Array(8).fill(200),
  );
  leadsOn(await unlock('last', 'right', { from: newAddress() }));
  assert.equal(
    [await all('last'), await all('last+'), ...(await Promise.all(looks.map((look) => all('last', look))))].flat(),
    new Array(8).fill(410),
  );
  for (const front of [0, 1]) assert.is((await unlock('last', 'wrong', { from: newAddress(), front })).status, 410);
  await edit('last', { maxClicks: 3 });
  assert.equal(await all('last'), [200, 200]);
});

test('a visitor who leaves before a click of the limit is granted is not counted', async () => {
  const link = await make({ slug: 'left', password: 'right', maxClicks: 2 });
  const { pool } = server.value;
  const used = async () => (await pool.query('SELECT clicks_used FROM links WHERE id = $1', [link.id])).rows[0].clicks_used;
  const holder = await pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM links WHERE id = $1 FOR UPDATE', [link.id]);
    const leaving = new AbortController();
    const visit = fetch(`${bases[0]}/left`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'password=right',
      redirect: 'manual',
      signal: leaving.signal,
    });
    await until('somebody who waits for a click', async () => {
      const sql = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      return (await pool.query(sql)).rowCount === 1;
    });
    leaving.abort();
    await thrownBy(visit);
    assert.is((await get('left')).status, 200); // by then the server has seen the end of the connection
    await holder.query('COMMIT');
  } finally {
    holder.release();
  }
  await until('the click that is used', async () => (await used()) === 1);
  leadsOn(await unlock('left', 'right', { from: newAddress() }));
  assert.is(await clicks(link.id), 1);
  assert.is(await used(), 2);
});

test('outside its window a link asks for no password, and none opens it', async () => {
  await make({ slug: 'early', password: 'x', validFrom: clock.now + 1_000 });
  await make({ slug: 'late', password: 'x', expiresAt: clock.now });
  await make({ slug: 'elsewhere', password: 'x', expiresAt: clock.now, expiredUrl: 'https://example.com/over' });
  for (const [slug, status] of [
    ['early', 404],
    ['late', 410],
    ['elsewhere', 302],
  ] as const) {
    assert.is((await get(slug)).status, status);
    assert.is((await unlock(slug, 'x', { from: newAddress() })).status, status);
  }
});

test('over plain HTTP the cookie is not marked Secure, or no browser would keep it', async () => {
  const plain = await startVisits({ isHttps: false });
  await plain.value.make({ slug: 'plain', password: 'x' });
  const answer = await plain.value.unlock('plain', 'x');
  assert.match(answer.headers.get('set-cookie') ?? '', /Max-Age=3600$/);
  await plain.stop();
});

test('nothing that was sent stands in the log', () => {
  assert.not.match(JSON.stringify(lines), /Sesame|right|argon2id/);
  assert.is(bases.length, 2);
});

test.run();
