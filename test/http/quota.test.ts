/** Who may make how many links: against a real Postgres, many at once. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Plan } from '../../src/core/account.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { ALL_SCOPES, type Answer, QUOTAS, startApi } from '../support/api-server.ts';

const LINKS = '/api/v1/links';
const url = 'https://example.com/';
const AT_ONCE = 40;

const server = await startApi();
const { send, counter, pool, ann } = server.value;

type Account = { id: number; key: string };

let accounts = 0;
/** An account that has so many links already, `NAME-1` and so on. */
async function account(plan: Plan, name: string, links: number): Promise<Account> {
  const email = `quota-${accounts++}@example.com`;
  const { id } = await createConfirmedUser(pool, { email, passwordHash: null, isAdmin: false, plan, timeZone: 'UTC' });
  await pool.query(`INSERT INTO links (slug, owner_id, target) SELECT $2 || '-' || n, $1, $3 FROM generate_series(1, $4) n`, [
    id,
    name,
    url,
    links,
  ]);
  return { id, key: await createApiKey(pool, { userId: id, name: 'test', scopes: ALL_SCOPES }) };
}

const create = ({ key }: Account, body: object = {}, headers: Record<string, string> = {}) =>
  send('POST', LINKS, { key, body: { url, ...body }, headers });
const createMany = (
  owner: Account,
  body: (i: number) => object = () => ({}),
  headers: (i: number) => Record<string, string> = () => ({}),
) => Promise.all(Array.from({ length: AT_ONCE }, (_, i) => create(owner, body(i), headers(i))));
const withStatus = (answers: Answer[], status: number) => answers.filter((it) => it.status === status);
const linksOf = async ({ id }: Account) =>
  (await pool.query<{ n: number }>('SELECT count(*) AS n FROM links WHERE owner_id = $1', [id])).rows[0].n;
const isRefused = ({ status, headers, json }: Answer, code: string) => {
  assert.equal([status, json.code, json.status], [403, code, 403]);
  assert.is(headers.get('content-type'), 'application/problem+json');
};

const test = suite('quotas over HTTP');

test.after(() => server.stop());

for (const plan of ['regular', 'extended'] as const) {
  test(`${plan}: 40 at once with 5 places left make 5, and it is counted`, async () => {
    const counterName = plan === 'regular' ? 'quotaRefusalsRegular' : 'quotaRefusalsExtended';
    const before = counter(counterName);
    const owner = await account(plan, `few-${plan}`, QUOTAS[plan] - 5);
    const answers = await createMany(owner);
    assert.equal([withStatus(answers, 201).length, withStatus(answers, 403).length], [5, 35]);
    assert.is(await linksOf(owner), QUOTAS[plan]);
    for (const it of withStatus(answers, 403)) {
      isRefused(it, 'quota_exceeded');
      assert.match(it.json.detail, new RegExp(`${plan} allows ${QUOTAS[plan]} links, and there are ${QUOTAS[plan]}`));
    }
    assert.is(counter(counterName), before + 35);
  });
}

test('unlimited: 40 at once make 40, beyond every quota', async () => {
  const owner = await account('unlimited', 'many', QUOTAS.extended);
  assert.is(withStatus(await createMany(owner), 201).length, AT_ONCE);
  assert.is(await linksOf(owner), QUOTAS.extended + AT_ONCE);
});

test('40 at once with keys of their own make 5 as well, and the keys of the others are free', async () => {
  const owner = await account('regular', 'keyed', QUOTAS.regular - 5);
  const keyOf = (i: number) => ({ 'Idempotency-Key': `own-${i}` });
  const answers = await createMany(owner, undefined, keyOf);
  assert.equal([withStatus(answers, 201).length, withStatus(answers, 403).length], [5, 35]);
  assert.is(await linksOf(owner), QUOTAS.regular);
  const refused = answers.findIndex(({ status }) => status === 403);
  await send('DELETE', `${LINKS}/keyed-1`, { key: owner.key });
  assert.is((await create(owner, {}, keyOf(refused))).status, 201);
});

test('one owner does not use up the places of another', async () => {
  const [full, free] = [await account('regular', 'full', QUOTAS.regular), await account('regular', 'free', 0)];
  isRefused(await create(full), 'quota_exceeded');
  assert.is((await create(free)).status, 201);
});

test('after a delete a place is free again: one', async () => {
  const owner = await account('regular', 'again', QUOTAS.regular);
  isRefused(await create(owner), 'quota_exceeded');
  assert.is((await send('DELETE', `${LINKS}/again-7`, { key: owner.key })).status, 204);
  assert.is(withStatus(await createMany(owner), 201).length, 1);
  assert.is(await linksOf(owner), QUOTAS.regular);
});

test('a change of the plan is effective at once; who has too many keeps them', async () => {
  const owner = await account('regular', 'moved', QUOTAS.regular);
  const setPlan = (plan: Plan) => pool.query('UPDATE users SET plan = $2 WHERE id = $1', [owner.id, plan]);
  await setPlan('extended');
  const made = await create(owner);
  assert.is(made.status, 201);
  await setPlan('regular');
  const refused = await create(owner);
  isRefused(refused, 'quota_exceeded');
  assert.match(refused.json.detail, /allows 75 links, and there are 76/);
  const kept = await send('PATCH', `${LINKS}/${made.json.slug}`, { key: owner.key, body: { title: 'kept' } });
  assert.equal([kept.status, kept.json.title], [200, 'kept']);
});

test('a repeat with an Idempotency-Key is answered with its link although there is no place left', async () => {
  const owner = await account('regular', 'repeated', QUOTAS.regular - 1);
  const headers = { 'Idempotency-Key': 'the-last-place' };
  const all = await createMany(owner, undefined, () => headers);
  for (const { status, json } of all) assert.equal([status, json], [201, all[0].json]);
  assert.is(await linksOf(owner), QUOTAS.regular);
  isRefused(await create(owner), 'quota_exceeded');
  const repeat = await create(owner, {}, headers);
  assert.equal([repeat.status, repeat.json], [201, all[0].json]);
  assert.is((await create(owner, { title: 'another' }, headers)).status, 422);
});

test('a slug that is taken is 409 and takes no place, also while others make links', async () => {
  const owner = await account('regular', 'taken', QUOTAS.regular - 5);
  const answers = await createMany(owner, (i) => (i < 20 ? { slug: 'taken-1' } : {}));
  assert.is(withStatus(answers.slice(20), 201).length, 5);
  for (const it of answers.slice(0, 20)) assert.ok(it.status === 409 || it.json.code === 'quota_exceeded', String(it.status));
  await send('DELETE', `${LINKS}/taken-2`, { key: owner.key });
  const conflict = await create(owner, { slug: 'taken-1' });
  assert.equal([conflict.status, conflict.json.code], [409, 'slug_taken']);
  assert.is((await create(owner)).status, 201);
});

test('an account that is not confirmed may do everything but create links', async () => {
  const before = [counter('unconfirmedCreations'), counter('linksCreated')];
  const owner = await account('unlimited', 'unconfirmed', 2);
  const { key } = owner;
  const headers = { 'Idempotency-Key': 'made-when-confirmed' };
  const made = await create(owner, {}, headers);
  await pool.query('UPDATE users SET confirmed_at = NULL WHERE id = $1', [owner.id]);
  const refused = await create(owner);
  isRefused(refused, 'unconfirmed');
  assert.match(refused.json.detail, /e-mail address.* POST \/api\/v1\/auth\/confirm\/resend /);
  isRefused(await create(owner, { slug: 'unconfirmed-1' }), 'unconfirmed');
  isRefused(await create(owner, {}, { 'Idempotency-Key': 'another' }), 'unconfirmed');
  assert.equal((await create(owner, {}, headers)).json, made.json);
  assert.equal([counter('unconfirmedCreations') - before[0], await linksOf(owner)], [3, 3]);
  assert.is((await send('GET', LINKS, { key })).json.data.length, 3);
  assert.is((await send('GET', `${LINKS}/unconfirmed-1`, { key })).status, 200);
  assert.is((await send('GET', `${LINKS}/unconfirmed-1/stats`, { key })).status, 200);
  assert.is((await send('PATCH', `${LINKS}/unconfirmed-1`, { key, body: { title: 'x' } })).status, 200);
  assert.is((await send('DELETE', `${LINKS}/unconfirmed-1`, { key })).status, 204);
  await pool.query('UPDATE users SET confirmed_at = now() WHERE id = $1', [owner.id]);
  assert.is((await create(owner, {}, { 'Idempotency-Key': 'another' })).status, 201);
});

test('an account that is deleted meanwhile leaves no error behind', async () => {
  const owner = await account('regular', 'leaving', 0);
  const [answers] = await Promise.all([createMany(owner), pool.query('DELETE FROM users WHERE id = $1', [owner.id])]);
  for (const { status } of answers) assert.ok(status === 201 || status === 401, String(status));
  assert.is(await linksOf(owner), 0);
});

test('the document names both refusals', async () => {
  const { json } = await send('GET', '/openapi.json', { key: ann });
  const { description } = json.paths[LINKS].post.responses['403'];
  assert.match(description, /`unconfirmed`.*`quota_exceeded`/);
});

test.run();
