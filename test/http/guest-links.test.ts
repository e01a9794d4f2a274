/** `POST /api/v1/links` without an account. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestLinkSchema } from '../../src/core/api/links.ts';
import { isGuestSlug } from '../../src/core/slug.ts';
import { GUEST_LINKS_POLICY } from '../../src/http/api/guest-links.ts';
import { type Answer, BASE_URL, startApi } from '../support/api-server.ts';
import { readQr } from '../support/read-qr.ts';

const it = suite('guest links over HTTP');

const { value: api, stop } = await startApi();

it.after(stop);

let addresses = 0;
/** From an address that has asked for nothing yet. */
const create = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
  addresses++;
  return api.send('POST', '/api/v1/links', {
    body,
    headers: { 'X-Forwarded-For': `198.51.${addresses >> 8}.${addresses & 255}`, ...headers },
  });
};
const stored = async () => (await api.pool.query<{ links: number }>('SELECT count(*) AS links FROM guest_links')).rows[0].links;

it('a url alone makes a link', async () => {
  const before = api.counter('guestLinksCreated');
  const { status, headers, json } = await create({ url: 'https://Example.com/путь?q=1' });
  assert.is(status, 201);
  assert.equal(guestLinkSchema.strict().parse(json), json);
  assert.ok(isGuestSlug(json.slug), json.slug);
  assert.equal(
    [json.shortUrl, json.url, headers.get('location')],
    [`${BASE_URL}/${json.slug}`, 'https://example.com/%D0%BF%D1%83%D1%82%D1%8C?q=1', json.shortUrl],
  );
  const { rows } = await api.pool.query('SELECT target FROM guest_links WHERE slug = $1', [json.slug]);
  assert.equal(rows, [{ target: json.url }]);
  assert.ok(api.changed.includes(json.slug), 'threads that remember that there was no such link are told');
  assert.equal([api.counter('guestLinksCreated') - before, api.counter('linksCreated')], [1, 0]);
});

it('its QR code leads to it', async () => {
  const { json } = await create({ url: 'https://example.com/qr' });
  const [head, data] = json.qr.split(',');
  assert.is(head, 'data:image/png;base64');
  assert.is(readQr(Buffer.from(data, 'base64')), json.shortUrl);
  assert.ok(json.qr.length < 3_000, `${json.qr.length} characters`);
});

it('guests know nothing of each other: the same url makes another link', async () => {
  const [one, two] = await Promise.all([create({ url: 'https://example.com/same' }), create({ url: 'https://example.com/same' })]);
  assert.equal([one.status, two.status], [201, 201]);
  assert.is.not(one.json.slug, two.json.slug);
});

it('nobody can read, change or delete one by the API', async () => {
  const { json } = await create({ url: 'https://example.com/' });
  for (const [method, body] of [['GET'], ['PATCH', { title: 'mine' }], ['DELETE']] as const) {
    for (const [key, status] of [
      [undefined, 401],
      [api.ann, 404],
    ] as const) {
      const answer = await api.send(method, `/api/v1/links/${json.slug}`, { ...(key && { key }), ...(body && { body }) });
      assert.is(answer.status, status, `${method} ${key}`);
    }
  }
});

it('nobody can choose a slug that looks like a guest’s', async () => {
  const { status, json } = await api.send('POST', '/api/v1/links', {
    key: api.ann,
    body: { url: 'https://example.com/', slug: '_abcdefg' },
  });
  assert.equal([status, json.errors], [422, [{ path: 'slug', message: 'is reserved' }]]);
});

it('targets are judged as those of owners are', async () => {
  const rejected = api.counter('rejectedUrls');
  const before = await stored();
  const urls = [
    'javascript:alert(1)',
    'ftp://example.com/',
    'https://u:p@example.com/',
    'https://elnk.example/abc',
    'example.com',
    `https://e.com/${'x'.repeat(8192)}`,
  ];
  for (const url of urls) {
    const { status, json } = await create({ url });
    assert.equal([status, json.code, json.errors[0].path], [422, 'invalid', 'url'], url);
  }
  assert.equal([await stored(), api.counter('rejectedUrls') - rejected], [before, urls.length]);
  assert.is((await create({ url: `https://e.com/${'x'.repeat(8192 - 'https://e.com/'.length)}` })).status, 201);
});

it('none leads to a blocked host', async () => {
  const key = await api.sessionOf('root');
  assert.is((await api.send('POST', '/api/v1/admin/blocked-hosts', { key, body: { host: 'evil.example' } })).status, 201);
  const { status, json } = await create({ url: 'https://www.evil.example/' });
  assert.equal([status, json.errors], [422, [{ path: 'url', message: 'must not lead to a host that is blocked here' }]]);
});

it('what only an owner may say needs an account; anything else is not known', async () => {
  const before = await stored();
  for (const more of [{ slug: 'mine' }, { title: null }, { password: 'x' }, { maxClicks: 1, nonsense: true }]) {
    const { status, json, headers } = await create({ url: 'https://example.com/', ...more });
    assert.equal([status, json.code], [401, 'unauthenticated']);
    assert.match(json.detail, Object.keys(more)[0]);
    assert.match(headers.get('www-authenticate') ?? '', 'Bearer');
  }
  for (const body of [{ url: 'https://example.com/', owner: 1 }, {}, [], null, 'https://example.com/', { url: 7 }]) {
    const { status, json } = await create(body === 'https://example.com/' ? JSON.stringify(body) : body);
    assert.equal([status, json.code], [422, 'invalid'], JSON.stringify(body));
  }
  assert.is((await create('{"url"')).status, 400);
  assert.is((await create({ url: 'https://example.com/' }, { 'Content-Type': 'text/plain' })).status, 415);
  assert.is(await stored(), before);
});

it('who says who he is is no guest, however wrong it is', async () => {
  const before = await stored();
  for (const headers of [
    { Authorization: 'Bearer nonsense' },
    { Authorization: 'Basic eDp5' },
    { Authorization: '' },
    { 'X-Api-Key': 'x' },
    { 'X-Api-Key': '' },
  ]) {
    const { status, json } = await create({ url: 'https://example.com/' }, headers);
    assert.equal([status, json.code], [401, 'unauthenticated'], JSON.stringify(headers));
  }
  assert.is(await stored(), before);
});

it('from one address there are so many an hour, over whatever connections', async () => {
  const from = { 'X-Forwarded-For': '203.0.113.9' };
  await api.pool.query('DELETE FROM throttles');
  const first = await create({ url: 'https://example.com/' }, from);
  assert.is(first.status, 201);
  await api.pool.query('UPDATE throttles SET points = $1', [GUEST_LINKS_POLICY.limit - 2]);
  const answers = await Promise.all(Array.from({ length: 6 }, () => create({ url: 'https://example.com/' }, from)));
  assert.equal(answers.map(({ status }) => status).sort(), [201, 201, 429, 429, 429, 429]);
  const refused = answers.find(({ status }) => status === 429);
  assert.is(refused?.json.code, 'too_many_requests');
  const retryAfterSec = Number(refused?.headers.get('retry-after'));
  assert.ok(retryAfterSec > 3_500 && retryAfterSec <= 3_600);
  assert.match(refused?.headers.get('ratelimit-policy') ?? '', /"guest-links";q=300;w=3600/);
  assert.ok(api.counter('throttledRequests') >= 4);
  assert.is((await create({ url: 'https://example.com/' })).status, 201, 'from another one');
});

it('the document says that it needs no account', async () => {
  const { json } = await api.send('GET', '/openapi.json');
  const { post } = json.paths['/api/v1/links'];
  assert.equal(post.security, [{}, { bearer: [] }, { apiKey: [] }]);
  assert.equal(post.responses[201].content['application/json'].schema.anyOf, [
    { $ref: '#/components/schemas/Link' },
    { $ref: '#/components/schemas/GuestLink' },
  ]);
  assert.equal(json.components.schemas.CreateGuestLink.required, ['url']);
  assert.match(post.description, 'Without a key or token: a guest link');
  assert.match(post.responses[429].description, 'too_many_requests');
});

it.run();
