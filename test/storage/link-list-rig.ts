/** Links of an owner with something of everything, and a model in memory of what a list of them is to be. */
import { randomBytes } from 'node:crypto';
import { showRules } from '../../src/core/link.ts';
import type { LinkQuestion } from '../../src/core/link-list.ts';
import type { LinkStore, NewLink, OwnedLink } from '../../src/core/ports/links.ts';
import { searchForms } from '../../src/core/search.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { createLinkStore } from '../../src/storage/postgres/links.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { batchOf } from '../support/click-rows.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { makeOwner } from '../support/test-owner.ts';

const DAY_MS = 86_400_000;
export const NOW = Date.now();
export const TODAY = Math.floor(NOW / DAY_MS);
export const LINKS = 260;
const random = randomFrom(seed);
export const int = (below: number) => Math.floor(random() * below);
export const oneOf = <T>(...items: readonly T[]): T => items[int(items.length)];

export const ANY: LinkQuestion = {
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

export type Model = { link: OwnedLink; clicks: number; clicksToday: number };

export async function startLists() {
  const database = await testDatabase();
  const { value: pool, stop } = await createPool({ url: database.value.url, name: 'test', max: 4, logger: silentLogger });
  const store = createLinkStore(pool, randomBytes, { regular: 0, extended: 0 });
  const click = await clicker(pool);
  return {
    value: { url: database.value.url, pool, store, click, ...(await makeModels(pool, store, click)) },
    async stop() {
      await stop();
      await database.stop();
    },
  };
}

type Click = (linkIds: readonly number[], day: number, changes?: { bot?: boolean }) => Promise<void>;

async function clicker(pool: Pool): Promise<Click> {
  const clicks = createClickStore({ pool, node: 'test', randomBytes, logger: silentLogger });
  await clicks.positions([{ name: 'f0-s0', front: 0, shard: 0 }]);
  let position = 0;
  return async (linkIds, day, changes = {}) => {
    const rows = linkIds.map((linkId) => ({ linkId, day, at: day * DAY_MS, visitorLo: int(2 ** 31), visitorHi: linkId, ...changes }));
    await clicks.store(batchOf(rows, { from: position, to: position + 1 }));
    position++;
  };
}

const some = (ids: readonly number[], count: number) => Array.from({ length: count }, () => oneOf(...ids.slice(0, ids.length / 2)));

/** An owner with LINKS links, some clicked, some of that folded. */
async function makeModels(pool: Pool, store: LinkStore, click: Click): Promise<{ ownerId: number; models: Model[] }> {
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

const LAST = String.fromCodePoint(1_114_111);
const keyOf = ({ link, clicks: total, clicksToday }: Model, sort: LinkQuestion['sort']): string | number =>
  ({ created: link.id, title: link.title?.toLowerCase() ?? LAST, clicks: total, clicksToday })[sort];

/** @returns ids */
export function expected(models: readonly Model[], { search, tags, states, sort, isDescending }: LinkQuestion): number[] {
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
