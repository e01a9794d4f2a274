/** Every figure of known clicks, as the database and the API have them, beside what was made. */
import assert from 'node:assert/strict';
import { createAsOfNow } from '../../src/core/as-of-now.ts';
import { calendarAt } from '../../src/core/calendar.ts';
import { capFacet, emptyLinkDay, FACETS, type LinkDay, mergeLinkDay, TOTAL_FACETS, type TotalFacet } from '../../src/core/link-day.ts';
import { decodeLinkDay, encodeLinkDay } from '../../src/core/link-day-codec.ts';
import { countSpan, statsFigures, TOP } from '../../src/core/stats.ts';
import { createClickCounter } from '../../src/storage/postgres/click-counts.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createStatsCounter } from '../../src/storage/postgres/stats-counts.ts';
import type { ApiServer } from '../../test/support/api-server.ts';
import { type KnownClicks, rangeOf, zoneOf } from './known-clicks.ts';

const LINKS_AT_ONCE = 500;
const EVER = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** Whose clicks they are; `key` reads the statistics, `links` are places in the list of all links. */
export type KnownOwner = { id: number; key: string; links: number[] };

type Compared = { known: KnownClicks; ids: readonly number[]; owners: readonly KnownOwner[]; pool: Pool; api: ApiServer };

/** @throws AssertionError at the first figure that is not what was made */
export async function compareAll(it: Compared): Promise<{ links: number; documents: number; owners: number }> {
  const { rows } = await it.pool.query<{ days: number; totals: number; waiting: number }>(
    `SELECT (SELECT count(*) FROM link_days)::int AS days, (SELECT count(*) FROM link_totals)::int AS totals,
            (SELECT coalesce(sum(rows), 0) FROM click_batches WHERE NOT folded)::int AS waiting`,
  );
  let documents = 0;
  for (let from = 0; from < it.ids.length; from += LINKS_AT_ONCE) documents += await compareLinks(it, from, from + LINKS_AT_ONCE);
  if (rows[0].waiting === 0) assert.equal(documents, rows[0].days, 'documents');
  for (const [n, owner] of it.owners.entries()) await compareOwner(it, n, owner);
  return { links: rows[0].totals, documents, owners: it.owners.length };
}

/** Documents and totals of links. What is stored and not folded is added, as every reader does. */
async function compareLinks({ known, ids, pool }: Compared, from: number, to: number): Promise<number> {
  const some = ids.slice(from, to);
  const count = createClickCounter(pool, 'known');
  const span = rangeOf(known.plan);
  const [fromDay, toDay] = [Math.floor(span.from / 86_400_000) - 2, Math.ceil(span.to / 86_400_000) + 2];
  const counted = await count({ linkIds: some, fromDay, toDay, facets: true, unstored: [] });
  let documents = 0;
  for (const [i, id] of some.entries()) {
    const made = known.days(from + i);
    const found = counted.days.get(id) ?? new Map<number, LinkDay>();
    assert.deepEqual([...found.keys()].sort(), [...made.keys()].sort(), `days of link ${id}`);
    for (const [day, doc] of made) {
      // The same bytes for the same counts; and what is capped, is capped alike.
      const [foundBytes, madeBytes] = [encodeLinkDay(found.get(day) ?? emptyLinkDay()), encodeLinkDay(doc)];
      if (Buffer.compare(foundBytes, madeBytes) !== 0) {
        assert.deepEqual(decodeLinkDay(foundBytes), decodeLinkDay(madeBytes), `link ${id}, day ${day}`);
        assert.fail(`link ${id}, day ${day}: the same counts in other bytes`);
      }
      documents++;
    }
    assert.deepEqual(counted.totals.get(id) ?? { clicks: 0, uniques: 0, bots: 0 }, countSpan(made.values(), EVER), `totals of link ${id}`);
  }
  return documents;
}

type Lists = Record<TotalFacet, { key: string; clicks: number }[]>;
type Shown = { clicks: number; repeatClicks: number; botClicks: number } & Lists;

const top = (counts: ReadonlyMap<string, number>) => capFacet(counts, TOP).map(([key, clicks]) => ({ key, clicks }));

function shownOf(days: Iterable<LinkDay>): Shown {
  const sum = emptyLinkDay();
  for (const day of days) mergeLinkDay(sum, day);
  const { clicks, uniques, bots } = countSpan([sum], EVER);
  const lists = Object.fromEntries(TOTAL_FACETS.map((facet) => [facet, top(sum.facets[facet])])) as Lists;
  return { clicks, repeatClicks: clicks - uniques, botClicks: bots, ...lists };
}

const pickShown = ({ clicks, repeatClicks, botClicks, countries, devices, os }: Shown): Shown => ({
  clicks,
  repeatClicks,
  botClicks,
  countries,
  devices,
  os,
});

/** The dashboard of the HTTP API, link by link and in all, and the statistics of all links with series and all lists. */
async function compareOwner({ known, ids, pool, api }: Compared, number: number, owner: KnownOwner): Promise<void> {
  const made = new Map(owner.links.map((link) => [ids[link], [...known.days(link).values()]]));
  const { status, json } = await api.send('GET', '/api/v1/dashboard', { key: owner.key });
  assert.equal(status, 200, JSON.stringify(json));
  assert.deepEqual(pickShown(json.total), shownOf([...made.values()].flat()), `dashboard of owner ${number}`);
  assert.equal(json.links.length, made.size);
  for (const link of json.links) assert.deepEqual(pickShown(link), shownOf(made.get(Number(link.id)) ?? []), `dashboard, link ${link.id}`);

  const [timeZone, { from, to }] = [zoneOf(number), rangeOf(known.plan)];
  const range = { from, to, timeZone, unit: 'hour' as const };
  const { stats } = createAsOfNow({
    count: createClickCounter(pool, 'known'),
    sum: createStatsCounter(pool, 'known'),
    unstored: async () => [],
    clock: () => to - 1,
  });
  const figures = await stats({ ids: [...made.keys()], timeZone }, range);
  assert.deepEqual(figures, statsFigures([...made.values()].flat(), range, calendarAt(timeZone, to - 1)), `statistics of owner ${number}`);
  for (const facet of FACETS) assert.equal(sumOf(figures[facet]), figures.clicks, `${facet} of owner ${number}`);
}

const sumOf = (list: readonly { clicks: number }[]): number => list.reduce((sum, { clicks }) => sum + clicks, 0);
