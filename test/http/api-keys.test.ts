import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { API_KEYS_MAX, apiKeyListSchema, newApiKeySchema } from '../../src/core/api/accounts.ts';
import { SCOPES } from '../../src/core/api/common.ts';
import { type Answer, startApi } from '../support/api-server.ts';
import { until } from '../support/until.ts';

const KEYS = '/api/v1/api-keys';
const LINKS = '/api/v1/links';
const MINUTE_MS = 60_000;

const server = await startApi();
const { send, sessionOf, otherThread, pool, clock, ann: annsKey } = server.value;
const ann = await sessionOf('ann');
const bob = await sessionOf('bob');

const wanted = { name: 'ci', scopes: ['links:read'] };
const create = (body: object, key = ann) => send('POST', KEYS, { key, body });
const revoke = (id: unknown, key = ann) => send('DELETE', `${KEYS}/${id}`, { key });
const listed = async (key = ann) => apiKeyListSchema.parse((await send('GET', KEYS, { key })).json).data;
const statusWith = async (key: string, method = 'GET', path = LINKS, body?: object) => (await send(method, path, { key, body })).status;
const isoIn = (ms: number) => new Date(clock.now + ms).toISOString();
const hashOf = (key: string) => createHash('sha256').update(key).digest();

async function made(body: object = wanted) {
  const { status, json } = await create(body);
  assert.is(status, 201, JSON.stringify(json));
  return newApiKeySchema.strict().parse(json);
}

const isProblem = ({ status, json }: Answer, expected: number, code: string) => assert.equal([status, json.code], [expected, code]);
const isRefused = (answer: Answer, paths: string[]) => {
  isProblem(answer, 422, 'invalid');
  assert.equal(
    answer.json.errors.map(({ path }: { path: string }) => path),
    paths,
  );
};

const test = suite('API keys over HTTP');

test.after(() => server.stop());

test('201 with the key, which works, and which only its hash is kept of', async () => {
  const expiresAt = isoIn(MINUTE_MS);
  const { status, headers, json } = await create({ name: 'Отчёты', scopes: ['stats:read', 'links:read', 'stats:read'], expiresAt });
  assert.is(status, 201);
  const { id, createdAt, key, ...rest } = newApiKeySchema.strict().parse(json);
  assert.is(headers.get('location'), `${KEYS}/${id}`);
  assert.is(headers.get('cache-control'), 'no-store');
  assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < MINUTE_MS);
  const scopes = ['stats:read', 'links:read'];
  assert.equal(rest, { name: 'Отчёты', prefix: key.slice(0, 11), scopes, expiresAt, lastUsedAt: null });
  assert.is(await statusWith(key), 200);
  const { rows } = await pool.query('SELECT * FROM api_keys WHERE id = $1', [id]);
  assert.equal(rows[0].hash, hashOf(key));
  assert.not.match(JSON.stringify(rows), key.slice(11));
});

test('a list of all keys of the account, the newest first, without the keys', async () => {
  const first = await made({ ...wanted, expiresAt: null });
  const second = await made();
  const { status, json } = await send('GET', KEYS, { key: ann });
  assert.is(status, 200);
  const { key, ...shown } = second;
  assert.equal(json.data[0], shown);
  assert.is(json.data[1].id, first.id);
  for (const secret of [key, first.key]) assert.not.match(JSON.stringify(json), secret.slice(11));
  assert.not((await listed(bob)).some(({ id }) => id === first.id || id === second.id));
});

test('a key may do what its scopes say, and nothing else', async () => {
  const { key } = await made();
  assert.is(await statusWith(key), 200);
  isProblem(await send('POST', LINKS, { key, body: { url: 'https://example.com/' } }), 403, 'forbidden');
});

test('only people who are signed in: a key with every scope makes, sees and ends no keys', async () => {
  const { id } = await made();
  for (const key of [annsKey, await server.value.keyOf('ann', SCOPES)]) {
    isProblem(await create(wanted, key), 403, 'forbidden');
    isProblem(await send('GET', KEYS, { key }), 403, 'forbidden');
    isProblem(await revoke(id, key), 403, 'forbidden');
  }
  isProblem(await send('GET', KEYS), 401, 'unauthenticated');
});

test('revoked: dead at once, also in another thread that has it at hand', async () => {
  const { id, key } = await made();
  assert.is(await statusWith(key), 200);
  assert.ok(await otherThread(hashOf(key)));
  const gone = await revoke(id);
  assert.equal([gone.status, gone.json], [204, '']);
  assert.is(await otherThread(hashOf(key)), null);
  isProblem(await send('GET', LINKS, { key }), 401, 'unauthenticated');
  isProblem(await revoke(id), 404, 'not_found');
  assert.not((await listed()).some((it) => it.id === id));
});

test("another's key and an id that is none: 404, and the key goes on working", async () => {
  const { id, key } = await made();
  for (const it of [id, 0, -1, '01', `${id}x`, '%31%2F', '9007199254740993', 2 ** 53 - 1]) {
    isProblem(await revoke(it, bob), 404, 'not_found');
  }
  assert.is(await statusWith(key), 200);
  assert.ok((await listed()).some((it) => it.id === id));
});

test('an expired key is 401, whether it is at hand or not', async () => {
  const { key, id } = await made({ ...wanted, expiresAt: isoIn(2_000) });
  const unused = await made({ ...wanted, expiresAt: isoIn(2_000) });
  assert.is(await statusWith(key), 200);
  clock.now += 1_999;
  assert.is(await statusWith(key), 200);
  clock.now += 1;
  for (const it of [key, unused.key]) isProblem(await send('GET', LINKS, { key: it }), 401, 'unauthenticated');
  assert.ok((await listed()).some((it) => it.id === id));
  assert.is((await revoke(id)).status, 204);
});

test('the last use is written once a minute', async () => {
  const { key, id } = await made();
  const lastUse = async () => (await listed()).find((it) => it.id === id)?.lastUsedAt;
  const first = isoIn(0);
  assert.is(await statusWith(key), 200);
  await until('the first use is written', async () => (await lastUse()) === first);
  const { rows: before } = await pool.query('SELECT xmin::text FROM api_keys WHERE id = $1', [id]);
  clock.now += MINUTE_MS - 1;
  assert.is(await statusWith(key), 200); // looked up again, and not yet due
  await otherThread(hashOf(key));
  assert.equal((await pool.query('SELECT xmin::text FROM api_keys WHERE id = $1', [id])).rows, before);
  clock.now += 5_000;
  const second = isoIn(0);
  assert.is(await statusWith(key), 200);
  await until('the second use is written', async () => (await lastUse()) === second);
});

test('422: what no key may be', async () => {
  isRefused(await create({}), ['name', 'scopes']);
  for (const name of ['', 'x'.repeat(101), 'a\nb', 7, null]) isRefused(await create({ ...wanted, name }), ['name']);
  for (const scopes of [[], new Array(5).fill('links:read'), 7, null]) isRefused(await create({ ...wanted, scopes }), ['scopes']);
  isRefused(await create({ ...wanted, scopes: ['links:read', 'root'] }), ['scopes.1']);
  for (const expiresAt of [isoIn(0), isoIn(-1), 'tomorrow', '2030-02-30T00:00:00Z', 2_000_000_000_000, '']) {
    isRefused(await create({ ...wanted, expiresAt }), ['expiresAt']);
  }
  assert.is((await made({ ...wanted, name: '🔑'.repeat(100) })).name.length, 200);
});

test('422: fields that are not for the client to say', async () => {
  const before = (await listed(bob)).length;
  const more = { id: 1, key: annsKey, hash: 'x', prefix: 'x', userId: 1, user_id: 1, lastUsedAt: null, createdAt: isoIn(0) };
  isRefused(await create({ ...wanted, ...more }, bob), Object.keys(more));
  assert.is((await listed(bob)).length, before);
});

test('admin is given only by administrators', async () => {
  isRefused(await create({ ...wanted, scopes: ['links:read', 'admin'] }, bob), ['scopes']);
  await pool.query(`UPDATE users SET is_admin = true WHERE email = 'bob@example.com'`);
  const { status, json } = await create({ ...wanted, scopes: ['admin'] }, bob);
  assert.equal([status, json.scopes], [201, ['admin']]);
});

test('an account has so many keys at most, also when many are made at once', async () => {
  const room = API_KEYS_MAX - (await listed(bob)).length;
  const answers = await Promise.all(Array.from({ length: room + 5 }, () => create(wanted, bob)));
  const refused = answers.filter(({ status }) => status !== 201);
  assert.is(refused.length, 5);
  for (const answer of refused) isRefused(answer, ['']);
  const all = await listed(bob);
  assert.is(all.length, API_KEYS_MAX);
  assert.is((await revoke(all[0].id, bob)).status, 204);
  assert.is((await create(wanted, bob)).status, 201);
  await made();
});

test.run();
