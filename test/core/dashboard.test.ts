import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { calendarAt } from '../../src/core/calendar.ts';
import { addDay, addFigures, figuresOf, noFigures, type StoredRows, showFigures } from '../../src/core/dashboard.ts';
import { DashboardRest } from '../../src/core/dashboard-rest.ts';
import { emptyLinkDay, type LinkDay, linkDayOf, mergeLinkDay, OTHER } from '../../src/core/link-day.ts';
import type { UnstoredBatch } from '../../src/core/ports/clicks.ts';
import { TOP } from '../../src/core/stats.ts';
import { quarterOf } from '../../src/core/zone.ts';
import { linkDayArbitrary } from '../support/link-days.ts';
import { seed } from '../support/seed.ts';

const test = suite('dashboard figures');

const NOW = Date.UTC(2026, 4, 13, 10, 7); // a Wednesday
const calendar = calendarAt('Asia/Kathmandu', NOW);
const quarter = quarterOf(NOW);
const DAY = calendar.day;

test('property: figures of parts add up to the figures of the whole, however it is cut', () => {
  const nearNow = linkDayArbitrary.map(
    ({ quarters, facets }): LinkDay => ({
      quarters: new Map([...quarters].map(([at, counts]) => [quarter + (Math.abs(at) % 900) - 450, counts])),
      facets,
    }),
  );
  fc.assert(
    fc.property(fc.array(nearNow, { maxLength: 6 }), (docs) => {
      const parts = noFigures();
      const whole = emptyLinkDay();
      for (const doc of docs) {
        const part = noFigures();
        addDay(part, doc, calendar);
        addFigures(parts, part);
        mergeLinkDay(whole, doc);
      }
      const atOnce = noFigures();
      addDay(atOnce, whole, calendar);
      assert.equal(showFigures(parts), showFigures(atOnce));
    }),
    { seed, numRuns: 100 },
  );
});

test('the ten largest of a list and the rest as other', () => {
  const doc = emptyLinkDay();
  for (let i = 0; i < 15; i++) doc.facets.countries.set(String.fromCharCode(65 + i).repeat(2), 100 - i);
  const figures = noFigures();
  addDay(figures, doc, calendar);
  const { countries } = showFigures(figures);
  assert.is(countries.length, TOP + 1);
  assert.equal(countries.at(-1), { key: OTHER, clicks: 90 + 89 + 88 + 87 + 86 });
});

type Click = { linkId: number; quarter: number; bot: boolean; visitor: string | null };
const rowsOf = (clicks: readonly Click[]): StoredRows => ({
  linkIds: clicks.map(({ linkId }) => linkId),
  days: clicks.map(() => DAY),
  quarters: clicks.map((click) => click.quarter),
  bots: clicks.map(({ bot }) => bot),
  visitors: clicks.map(({ visitor }) => visitor),
  countries: clicks.map(() => 504),
  devices: clicks.map(() => 1),
  systems: clicks.map(() => 2),
});

test('property: rows that come in parts count as those that come at once; each visitor is unique once, in the earliest quarter', () => {
  const click: fc.Arbitrary<Click> = fc.record({
    linkId: fc.integer({ min: 1, max: 3 }),
    quarter: fc.integer({ min: quarter - 300, max: quarter + 300 }),
    bot: fc.boolean(),
    visitor: fc.option(fc.constantFrom('1', '2', '3', '-4', '9223372036854775807')),
  });
  fc.assert(
    fc.property(fc.array(fc.array(click, { maxLength: 12 }), { maxLength: 5 }), (batches) => {
      // As the store has them: a visitor is hashed with the link, and a bot is nobody.
      const clicks = batches.map((batch) =>
        batch.map((it) => ({ ...it, visitor: it.bot || it.visitor === null ? null : `${it.linkId}${it.visitor}` })),
      );
      const inParts = new DashboardRest();
      for (const batch of clicks) inParts.add(rowsOf(batch), calendar);
      const atOnce = new DashboardRest();
      atOnce.add(rowsOf(clicks.flat()), calendar);
      assert.equal(inParts.figures, atOnce.figures);

      const docs = new Map();
      const first = new Map<string, Click>();
      for (const it of clicks.flat()) {
        const doc = linkDayOf(docs, it.linkId, DAY);
        const counts = doc.quarters.get(it.quarter) ?? { clicks: 0, uniques: 0, bots: 0 };
        doc.quarters.set(it.quarter, counts);
        if (it.bot) counts.bots++;
        else counts.clicks++;
        if (it.visitor === null) continue;
        const before = first.get(it.visitor);
        if (before === undefined || it.quarter < before.quarter) first.set(it.visitor, it);
      }
      for (const it of first.values()) {
        const counts = linkDayOf(docs, it.linkId, DAY).quarters.get(it.quarter);
        if (counts !== undefined) counts.uniques++;
      }
      for (const [linkId, figures] of figuresOf(docs, calendar)) {
        const counted = inParts.figures.get(linkId) ?? noFigures();
        const { countries, devices, os, ...numbers } = counted;
        const { countries: _c, devices: _d, os: _o, ...expected } = figures;
        assert.equal(numbers, expected);
        assert.is(countries.get('RR') ?? 0, figures.clicks);
      }
    }),
    { seed, numRuns: 200 },
  );
});

test('a visitor of what is not stored is unique unless the same visitor is stored', () => {
  const rest = new DashboardRest();
  rest.add(rowsOf([{ linkId: 1, quarter, bot: false, visitor: '7' }]), calendar);
  const days = new Map();
  linkDayOf(days, 1, DAY).quarters.set(quarter, { clicks: 3, uniques: 0, bots: 1 });
  const batch: UnstoredBatch = { ends: {}, days, candidates: [] };
  const candidates = [7n, 8n].map((visitor) => ({ linkId: 1, day: DAY, visitor, quarter }));
  const figures = rest.unstored([batch], candidates, calendar).get(1);
  assert.equal([figures?.clicks, figures?.uniques, figures?.bots, figures?.uniquesToday], [3, 1, 1, 1]);
  assert.equal(rest.unstored([], candidates, calendar), new Map(), 'of a batch that turned out to be stored, nothing');
});

test.run();
