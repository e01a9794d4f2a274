/** Many links in one request: a result each, exactly as many as the quota allows, in a few statements. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Plan } from '../../src/core/account.ts';
import { type BulkResult, bulkResultsSchema } from '../../src/core/api/links.ts';
import { verifyPassword } from '../../src/storage/passwords.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { ALL_SCOPES, QUOTAS, type Sent, startApi } from '../support/api-server.ts';

const LINKS = '/api/v1/links';
const url = 'https://example.com/';

const server = await startApi();
const { ann, bob, send, counter, changed, pool, sessionOf } = server.value;

const bulk = (links: unknown, sent: Sent = {}) => send('POST', `${LINKS}/bulk`, { key: ann, body: { links }, ...sent });
const remove = (slugs: unknown, sent: Sent = {}) => send('POST', `${LINKS}/delete`, { key: ann, body: { slugs }, ...sent });
const many = (count: number, make: (i: number) => object = () => ({})) => Array.from({ length: count }, (_, i) => ({ url, ...make(i) }));
async function resultsOf(answer: ReturnType<typeof send>): Promise<BulkResult[]> {
  const { status, json } = await answer;
  assert.is(status, 200, JSON.stringify(json));
  return bulkResultsSchema.strict().parse(json).results;
}
const statuses = (results: readonly BulkResult[]) => results.map(({ status }) => status);
const countLinks = async (where: string, values: unknown[] = []) =>
  (await pool.query<{ n: number }>(`SELECT count(*) AS n FROM links WHERE ${where}`, values)).rows[0].n;

async function account(plan: Plan, links: number): Promise<{ id: number; key: string }> {
  const email = `${crypto.randomUUID()}@example.com`;
  const { id } = await createConfirmedUser(pool, { email, passwordHash: null, isAdmin: false, plan, timeZone: 'UTC' });
  await pool.query(
    `INSERT INTO links (slug, owner_id, target) SELECT 'of-' || $1::bigint || '-' || n, $1, $2 FROM generate_series(1, $3::int) n`,
    [id, url, links],
  );
  return { id, key: await createApiKey(pool, { userId: id, name: 'test', scopes: ALL_SCOPES }) };
}

const test = suite('many links at once');

test.after(() => server.stop());

test('a thousand: each with its link, in their order, announced and counted', async () => {
  const before = counter('linksCreated');
  changed.length = 0;
  const links = many(1_000, (i) =>
    i % 2 === 0 ? { slug: `k-${(i * 7_919) % 1_000}`, title: `Nr. ${i}`, tags: ['a,"b"', String(i)] } : {},
  );
  const results = await resultsOf(bulk(links));
  assert.equal(new Set(statuses(results)), new Set([201]));
  for (const [i, { link }] of results.entries()) {
    const { slug = link?.slug, title = null, tags = [] } = links[i] as { slug?: string; title?: string; tags?: string[] };
    assert.equal([link?.slug, link?.title, link?.tags, link?.url, link?.clicks], [slug, title, tags, url, 0]);
  }
  const ids = results.map(({ link }) => link?.id ?? 0);
  assert.equal(
    ids,
    [...ids].sort((a, b) => a - b),
  );
  assert.equal(new Set(changed), new Set(results.map(({ link }) => link?.slug)));
  assert.is(counter('linksCreated'), before + 1_000);
  const newest = await send('GET', `${LINKS}?limit=1`, { key: ann });
  assert.equal(newest.json.data[0], results[999].link);
});

test('what is wrong with one is no matter for the others', async () => {
  await send('POST', LINKS, { key: bob, body: { url, slug: 'bobs' } });
  await send('POST', '/api/v1/admin/blocked-hosts', { key: await sessionOf('root'), body: { host: 'evil.example' } });
  const before = ['linksCreated', 'invalidCreations', 'rejectedUrls'].map((name) => counter(name as 'linksCreated'));
  const results = await resultsOf(
    bulk([
      { url, slug: 'mixed', maxClicks: 3, validFrom: '2026-01-01T00:00:00+03:00', expiredUrl: 'https://late.example' },
      { url, slug: 'bobs' },
      { url, slug: 'mixed' },
      { url: 'javascript:alert(1)' },
      { url, slug: 'healthz', title: '', colour: 'red' },
      { url: 'https://www.evil.example/' },
      'https://example.com/',
      null,
      { url, slug: 'bulk' },
      { url },
    ]),
  );
  assert.equal(statuses(results), [201, 409, 409, 422, 422, 422, 422, 422, 422, 201]);
  const { maxClicks, clicksLeft, validFrom, expiredUrl } = results[0].link ?? {};
  assert.equal([maxClicks, clicksLeft, validFrom, expiredUrl], [3, 3, '2025-12-31T21:00:00.000Z', 'https://late.example/']);
  assert.equal([results[1].problem?.code, results[1].problem?.detail], ['slug_taken', 'The slug bobs is taken']);
  const paths = (i: number) => results[i].problem?.errors?.map(({ path }) => path).sort();
  assert.equal([paths(3), paths(4), paths(5), paths(6)], [['url'], ['colour', 'slug', 'title'], ['url'], ['']]);
  assert.equal(
    ['linksCreated', 'invalidCreations', 'rejectedUrls'].map((name, i) => counter(name as 'linksCreated') - before[i]),
    [2, 6, 2],
  );
});

test('an answer names ten faults of a link at most', async () => {
  const hostile = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, 1]));
  const [{ problem }] = await resultsOf(bulk([hostile]));
  assert.is(problem?.errors?.length, 10);
});

test('the request as a whole: 401, 403, 413, 422', async () => {
  assert.is((await send('POST', `${LINKS}/bulk`, { body: { links: [] } })).status, 401);
  for (const links of [[], undefined, {}, 'x', many(1_001)]) assert.is((await bulk(links)).status, 422);
  assert.is((await bulk(many(1), { body: { links: many(1), more: 1 } })).status, 422);
  const long = { url: `${url}${'x'.repeat(2_000)}` };
  assert.is((await resultsOf(bulk(many(1_000, () => long)))).length, 1_000);
  const tooLarge = await bulk(many(1_000, () => ({ url: `${url}${'x'.repeat(2_100)}` })));
  assert.equal([tooLarge.status, tooLarge.json.code], [413, 'too_large']);
  const unconfirmed = await account('unlimited', 0);
  await pool.query('UPDATE users SET confirmed_at = NULL WHERE id = $1', [unconfirmed.id]);
  const before = counter('unconfirmedCreations');
  const refused = await bulk(many(3), { key: unconfirmed.key });
  assert.equal([refused.status, refused.json.code, counter('unconfirmedCreations')], [403, 'unconfirmed', before + 1]);
});

test('the quota is used up exactly, and only by links that are made', async () => {
  const owner = await account('regular', QUOTAS.regular - 4);
  const before = [counter('quotaRefusalsRegular'), counter('linksCreated')];
  const links = [{ slug: 'mixed' }, {}, { title: '' }, { slug: 'q-1' }, { slug: 'q-1' }, {}, {}, {}, { slug: 'mixed' }];
  const results = await resultsOf(
    bulk(
      many(links.length, (i) => links[i]),
      { key: owner.key },
    ),
  );
  assert.equal(statuses(results), [409, 201, 422, 201, 409, 201, 201, 403, 409]);
  assert.match(results[7].problem?.detail ?? '', `allows ${QUOTAS.regular} links, and there are ${QUOTAS.regular}`);
  assert.equal([counter('quotaRefusalsRegular') - before[0], counter('linksCreated') - before[1]], [1, 4]);
  assert.equal(statuses(await resultsOf(bulk(many(3), { key: owner.key }))), [403, 403, 403]);
});

test('the quota holds against many requests at once, small and large', async () => {
  const owner = await account('extended', QUOTAS.extended - 50);
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      i % 2 ? send('POST', LINKS, { key: owner.key, body: { url } }) : bulk(many(20), { key: owner.key }),
    ),
  );
  const made = answers.map(({ status, json }) =>
    json.results ? statuses(json.results).filter((it) => it === 201).length : Number(status === 201),
  );
  assert.is(
    made.reduce((sum, n) => sum + n),
    50,
  );
  assert.is(await countLinks('owner_id = $1', [owner.id]), QUOTAS.extended);
});

test('two that want the same slugs in opposite orders: each slug is made once, and nobody waits for the other forever', async () => {
  for (let round = 0; round < 5; round++) {
    const slugs = Array.from({ length: 300 }, (_, i) => `race-${round}-${i}`);
    const asked = [slugs, [...slugs].reverse(), [...slugs.slice(150), ...slugs.slice(0, 150)]];
    const answers = await Promise.all(
      asked.map((of, i) =>
        resultsOf(
          bulk(
            many(300, (k) => ({ slug: of[k] })),
            { key: [ann, bob, ann][i] },
          ),
        ),
      ),
    );
    assert.equal(new Set(statuses(answers.flat())), new Set([201, 409]));
    assert.is(answers.flat().filter(({ status }) => status === 201).length, 300);
  }
});

test('a few statements, not a thousand', async () => {
  await pool.query('CREATE TABLE seen (statements int)');
  await pool.query(`CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO seen VALUES (1); RETURN NULL; END'`);
  await pool.query('CREATE TRIGGER see AFTER INSERT OR DELETE ON links FOR EACH STATEMENT EXECUTE FUNCTION see()');
  const results = await resultsOf(bulk(many(1_000)));
  await resultsOf(remove(results.map(({ link }) => link?.slug)));
  assert.is((await pool.query('SELECT FROM seen')).rowCount, 2);
  await pool.query('DROP TRIGGER see ON links');
});

test('passwords: twenty of a request, stored as hashes', async () => {
  const results = await resultsOf(bulk(many(23, (i) => (i < 22 ? { password: `word ${i}`, slug: `locked-${i}` } : {}))));
  assert.equal(statuses(results), [...new Array(20).fill(201), 422, 422, 201]);
  assert.ok(results[3].link?.hasPassword);
  assert.equal(results[21].problem?.errors, [
    { path: 'password', message: 'can be given for 20 links of a request only: send this one in another request' },
  ]);
  const { rows } = await pool.query(`SELECT password_hash FROM links WHERE slug = 'locked-7'`);
  assert.ok(await verifyPassword(rows[0].password_hash, 'word 7'));
});

test('Idempotency-Key: many at once make the links once, each hears the same, and they are counted once', async () => {
  const headers = { 'Idempotency-Key': 'a-batch' };
  const before = counter('linksCreated');
  const links = many(50, (i) => (i === 7 ? { title: '' } : i === 8 ? { slug: 'mixed' } : { title: 'once' }));
  const answers = await Promise.all(Array.from({ length: 8 }, () => resultsOf(bulk(links, { headers }))));
  for (const results of answers) assert.equal(results, answers[0]);
  assert.equal([await countLinks(`title = 'once'`), counter('linksCreated') - before], [48, 48]);
  // Whatever has changed since: the answer is that of the first time.
  await send('POST', '/api/v1/admin/blocked-hosts', { key: await sessionOf('root'), body: { host: 'example.com' } });
  assert.equal(await resultsOf(bulk(links, { headers })), answers[0]);
  await send('DELETE', '/api/v1/admin/blocked-hosts/example.com', { key: await sessionOf('root') });
  const other = await bulk(links.slice(1), { headers });
  assert.equal([other.status, other.json.code], [422, 'idempotency_conflict']);
  assert.is((await bulk(links, { headers: { 'Idempotency-Key': 'a b' } })).status, 400);
});

test('delete: a result each, announced, with the statistics, and only what is one’s own', async () => {
  const made = await resultsOf(bulk(many(5, (i) => ({ slug: `gone-${i}` }))));
  const ids = made.map(({ link }) => link?.id);
  await pool.query('INSERT INTO link_totals (link_id, clicks, uniques, bots) SELECT unnest($1::bigint[]), 1, 1, 0', [ids]);
  await pool.query(`INSERT INTO link_days (link_id, day, doc) SELECT unnest($1::bigint[]), '2026-05-01', ''`, [ids]);
  const before = [counter('linksDeleted'), counter('deniedDeletions')];
  changed.length = 0;
  const slugs = ['gone-0', 'bobs', 'gone-1', 'gone-0', 'never', 'a.b', '%00', '', 'gone-4'];
  const headers = { 'Idempotency-Key': 'a-deletion' };
  const results = await resultsOf(remove(slugs, { headers }));
  assert.equal(statuses(results), [204, 404, 204, 404, 404, 404, 404, 404, 204]);
  assert.is(results[1].problem?.code, 'not_found');
  for (const slug of ['gone-0', 'gone-1', 'gone-4']) assert.ok(changed.includes(slug));
  assert.equal(await resultsOf(remove(slugs, { headers })), results);
  assert.equal([counter('linksDeleted') - before[0], counter('deniedDeletions') - before[1]], [3, 6]);
  const left = (table: string) => pool.query(`SELECT link_id FROM ${table} WHERE link_id = ANY($1) ORDER BY 1`, [ids]);
  for (const table of ['link_totals', 'link_days']) {
    assert.equal(
      (await left(table)).rows.map(({ link_id }) => link_id),
      [ids[2], ids[3]],
    );
  }
  assert.is((await send('GET', `${LINKS}/bobs`, { key: bob })).status, 200);
  assert.is((await remove([])).status, 422);
  assert.is((await remove(new Array(1_001).fill('x'))).status, 422);
  assert.is((await remove([1])).status, 422);
  assert.equal(statuses(await resultsOf(remove(['gone-0', 'gone-2'], { headers: { 'Idempotency-Key': 'another' } }))), [404, 204]);
});

test.run();
