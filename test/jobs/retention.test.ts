/** What grows old, with a clock that is moved. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAsOfNow } from '../../src/core/as-of-now.ts';
import type { ClickRow } from '../../src/core/copy-row.ts';
import type { ClickStore, RetentionStore } from '../../src/core/ports/clicks.ts';
import type { Component } from '../../src/core/ports.ts';
import { firstDayOfVisitors, lastWholeDay, QUARTERS_KEPT_DAYS, VISITORS_KEPT_DAYS } from '../../src/core/retention.ts';
import type { StatsFigures, StatsUnit } from '../../src/core/stats.ts';
import { DAY_MS, dayMiddle, dayOf, dayStart, dayToISO, offsetAt, QUARTER_MS } from '../../src/core/zone.ts';
import { createRetention } from '../../src/jobs/retention.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { createClickCounter } from '../../src/storage/postgres/click-counts.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { createRetentionStore } from '../../src/storage/postgres/retention.ts';
import { createStatsCounter } from '../../src/storage/postgres/stats-counts.ts';
import { batchOf, ROW_DAY } from '../support/click-rows.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { makeOwner } from '../support/test-owner.ts';

type Context = {
  database: Component<{ url: string }>;
  connections: Component<Pool>;
  pool: Pool;
  clicks: ClickStore;
  store: RetentionStore;
};
const test = suite<Context>('retention');
const random = randomFrom(seed);
const n = (below: number) => Math.floor(random() * below);

test.before.each(async (context) => {
  context.database = await testDatabase();
  context.connections = await createPool({ url: context.database.value.url, name: 'test', max: 4, logger: silentLogger });
  context.pool = context.connections.value;
  context.clicks = createClickStore({ pool: context.pool, node: 'test', randomBytes, logger: silentLogger });
  context.store = createRetentionStore(context.pool);
  await context.clicks.positions([{ name: 'f0-s0', front: 0, shard: 0 }]);
  position = 0;
});

test.after.each(async ({ connections, database }) => {
  await connections.stop();
  await database.stop();
});

let position = 0;
async function storeAndFold({ clicks, pool }: Context, rows: readonly Partial<ClickRow>[]): Promise<void> {
  await clicks.store(batchOf(rows, { from: position, to: position + 1 }));
  position++;
  await fold(createFoldStore(pool));
}

/** A moment when a day has ended so many days ago in UTC. */
const afterDay = (day: number, days: number): number => (day + 1 + days) * DAY_MS;
const run = ({ store }: Context, now: number) => createRetention({ store, clock: () => now, logger: silentLogger })();

/** Clicks of a link over some days of a zone, with what a document holds of them. */
function randomClicks(linkId: number, timeZone: string, firstDay: number, days: number, count: number): Partial<ClickRow>[] {
  const [from, to] = [dayStart(timeZone, firstDay), dayStart(timeZone, firstDay + days)];
  return Array.from({ length: count }, () => {
    const quarter = from + n(to - from);
    const day = dayOf(quarter, offsetAt(timeZone, quarter));
    const bot = random() < 0.1;
    const country = n(40);
    const at = quarter * QUARTER_MS + n(QUARTER_MS);
    return {
      linkId,
      at,
      day,
      bot,
      country,
      device: n(4),
      os: n(8),
      browser: n(12),
      visitorHi: linkId,
      visitorLo: n(50),
      referrer: `h${n(9)}`,
    };
  });
}

type Asked = { fromDay: number; days: number; unit: StatsUnit; timeZone: string; owner?: string };
function statsOf({ pool }: Context, linkIds: number[], asked: Asked, now: number): Promise<StatsFigures> {
  const { fromDay, days, unit, timeZone } = asked;
  const { stats } = createAsOfNow({
    count: createClickCounter(pool, 'test'),
    sum: createStatsCounter(pool, 'test'),
    unstored: async () => [],
    clock: () => now,
  });
  const range = { from: dayStart(timeZone, fromDay) * QUARTER_MS, to: dayStart(timeZone, fromDay + days) * QUARTER_MS, timeZone, unit };
  return stats({ ids: linkIds, timeZone: asked.owner ?? timeZone }, range);
}

const totalsOf = async ({ pool }: Context) =>
  (await pool.query('SELECT link_id, clicks, uniques, bots, facets FROM link_totals ORDER BY 1')).rows;

test('after 35 days a day of its owner is one number, and all figures by days stay what they were', async (context) => {
  for (const timeZone of ['Pacific/Kiritimati', 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Pago_Pago']) {
    const { links } = await makeOwner(context.pool, { links: 2, timeZone });
    const ids = links.map(({ id }) => id);
    const firstDay = ROW_DAY - 30;
    await storeAndFold(
      context,
      ids.flatMap((id) => randomClicks(id, timeZone, firstDay, 5, 600)),
    );
    const byDay = { fromDay: firstDay - 1, days: 7, unit: 'day', timeZone } as const;
    const byMonth = { ...byDay, unit: 'month' } as const;
    const parts = Array.from({ length: 5 }, (_, i) => ({ ...byDay, fromDay: firstDay + i, days: 1 }));
    const read = async (now: number) => [
      await totalsOf(context),
      ...(await Promise.all([byDay, byMonth, ...parts].map((asked) => statsOf(context, ids, asked, now)))),
    ];
    const byHour = { ...byDay, fromDay: firstDay, days: 1, unit: 'hour' } as const;

    const kept = afterDay(firstDay, QUARTERS_KEPT_DAYS) - 1;
    const before = await read(kept);
    const hours = await statsOf(context, ids, byHour, kept);
    assert.ok(hours.series.filter(({ clicks }) => clicks > 0).length > 20);
    await run(context, kept);
    assert.equal(await statsOf(context, ids, byHour, kept), hours, 'the last moment of 35 days');

    await run(context, kept + 1);
    assert.equal(await read(kept), before, timeZone);
    const whole = await statsOf(context, ids, byHour, kept);
    const noon = new Date(dayMiddle(timeZone, firstDay) * QUARTER_MS).getTime();
    const filled = whole.series.filter(({ clicks }) => clicks > 0);
    assert.is(filled.length, 1);
    assert.ok(noon - Date.parse(filled[0].start) >= 0 && noon - Date.parse(filled[0].start) < 4 * QUARTER_MS);
    assert.equal([filled[0].clicks, filled[0].uniqueClicks], [hours.clicks, hours.uniqueClicks]);
    const nextDay = { ...byHour, fromDay: firstDay + 1 };
    assert.ok((await statsOf(context, ids, nextDay, kept)).series.filter(({ clicks }) => clicks > 0).length > 20, 'the next day is kept');

    await run(context, afterDay(firstDay + 5, QUARTERS_KEPT_DAYS));
    assert.equal(await read(kept), before, timeZone);
  }
});

test('ranges that meet within a whole day add up to the range over both; the day is in the one with its middle', async (context) => {
  const timeZone = 'Europe/Moscow';
  const { links } = await makeOwner(context.pool, { links: 1, timeZone });
  const day = ROW_DAY;
  await storeAndFold(context, randomClicks(links[0].id, timeZone, day, 1, 300));
  await run(context, afterDay(day, QUARTERS_KEPT_DAYS));
  const { stats } = createAsOfNow({
    count: createClickCounter(context.pool, 'test'),
    sum: createStatsCounter(context.pool, 'test'),
    unstored: async () => [],
    clock: () => 0,
  });
  const [start, end] = [dayStart(timeZone, day), dayStart(timeZone, day + 1)];
  const ask = (from: number, to: number) =>
    stats({ ids: [links[0].id], timeZone }, { from: from * QUARTER_MS, to: to * QUARTER_MS, timeZone, unit: 'hour' });
  const all = await ask(start, end);
  assert.is(all.clicks + all.botClicks, 300);
  for (let cut = start + 1; cut < end; cut += 5) {
    const [first, second] = [await ask(start, cut), await ask(cut, end)];
    for (const name of ['clicks', 'uniqueClicks', 'repeatClicks', 'botClicks'] as const) assert.is(first[name] + second[name], all[name]);
    const has = cut > dayMiddle(timeZone, day) ? first : second;
    assert.equal(has.countries, all.countries);
    assert.is(has.clicks, all.clicks);
  }
});

test('in another zone the day keeps its date, as long as its noon has that date there', async (context) => {
  const { links } = await makeOwner(context.pool, { links: 1, timeZone: 'Europe/Moscow' });
  await storeAndFold(context, randomClicks(links[0].id, 'Europe/Moscow', ROW_DAY, 1, 200));
  await run(context, afterDay(ROW_DAY, QUARTERS_KEPT_DAYS));
  for (const timeZone of ['America/New_York', 'Asia/Tokyo', 'UTC']) {
    const asked = { fromDay: ROW_DAY, days: 1, unit: 'day', timeZone, owner: 'Europe/Moscow' } as const;
    const { clicks, botClicks } = await statsOf(context, [links[0].id], asked, 0);
    assert.is(clicks + botClicks, 200, timeZone);
  }
});

test('clicks that come late into a whole day are in it, and it is made whole again', async (context) => {
  const { links } = await makeOwner(context.pool, { links: 2 });
  const [early, late] = [
    links.flatMap(({ id }) => randomClicks(id, 'UTC', ROW_DAY, 1, 100)),
    links.flatMap(({ id }) => randomClicks(id, 'UTC', ROW_DAY, 1, 50)),
  ];
  const ids = links.map(({ id }) => id);
  const ask = () => statsOf(context, ids, { fromDay: ROW_DAY, days: 1, unit: 'hour', timeZone: 'UTC' }, 0);
  const filled = async () => (await ask()).series.filter(({ clicks }) => clicks > 0).length;
  const now = afterDay(ROW_DAY, QUARTERS_KEPT_DAYS);
  await storeAndFold(context, early);
  await run(context, now);
  assert.is(await filled(), 1);
  await storeAndFold(context, late);
  assert.ok((await filled()) > 1);
  await run(context, now);
  assert.is(await filled(), 1);
  const { clicks, botClicks } = await ask();
  assert.is(clicks + botClicks, 300);

  // A pass that is under way when they come: the next one finds them.
  await storeAndFold(
    context,
    links.flatMap(({ id }) => randomClicks(id, 'UTC', ROW_DAY + 1, 1, 100)),
  );
  const racing: RetentionStore = {
    ...context.store,
    async endWholeDays(days) {
      await storeAndFold(context, late);
      await context.store.endWholeDays(days);
    },
  };
  await run({ ...context, store: racing }, now + DAY_MS);
  assert.ok((await filled()) > 1);
  await run(context, now + DAY_MS);
  assert.is(await filled(), 1);
  assert.is((await ask()).clicks + (await ask()).botClicks, 400);
});

test('a fold that has read a document before it is made whole loses nothing', async (context) => {
  const { links } = await makeOwner(context.pool, { links: 1 });
  const clicks = () => randomClicks(links[0].id, 'UTC', ROW_DAY, 1, 100);
  const now = afterDay(ROW_DAY, QUARTERS_KEPT_DAYS);
  await storeAndFold(context, clicks());
  await context.clicks.store(batchOf(clicks(), { from: position, to: position + 1 }));
  const plain = createFoldStore(context.pool);
  let asked: Promise<void> = Promise.resolve();
  await fold({
    fold: (maxRows, work) =>
      plain.fold(maxRows, (transaction) =>
        work({
          ...transaction,
          async readDays(keys) {
            const days = await transaction.readDays(keys);
            const pass = { after: 0, through: ROW_DAY, lateFolds: 0 };
            await context.store.rewriteDays(pass, null, () => new Uint8Array([0])); // whatever it becomes is overwritten
            asked = run(context, now); // waits for the fold
            return days;
          },
        }),
      ),
  });
  await asked;
  const { series, botClicks } = await statsOf(context, [links[0].id], { fromDay: ROW_DAY, days: 1, unit: 'hour', timeZone: 'UTC' }, 0);
  assert.is(
    series.reduce((sum, it) => sum + it.clicks, botClicks),
    200,
  );
  assert.is(series.filter((it) => it.clicks > 0).length, 1);
});

test('many documents take several transactions; those of links that are gone are passed over', async (context) => {
  const { links, userId } = await makeOwner(context.pool, { links: 1 });
  const { rows } = await context.pool.query<{ id: number }>(
    `INSERT INTO links (slug, owner_id, target) SELECT 'many' || i, $1, 'https://example.com/' FROM generate_series(1, 1300) i RETURNING id`,
    [userId],
  );
  const ids = [links[0].id, ...rows.map(({ id }) => id)];
  await storeAndFold(
    context,
    ids.flatMap((id) => randomClicks(id, 'UTC', ROW_DAY, 1, 3)),
  );
  await context.pool.query('UPDATE link_days SET link_id = link_id + 1000000 WHERE link_id = $1', [ids[5]]);
  let steps = 0;
  const counting: RetentionStore = {
    ...context.store,
    rewriteDays: (...args) => {
      steps++;
      return context.store.rewriteDays(...args);
    },
  };
  const now = afterDay(ROW_DAY, QUARTERS_KEPT_DAYS);
  await run({ ...context, store: counting }, now);
  assert.is(steps, 4);
  await run({ ...context, store: counting }, now);
  assert.is(steps, 4, 'nothing is read twice');
  const figures = await statsOf(context, ids, { fromDay: ROW_DAY, days: 1, unit: '15min', timeZone: 'UTC' }, 0);
  assert.is(figures.series.filter(({ clicks }) => clicks > 0).length, 1);
  assert.is(figures.clicks + figures.botClicks, 1300 * 3);
});

test('what a day takes is less afterwards, and later days use that space', async (context) => {
  const { userId } = await makeOwner(context.pool, { links: 1 });
  const { rows } = await context.pool.query<{ id: number }>(
    `INSERT INTO links (slug, owner_id, target) SELECT 'size' || i, $1, 'https://example.com/' FROM generate_series(1, 400) i RETURNING id`,
    [userId],
  );
  const days = 6;
  const addDays = async (first: number, count: number) => {
    for (let day = first; day < first + count; day++)
      await storeAndFold(
        context,
        rows.flatMap(({ id }) => randomClicks(id, 'UTC', day, 1, 60)),
      );
  };
  const size = async () => {
    const sizes = await context.pool.query(
      `SELECT sum(length(doc))::int AS docs, pg_total_relation_size('link_days')::int AS file FROM link_days`,
    );
    return sizes.rows[0] as { docs: number; file: number };
  };
  await addDays(ROW_DAY, days);
  const before = await size();
  await run(context, afterDay(ROW_DAY + days - 1, QUARTERS_KEPT_DAYS));
  const after = await size();
  assert.ok(after.docs < before.docs * 0.75, JSON.stringify({ before, after }));
  await addDays(ROW_DAY + days, 1);
  const later = await size();
  assert.ok(later.file - after.file < (before.file / days) * 0.75, JSON.stringify({ before, after, later }));
});

test('visitors and salts of a day are gone three days after it has ended everywhere, and not before', async (context) => {
  const { pool, clicks } = context;
  const { links } = await makeOwner(pool, { links: 1 });
  for (const day of [ROW_DAY - 1, ROW_DAY, ROW_DAY + 1]) {
    await clicks.salt(day);
    await storeAndFold(context, randomClicks(links[0].id, 'UTC', day, 1, 40));
  }
  const known = async () => [
    ...(await pool.query('SELECT DISTINCT day FROM click_visitors ORDER BY 1')).rows.map(({ day }) => day),
    ...(await pool.query('SELECT day FROM day_salts ORDER BY 1')).rows.map(({ day }) => day),
  ];
  const from = (first: number) => [first, first + 1, first + 2].filter((day) => day <= ROW_DAY + 1).map(dayToISO);
  const size = async () =>
    (await pool.query(`SELECT count(*)::int AS parts FROM pg_class WHERE relname ~ '^click_visitors_[0-9]+$'`)).rows[0];
  const now = afterDay(ROW_DAY - 1, VISITORS_KEPT_DAYS);
  await run(context, now - 1);
  assert.equal(await known(), [...from(ROW_DAY - 1), ...from(ROW_DAY - 1)]);
  await run(context, now);
  assert.equal(await known(), [...from(ROW_DAY), ...from(ROW_DAY)]);
  assert.equal(await size(), { parts: 2 }, 'their tables are gone');
  assert.ok(afterDay(firstDayOfVisitors(now) - 1, 0) <= now - VISITORS_KEPT_DAYS * DAY_MS);
  assert.is(lastWholeDay(now), Math.floor(now / DAY_MS) - QUARTERS_KEPT_DAYS - 1);

  const reader = await pool.connect();
  await reader.query('BEGIN');
  await reader.query('SELECT count(*) FROM click_visitors');
  await run(context, now + DAY_MS);
  assert.equal(await size(), { parts: 2 }, 'somebody reads');
  await reader.query('COMMIT');
  reader.release();
  await run(context, now + DAY_MS);
  assert.equal(await size(), { parts: 1 });
});

test.run();
