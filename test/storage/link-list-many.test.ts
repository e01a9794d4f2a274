/** Pages among very many links: the plans that Postgres has for them, and searches that are quick in no way. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LINK_SORTS, type LinkQuestion } from '../../src/core/link-list.ts';
import type { Cursor } from '../../src/core/slice.ts';
import { listLinks } from '../../src/storage/postgres/link-list.ts';
import { type ColumnQuestion, collectSql, walkSql } from '../../src/storage/postgres/link-list-by-column.ts';
import type { Effort } from '../../src/storage/postgres/link-list-page.ts';
import { createLinkStore } from '../../src/storage/postgres/links.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { queryConditions } from '../../src/storage/postgres/search.ts';
import { silentLogger } from '../support/logger.ts';
import { addManyLinks } from '../support/many-links.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { makeOwner } from '../support/test-owner.ts';
import { ANY } from './link-list-rig.ts';

const WINDOW = 5_000;
const EACH = 100_000;

const database = await testDatabase();
const { value: pool, stop } = await createPool({
  url: database.value.url,
  name: 'test',
  max: 1,
  logger: silentLogger,
  queryTimeoutMs: 120_000,
});

const { one, many } = await fill();

/** One with half of all links, and a thousand with the others. @returns accounts */
async function fill(): Promise<{ one: number; many: number }> {
  const from = performance.now();
  const { userId: one } = await makeOwner(pool, { links: 0 });
  const { userId: many } = await makeOwner(pool, { links: 0 });
  await addManyLinks(pool, { first: one, owners: 1, mark: 'plan-a-', links: EACH });
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO users (email) SELECT 'plan-' || i || '@example.com' FROM generate_series(1, 1000) i RETURNING id`,
  );
  await addManyLinks(pool, { first: rows[0].id, owners: 1_000, mark: 'plan-b-', links: EACH });
  await pool.query(
    `INSERT INTO link_rankings (period, link_id, owner_id, clicks) SELECT '-infinity', id, owner_id, id % 1000 FROM links WHERE id % 2 = 0 AND id % 1000 > 0`,
  );
  await pool.query('ANALYZE links, link_rankings');
  say(`${2 * EACH} links with all their indexes: ${Math.round((performance.now() - from) / 1000)} s`);
  return { one, many };
}

const test = suite('lists of very many links');

test.after(async () => {
  await stop();
  await database.stop();
});

/** The lines of a plan that say how a table is read. */
async function planOf(sqlOf: typeof collectSql, owner: number, question: Partial<ColumnQuestion>): Promise<string> {
  const { values, parameter } = queryConditions(owner, 51);
  const sql = sqlOf({ ...ANY, sort: 'created', ...question }, parameter);
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, values);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

test('Postgres uses the indexes that were made for it', async () => {
  const scans = (plan: string) => assert.not.match(plan, /Seq Scan on links/);
  for (const owner of [one, many]) {
    for (const sort of ['created', 'title'] as const) {
      for (const isDescending of [true, false]) {
        const walk = await planOf((asked, add) => walkSql(asked, add, WINDOW), owner, { sort, isDescending, search: 'чайник 123' });
        assert.match(walk, sort === 'created' ? /Index Scan (Backward )?using links_newest/ : /Index Scan (Backward )?using links_title/);
        assert.not.match(walk, 'Sort', walk);
        scans(walk);
      }
    }
  }
  const collect = (question: Partial<ColumnQuestion>) => planOf(collectSql, one, question);
  const bySlug = await collect({ search: 'e4d909c290' });
  assert.match(bySlug, 'links_search');
  assert.match(bySlug, 'links_title_search');
  assert.match(await collect({ search: 'чайник 12345' }), 'links_title_search');
  assert.not.match(await collect({ search: 'йщ' }), 'links_title_search', 'there is no trigram in it');
  assert.match(await collect({ tags: ['rare'] }), 'links_tags');
  assert.match(await collect({ states: ['disabled'] }), 'links_disabled');
  assert.match(await collect({ states: ['expired'] }), 'links_ending');
  assert.match(await collect({ states: ['scheduled'] }), 'links_beginning');
  assert.match(await collect({ states: ['exhausted'] }), 'links_limited');
  for (const question of [{ search: 'e4d909c290' }, { tags: ['rare'] }, { states: ['disabled'] as const }]) scans(await collect(question));
});

/** Its parts are in all targets, in another order: no index knows that, and all links have to be looked at. */
const NOT_TOGETHER = 'ozon.ru/https';
/** Too little for so many. */
const HURRIED: Effort = { window: WINDOW, collectionMs: 1, lastWindow: WINDOW };

async function found(question: LinkQuestion, effort?: Effort): Promise<{ slugs: string[]; pages: number }> {
  const slugs: string[] = [];
  let pages = 0;
  let after: Cursor | null = null;
  do {
    const { rows, end } = await listLinks(pool, one, { ...question, after }, effort);
    assert.ok(rows.length < question.limit);
    slugs.push(...rows.map(({ link }) => link.slug));
    after = end;
    pages++;
  } while (after !== null);
  return { slugs, pages };
}

test('a search that would take long ends its page early; those behind it find all there is, and each once', async () => {
  const oldAndNew = ['plan-a-7', `plan-a-${EACH - 7}`];
  await pool.query(`UPDATE links SET target = target || '?from=ozon.ru/https' WHERE owner_id = $1 AND slug = ANY($2)`, [one, oldAndNew]);
  for (const sort of LINK_SORTS) {
    for (const isDescending of [false, true]) {
      const question = { ...ANY, search: NOT_TOGETHER, sort, isDescending };
      const first = await listLinks(pool, one, question, HURRIED);
      assert.ok(first.end !== null && first.rows.length < 2, `${sort}: the first page says that there may be more`);
      const hurried = await found(question, HURRIED);
      assert.equal(hurried.slugs.toSorted(), oldAndNew, sort);
      assert.ok(hurried.pages >= EACH / WINDOW, `${sort}: ${hurried.pages} pages`);
      const patient = await found(question);
      assert.equal(patient.slugs, hurried.slugs, `${sort}: with the time that there is`);
      assert.ok(patient.pages <= EACH / WINDOW / 2, `${sort}: ${patient.pages} pages`);
    }
  }
  const { data, next } = await createLinkStore(pool, randomBytes, { regular: 0, extended: 0 }).list(one, { ...ANY, search: NOT_TOGETHER });
  assert.ok(data.length < ANY.limit && next !== null, 'the store hands on where it ends');
  assert.is(pool.totalCount, 1, 'the connection has outlived it');
});

test.run();
