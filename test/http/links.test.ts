import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Link, linkPageSchema, linkSchema } from '../../src/core/api/links.ts';
import { type Answer, BASE_URL, type Sent, startApi } from '../support/api-server.ts';
import { rawRequest } from '../support/raw-http.ts';

const LINKS = '/api/v1/links';
const url = 'https://example.com/';

const server = await startApi();
const { ann, bob, send, counter, changed, figures, keyOf, pool } = server.value;
const create = (body: object | string, sent: Sent = {}) => send('POST', LINKS, { key: ann, body, ...sent });
const patch = (slug: string, body: object | string, sent: Sent = {}) => send('PATCH', `${LINKS}/${slug}`, { key: ann, body, ...sent });
const remove = (slug: string, sent: Sent = {}) => send('DELETE', `${LINKS}/${slug}`, { key: ann, ...sent });
const read = (slug: string, sent: Sent = {}) => send('GET', `${LINKS}/${slug}`, { key: ann, ...sent });

const isProblem = ({ status, headers, json }: Answer, expected: number, code: string) => {
  assert.equal([status, json.code, json.status], [expected, code, expected]);
  assert.is(headers.get('content-type'), 'application/problem+json');
};
const paths = ({ json }: Answer) => json.errors.map(({ path }: { path: string }) => path);

const test = suite('links over HTTP');

test.after(() => server.stop());

test('201 with Location, ETag and every field', async () => {
  const before = counter('linksCreated');
  const { status, headers, json } = await create({ url: 'HTTPS://Example.com', slug: 'one', title: 'Первая', tags: ['a', 'a', 'b'] });
  assert.is(status, 201);
  assert.is(headers.get('location'), `${LINKS}/one`);
  assert.is(headers.get('etag'), '"1"');
  const { id, createdAt, updatedAt, ...rest } = linkSchema.strict().parse(json);
  assert.ok(id > 0);
  assert.is(createdAt, updatedAt);
  assert.equal(rest, {
    slug: 'one',
    shortUrl: `${BASE_URL}/one`,
    url,
    title: 'Первая',
    tags: ['a', 'b'],
    hasPassword: false,
    maxClicks: null,
    clicksLeft: null,
    validFrom: null,
    expiresAt: null,
    expiredUrl: null,
    state: 'active',
    version: 1,
    clicks: 0,
    repeatClicks: 0,
    clicksToday: 0,
    repeatClicksToday: 0,
  });
  assert.is(counter('linksCreated'), before + 1);
  assert.is(changed.at(-1), 'one');
  assert.match((await create({ url })).json.slug, /^[2-9A-Za-z]{7}$/);
});

test('a slug is said to be free, taken or not allowed before a link is made', async () => {
  const state = async (slug: string) => (await send('GET', `/api/v1/slugs?slug=${encodeURIComponent(slug)}`, { key: bob })).json;
  await create({ url, slug: 'asked-for' });
  assert.equal(await state('asked-for'), { slug: 'asked-for', isAvailable: false, message: null });
  assert.equal(await state('Asked-For'), { slug: 'Asked-For', isAvailable: true, message: null });
  assert.equal(await state('api'), { slug: 'api', isAvailable: false, message: 'is reserved' });
  assert.equal(await state('a b'), { slug: 'a b', isAvailable: false, message: 'may contain only ASCII letters, digits, "-" and "_"' });
});

test('GET and PATCH answer with the clicks as of now', async () => {
  const clicks = { clicks: 9, repeatClicks: 4, clicksToday: 3, repeatClicksToday: 1 };
  const made: Link = (await create({ url, slug: 'counted' })).json;
  figures.set(made.id, clicks);
  const got = await read('counted');
  assert.is(got.headers.get('etag'), '"1"');
  assert.equal(got.json, { ...made, ...clicks });
  assert.equal((await read('%63ounted')).json, got.json);
  assert.is((await patch('counted', { title: 'x' })).json.clicks, 9);
  assert.equal((await send('GET', `${LINKS}?limit=1`, { key: ann })).json.data[0].clicks, 9);
  await pool.query(`UPDATE links SET disabled = true WHERE slug = 'counted'`);
  assert.is((await read('counted')).json.state, 'disabled');
});

test('PATCH edits, renames and announces the old slug and the new before it answers', async () => {
  const before = counter('linksEdited');
  await create({ url, slug: 'old-name', title: 'x' });
  changed.length = 0;
  const { status, headers, json } = await patch('old-name', { slug: 'new-name', title: null, url: `${url}b`, tags: ['t'] });
  assert.equal([status, headers.get('etag')], [200, '"2"']);
  assert.equal([json.slug, json.title, json.url, json.tags, json.version], ['new-name', null, `${url}b`, ['t'], 2]);
  assert.equal(changed, ['old-name', 'new-name']);
  assert.is(counter('linksEdited'), before + 1);
  isProblem(await read('old-name'), 404, 'not_found');
});

test('DELETE: 204, then 404', async () => {
  const before = [counter('linksDeleted'), counter('deniedDeletions')];
  await create({ url, slug: 'short-lived' });
  changed.length = 0;
  const gone = await remove('short-lived');
  assert.equal([gone.status, gone.json, changed], [204, '', ['short-lived']]);
  isProblem(await remove('short-lived'), 404, 'not_found');
  assert.equal([counter('linksDeleted'), counter('deniedDeletions')], [before[0] + 1, before[1] + 1]);
});

test('If-Match: the version, any of several, or *; else 412', async () => {
  await create({ url, slug: 'versioned' });
  assert.is((await patch('versioned', { title: 'a' }, { headers: { 'If-Match': '"1"' } })).status, 200);
  assert.is((await patch('versioned', { title: 'b' }, { headers: { 'If-Match': '"1", "2"' } })).status, 200);
  assert.is((await patch('versioned', { title: 'c' }, { headers: { 'If-Match': '*' } })).status, 200);
  for (const tag of ['"1"', 'W/"4"', '"04"', '"4x"', '"999999999999"', '""', '"1", W/"4"']) {
    isProblem(await patch('versioned', { title: 'd' }, { headers: { 'If-Match': tag } }), 412, 'stale');
    isProblem(await remove('versioned', { headers: { 'If-Match': tag } }), 412, 'stale');
  }
  for (const tag of ['4', '"4', 'x"4"', '"4" "5"', ',']) {
    isProblem(await patch('versioned', { title: 'd' }, { headers: { 'If-Match': tag } }), 400, 'malformed');
  }
  assert.equal([(await read('versioned')).json.title, (await read('versioned')).json.version], ['c', 4]);
  assert.is((await remove('versioned', { headers: { 'If-Match': 'W/"1" , "4"' } })).status, 204);
});

test('400, 413, 415: what cannot be read', async () => {
  for (const body of ['', '{', '{"url":}', `{"url":"${url}"} x`, 'undefined', "{'url':1}"]) isProblem(await create(body), 400, 'malformed');
  const invalidUtf8 = await fetch(server.value.base + LINKS, {
    method: 'POST',
    headers: { 'X-Api-Key': ann, 'Content-Type': 'application/json' },
    body: Buffer.from(`{"url":"${url}\xff"}`, 'latin1'),
  });
  assert.is(invalidUtf8.status, 400);
  for (const [open, close] of ['[]', ['{"a":', '}']]) {
    for (const depth of [33, 9_000]) isProblem(await create(`${open.repeat(depth)}1${close.repeat(depth)}`), 400, 'malformed');
    isProblem(await create(`${open.repeat(32)}1${close.repeat(32)}`), 422, 'invalid');
  }
  isProblem(await create(`"${'x'.repeat(64 << 10)}"`), 413, 'too_large');
  isProblem(await create(`"${'x'.repeat((64 << 10) - 2)}"`), 422, 'invalid'); // exactly 64 KiB
  const type = (it: string) => create({ url }, { headers: { 'Content-Type': it } });
  for (const it of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'multipart/form-data; x=application/json',
    '',
  ]) {
    isProblem(await type(it), 415, 'unsupported_media_type');
  }
  for (const it of ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/merge-patch+json'])
    assert.is((await type(it)).status, 201);
  const chunked = `POST ${LINKS} HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${ann}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const tooMuch = `${chunked}10001\r\n${' '.repeat(0x10001)}\r\n0\r\n\r\n`;
  assert.match(await rawRequest(server.value.port, tooMuch), /^HTTP\/1\.1 413 /);
  const body = JSON.stringify({ url });
  assert.match(await rawRequest(server.value.port, `${chunked}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`), /^HTTP\/1\.1 201 /);
});

test('401: no key, an unknown one, one that is half of two', async () => {
  for (const headers of [
    {},
    { Authorization: 'Bearer' },
    { Authorization: 'Bearer x' },
    { Authorization: `Basic ${ann}` },
    { Authorization: ann },
    { Authorization: `Bearer ${ann}, Bearer ${ann}` },
    { Authorization: `Bearer ${ann.slice(0, -1)}${ann.endsWith('x') ? 'y' : 'x'}` },
    { 'X-Api-Key': `${ann}x` },
    { 'X-Api-Key': '' },
    { Authorization: 'Bearer x', 'X-Api-Key': ann }, // no second guess
  ] as Record<string, string>[]) {
    for (const [method, path] of [
      ['GET', LINKS],
      ['GET', `${LINKS}/one`],
      ['DELETE', `${LINKS}/one`],
      ['GET', `${LINKS}/one/stats`],
    ]) {
      const answer = await send(method, path, { headers });
      isProblem(answer, 401, 'unauthenticated');
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
    const isGuest = Object.keys(headers).length === 0; // see guest-links.test.ts
    if (!isGuest) isProblem(await send('POST', LINKS, { headers, body: 'not JSON' }), 401, 'unauthenticated');
  }
  assert.is((await send('GET', LINKS, { headers: { 'X-Api-Key': ann } })).status, 200);
  assert.is((await send('GET', LINKS, { headers: { Authorization: `bearer  ${ann}` } })).status, 200);
});

test('403: each route needs its own scope', async () => {
  const before = [counter('deniedEdits'), counter('deniedDeletions')];
  const [reader, writer, counted] = await Promise.all([
    keyOf('ann', ['links:read', 'admin']),
    keyOf('ann', ['links:write']),
    keyOf('ann', ['stats:read']),
  ]);
  const tries = async (key: string) => [
    (await send('GET', LINKS, { key })).status,
    (await send('GET', `${LINKS}/one`, { key })).status,
    (await send('GET', `${LINKS}/one/stats`, { key })).status,
    (await send('POST', LINKS, { key, body: { url } })).status,
    (await send('PATCH', `${LINKS}/one`, { key, body: { title: 'x' } })).status,
    (await send('DELETE', `${LINKS}/nothing`, { key })).status,
  ];
  assert.equal(await tries(reader), [200, 200, 403, 403, 403, 403]);
  assert.equal(await tries(writer), [403, 403, 403, 201, 200, 404]);
  assert.equal(await tries(counted), [403, 403, 200, 403, 403, 403]);
  const refused = await send('GET', LINKS, { key: counted });
  isProblem(refused, 403, 'forbidden');
  assert.match(refused.headers.get('www-authenticate') ?? '', /insufficient_scope/);
  assert.equal([counter('deniedEdits'), counter('deniedDeletions')], [before[0] + 2, before[1] + 3]);
});

test('404: what belongs to somebody else is not there', async () => {
  const before = counter('deniedEdits');
  const key = bob;
  isProblem(await read('one', { key }), 404, 'not_found');
  isProblem(await send('GET', `${LINKS}/one/stats`, { key }), 404, 'not_found');
  isProblem(await patch('one', { title: 'bob was here' }, { key }), 404, 'not_found');
  isProblem(await patch('one', { title: 'x' }, { key, headers: { 'If-Match': '"99"' } }), 404, 'not_found');
  isProblem(await remove('one', { key }), 404, 'not_found');
  assert.equal((await send('GET', LINKS, { key })).json, { data: [], nextCursor: null });
  assert.is(counter('deniedEdits'), before + 2);
  assert.not((await read('one')).json.title === 'bob was here');
  const [theirs, nothing] = [await read('one', { key }), await read('never-made', { key })];
  assert.equal(theirs.json, nothing.json);
});

test('404 for slugs that cannot be, without asking the store', async () => {
  for (const slug of ['%00', 'a%00b', 'a.b', '%D0%B6', '%', '%ff', '..%2F..%2Fetc', 'x'.repeat(65), '%27;--', '__proto__.x']) {
    isProblem(await read(slug), 404, 'not_found');
  }
  isProblem(await read('__proto__'), 404, 'not_found');
});

test('409: the slug is taken, also by another, also when renaming', async () => {
  isProblem(await create({ url, slug: 'one' }), 409, 'slug_taken');
  isProblem(await create({ url, slug: 'one' }, { key: bob }), 409, 'slug_taken');
  await create({ url, slug: 'two' });
  isProblem(await patch('two', { slug: 'one' }), 409, 'slug_taken');
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => create({ url, slug: 'wanted' }, { key: i % 2 ? ann : bob })));
  assert.equal(answers.map(({ status }) => status).sort(), [201, ...new Array(19).fill(409)]);
});

test('422: all faults at once, and they are counted', async () => {
  const before = [counter('invalidCreations'), counter('rejectedUrls'), counter('rejectedEdits')];
  const wrong = { url: 'http://elnk.example:8080/loop', slug: 'healthz', title: 'a\u0000b', tags: ['', 'b'], pasword: 'x' };
  const refused = await create(wrong);
  isProblem(refused, 422, 'invalid');
  assert.equal(paths(refused).sort(), ['pasword', 'slug', 'tags.0', 'title', 'url']);
  assert.equal(paths(await patch('one', wrong)).sort(), ['pasword', 'slug', 'tags.0', 'title', 'url']);
  assert.equal(paths(await create({ title: 'no URL' })), ['url']);
  assert.equal(paths(await patch('one', {})), ['']);
  for (const target of [
    'java\nscript:alert(1)',
    'ftp://a.example/',
    'https://u:p@a.example/',
    `${url}${'x'.repeat(8_192)}`,
    'https://ELNK.example./',
  ]) {
    assert.equal(paths(await create({ url: target })), ['url'], target);
  }
  isProblem(await create('{"url":"https://example.com/","__proto__":{"admin":true}}'), 422, 'invalid');
  assert.is((await create(`{${Array.from({ length: 500 }, (_, i) => `"f${i}":1`).join()}}`)).json.errors.length, 100);
  assert.equal(
    [counter('invalidCreations') - before[0], counter('rejectedUrls') - before[1], counter('rejectedEdits') - before[2]],
    [9, 9, 2],
  );
  isProblem(await send('GET', `${LINKS}?limit=0&cursor=&search=x`, { key: ann }), 422, 'invalid');
});

test('Idempotency-Key: 20 at once make one link, each hears the same, and it is counted once', async () => {
  const headers = { 'Idempotency-Key': '"8e03978e-40d5-43dd-bc93-6894a57f9324"' };
  const before = counter('linksCreated');
  const all = await Promise.all(Array.from({ length: 20 }, () => create({ url, title: 'only one' }, { headers })));
  for (const { status, json, headers: got } of all) {
    assert.equal([status, json, got.get('location'), got.get('etag')], [201, all[0].json, all[0].headers.get('location'), '"1"']);
  }
  const { rows } = await pool.query(`SELECT count(*)::int AS n FROM links WHERE title = 'only one'`);
  assert.is(rows[0].n, 1);
  assert.equal((await create('{ "title": "only one", "url": "HTTPS://example.com/" }', { headers })).json, all[0].json);
  isProblem(await create({ url, title: 'another' }, { headers }), 422, 'idempotency_conflict');
  assert.is(counter('linksCreated'), before + 1, 'a repeat makes nothing');
  assert.is((await create({ url, title: 'only one' }, { headers, key: bob })).status, 201);
  assert.is(counter('linksCreated'), before + 2);
  for (const key of ['', 'a b', 'x'.repeat(256), 'Ключ']) {
    const response = await rawRequest(
      server.value.port,
      `POST ${LINKS} HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${ann}\r\nContent-Type: application/json\r\nIdempotency-Key: ${key}\r\nContent-Length: 30\r\n\r\n{"url":"https://example.com/"}`,
    );
    assert.match(response, /^HTTP\/1\.1 400 /, key);
  }
  assert.is((await create({ url }, { headers: { 'Idempotency-Key': 'x'.repeat(255) } })).status, 201);
});

test('pages over 250 links: complete and without repeats, while links are made', async () => {
  const key = bob;
  for (let i = 0; i < 250; i += 50)
    await Promise.all(Array.from({ length: 50 }, (_, k) => create({ url, slug: `page-${i + k}` }, { key })));
  const seen: string[] = [];
  let cursor: string | null = '';
  let pages = 0;
  while (cursor !== null) {
    const { status, json } = await send('GET', `${LINKS}?limit=30${cursor && `&cursor=${cursor}`}`, { key });
    assert.is(status, 200);
    const page = linkPageSchema.parse(json);
    assert.ok(page.data.length <= 30);
    seen.push(...page.data.map(({ slug }) => slug));
    cursor = page.nextCursor;
    pages++;
    await create({ url, slug: `late-${pages}` }, { key });
  }
  assert.is(new Set(seen).size, seen.length);
  assert.is(seen.filter((slug) => slug.startsWith('page-')).length, 250);
  assert.is((await send('GET', LINKS, { key })).json.data.length, 50);
  const everything = await send('GET', `${LINKS}?limit=100`, { key: await keyOf('ann', ['links:read']) });
  assert.ok(everything.json.data.every(({ slug }: Link) => !slug.startsWith('page-')));
});

test('a cursor that was not given here: 400', async () => {
  for (const cursor of [
    '',
    'x',
    'MQ==',
    'MQ%00',
    'LTE',
    'MDE',
    'MS41',
    '%F0%9F%98%80',
    Buffer.from('99999999999999999').toString('base64url'),
  ]) {
    isProblem(await send('GET', `${LINKS}?cursor=${cursor}`, { key: ann }), 400, 'malformed');
  }
  isProblem(await send('GET', `${LINKS}?cursor=${'x'.repeat(2_001)}`, { key: ann }), 422, 'invalid');
});

test.run();
