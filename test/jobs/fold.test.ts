import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ClickRow } from '../../src/core/copy-row.ts';
import { addClickFacets } from '../../src/core/facets.ts';
import { addQuarter, emptyLinkDay, type LinkDay, type LinkDays, linkDayOf, mergeTotalFacets } from '../../src/core/link-day.ts';
import { decodeLinkDay } from '../../src/core/link-day-codec.ts';
import type { ClickStore, FoldStore, FoldTransaction } from '../../src/core/ports/clicks.ts';
import type { Component } from '../../src/core/ports.ts';
import { dayToISO, QUARTER_MS, quarterOf } from '../../src/core/zone.ts';
import { FOLD_ROWS } from '../../src/jobs/fold.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { batchOf, clickRow, ROW_DAY, ROW_TIME } from '../support/click-rows.ts';
import { sorted } from '../support/link-days.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { makeOwner } from '../support/test-owner.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

type Context = {
  database: Component<{ url: string }>;
  connections: Component<Pool>;
  pool: Pool;
  clicks: ClickStore;
  folds: FoldStore;
  links: number[];
};
const test = suite<Context>('fold');
const random = randomFrom(seed);

const LINKS = 5;

test.before.each(async (context) => {
  context.database = await testDatabase();
  context.connections = await createPool({ url: context.database.value.url, name: 'test', max: 4, logger: silentLogger });
  const pool = context.connections.value;
  context.pool = pool;
  context.clicks = createClickStore({ pool, node: 'test', randomBytes, logger: silentLogger });
  context.folds = createFoldStore(pool);
  context.links = (await makeOwner(pool, { links: LINKS })).links.map(({ id }) => id);
  await context.clicks.positions([{ name: 'f0-s0', front: 0, shard: 0 }]);
});

test.after.each(async ({ connections, database }) => {
  await connections.stop();
  await database.stop();
});

let position = 0;
test.before.each(() => {
  position = 0;
});
/** Stores clicks as one batch; the visitor of a click is another one for every link, as the real hash is. */
async function store({ clicks }: Context, rows: readonly Partial<ClickRow>[]): Promise<ClickRow[]> {
  const full = rows.map((it) => clickRow({ ...it, visitorHi: it.bot === true ? 0 : (it.linkId ?? 0) }));
  await clicks.store(batchOf(full, { from: position, to: position + 100 }));
  position += 100;
  return full;
}

const n = (below: number) => Math.floor(random() * below);
const randomRow = ({ links }: Context): Partial<ClickRow> => ({
  linkId: links[n(links.length)],
  day: ROW_DAY + n(3),
  at: ROW_TIME + n(40) * QUARTER_MS + n(QUARTER_MS),
  visitorLo: n(30) - 15,
  bot: random() < 0.1,
  country: n(30),
  device: n(4),
  os: n(8),
  browser: n(12),
  language: n(30),
  referrer: ['', 'a.example', 'пример.рф', `host${n(20)}.example`][n(4)],
});

/** Counts clicks fold by fold, one after the other. */
function naiveFolds() {
  const days: LinkDays = new Map();
  const known = new Set<string>();
  return {
    days,
    fold(rows: readonly ClickRow[]) {
      const firsts = new Map<string, { row: ClickRow; quarter: number }>();
      for (const row of rows) {
        const doc = linkDayOf(days, row.linkId, row.day);
        const quarter = quarterOf(row.at);
        addQuarter(doc, quarter, row.bot ? 0 : 1, 0, row.bot ? 1 : 0);
        if (row.bot) continue;
        addClickFacets(doc, row, row.referrer);
        const visitor = `${row.day}/${row.visitorHi}/${row.visitorLo}`;
        if (known.has(visitor) || row.seen) continue;
        if (quarter < (firsts.get(visitor)?.quarter ?? Number.POSITIVE_INFINITY)) firsts.set(visitor, { row, quarter });
      }
      for (const [visitor, { row, quarter }] of firsts) {
        known.add(visitor);
        addQuarter(linkDayOf(days, row.linkId, row.day), quarter, 0, 1, 0);
      }
    },
  };
}

type Row = { link_id: number; day: string; doc: Buffer };
async function storedDays(pool: Pool): Promise<Map<string, LinkDay>> {
  const { rows } = await pool.query<Row>('SELECT link_id, day, doc FROM link_days');
  return new Map(rows.map((it) => [`${it.link_id}/${it.day}`, decodeLinkDay(it.doc)]));
}

async function assertFolded({ pool }: Context, expected: LinkDays): Promise<void> {
  const stored = await storedDays(pool);
  const totals = new Map<number, number[]>();
  const ofAllTime = new Map<number, unknown>();
  for (const [linkId, byDay] of expected) {
    const sum = [0, 0, 0];
    const facets = emptyLinkDay();
    for (const [day, doc] of byDay) {
      const key = `${linkId}/${dayToISO(day)}`;
      const found = stored.get(key);
      stored.delete(key);
      assert.ok(found, key);
      assert.equal(sorted(found), sorted(doc), key);
      mergeTotalFacets(facets, doc);
      for (const { clicks, uniques, bots } of doc.quarters.values())
        for (const [i, value] of [clicks, uniques, bots].entries()) sum[i] += value;
    }
    totals.set(linkId, sum);
    ofAllTime.set(linkId, sorted(facets));
  }
  assert.is(stored.size, 0, 'no other documents');
  const { rows } = await pool.query('SELECT link_id, clicks, uniques, bots, facets FROM link_totals');
  assert.equal(new Map(rows.map((it) => [it.link_id, [it.clicks, it.uniques, it.bots]])), totals);
  assert.equal(new Map(rows.map((it) => [it.link_id, sorted(decodeLinkDay(it.facets))])), ofAllTime);
}

const openBatches = async (pool: Pool): Promise<number> =>
  (await pool.query('SELECT count(*)::int AS n FROM click_batches WHERE NOT folded')).rows[0].n;
const visitors = async (pool: Pool): Promise<number> => (await pool.query('SELECT count(*)::int AS n FROM click_visitors')).rows[0].n;

test('exact after many batches and folds, each click once', async (context) => {
  const { pool, folds } = context;
  const naive = naiveFolds();
  for (let round = 0; round < 8; round++) {
    const rows: ClickRow[] = [];
    for (let batch = n(4); batch >= 0; batch--) {
      rows.push(
        ...(await store(
          context,
          Array.from({ length: 1 + n(300) }, () => randomRow(context)),
        )),
      );
    }
    naive.fold(rows);
    const result = await fold(folds);
    assert.is(result?.rows, rows.length);
    assert.is(await openBatches(pool), 0);
    assert.is(await fold(folds), null, 'there is nothing left');
  }
  await assertFolded(context, naive.days);
  const uniques = (await pool.query('SELECT sum(uniques)::int AS n FROM link_totals')).rows[0].n;
  assert.is(await visitors(pool), uniques);
});

test('visitors of an earlier fold are repeats, on that day only; each day has a partition', async (context) => {
  const { pool, folds, links } = context;
  const [linkId] = links;
  const naive = naiveFolds();
  for (const rows of [
    [{ visitorLo: 1 }, { visitorLo: 2 }],
    [{ visitorLo: 1 }, { visitorLo: 3, at: ROW_TIME + QUARTER_MS }, { visitorLo: 3 }, { visitorLo: 1, day: ROW_DAY + 1 }],
    [{ visitorLo: 3 }, { visitorLo: 4, seen: true }, { visitorLo: 1, day: ROW_DAY + 1, bot: true }],
  ]) {
    naive.fold(await store(context, rows.map((row) => ({ linkId, ...row })))); // biome-ignore format: short
    await fold(folds);
  }
  await assertFolded(context, naive.days);
  assert.equal((await pool.query('SELECT clicks, uniques, bots FROM link_totals')).rows, [{ clicks: 8, uniques: 4, bots: 1 }]);
  const { rows } = await pool.query(
    `SELECT tableoid::regclass::text AS name, count(*)::int AS n FROM click_visitors GROUP BY 1 ORDER BY 1`,
  );
  assert.equal(
    rows,
    [ROW_DAY, ROW_DAY + 1].map((day, i) => ({ name: `click_visitors_${dayToISO(day).replaceAll('-', '')}`, n: [3, 1][i] })),
  );
});

test('links that are gone are left out, and nothing fails', async (context) => {
  const { pool, folds, links } = context;
  const naive = naiveFolds();
  const [gone, ...kept] = links;
  const rows = await store(
    context,
    links.flatMap((linkId) => [{ linkId }, { linkId, visitorLo: 9 }]),
  );
  await store(context, [{ linkId: 999_999 }]);
  await pool.query('DELETE FROM links WHERE id = $1', [gone]);
  naive.fold(rows.filter(({ linkId }) => kept.includes(linkId)));
  assert.is((await fold(folds))?.rows, rows.length + 1);
  await assertFolded(context, naive.days);
  assert.is(await openBatches(pool), 0);
});

test('two folds at once: the second finds the first at work and does nothing', async (context) => {
  const { folds, links } = context;
  const naive = naiveFolds();
  naive.fold(await store(context, [{ linkId: links[0] }]));
  const begun = Promise.withResolvers<void>();
  const hold = Promise.withResolvers<void>();
  const first = folds.fold(FOLD_ROWS, async () => {
    begun.resolve();
    await hold.promise;
    throw new Error('it fails in the end');
  });
  await begun.promise;
  assert.is(await fold(folds), null, 'although there is something to do');
  hold.resolve();
  await thrownBy(first);
  const { rows } = await until('the lock of the connection that was closed is free', () => fold(folds));
  assert.is(rows, 1);
  await assertFolded(context, naive.days);
});

test('folds that begin at the same moment fold each click once', async (context) => {
  const naive = naiveFolds();
  for (let round = 0; round < 5; round++) {
    naive.fold(
      await store(
        context,
        Array.from({ length: 200 }, () => randomRow(context)),
      ),
    );
    const results = await Promise.all([1, 2, 3].map(() => fold(context.folds)));
    assert.is(results.filter((result) => result !== null).length, 1);
  }
  await assertFolded(context, naive.days);
});

test('folds are numbered, and a link names the last one that has changed it', async (context) => {
  const { pool, folds, links } = context;
  const [first, second] = links;
  const state = async () => {
    const totals = await pool.query('SELECT link_id, fold FROM link_totals ORDER BY link_id');
    const { rows } = await pool.query('SELECT folds FROM fold_state');
    return { folds: rows[0].folds, links: totals.rows.map(({ fold: number }) => number) };
  };
  assert.equal(await state(), { folds: 0, links: [] });
  await store(context, [{ linkId: first }, { linkId: second }]);
  await fold(folds);
  assert.equal(await state(), { folds: 1, links: [1, 1] });
  await store(context, [{ linkId: second }]);
  await fold(folds);
  assert.is(await fold(folds), null);
  assert.equal(await state(), { folds: 2, links: [1, 2] });
});

test('facets of all time that were never made are made of all documents, when the link has clicks again', async (context) => {
  const { pool, folds, links } = context;
  const naive = naiveFolds();
  const fill = async () => {
    const rows = Array.from({ length: 60 }, () => ({ ...randomRow(context), linkId: links[n(2)] }));
    naive.fold(await store(context, rows));
    await fold(folds);
  };
  await fill();
  await pool.query('UPDATE link_totals SET facets = NULL');
  await fill();
  await assertFolded(context, naive.days);
});

test('a fold that fails anywhere leaves everything as it was', async (context) => {
  const { pool, folds } = context;
  const naive = naiveFolds();
  naive.fold(
    await store(
      context,
      Array.from({ length: 100 }, () => randomRow(context)),
    ),
  );
  await fold(folds);
  const before = [await visitors(pool), sortedDays(await storedDays(pool))];
  const rows = await store(
    context,
    Array.from({ length: 100 }, () => ({ ...randomRow(context), day: ROW_DAY + n(5) })),
  );
  const steps = ['readClicks', 'addVisitors', 'readDays', 'readTotals', 'writeDays'] as const satisfies (keyof FoldTransaction)[];
  for (const step of steps) {
    for (const when of ['before', 'after']) {
      // null as long as the connection of the fold before, which was closed, has the lock
      const outcome = await until('the lock is free', () => fold(failing(folds, step, when)).catch((thrown: Error) => thrown));
      const error = outcome instanceof Error ? outcome : new Error('it did not fail');
      assert.is(error.message, `${when} ${step}`);
      assert.equal([await visitors(pool), sortedDays(await storedDays(pool))], before, error.message);
      assert.is(await openBatches(pool), 1);
    }
  }
  naive.fold(rows);
  await fold(folds);
  await assertFolded(context, naive.days);
});

const sortedDays = (days: Map<string, LinkDay>) => new Map([...days].sort().map(([key, doc]) => [key, sorted(doc)]));

/** A store whose transactions fail at one step. */
function failing(folds: FoldStore, step: keyof FoldTransaction, when: string): FoldStore {
  return {
    fold: (maxRows, work) =>
      folds.fold(maxRows, (transaction) => {
        const fault = () => Promise.reject(new Error(`${when} ${step}`));
        const real = transaction[step] as (...args: unknown[]) => Promise<unknown>;
        const faulty = async (...args: unknown[]) => {
          if (when === 'after') await real(...args);
          return fault();
        };
        return work({ ...transaction, [step]: faulty });
      }),
  };
}

test('a fold takes whole batches, the oldest first, as many as fit', async (context) => {
  const { folds, links } = context;
  const taken: unknown[] = [];
  for (const rows of [3, 4, 5]) await store(context, new Array(rows).fill({ linkId: links[0] }));
  for (const maxRows of [1, 5, 5]) {
    let bytes = 0;
    const result = await folds.fold(maxRows, async (transaction) => {
      await transaction.readClicks((chunk) => {
        bytes += chunk.length;
      });
      return { days: 0 };
    });
    taken.push(result?.rows, bytes > 0);
  }
  assert.equal(taken, [3, true, 9, true, undefined, false]);
});

test('batches that only move a position are folded with the others', async (context) => {
  const { pool, folds, links } = context;
  await store(context, []);
  assert.equal(await fold(folds), { rows: 0, batches: 1, days: 0 });
  await store(context, []);
  await store(context, [{ linkId: links[0] }]);
  assert.equal(await fold(folds), { rows: 1, batches: 2, days: 1 });
  assert.is(await openBatches(pool), 0);
});

test.run();
