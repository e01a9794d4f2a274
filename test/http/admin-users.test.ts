/** Everybody's accounts in the hands of an administrator. */
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashPassword } from '../../src/storage/passwords.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { ALL_SCOPES, type Answer, PATIENT_DEADLINE_MS, startApi } from '../support/api-server.ts';

const USERS = '/api/v1/admin/users';
const PASSWORD = 'correct horse battery';

const it = suite('accounts of everybody');

const { value: api, stop } = await startApi();
const root = await api.keyOf('root', ['admin']);
let people = 0;

it.after(stop);
it.before.each(async () => {
  await api.pool.query('DELETE FROM throttles');
  await api.pool.query('DELETE FROM admin_acts');
});

type Person = { id: number; email: string };
async function person({ isAdmin = false, confirmed = true } = {}): Promise<Person> {
  const email = `person-${++people}@example.net`;
  const { id } = await createConfirmedUser(api.pool, { email, passwordHash: null, isAdmin, plan: 'regular', timeZone: 'UTC' });
  if (!confirmed) await api.pool.query('UPDATE users SET confirmed_at = NULL WHERE id = $1', [id]);
  return { id, email };
}
const keyOf = ({ id }: Person, scopes = ALL_SCOPES) => createApiKey(api.pool, { userId: id, name: 'test', scopes });
async function sessionOf({ id }: Person): Promise<string> {
  const { rows } = await api.pool.query<{ publicId: string }>('SELECT public_id AS "publicId" FROM users WHERE id = $1', [id]);
  return api.tokens.signAccess(rows[0].publicId);
}
const edit = ({ id }: { id: number }, body: object, key = root) => api.send('PATCH', `${USERS}/${id}`, { key, body });
const remove = ({ id }: { id: number }, key = root) => api.send('DELETE', `${USERS}/${id}`, { key });
const bulk = (body: object, key = root) => api.send('POST', `${USERS}/bulk`, { key, body });
const read = async ({ id }: { id: number }) => api.send('GET', `${USERS}/${id}`, { key: root });
const list = (query: Record<string, string> = {}) => api.send('GET', `${USERS}?${new URLSearchParams(query)}`, { key: root });
const emailsOf = ({ json }: Answer): string[] => json.data.map(({ email }: Person) => email);
const acts = async () => (await api.send('GET', '/api/v1/admin/audit?limit=100', { key: root })).json.data;
const worksFor = async (key: string) => (await api.send('GET', '/api/v1/links', { key })).status;
/** In the other thread, which has a cache of its own. */
const elsewhere = (key: string) => api.otherThread(createHash('sha256').update(key).digest());

it('an account is read, with the number of its links and without any secret', async () => {
  const ann = { id: api.ids.ann };
  for (let i = 0; i < 3; i++) await api.send('POST', '/api/v1/links', { key: api.ann, body: { url: 'https://example.com/' } });
  const { status, json } = await read(ann);
  const { createdAt, ...user } = json;
  assert.is(status, 200);
  assert.equal(user, {
    id: ann.id,
    email: 'ann@example.com',
    pendingEmail: null,
    plan: 'unlimited',
    isAdmin: false,
    confirmed: true,
    banned: false,
    bannedAt: null,
    dailyReport: true,
    timezone: 'Europe/Moscow',
    locale: 'en',
    links: 3,
  });
  assert.ok(Math.abs(Date.now() - Date.parse(createdAt)) < 600_000);
  for (const id of ['0', '-1', '1.5', 'ann', '99999999', '9999999999999999999', '1%20']) {
    assert.is((await api.send('GET', `${USERS}/${id}`, { key: root })).status, 404, id);
  }
});

it('accounts are searched, filtered and sorted', async () => {
  const [a, b, c] = [await person(), await person({ confirmed: false }), await person({ isAdmin: true })];
  await edit(a, { plan: 'extended', dailyReport: false });
  await edit(b, { banned: true });
  const of = (query: Record<string, string>) => list({ search: '@example.net', ...query }).then(emailsOf);
  assert.equal(await of({}), [c.email, b.email, a.email]);
  assert.equal(await of({ sort: 'createdAt' }), [a.email, b.email, c.email]);
  assert.equal(await of({ search: a.email.slice(2).toUpperCase() }), [a.email]);
  assert.equal(await of({ search: '%' }), []);
  for (const [query, found] of [
    [{ plan: 'extended' }, [a]],
    [{ plan: 'regular' }, [c, b]],
    [{ banned: 'true' }, [b]],
    [{ banned: 'false' }, [c, a]],
    [{ confirmed: 'false' }, [b]],
    [{ admin: 'true' }, [c]],
    [{ dailyReport: 'false' }, [a]],
    [{ dailyReport: 'true', banned: 'false' }, [c]],
  ] as const) {
    assert.equal(
      await of(query),
      found.map(({ email }) => email),
      JSON.stringify(query),
    );
  }
  const all = emailsOf(await list());
  assert.equal(emailsOf(await list({ sort: 'email' })), [...all].sort());
  assert.equal(emailsOf(await list({ sort: '-email' })), [...all].sort().reverse());
  const byLinks = (await list({ sort: '-links' })).json.data;
  assert.equal([byLinks[0].email, byLinks[0].links, byLinks[1].links], ['ann@example.com', 3, 0]);
  assert.is((await list({ sort: 'links' })).json.data[all.length - 1].email, 'ann@example.com');
  for (const { id } of [a, b, c]) await remove({ id });
});

it('every sort has pages that hold each account once', async () => {
  const made = [];
  for (let i = 0; i < 7; i++) made.push(await person());
  const total = (await list({ limit: '100' })).json.data.length;
  for (const sort of ['createdAt', '-createdAt', 'email', '-email', 'links', '-links']) {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const answer: Answer = await list({ sort, limit: '3', ...(cursor === null ? {} : { cursor }) });
      assert.is(answer.status, 200);
      seen.push(...emailsOf(answer));
      cursor = answer.json.nextCursor;
    } while (cursor !== null);
    assert.is(seen.length, total, sort);
    assert.equal(seen, emailsOf(await list({ sort, limit: '100' })), sort);
    assert.is(new Set(seen).size, total);
  }
  const { json } = await list({ sort: 'email', limit: '1' });
  assert.is((await list({ sort: 'links', cursor: json.nextCursor })).status, 400, 'a cursor of another sort');
  for (const { id } of made) await remove({ id });
});

it('a query that is wrong is refused', async () => {
  for (const query of [{ limit: '0' }, { plan: 'gold' }, { banned: '1' }, { sort: 'password' }, { isAdmin: 'true' }, { search: 'a\0' }]) {
    assert.is((await list(query as unknown as Record<string, string>)).status, 422, JSON.stringify(query));
  }
  assert.is((await list({ cursor: '' })).status, 400);
});

it('plan, reports and confirmation are changed, and listed with what they were', async () => {
  const someone = await person({ confirmed: false });
  const { status, json } = await edit(someone, { plan: 'unlimited', dailyReport: false, confirmed: true });
  assert.equal([status, json.plan, json.dailyReport, json.confirmed], [200, 'unlimited', false, true]);
  assert.equal((await read(someone)).json, json);
  const [{ id, at, ...act }] = await acts();
  assert.equal(act, {
    admin: { id: api.ids.root, email: 'root@example.com' },
    action: 'user.edit',
    subject: { id: someone.id, name: someone.email },
    changes: { plan: { from: 'regular', to: 'unlimited' }, dailyReport: { from: true, to: false }, confirmed: { from: false, to: true } },
  });
  assert.is((await edit(someone, { plan: 'unlimited', confirmed: true })).status, 200);
  assert.is((await acts()).length, 1, 'nothing was changed');
  const key = await keyOf(someone);
  assert.is((await api.send('POST', '/api/v1/links', { key, body: { url: 'https://example.com/' } })).status, 201, 'is confirmed');
  await remove(someone);
});

it('an address that another account has proved cannot be confirmed for a second one', async () => {
  const [owner, squatter] = [await person(), await person({ confirmed: false })];
  await api.pool.query('UPDATE users SET email = $2 WHERE id = $1', [squatter.id, owner.email]);
  const { status, json } = await edit(squatter, { confirmed: true, plan: 'extended' });
  assert.equal([status, json.errors[0].path], [422, 'confirmed']);
  assert.equal([(await read(squatter)).json.confirmed, (await read(squatter)).json.plan], [false, 'regular']);
  for (const it of [owner, squatter]) await remove(it);
});

it('what is not for administrators to set, or makes no sense, is refused', async () => {
  const someone = await person();
  for (const body of [
    {},
    { plan: 'gold' },
    { banned: 1 },
    { isAdmin: 'yes' },
    { confirmed: false },
    { dailyReport: null },
    { email: 'x@example.com' },
    { password: PASSWORD },
    { publicId: 'abc' },
    { banned: true, links: 0 },
    { id: 1 },
  ]) {
    assert.is((await edit(someone, body)).status, 422, JSON.stringify(body));
  }
  assert.is((await edit({ id: 99_999_999 }, { plan: 'regular' })).status, 404);
  assert.is((await remove({ id: 99_999_999 })).status, 404);
  assert.equal(await acts(), []);
  await remove(someone);
});

it('whoever is banned is signed out everywhere at once, with every token and key, and signs in again afterwards', async () => {
  const someone = await person();
  await api.pool.query('UPDATE users SET password_hash = $2 WHERE id = $1', [someone.id, await hashPassword(PASSWORD)]);
  const login = () => api.send('POST', '/api/v1/auth/login', { body: { email: someone.email, password: PASSWORD } });
  const refresh = (cookie: string) => api.send('POST', '/api/v1/auth/refresh', { headers: { Cookie: cookie } });
  const cookieOf = (answer: Answer) => answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  const signedIn = [await login(), await login()];
  const key = await keyOf(someone);
  for (const token of [...signedIn.map(({ json }) => json.accessToken), key]) assert.is(await worksFor(token), 200);
  assert.type(await elsewhere(key), 'object');
  await api.send('POST', '/api/v1/auth/password/forgot', { body: { email: someone.email } });

  const banned = await edit(someone, { banned: true });
  assert.equal([banned.status, banned.json.banned], [200, true]);
  assert.ok(Date.parse(banned.json.bannedAt) > 0);
  for (const token of [...signedIn.map(({ json }) => json.accessToken), key]) assert.is(await worksFor(token), 401);
  assert.is(await elsewhere(key), 'banned');
  assert.is((await api.send('GET', '/api/v1/links', { key })).json.code, 'banned');
  const creations = api.counter('bannedCreations');
  assert.is((await api.send('POST', '/api/v1/links', { key, body: { url: 'https://example.com/' } })).status, 401);
  assert.is(api.counter('bannedCreations'), creations + 1);
  for (const answer of signedIn) assert.is((await refresh(cookieOf(answer))).status, 401);
  assert.is((await login()).status, 401);
  for (const table of ['sessions', 'mail_tokens']) {
    assert.is((await api.pool.query(`SELECT FROM ${table} WHERE user_id = $1`, [someone.id])).rowCount, 0, table);
  }

  assert.equal((await edit(someone, { banned: false })).json.bannedAt, null);
  for (const answer of signedIn) {
    assert.is(await worksFor(answer.json.accessToken), 401, 'what has ended stays so');
    assert.is((await refresh(cookieOf(answer))).status, 401);
  }
  const again = await login();
  assert.is(again.status, 200);
  assert.is(await worksFor(again.json.accessToken), 200);
  assert.is(await worksFor(key), 200, 'keys come back with the account');
  await remove(someone);
});

it('a token that was signed while the ban was being lifted is worth nothing', async () => {
  const someone = await person();
  await edit(someone, { banned: true });
  const token = await sessionOf(someone);
  await edit(someone, { banned: false });
  assert.is(await worksFor(token), 401);
  await remove(someone);
});

it('whoever is demoted loses what administrators may, at once, with every key', async () => {
  const someone = await person();
  const session = await sessionOf(someone);
  assert.is((await edit(someone, { isAdmin: true })).json.isAdmin, true);
  const key = await keyOf(someone, ['admin', 'links:read']);
  for (const token of [session, key]) assert.is((await api.send('GET', USERS, { key: token })).status, 200);
  await elsewhere(key);
  assert.is((await edit(someone, { isAdmin: false })).status, 200);
  for (const token of [session, key]) {
    assert.is((await api.send('GET', USERS, { key: token })).status, 403);
    assert.is(await worksFor(token), 200, 'everything else goes on');
  }
  const holder = await elsewhere(key);
  assert.ok(holder !== null && holder !== 'banned');
  assert.equal(holder.scopes, ['links:read']);
  assert.is((await edit(someone, { isAdmin: true })).status, 200);
  assert.is((await api.send('GET', USERS, { key })).status, 403, 'the scope was taken from the key');
  const mine = { name: 'mine', scopes: ['admin'] };
  assert.is((await api.send('POST', '/api/v1/api-keys', { key: session, body: mine })).status, 201);
  await edit(someone, { isAdmin: false });
  const refused = await api.send('POST', '/api/v1/api-keys', { key: session, body: mine });
  assert.equal([refused.status, refused.json.errors[0].path], [422, 'scopes']);
  await remove(someone);
});

it('an account is deleted with its links, keys and statistics', async () => {
  const someone = await person();
  const key = await keyOf(someone);
  const link = (await api.send('POST', '/api/v1/links', { key, body: { url: 'https://example.com/' } })).json;
  await api.pool.query(`INSERT INTO link_days (link_id, day, doc) VALUES ($1, '2026-01-01', '')`, [link.id]);
  assert.type(await elsewhere(key), 'object');
  api.changed.length = 0;
  const gone = await remove(someone);
  assert.equal([gone.status, gone.json, api.changed], [204, '', [link.slug]]);
  assert.equal([await worksFor(key), await elsewhere(key)], [401, null]);
  assert.is((await read(someone)).status, 404);
  assert.is((await api.pool.query('SELECT FROM link_days WHERE link_id = $1', [link.id])).rowCount, 0);
  const [{ action, subject, changes }] = await acts();
  assert.equal([action, subject, changes], ['user.delete', { id: someone.id, name: someone.email }, {}]);
  assert.is((await remove(someone)).status, 404);
});

it('nobody bans, demotes or deletes themselves', async () => {
  const me = { id: api.ids.root };
  for (const answer of [await edit(me, { banned: true }), await edit(me, { isAdmin: false, plan: 'regular' }), await remove(me)]) {
    assert.equal([answer.status, answer.json.code], [409, 'own_account']);
  }
  for (const action of ['ban', 'delete']) {
    const { json } = await bulk({ ids: [me.id], action });
    assert.equal([json.results[0].status, json.results[0].problem.code], [409, 'own_account']);
  }
  const { json } = await read(me);
  assert.equal([json.isAdmin, json.banned, json.plan], [true, false, 'unlimited']);
  assert.equal(await acts(), []);
  assert.is((await edit(me, { plan: 'extended', dailyReport: false })).status, 200, 'other things they may');
  await edit(me, { plan: 'unlimited', dailyReport: true });
});

it('of administrators who remove each other at the same moment, one stays', async () => {
  for (let round = 0; round < 8; round++) {
    const [a, b] = [await person({ isAdmin: true }), await person({ isAdmin: true })];
    const keys = [await keyOf(a, ['admin']), await keyOf(b, ['admin'])];
    await api.pool.query('UPDATE users SET is_admin = false WHERE id = $1', [api.ids.root]);
    try {
      const ways = [
        (who: Person, key: string) => edit(who, { banned: true }, key),
        (who: Person, key: string) => edit(who, { isAdmin: false }, key),
        (who: Person, key: string) => remove(who, key),
      ];
      const answers = await Promise.all([ways[round % 3](b, keys[0]), ways[(round + 1) % 3](a, keys[1])]);
      const left = await api.pool.query('SELECT FROM users WHERE is_admin AND banned_at IS NULL');
      assert.is(left.rowCount, 1, `${answers.map(({ status, json }) => `${status} ${json.code}`)}`);
      for (const { status, json } of answers) {
        // The slower one is the last, or is nobody any more.
        assert.ok([200, 204].includes(status) || ['last_administrator', 'forbidden', 'unauthenticated'].includes(json.code), json.code);
      }
    } finally {
      await api.pool.query('UPDATE users SET is_admin = true WHERE id = $1', [api.ids.root]);
      for (const it of [a, b]) await remove(it);
    }
  }
});

it('the last administrator cannot delete the own account as others do', async () => {
  await api.pool.query('UPDATE users SET password_hash = $2 WHERE id = $1', [api.ids.root, await hashPassword(PASSWORD)]);
  const session = await api.sessionOf('root');
  const leave = (key: string) => api.send('DELETE', '/api/v1/me', { key, body: { currentPassword: PASSWORD } });
  const refused = await leave(session);
  assert.equal([refused.status, refused.json.code], [409, 'last_administrator']);
  const other = await person({ isAdmin: true });
  await api.pool.query('UPDATE users SET password_hash = $2 WHERE id = $1', [other.id, await hashPassword(PASSWORD)]);
  assert.is((await leave(await sessionOf(other))).status, 204, 'one of two may');
  assert.is((await read({ id: api.ids.root })).status, 200);
});

it('one thing is done to many accounts, with a result each', async () => {
  const made = [await person(), await person(), await person()];
  const [a, b, c] = made;
  const ids = [a.id, 99_999_999, api.ids.root, b.id, a.id];
  const statusesOf = async (body: object) => {
    const { status, json } = await bulk({ ids, ...body });
    assert.is(status, 200, JSON.stringify(json));
    assert.equal(
      json.results.map(({ id }: Person) => id),
      ids,
    );
    return json.results.map((result: { status: number }) => result.status);
  };
  const field = async (name: string) => Promise.all(made.map(async (it) => (await read(it)).json[name]));
  assert.equal(await statusesOf({ action: 'plan', plan: 'extended' }), [200, 404, 200, 200, 200]);
  assert.equal(await field('plan'), ['extended', 'extended', 'regular']);
  assert.equal(await statusesOf({ action: 'ban' }), [200, 404, 409, 200, 200]);
  assert.equal(await field('banned'), [true, true, false]);
  assert.equal(await statusesOf({ action: 'unban' }), [200, 404, 200, 200, 200]);
  assert.equal(await field('banned'), [false, false, false]);
  assert.equal(await statusesOf({ action: 'reportsOff' }), [200, 404, 200, 200, 200]);
  assert.equal(await field('dailyReport'), [false, false, true]);
  assert.equal(await statusesOf({ action: 'reportsOn' }), [200, 404, 200, 200, 200]);
  assert.equal(await field('dailyReport'), [true, true, true]);
  const { json } = await bulk({ ids, action: 'delete' });
  assert.equal(
    json.results.map(({ status, problem }: { status: number; problem?: { code: string } }) => [status, problem?.code]),
    [
      [204, undefined],
      [404, 'not_found'],
      [409, 'own_account'],
      [204, undefined],
      [404, 'not_found'],
    ],
  );
  assert.equal((await read(c)).status, 200);
  assert.equal((await read({ id: api.ids.root })).json.plan, 'extended');
  const done = (await acts()).map(({ action, subject }: { action: string; subject: { id: number } }) => `${action} ${subject.id}`);
  assert.equal(done.filter((it: string) => it.endsWith(` ${a.id}`)).length, 6, 'each in the list of its own');
  await edit({ id: api.ids.root }, { plan: 'unlimited' });
  await remove(c);
});

it('of many accounts, those for which there is no time left are told so, and left as they are', async () => {
  const ids = [];
  for (let i = 0; i < 6; i++) ids.push((await person()).id);
  const now = api.clock.now;
  let asked = 0;
  Object.defineProperty(api.clock, 'now', { configurable: true, enumerable: true, get: () => now + (PATIENT_DEADLINE_MS / 5) * asked++ });
  try {
    const { status, json } = await bulk({ ids, action: 'ban' });
    assert.is(status, 200);
    const codes: (string | undefined)[] = json.results.map(({ problem }: { problem?: { code: string } }) => problem?.code);
    const done = codes.indexOf('deadline');
    assert.ok(done > 0, codes.join());
    assert.ok(codes.every((code, i) => code === (i < done ? undefined : 'deadline')));
    assert.is(json.results[5].status, 503);
    for (const [i, id] of ids.entries()) assert.is((await read({ id })).json.banned, i < done);
  } finally {
    Object.defineProperty(api.clock, 'now', { configurable: true, enumerable: true, writable: true, value: now });
  }
  for (const id of ids) await remove({ id });
});

it('what is no bulk action is refused as a whole', async () => {
  const { id } = await person();
  for (const body of [
    { action: 'ban' },
    { ids: [], action: 'ban' },
    { ids: [id], action: 'explode' },
    { ids: [id] },
    { ids: [id], action: 'plan' },
    { ids: [id], action: 'ban', plan: 'regular' },
    { ids: [String(id)], action: 'ban' },
    { ids: [0], action: 'ban' },
    { ids: [1.5], action: 'ban' },
    { ids: Array.from({ length: 101 }, (_, i) => i + 1), action: 'ban' },
    { ids: [id], action: 'ban', isAdmin: true },
  ]) {
    assert.is((await bulk(body)).status, 422, JSON.stringify(body));
  }
  assert.is((await read({ id })).json.banned, false);
  assert.is((await api.send('GET', `${USERS}/bulk`, { key: root })).status, 405);
  await remove({ id });
});

it.run();
