/** Pages of links against a model in memory, and the plans that Postgres has for them among very many. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LINK_STATES, showRules } from '../../src/core/link.ts';
import { LINK_SORTS, type LinkQuestion } from '../../src/core/link-list.ts';
import type { NewLink, OwnedLink } from '../../src/core/ports/links.ts';
import { searchForms } from '../../src/core/search.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { type ColumnQuestion, gatherSql, listByColumn, walkSql } from '../../src/storage/postgres/link-list.ts';
import { listByClicks } from '../../src/storage/postgres/link-list-by-clicks.ts';
import { createLinkStore } from '../../src/storage/postgres/links.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { queryConditions } from '../../src/storage/postgres/search.ts';
import { batchOf } from '../support/click-rows.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { makeOwner } from '../support/test-owner.ts';

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 4, logger: silentLogger });
const pool = connections.value;
const store = createLinkStore(pool, randomBytes, { regular: 0, extended: 0 });
const clicks = createClickStore({ pool, node: 'test', randomBytes, logger: silentLogger });
await clicks.positions([{ name: 'f0-s0', front: 0, shard: 0 }]);

const DAY_MS = 86_400_000;
const NOW = Date.now();
const TODAY = Math.floor(NOW / DAY_MS);
const LINKS = 260;
const random = randomFrom(seed);
const int = (below: number) => Math.floor(random() * below);
const oneOf = <T>(...items: readonly T[]): T => items[int(items.length)];

const ANY: LinkQuestion = {
  search: null,
  tags: [],
  states: [],
  sort: 'created',
  isDescending: true,
  limit: 50,
  after: null,
  now: NOW,
  today: TODAY,
};

/** Some are alike in everything that a list is sorted by. */
const randomLink = (i: number): NewLink => ({
  url:
    oneOf('https://www.ozon.ru/', 'https://shop.example/100%25/', 'http://xn--e1afmkfd.xn--p1ai/') +
    oneOf('a_b', '%D0%9A%D0%B0%D0%B1%D0%B5%D0%BB%D1%8C', 'x', String(i)),
  slug: `${oneOf('Sale', 'sale', 'x-_')}-${i}`,
  title: oneOf(null, 'Кроссовки белые', 'КРОССОВКИ', 'кабель 2 м', 'Table', 'table', `100% хлопок`, 'a_b', 'back\\slash', 'Ёлка 😀'),
  tags: ['весна', 'b,c', 'rare'].filter((tag) => random() < (tag === 'rare' ? 0.05 : 0.4)),
  maxClicks: oneOf(null, null, 3),
  validFrom: oneOf(null, null, NOW - DAY_MS, NOW + DAY_MS, NOW),
  expiresAt: oneOf(null, null, NOW + 2 * DAY_MS),
  expiredUrl: null,
});

let position = 0;
async function click(linkIds: readonly number[], day: number, changes: { bot?: boolean } = {}): Promise<void> {
  const rows = linkIds.map((linkId) => ({ linkId, day, at: day * DAY_MS, visitorLo: int(2 ** 31), visitorHi: linkId, ...changes }));
  await clicks.store(batchOf(rows, { from: position, to: position + 1 }));
  position++;
}
const some = (ids: readonly number[], count: number) => Array.from({ length: count }, () => oneOf(...ids.slice(0, ids.length / 2)));

type Model = { link: OwnedLink; clicks: number; clicksToday: number };

async function makeModel(): Promise<{ ownerId: number; models: Model[] }> {
  const [{ userId: ownerId }, other] = [await makeOwner(pool, { links: 0 }), await makeOwner(pool, { links: 3 })];
  const made = await store.createMany(
    ownerId,
    Array.from({ length: LINKS }, (_, i) => randomLink(i)),
    null,
  );
  const ids = (made.outcomes as OwnedLink[]).map(({ id }) => id);
  await pool.query(
    `UPDATE links SET disabled = id % 11 = 0, clicks_used = id % 5, expires_at = CASE WHEN id % 7 = 0 AND valid_from IS NULL THEN $1 ELSE expires_at END`,
    [new Date(NOW)],
  );
  await click([...some(ids, 200), ...other.links.map(({ id }) => id)], TODAY - 1);
  await click(some(ids, 150), TODAY);
  await click(some(ids, 30), TODAY, { bot: true });
  await fold(createFoldStore(pool));
  await click(some(ids, 60), TODAY);
  await fold(createFoldStore(pool));
  // Not folded:
  await click([...some(ids, 40), ...ids.slice(-9), ...other.links.map(({ id }) => id)], TODAY);
  await click(some(ids, 10), TODAY - 1);
  await click(some(ids, 20), TODAY, { bot: true });
  const links = await Promise.all((made.outcomes as OwnedLink[]).map(({ slug }) => store.get(ownerId, slug)));
  const counted = await pool.query<{ id: number; total: number; today: number }>(
    `SELECT l.id, coalesce(t.clicks, 0) + count(c) AS total, coalesce(r.clicks, 0) + count(c) FILTER (WHERE c.day = $2) AS today
     FROM links l LEFT JOIN link_totals t ON t.link_id = l.id
     LEFT JOIN link_rankings r ON r.link_id = l.id AND r.period = $2
     LEFT JOIN clicks c ON c.link_id = l.id AND NOT c.bot AND c.batch_id IN (SELECT id FROM click_batches WHERE NOT folded)
     WHERE l.owner_id = $1 GROUP BY l.id, t.clicks, r.clicks`,
    [ownerId, new Date(TODAY * DAY_MS).toISOString().slice(0, 10)],
  );
  const figures = new Map(counted.rows.map((row) => [row.id, row]));
  return {
    ownerId,
    models: links.map((link) => ({ link, clicks: figures.get(link.id)?.total ?? 0, clicksToday: figures.get(link.id)?.today ?? 0 })),
  };
}

const { ownerId, models } = await makeModel();

const LAST = String.fromCodePoint(1_114_111);
const keyOf = ({ link, clicks: total, clicksToday }: Model, sort: LinkQuestion['sort']): string | number =>
  ({ created: link.id, title: link.title?.toLowerCase() ?? LAST, clicks: total, clicksToday })[sort];

function expected({ search, tags, states, sort, isDescending }: LinkQuestion): number[] {
  const has = (text: string | null, part: string) => text?.toLowerCase().includes(part.toLowerCase()) ?? false;
  const fits = ({ link }: Model) =>
    (search === null || has(link.title, search) || searchForms(search).some((form) => has(link.slug, form) || has(link.url, form))) &&
    tags.every((tag) => link.tags.includes(tag)) &&
    (states.length === 0 || states.includes(showRules(link, NOW).state));
  const compare = (a: Model, b: Model) => {
    const [x, y] = [keyOf(a, sort), keyOf(b, sort)];
    return x === y ? a.link.id - b.link.id : x < y ? -1 : 1;
  };
  const ids = models
    .filter(fits)
    .sort(compare)
    .map(({ link }) => link.id);
  return isDescending ? ids.reverse() : ids;
}

async function pagesOf(question: LinkQuestion): Promise<number[]> {
  const ids: number[] = [];
  let after: LinkQuestion['after'] = null;
  do {
    const { data, next } = await store.list(ownerId, { ...question, after });
    assert.ok(data.length <= question.limit && (next === null || data.length === question.limit));
    ids.push(...data.map(({ id }) => id));
    after = next;
  } while (after !== null);
  return ids;
}

const test = suite('lists of links');

test.after(async () => {
  await connections.stop();
  await database.stop();
});

test('the model has something of everything', () => {
  assert.equal(new Set(models.map(({ link }) => showRules(link, NOW).state)), new Set(LINK_STATES));
  assert.ok(models.some((it) => it.clicks === 0) && models.some((it) => it.clicks > it.clicksToday && it.clicksToday > 0));
  assert.ok(new Set(models.map((it) => it.clicks)).size < LINKS / 4, 'many are alike');
});

for (const sort of LINK_SORTS) {
  test(`by ${sort}, both ways: every link once, page by page`, async () => {
    for (const isDescending of [false, true]) {
      for (const limit of [7, 100]) {
        const question = { ...ANY, sort, isDescending, limit };
        assert.equal(await pagesOf(question), expected(question), `${isDescending} ${limit}`);
      }
    }
  });
}

test('a slug, title or target with the text in it, in capitals or not, and taken literally', async () => {
  const texts = [
    'кроссовки',
    'КРОССОВКИ',
    'бел',
    'sale-1',
    'OZON',
    '100%',
    'a_b',
    '_',
    '%',
    '\\',
    'ёлка',
    '😀',
    'x-_',
    'к',
    'shop.example/100%25/x',
    'nothing of this',
    ' ',
    "'; --",
  ];
  for (const search of texts) {
    for (const sort of LINK_SORTS) {
      const question = { ...ANY, search, sort, limit: 20 };
      assert.equal(await pagesOf(question), expected(question), `${search} by ${sort}`);
    }
  }
  const { data } = await store.list(ownerId, { ...ANY, search: 'пример.рф' });
  assert.ok(data.length > 0 && data.every(({ url }) => url.includes('xn--e1afmkfd.xn--p1ai')), 'names in punycode are found, too');
});

test('several tags: links with all of them; several states: links in one of them', async () => {
  for (const tags of [['весна'], ['b,c'], ['весна', 'b,c'], ['rare', 'весна', 'b,c'], ['never'], ['']]) {
    const question = { ...ANY, tags, limit: 30 };
    assert.equal(await pagesOf(question), expected(question), tags.join());
  }
  for (const states of [...LINK_STATES.map((state) => [state]), ['expired', 'disabled'], [...LINK_STATES]] as LinkQuestion['states'][]) {
    for (const sort of LINK_SORTS) {
      const question = { ...ANY, states, sort, limit: 9 };
      assert.equal(await pagesOf(question), expected(question), states.join());
    }
  }
});

test('anything together, whichever of the two ways is taken', async () => {
  for (let n = 0; n < 150; n++) {
    const question: LinkQuestion = {
      ...ANY,
      search: oneOf(null, 'кроссовки', 'sale', 'OZON', 'a', '2'),
      tags: oneOf([], ['весна'], ['b,c', 'весна']),
      states: oneOf([], ['active'], ['active', 'exhausted'], ['disabled']),
      sort: oneOf(...LINK_SORTS),
      isDescending: oneOf(true, false),
      limit: 1 + int(40),
    };
    const ids = expected(question);
    assert.equal(await pagesOf(question), ids, JSON.stringify(question));
    const { sort } = question;
    for (const window of [1, 20]) {
      const rows =
        sort === 'created' || sort === 'title'
          ? await listByColumn(pool, ownerId, { ...question, sort }, window)
          : await listByClicks(pool, ownerId, { ...question, sort }, window);
      assert.equal(
        rows.map(({ link }) => link.id),
        ids.slice(0, question.limit),
        `${JSON.stringify(question)} within ${window}`,
      );
    }
  }
});

test('links that are made meanwhile shift no page; who is gone is only missing', async () => {
  for (const sort of ['created', 'title'] as const) {
    for (const isDescending of [true, false]) {
      const question = { ...ANY, sort, isDescending, limit: 40 };
      const first = await store.list(ownerId, question);
      const made = await store.createMany(
        ownerId,
        Array.from({ length: 20 }, () => ({ url: 'https://late.example/', title: oneOf(null, 'aa', 'яя') })),
        null,
      );
      const slugs = (made.outcomes as OwnedLink[]).map(({ slug }) => slug);
      const last = first.data[first.data.length - 1];
      const seen = first.data.map(({ id }) => id);
      let after = first.next;
      while (after !== null) {
        const { data, next } = await store.list(ownerId, { ...question, after });
        seen.push(...data.map(({ id }) => id));
        after = next;
      }
      assert.is(new Set(seen).size, seen.length, 'none twice');
      const before = new Set(models.map(({ link }) => link.id));
      assert.equal(
        seen.filter((id) => before.has(id)),
        expected(question),
      );
      assert.ok(seen.includes(last.id));
      await store.deleteMany(ownerId, slugs, null);
    }
  }
});

test('a fold between two pages changes nothing; nor does anybody else’s click', async () => {
  const question = { ...ANY, sort: 'clicks' as const, limit: 25 };
  const first = await store.list(ownerId, question);
  await fold(createFoldStore(pool));
  const rest = await pagesOf({ ...question, after: null });
  assert.equal([...first.data.map(({ id }) => id)], rest.slice(0, 25));
  assert.equal(rest, expected(question));
});

test('rankings: what is over and what is deleted goes away', async () => {
  await pool.query(`INSERT INTO link_rankings VALUES (current_date - 5, 0, 0, 1), (current_date - 1, 0, 0, 1)`);
  const { userId, links } = await makeOwner(pool, { links: 2 });
  await click([links[0].id, links[1].id], TODAY);
  await fold(createFoldStore(pool));
  const rankings = async (where: string, value: number) => (await pool.query(`SELECT FROM link_rankings WHERE ${where}`, [value])).rowCount;
  assert.is(await rankings('owner_id = $1', 0), 1);
  assert.is(await rankings('owner_id = $1', userId), 4);
  await store.delete(userId, links[0].slug, null);
  assert.is(await rankings('owner_id = $1', userId), 2);
});

test('tags by name, with how many links have them', async () => {
  const counts = new Map<string, number>();
  for (const { link } of models) for (const tag of link.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const all = [...counts].map(([tag, links]) => ({ tag, links })).sort((a, b) => (a.tag < b.tag ? -1 : 1));
  assert.equal(await store.tags(ownerId, 10, null), all);
  assert.equal([...(await store.tags(ownerId, 2, null)), ...(await store.tags(ownerId, 2, all[1].tag))], all);
});

/** The lines of a plan that say how a table is read. */
async function planOf(sqlOf: typeof gatherSql, owner: number, question: Partial<ColumnQuestion>): Promise<string> {
  const { values, parameter } = queryConditions(owner, 51);
  const sql = sqlOf({ ...ANY, sort: 'created', ...question }, parameter);
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, values);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

test('among 200,000 links Postgres uses the indexes that were made for it', async () => {
  const [one, many] = [await makeOwner(pool, { links: 0 }), await makeOwner(pool, { links: 0 })];
  const patient = await createPool({ url: database.value.url, name: 'fill', max: 1, logger: silentLogger, queryTimeoutMs: 120_000 });
  const fill = (owner: string, mark: string) =>
    patient.value.query(
      `INSERT INTO links (slug, owner_id, target, title, tags, disabled, expires_at)
     SELECT $1 || i, ${owner}, 'https://ozon.ru/' || substr(md5(i::text), 1, 10),
       CASE WHEN i % 3 > 0 THEN (ARRAY['Чайник ', 'Кабель ', 'Table '])[i % 3 + 1] || i END,
       CASE WHEN i % 1000 = 0 THEN ARRAY['rare', 'all'] ELSE ARRAY['all'] END, i % 2000 = 0, CASE WHEN i % 3000 = 0 THEN now() END
     FROM generate_series(1, 100000) i`,
      [mark],
    );
  const from = performance.now();
  await fill(String(one.userId), 'plan-a-');
  await pool.query(`INSERT INTO users (email) SELECT 'plan-' || i || '@example.com' FROM generate_series(1, 1000) i`);
  await fill(`(SELECT min(id) FROM users WHERE email LIKE 'plan-%') + i % 1000`, 'plan-b-');
  await patient.value.query('ANALYZE links');
  await patient.stop();
  say(`200,000 links with all their indexes: ${Math.round((performance.now() - from) / 1000)} s`);

  const scans = (plan: string) => assert.not.match(plan, /Seq Scan on links/);
  for (const owner of [one.userId, many.userId]) {
    for (const sort of ['created', 'title'] as const) {
      for (const isDescending of [true, false]) {
        const walk = await planOf(walkSql, owner, { sort, isDescending, search: 'чайник 123' });
        assert.match(walk, sort === 'created' ? /Index Scan (Backward )?using links_newest/ : /Index Scan (Backward )?using links_title/);
        assert.not.match(walk, 'Sort', walk);
        scans(walk);
      }
    }
  }
  const gather = (question: Partial<ColumnQuestion>) => planOf(gatherSql, one.userId, question);
  const bySlug = await gather({ search: 'e4d909c290' });
  assert.match(bySlug, 'links_search');
  assert.match(bySlug, 'links_title_search');
  assert.match(await gather({ search: 'чайник 12345' }), 'links_title_search');
  assert.match(await gather({ tags: ['rare'] }), 'links_tags');
  assert.match(await gather({ states: ['disabled'] }), 'links_disabled');
  assert.match(await gather({ states: ['expired'] }), 'links_ending');
  assert.match(await gather({ states: ['scheduled'] }), 'links_beginning');
  assert.match(await gather({ states: ['exhausted'] }), 'links_limited');
  for (const question of [{ search: 'e4d909c290' }, { tags: ['rare'] }, { states: ['disabled'] as const }]) scans(await gather(question));
});

test.run();
