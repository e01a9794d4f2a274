import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LINK_PASSWORD_MAX_LENGTH } from '../../src/core/link-password.ts';
import { verifyPassword } from '../../src/storage/passwords.ts';
import { type Answer, type Sent, startApi } from '../support/api-server.ts';

const LINKS = '/api/v1/links';
const url = 'https://example.com/';

const server = await startApi();
const { ann, bob, send, counter, clock, pool } = server.value;
const create = (body: object, sent: Sent = {}) => send('POST', LINKS, { key: ann, body: { url, ...body }, ...sent });
const patch = (slug: string, body: object, sent: Sent = {}) => send('PATCH', `${LINKS}/${slug}`, { key: ann, body, ...sent });
const read = async (slug: string) => (await send('GET', `${LINKS}/${slug}`, { key: ann })).json;
const faults = ({ status, json }: Answer) => [status, ...(json.errors ?? []).map(({ path }: { path: string }) => path)];
const iso = (ms: number) => new Date(ms).toISOString();
const stored = async (slug: string) =>
  (await pool.query<{ password_hash: string }>('SELECT password_hash FROM links WHERE slug = $1', [slug])).rows[0].password_hash;

const test = suite('rules of links over HTTP');

test.after(() => server.stop());

test('a link with every rule, and what its owner sees of it', async () => {
  const [from, to] = [iso(clock.now - 1), iso(clock.now + 1)];
  const rules = { maxClicks: 3, validFrom: from, expiresAt: to };
  const { status, json } = await create({ slug: 'all', password: 'sésame', expiredUrl: 'HTTPS://example.com/over', ...rules });
  assert.is(status, 201);
  const shown = { hasPassword: true, clicksLeft: 3, expiredUrl: 'https://example.com/over', state: 'active', ...rules };
  assert.equal({ ...json, ...shown }, json);
  assert.not('password' in json);
  assert.equal(await read('all'), json);
  assert.match(await stored('all'), /^\$argon2id\$v=19\$m=19456,(p=1,t=2|t=2,p=1)\$/);
  assert.ok(await verifyPassword(await stored('all'), 'sésame'));
});

test('PATCH sets and clears each rule alone; the ETag moves with each', async () => {
  const made = (await create({ slug: 'edited' })).json;
  const shown: Record<string, [given: unknown, field: string, seen: unknown, cleared: unknown]> = {
    password: ['x', 'hasPassword', true, false],
    maxClicks: [5, 'maxClicks', 5, null],
    validFrom: [iso(clock.now - 5), 'validFrom', iso(clock.now - 5), null],
    expiresAt: [iso(clock.now + 5), 'expiresAt', iso(clock.now + 5), null],
    expiredUrl: [`${url}x`, 'expiredUrl', `${url}x`, null],
  };
  let version = 1;
  let expected = made;
  for (const rule of Object.keys(shown)) {
    const [given, field, seen, cleared] = shown[rule];
    for (const [value, now] of [
      [given, seen],
      [null, cleared],
    ]) {
      const answer = await patch('edited', { [rule]: value }, { headers: { 'If-Match': `"${version}"` } });
      assert.is(answer.headers.get('etag'), `"${++version}"`);
      const clicksLeft = rule === 'maxClicks' ? now : null;
      expected = { ...made, [field]: now, clicksLeft, version, updatedAt: answer.json.updatedAt };
      assert.equal(answer.json, expected);
      assert.is((await patch('edited', { [rule]: given }, { headers: { 'If-Match': '"1"' } })).status, 412);
    }
  }
});

test('times may come with any offset and are answered in UTC, to the millisecond', async () => {
  const { json } = await create({ validFrom: '2026-05-10T23:59:59.999+05:45', expiresAt: '2026-05-10T18:15:00Z' });
  assert.equal([json.validFrom, json.expiresAt], ['2026-05-10T18:14:59.999Z', '2026-05-10T18:15:00.000Z']);
});

test('the state is that of the moment: nothing has to happen for it to change', async () => {
  const at = clock.now;
  await create({ slug: 'in-time', validFrom: iso(at + 10), expiresAt: iso(at + 20) });
  const states: string[] = [];
  for (const ms of [9, 10, 19, 20]) {
    clock.now = at + ms;
    states.push((await read('in-time')).state);
  }
  assert.equal(states, ['scheduled', 'active', 'active', 'expired']);
  const { data } = (await send('GET', `${LINKS}?limit=1`, { key: ann })).json;
  assert.is(data[0].state, 'expired');
  clock.now = at;
});

test('a limit keeps what was used, whatever is made of it', async () => {
  await create({ slug: 'limited', maxClicks: 3 });
  await pool.query(`UPDATE links SET clicks_used = 3 WHERE slug = 'limited'`);
  const seen = async () => {
    const { maxClicks, clicksLeft, state } = await read('limited');
    return [maxClicks, clicksLeft, state];
  };
  assert.equal(await seen(), [3, 0, 'exhausted']);
  for (const [maxClicks, expected] of [
    [5, [5, 2, 'active']],
    [2, [2, 0, 'exhausted']],
    [null, [null, null, 'active']],
    [4, [4, 1, 'active']],
  ]) {
    await patch('limited', { maxClicks });
    assert.equal(await seen(), expected);
  }
});

const WRONG: readonly [body: object, path: string][] = [
  ...['', 'a\nb', 'a\0b', '\u2028', '\ud800', 'x'.repeat(LINK_PASSWORD_MAX_LENGTH + 1), 1, {}, ['x']].map((password): [object, string] => [
    { password },
    'password',
  ]),
  ...[0, -1, 1.5, 1_000_000_001, '5', true].map((maxClicks): [object, string] => [{ maxClicks }, 'maxClicks']),
  ...[
    '',
    'tomorrow',
    '2026-05-10',
    '2026-05-10T10:00:00',
    '2026-02-30T00:00:00Z',
    0,
    1e12,
    '1969-12-31T23:59:59Z',
    '9999-12-31T23:59:59-01:00',
  ].map((validFrom): [object, string] => [{ validFrom }, 'validFrom']),
  [{ expiresAt: '0000-01-01T00:00:00Z' }, 'expiresAt'],
  [{ validFrom: '2026-05-10T10:00:00Z', expiresAt: '2026-05-10T10:00:00Z' }, 'expiresAt'],
  [{ validFrom: '2026-05-10T10:00:01Z', expiresAt: '2026-05-10T10:00:00Z' }, 'expiresAt'],
  ...[
    '',
    'x',
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'https://user@example.com/',
    'https://elnk.example/abc',
    `https://ELNK.example:8443./`,
  ].map((expiredUrl): [object, string] => [{ expiredUrl }, 'expiredUrl']),
];

test('422 says which field is wrong, for a new link and for an edit', async () => {
  await create({ slug: 'never-wrong', validFrom: '2026-05-10T10:00:00Z' });
  const before = ['invalidCreations', 'rejectedEdits', 'rejectedUrls'].map((name) => counter(name as 'rejectedUrls'));
  for (const [body, path] of WRONG) {
    assert.equal(faults(await create(body)), [422, path], JSON.stringify(body));
    assert.equal(faults(await patch('never-wrong', body)), [422, path], JSON.stringify(body));
  }
  assert.equal(faults(await patch('never-wrong', { expiresAt: '2026-05-10T10:00:00Z' })), [422, 'expiresAt'], 'the other end is stored');
  const urls = WRONG.filter(([, path]) => path === 'expiredUrl').length;
  const after = ['invalidCreations', 'rejectedEdits', 'rejectedUrls'].map((name) => counter(name as 'rejectedUrls'));
  assert.equal(
    after.map((n, i) => n - before[i]),
    [WRONG.length, WRONG.length + 1, urls * 2],
  );
  assert.is((await read('never-wrong')).version, 1);
});

test('passwords of any script, up to their length; what looks the same is the same', async () => {
  for (const [i, password] of ['x', '😀'.repeat(LINK_PASSWORD_MAX_LENGTH), ' пробелы ', '%00', '"\'<>&', 'a\u00a0b'].entries()) {
    assert.is((await create({ slug: `word-${i}`, password })).status, 201, password);
    assert.ok(await verifyPassword(await stored(`word-${i}`), password));
  }
  await create({ slug: 'composed', password: 'Чайник'.normalize('NFD') });
  assert.ok(await verifyPassword(await stored('composed'), 'Чайник'.normalize('NFC')));
});

test('Idempotency-Key: the password is part of the request, and nothing that is kept helps to guess it', async () => {
  const sent = { headers: { 'Idempotency-Key': 'with-a-password' } };
  const made = await create({ password: 'correct horse' }, sent);
  assert.equal((await create({ password: 'correct horse' }, sent)).json, made.json);
  for (const body of [{ password: 'battery staple' }, { password: null }, {}]) {
    assert.equal([(await create(body, sent)).status, (await create(body, sent)).json.code], [422, 'idempotency_conflict']);
  }
  const { rows } = await pool.query<{ request_hash: Buffer; response: object }>(
    `SELECT request_hash, response FROM idempotency_keys WHERE key = 'with-a-password'`,
  );
  const guess = createHash('sha256')
    .update(JSON.stringify({ url, password: 'correct horse' }))
    .digest();
  assert.not.equal(rows[0].request_hash, guess);
  const { response } = rows[0];
  assert.is(JSON.stringify(response).includes('argon2'), false);
  assert.is(JSON.stringify(response).includes('correct horse'), false);
});

test('no answer, to whomever, has a password or its hash; nobody else sees rules', async () => {
  await create({ slug: 'secret', password: 'a word', maxClicks: 7 });
  for (const path of [`${LINKS}/secret`, `${LINKS}?limit=100`]) {
    const text = JSON.stringify((await send('GET', path, { key: ann })).json);
    assert.not.match(text, /argon2|a word|passwordHash/);
  }
  assert.is((await send('GET', `${LINKS}/secret`, { key: bob })).status, 404);
  assert.is((await send('PATCH', `${LINKS}/secret`, { key: bob, body: { password: null } })).status, 404);
  assert.is((await read('secret')).hasPassword, true);
  assert.not.match(JSON.stringify(server.value.lines), /a word|argon2id/);
});

test.run();
