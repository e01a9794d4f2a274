/** Everybody's links in the hands of an administrator. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BASE_URL, startApi } from '../support/api-server.ts';

const LINKS = '/api/v1/admin/links';

const it = suite('links of everybody');

const { value: api, stop } = await startApi();
const root = await api.keyOf('root', ['admin']);

it.before(async () => {
  for (const [key, slug, url] of [
    [api.ann, 'Spring', 'https://shop.example/coats?color=red&size=100%25'],
    [api.ann, 'a_b', 'https://www.пример.рф/путь'],
    [api.bob, 'spam', 'https://spam.example/win_a_prize'],
    [api.bob, 'other', 'https://other.example/springboard'],
  ] as const) {
    assert.is((await create(key, slug, url)).status, 201);
  }
});
it.after(stop);

const create = (key: string, slug: string, url: string) => api.send('POST', '/api/v1/links', { key, body: { slug, url } });
const list = (query: Record<string, string> = {}) => api.send('GET', `${LINKS}?${new URLSearchParams(query)}`, { key: root });
const found = async (query: Record<string, string>) => (await list(query)).json.data.map(({ slug }: { slug: string }) => slug);
const switchTo = (slug: string, disabled: unknown) => api.send('PATCH', `${LINKS}/${slug}`, { key: root, body: { disabled } });
const acts = async () => (await api.send('GET', '/api/v1/admin/audit', { key: root })).json.data;

it('are listed with their owners, the newest first', async () => {
  const { status, json } = await list();
  assert.equal([status, json.nextCursor], [200, null]);
  assert.equal(
    json.data.map(({ slug, owner }: { slug: string; owner: object }) => [slug, owner]),
    [
      ['other', { id: api.ids.bob, email: 'bob@example.com' }],
      ['spam', { id: api.ids.bob, email: 'bob@example.com' }],
      ['a_b', { id: api.ids.ann, email: 'ann@example.com' }],
      ['Spring', { id: api.ids.ann, email: 'ann@example.com' }],
    ],
  );
  const { id, createdAt, updatedAt, owner, ...link } = json.data[3];
  assert.equal(link, {
    slug: 'Spring',
    url: 'https://shop.example/coats?color=red&size=100%25',
    disabled: false,
    shortUrl: `${BASE_URL}/Spring`,
    blocked: false,
  });
  assert.equal([typeof id, createdAt], ['number', updatedAt]);
});

it('are found by any part of slug or target, in capitals or not, taken literally', async () => {
  for (const [search, slugs] of [
    ['spring', ['other', 'Spring']],
    ['SPRING', ['other', 'Spring']],
    ['pam.exa', ['spam']],
    ['100%', ['Spring']],
    ['%', ['a_b', 'Spring']],
    ['_', ['spam', 'a_b']],
    ['a_', ['spam', 'a_b']],
    ['\\', []],
    ['https://spam.example/win_a_prize', ['spam']],
    ['пример.рф', ['a_b']],
    ['путь', ['a_b']],
    ['https://www.пример.рф/путь', ['a_b']],
    ['', ['other', 'spam', 'a_b', 'Spring']],
    ["' OR true --", []],
  ] as const) {
    assert.equal(await found({ search }), slugs, search);
  }
});

it('are filtered by owner and state', async () => {
  await switchTo('spam', true);
  assert.equal(await found({ owner: String(api.ids.bob) }), ['other', 'spam']);
  assert.equal(await found({ disabled: 'true' }), ['spam']);
  assert.equal(await found({ disabled: 'false', owner: String(api.ids.bob), search: 'example' }), ['other']);
  assert.equal(await found({ owner: '999999' }), []);
  await switchTo('spam', false);
});

it('come in pages', async () => {
  const pages = [(await list({ limit: '3' })).json];
  pages.push((await list({ limit: '3', cursor: pages[0].nextCursor })).json);
  assert.equal(
    pages.map(({ data }) => data.map(({ slug }: { slug: string }) => slug)),
    [['other', 'spam', 'a_b'], ['Spring']],
  );
  assert.is(pages[1].nextCursor, null);
  const narrow = (await list({ limit: '1', search: 'spring' })).json;
  assert.equal(await found({ limit: '1', search: 'spring', cursor: narrow.nextCursor }), ['Spring']);
});

it('a query that is wrong is refused', async () => {
  for (const query of [
    { limit: '0' },
    { limit: '101' },
    { disabled: 'yes' },
    { owner: '-1' },
    { owner: 'ann' },
    { sort: 'id' },
    { search: 'a\0' },
  ]) {
    assert.is((await list(query as unknown as Record<string, string>)).status, 422, JSON.stringify(query));
  }
  assert.is((await list({ cursor: 'abc' })).status, 400);
  assert.is((await list({ cursor: Buffer.from('["a",1]').toString('base64url') })).status, 400, 'of another list');
});

it('one is disabled and enabled, announced before the answer, and its owner sees it', async () => {
  const before = (await api.send('GET', '/api/v1/links/spam', { key: api.bob })).json;
  api.changed.length = 0;
  const off = await switchTo('spam', true);
  assert.equal([off.status, off.json.disabled, off.json.slug, api.changed], [200, true, 'spam', ['spam']]);
  const seen = (await api.send('GET', '/api/v1/links/spam', { key: api.bob })).json;
  assert.equal([seen.state, seen.version], ['disabled', before.version + 1]);
  const edited = await api.send('PATCH', '/api/v1/links/spam', { key: api.bob, body: { title: 'mine' } });
  assert.equal([edited.status, edited.json.state], [200, 'disabled'], 'its owner does not bring it back');
  const before2 = (await acts()).length;
  assert.is((await switchTo('spam', true)).status, 200);
  assert.is((await acts()).length, before2, 'nothing was changed');
  assert.is((await switchTo('spam', false)).json.disabled, false);
  assert.is((await api.send('GET', '/api/v1/links/spam', { key: api.bob })).json.state, 'active');
  const [{ action, subject, changes, admin }] = await acts();
  assert.equal([action, subject.name, changes, admin.id], ['link.edit', 'spam', { disabled: { from: true, to: false } }, api.ids.root]);
});

it('one is deleted with its statistics', async () => {
  const { json } = await create(api.bob, 'short-lived', 'https://example.com/?token=secret');
  await api.pool.query('INSERT INTO link_totals (link_id, clicks, uniques, bots) VALUES ($1, 1, 1, 0)', [json.id]);
  await api.pool.query(`INSERT INTO link_days (link_id, day, doc) VALUES ($1, '2026-01-01', '')`, [json.id]);
  api.changed.length = 0;
  const deleted = api.counter('linksDeleted');
  assert.is((await api.send('DELETE', `${LINKS}/short-lived`, { key: root })).status, 204);
  assert.equal([api.changed, api.counter('linksDeleted')], [['short-lived'], deleted + 1]);
  assert.is((await api.send('GET', '/api/v1/links/short-lived', { key: api.bob })).status, 404);
  for (const table of ['link_totals', 'link_days']) {
    assert.is((await api.pool.query(`SELECT FROM ${table} WHERE link_id = $1`, [json.id])).rowCount, 0, table);
  }
  const [{ action, subject, changes }] = await acts();
  assert.equal([action, subject, changes], ['link.delete', { id: json.id, name: 'short-lived' }, {}]);
  assert.not.match(JSON.stringify(await acts()), 'secret');
  assert.is((await api.send('DELETE', `${LINKS}/short-lived`, { key: root })).status, 404);
});

it('what is not there, or no switch, is refused', async () => {
  assert.is((await switchTo('nobodys', true)).status, 404);
  assert.is((await switchTo('no slug', true)).status, 404);
  for (const body of [
    {},
    { disabled: 1 },
    { disabled: null },
    { disabled: true, url: 'https://x.example/' },
    { disabled: true, owner: 1 },
  ]) {
    assert.is((await api.send('PATCH', `${LINKS}/spam`, { key: root, body })).status, 422, JSON.stringify(body));
  }
});

it('links to blocked hosts are marked', async () => {
  await api.send('POST', '/api/v1/admin/blocked-hosts', { key: root, body: { host: 'spam.example' } });
  const { json } = await list({ search: 'example' });
  const blocked = json.data.filter((link: { blocked: boolean }) => link.blocked).map(({ slug }: { slug: string }) => slug);
  assert.equal(blocked, ['spam']);
});

it.run();
