import { createHash, randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Failure, type FailureCode } from '../../src/core/failure.ts';
import { RANDOM_SLUG_ALPHABET, RANDOM_SLUG_LENGTH } from '../../src/core/slug.ts';
import { createLinkLookup } from '../../src/storage/postgres/link-lookup.ts';
import { createLinkStore } from '../../src/storage/postgres/links.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 10, logger: silentLogger });
const pool = connections.value;
const account = (email: string, timeZone: string) =>
  createConfirmedUser(pool, { email, passwordHash: null, isAdmin: false, plan: 'regular', timeZone });
const [ann, bob] = [await account('ann@example.com', 'Europe/Moscow'), await account('bob@example.com', 'UTC')];
const quotas = { regular: 75, extended: 150 };
const store = createLinkStore(pool, randomBytes, quotas);
const lookup = createLinkLookup(pool);

const url = 'https://example.com/';
const create = async (...request: Parameters<typeof store.create>) => (await store.create(...request)).link;
const fails = async (code: FailureCode, work: Promise<unknown>) => {
  const error = await work.then(
    () => assert.unreachable(`not ${code}`),
    (reason) => reason,
  );
  assert.instance(error, Failure);
  assert.is(error.code, code);
};
const once = (key: string, body = 'a body') => ({ key, requestHash: createHash('sha256').update(body).digest() });
const countLinks = async (where: string, values: unknown[] = []) =>
  (await pool.query<{ n: number }>(`SELECT count(*) AS n FROM links WHERE ${where}`, values)).rows[0].n;

const test = suite('links');

test.after(async () => {
  await connections.stop();
  await database.stop();
});

test('makes a link and gives it to its owner only', async () => {
  const made = await create(ann.id, { url, slug: 'first', title: 'Ж "q" \\ 😀', tags: ['a', 'b,{}"'] }, null);
  assert.equal(
    { ...made, id: 0, createdAt: 0, updatedAt: 0 },
    {
      id: 0,
      slug: 'first',
      url,
      title: 'Ж "q" \\ 😀',
      tags: ['a', 'b,{}"'],
      disabled: false,
      hasPassword: false,
      maxClicks: null,
      clicksUsed: 0,
      validFrom: null,
      expiresAt: null,
      expiredUrl: null,
      version: 1,
      createdAt: 0,
      updatedAt: 0,
    },
  );
  assert.ok(Math.abs(made.createdAt - Date.now()) < 60_000);
  assert.equal(await store.get(ann.id, 'first'), made);
  await fails('not_found', store.get(bob.id, 'first'));
  await fails('not_found', store.get(ann.id, 'FIRST'));
  await fails('slug_taken', create(bob.id, { url, slug: 'first' }, null));
});

test('random slugs: a collision is tried again, and a source that only collides is not tried for ever', async () => {
  const bytes = [0, 0, 1]; // the same slug twice, then another
  const scripted = createLinkStore(pool, (n) => new Uint8Array(n).fill(bytes.shift() ?? 1), quotas);
  const slugs = [(await scripted.create(ann.id, { url }, null)).link.slug, (await scripted.create(ann.id, { url }, null)).link.slug];
  assert.equal(
    slugs,
    [0, 1].map((byte) => RANDOM_SLUG_ALPHABET[byte].repeat(RANDOM_SLUG_LENGTH)),
  );
  const error = await scripted.create(ann.id, { url }, null).catch((reason) => reason);
  assert.match(error.message, /no free slug/);
});

test('20 at once for one slug: exactly one gets it', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => create(i % 2 ? ann.id : bob.id, { url, slug: 'race' }, null)),
  );
  const refused = results.filter((it) => it.status === 'rejected');
  assert.is(refused.length, 19);
  for (const { reason } of refused) assert.is(reason.code, 'slug_taken');
});

test('20 at once with one Idempotency-Key: one link, the same answer for all', async () => {
  const made = await Promise.all(Array.from({ length: 20 }, () => create(ann.id, { url: `${url}once` }, once('k1'))));
  for (const it of made) assert.equal(it, made[0]);
  assert.is(await countLinks('target = $1', [`${url}once`]), 1);
});

test('a key belongs to one user and one request', async () => {
  const made = await create(ann.id, { url, title: 'as it was' }, once('k2'));
  await store.edit(ann.id, made.slug, { title: 'edited' }, null);
  assert.equal(await create(ann.id, { url, title: 'as it was' }, once('k2')), made);
  await fails('idempotency_conflict', create(ann.id, { url }, once('k2', 'another body')));
  assert.not((await create(bob.id, { url }, once('k2'))).id === made.id);
});

test('a key whose request failed is free: key and link are written together or not at all', async () => {
  await fails('slug_taken', create(ann.id, { url, slug: 'race' }, once('k3')));
  const made = await create(ann.id, { url, slug: 'race-2' }, once('k3', 'another body'));
  assert.is(made.slug, 'race-2');

  const noRandomness = () => {
    throw new Error('no randomness');
  };
  const broken = createLinkStore(pool, noRandomness, quotas);
  await broken.create(ann.id, { url }, once('k4')).catch(() => undefined);
  assert.is((await pool.query(`SELECT FROM idempotency_keys WHERE key = 'k4'`)).rowCount, 0);
});

test('an edit changes what is given, and the version', async () => {
  const made = await create(ann.id, { url, slug: 'edit-me', title: 'old', tags: ['x'] }, null);
  const edited = await store.edit(ann.id, 'edit-me', { title: null, url: `${url}new` }, null);
  assert.equal({ ...edited, updatedAt: 0 }, { ...made, title: null, url: `${url}new`, version: 2, updatedAt: 0 });
  assert.ok(edited.updatedAt >= made.updatedAt);
  const renamed = await store.edit(ann.id, 'edit-me', { slug: 'edited', tags: [] }, [1, 2]);
  assert.equal([renamed.id, renamed.slug, renamed.tags, renamed.version], [made.id, 'edited', [], 3]);
  await fails('not_found', store.get(ann.id, 'edit-me'));
  await fails('slug_taken', store.edit(ann.id, 'edited', { slug: 'race' }, null));
  await fails('stale', store.edit(ann.id, 'edited', { title: 'x' }, [1, 2]));
  await fails('stale', store.edit(ann.id, 'edited', { title: 'x' }, []));
  await fails('not_found', store.edit(bob.id, 'edited', { title: 'x' }, null));
  await fails('not_found', store.edit(bob.id, 'edited', { title: 'x' }, [99]));
  assert.equal(await store.get(ann.id, 'edited'), renamed);
});

test('20 edits at once of one version: one is made', async () => {
  await create(ann.id, { url, slug: 'contested' }, null);
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => store.edit(ann.id, 'contested', { title: `t${i}` }, [1])));
  assert.is(results.filter((it) => it.status === 'fulfilled').length, 1);
  assert.is((await store.get(ann.id, 'contested')).version, 2);
});

test('a deleted link takes its statistics with it, and nothing of others', async () => {
  const [gone, kept] = [await create(ann.id, { url, slug: 'gone' }, null), await create(ann.id, { url, slug: 'kept' }, null)];
  for (const { id } of [gone, kept]) {
    await pool.query(`INSERT INTO link_days (link_id, day, doc) SELECT $1, '2026-01-01'::date + n, '\\x00' FROM generate_series(1, 5) n`, [
      id,
    ]);
    await pool.query('INSERT INTO link_totals (link_id, clicks, uniques, bots) VALUES ($1, 1, 1, 0)', [id]);
  }
  await fails('not_found', store.delete(bob.id, 'gone', null));
  await fails('stale', store.delete(ann.id, 'gone', [2]));
  await store.delete(ann.id, 'gone', [1]);
  await fails('not_found', store.delete(ann.id, 'gone', null));
  const left = await pool.query(
    'SELECT link_id, count(*)::int AS days, (SELECT count(*)::int FROM link_totals) AS totals FROM link_days GROUP BY 1',
  );
  assert.equal(left.rows, [{ link_id: kept.id, days: 5, totals: 1 }]);
});

test('rules are kept, edited one by one, and cleared by null; a change of the limit keeps what was used', async () => {
  const [from, to] = [Date.UTC(2026, 0, 1, 0, 0, 0, 123), Date.UTC(9999, 11, 31, 23, 59, 59, 999)];
  const rules = { maxClicks: 1_000_000_000, validFrom: from, expiresAt: to, expiredUrl: `${url}over` };
  const made = await create(ann.id, { url, slug: 'with-rules', passwordHash: '$a', ...rules }, null);
  assert.equal({ ...made, ...rules, hasPassword: true, clicksUsed: 0 }, made);
  await pool.query(`UPDATE links SET clicks_used = 3 WHERE slug = 'with-rules'`);
  const edited = await store.edit(ann.id, 'with-rules', { maxClicks: 2 }, null);
  assert.equal(edited, { ...made, maxClicks: 2, clicksUsed: 3, version: 2, updatedAt: edited.updatedAt });
  const stored = async () => (await pool.query(`SELECT password_hash FROM links WHERE slug = 'with-rules'`)).rows[0].password_hash;
  await store.edit(ann.id, 'with-rules', { title: 'x', passwordHash: undefined }, null);
  assert.is(await stored(), '$a');
  const cleared = await store.edit(
    ann.id,
    'with-rules',
    { passwordHash: null, maxClicks: null, validFrom: null, expiresAt: null, expiredUrl: null },
    null,
  );
  assert.equal(
    [cleared.hasPassword, cleared.maxClicks, cleared.clicksUsed, cleared.validFrom, cleared.expiresAt, cleared.expiredUrl],
    [false, null, 3, null, null, null],
  );
  assert.is(await stored(), null);
});

test('a link cannot expire before it begins, also when only one end is changed', async () => {
  const [from, to] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2)];
  await create(ann.id, { url, slug: 'window', validFrom: from, expiresAt: to }, null);
  for (const [changes, path] of [
    [{ expiresAt: from }, 'expiresAt'],
    [{ validFrom: to, title: 'x' }, 'validFrom'],
  ] as const) {
    const error: Failure = await store.edit(ann.id, 'window', changes, null).catch((reason) => reason);
    assert.equal([error.code, error.errors.map((it) => it.path)], ['invalid', [path]]);
  }
  const unchanged = await store.get(ann.id, 'window');
  assert.equal([unchanged.validFrom, unchanged.expiresAt, unchanged.title, unchanged.version], [from, to, null, 1]);
  await store.edit(ann.id, 'window', { validFrom: to, expiresAt: to + 1 }, null);
  await fails('not_found', store.edit(bob.id, 'window', { expiresAt: from }, null));
});

test('a failed request does not cost its connection', async () => {
  const single = await createPool({ url: database.value.url, name: 'single', max: 1, logger: silentLogger });
  const pid = async () => (await single.value.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0].pid;
  const before = await pid();
  const links = createLinkStore(single.value, randomBytes, quotas);
  await fails('not_found', links.delete(ann.id, 'nothing', null));
  await fails('slug_taken', links.create(ann.id, { url, slug: 'race' }, once('k5')));
  await fails('idempotency_conflict', links.create(ann.id, { url }, once('k2', 'yet another body')));
  await fails('slug_taken', links.edit(ann.id, 'kept', { slug: 'race' }, null));
  await fails('invalid', links.edit(ann.id, 'window', { expiresAt: 0 }, null));
  assert.is(await pid(), before);
  await single.stop();
});

test('the redirect finds links by slug, many at once, with the zone of their owner', async () => {
  const made = await create(bob.id, { url: `${url}bob`, slug: 'bobs' }, null);
  await pool.query(`UPDATE links SET disabled = true WHERE slug = 'bobs'`);
  const found = await lookup(['first', 'bobs', 'nothing', 'FIRST']);
  assert.is(found.size, 2);
  assert.equal(found.get('bobs'), { id: made.id, slug: 'bobs', target: `${url}bob`, timeZone: 'UTC', disabled: true, rules: null });
  assert.is(found.get('first')?.timeZone, 'Europe/Moscow');
  assert.is((await lookup([])).size, 0);
});

test('the redirect is given the rules of a link that has any', async () => {
  const { id } = await create(ann.id, { url, slug: 'ruled' }, null);
  const set = async (sets: string) => {
    await pool.query(`UPDATE links SET ${sets} WHERE id = $1`, [id]);
    return (await lookup(['ruled'])).get('ruled')?.rules;
  };
  const none = { passwordHash: null, maxClicks: null, clicksUsed: 0, validFrom: null, expiresAt: null, expiredUrl: null };
  assert.is(await set(`expired_url = '${url}', clicks_used = 2`), null, 'a place for latecomers alone is no rule');
  assert.equal(await set('max_clicks = 5'), { ...none, maxClicks: 5, clicksUsed: 2, expiredUrl: url });
  assert.equal(await set(`max_clicks = NULL, expired_url = NULL, clicks_used = 0, password_hash = '$x'`), { ...none, passwordHash: '$x' });
  const [from, to] = [Date.UTC(2026, 0, 1, 0, 0, 0, 1), Date.UTC(2026, 0, 1, 0, 0, 0, 2)];
  const window = `valid_from = '${new Date(from).toISOString()}', expires_at = '${new Date(to).toISOString()}'`;
  assert.equal(await set(`password_hash = NULL, ${window}`), { ...none, validFrom: from, expiresAt: to });
  for (const wrong of ['expires_at = valid_from', 'max_clicks = 0', 'max_clicks = 1000000001', 'clicks_used = -1']) {
    const refusal = await pool.query(`UPDATE links SET ${wrong} WHERE id = $1`, [id]).catch((error) => error);
    assert.is(refusal.code, '23514', wrong);
  }
});

test('a link is known by its domain and slug: the same slug under another domain is another link, which nothing here reaches', async () => {
  const theirs = () => pool.query(`SELECT target, title, version FROM links WHERE domain = 'b.example' AND slug = 'shared'`);
  await pool.query(`INSERT INTO links (domain, slug, owner_id, target) VALUES ('b.example', 'shared', $1, 'https://b.example/')`, [ann.id]);
  const before = (await theirs()).rows;
  assert.is((await lookup(['shared'])).size, 0);
  assert.is(await store.isSlugTaken('shared'), false);
  await fails('not_found', store.get(ann.id, 'shared'));
  await create(ann.id, { url, slug: 'shared' }, null);
  assert.is((await lookup(['shared'])).get('shared')?.target, url);
  await store.edit(ann.id, 'shared', { title: 'ours', url: `${url}ours` }, null);
  await fails('slug_taken', store.create(bob.id, { url, slug: 'shared' }, null));
  await store.delete(ann.id, 'shared', null);
  await fails('not_found', store.get(ann.id, 'shared'));
  await store.deleteMany(ann.id, ['shared'], null);
  assert.equal((await theirs()).rows, before);
});

test('text from outside is data, whatever it says', async () => {
  const hostile = `'; DROP TABLE links; -- $1 \\ "`;
  const { slug } = await create(ann.id, { url, title: hostile, tags: [hostile, 'NULL', '{}'] }, null);
  const { title, tags } = await store.get(ann.id, slug);
  assert.equal([title, tags], [hostile, [hostile, 'NULL', '{}']]);
  await fails('not_found', store.get(ann.id, hostile));
});

test.run();
