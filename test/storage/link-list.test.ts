/** Pages of links against a model in memory. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LINK_STATES, showRules } from '../../src/core/link.ts';
import { LINK_SORTS, type LinkQuestion } from '../../src/core/link-list.ts';
import type { OwnedLink } from '../../src/core/ports/links.ts';
import type { Cursor } from '../../src/core/slice.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { SNAPSHOT, waysOf } from '../../src/storage/postgres/link-list.ts';
import type { Stretch, Ways } from '../../src/storage/postgres/link-list-page.ts';
import { inTransaction } from '../../src/storage/postgres/pool.ts';
import { makeOwner } from '../support/test-owner.ts';
import { ANY, expected, int, LINKS, NOW, oneOf, startLists, TODAY } from './link-list-rig.ts';

const lists = await startLists();
const { pool, store, click, ownerId, models } = lists.value;

async function pagesOf(question: LinkQuestion): Promise<number[]> {
  const ids: number[] = [];
  let after: LinkQuestion['after'] = null;
  do {
    const { data, next } = await store.list(ownerId, { ...question, after });
    assert.ok(data.length <= question.limit);
    ids.push(...data.map(({ id }) => id));
    after = next;
  } while (after !== null);
  return ids;
}

const test = suite('lists of links');

test.after(() => lists.stop());

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
        assert.equal(await pagesOf(question), expected(models, question), `${isDescending} ${limit}`);
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
      assert.equal(await pagesOf(question), expected(models, question), `${search} by ${sort}`);
    }
  }
  const { data } = await store.list(ownerId, { ...ANY, search: 'пример.рф' });
  assert.ok(data.length > 0 && data.every(({ url }) => url.includes('xn--e1afmkfd.xn--p1ai')), 'names in punycode are found, too');
});

test('several tags: links with all of them; several states: links in one of them', async () => {
  for (const tags of [['весна'], ['b,c'], ['весна', 'b,c'], ['rare', 'весна', 'b,c'], ['never'], ['']]) {
    const question = { ...ANY, tags, limit: 30 };
    assert.equal(await pagesOf(question), expected(models, question), tags.join());
  }
  for (const states of [...LINK_STATES.map((state) => [state]), ['expired', 'disabled'], [...LINK_STATES]] as LinkQuestion['states'][]) {
    for (const sort of LINK_SORTS) {
      const question = { ...ANY, states, sort, limit: 9 };
      assert.equal(await pagesOf(question), expected(models, question), states.join());
    }
  }
});

const anyQuestion = (): LinkQuestion => ({
  ...ANY,
  search: oneOf(null, 'кроссовки', 'sale', 'OZON', 'a', '2'),
  tags: oneOf([], ['весна'], ['b,c', 'весна']),
  states: oneOf([], ['active'], ['active', 'exhausted'], ['disabled']),
  sort: oneOf(...LINK_SORTS),
  isDescending: oneOf(true, false),
  limit: 1 + int(40),
});

const inSnapshot = <T>(asked: LinkQuestion, read: (ways: Ways) => Promise<T>): Promise<T> =>
  inTransaction(pool, async (db) => read(await waysOf(db, ownerId, asked)), SNAPSHOT);

test('anything together; the walk alone, page by page, and the collection alone find the same', async () => {
  for (let n = 0; n < 60; n++) {
    const asked = anyQuestion();
    const ids = expected(models, asked);
    assert.equal(await pagesOf(asked), ids, JSON.stringify(asked));
    const collected = await inSnapshot(asked, ({ collect }) => collect());
    assert.equal(
      collected.map(({ link }) => link.id),
      ids.slice(0, asked.limit),
      JSON.stringify(asked),
    );
    assert.equal(await walked(asked, 1 + int(30)), ids, JSON.stringify(asked));
  }
});

/** Each stretch goes on where the one before has ended, be it at its last link or at its last look. */
async function walked(asked: LinkQuestion, window: number): Promise<number[]> {
  const ids: number[] = [];
  let after: Cursor | null = null;
  do {
    const { rows, end }: Stretch = await inSnapshot({ ...asked, after }, ({ walk }) => walk(window));
    ids.push(...rows.map(({ link }) => link.id));
    const last = rows.at(-1);
    after = last !== undefined && rows.length === asked.limit ? { key: last.key, id: last.link.id } : end;
  } while (after !== null);
  return ids;
}

test('a walk says where it ends when there is more, and that it has come to the end', async () => {
  for (const sort of ['created', 'title'] as const) {
    const nothing = { ...ANY, sort, search: 'nothing of this' };
    const looked = await inSnapshot(nothing, ({ walk }) => walk(LINKS - 1));
    assert.equal([looked.rows.length, looked.end?.id], [0, expected(models, { ...ANY, sort })[LINKS - 2]], sort);
    assert.equal(await inSnapshot(nothing, ({ walk }) => walk(LINKS + 1)), { rows: [], end: null }, sort);
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
        expected(models, question),
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
  assert.equal(rest, expected(models, question));
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

test.run();
