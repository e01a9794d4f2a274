/** The figures of the daily report. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { calendarAt } from '../../src/core/calendar.ts';
import { createReportTally, lastDay, REPORT_MAX_LINKS, type ReportedLink } from '../../src/core/daily-report.ts';
import { addFacet, addQuarter, type LinkDay, type LinkDays, linkDayOf } from '../../src/core/link-day.ts';
import { statsFigures } from '../../src/core/stats.ts';
import { dayStart, QUARTER_MS } from '../../src/core/zone.ts';
import { randomFrom } from '../support/random.ts';

const ZONES = ['Europe/Moscow', 'Asia/Kathmandu', 'America/Havana', 'Australia/Lord_Howe', 'America/Santiago'];
const DAY = Date.UTC(2026, 10, 23) / 86_400_000;
const it = suite('daily report');

const links = (count: number): ReportedLink[] =>
  Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    slug: `s${i}`,
    title: i % 2 === 0 ? `Link ${i}` : null,
    url: `https://example.com/${i}`,
  }));

/** Clicks at random in the days around, each with its device and its country. */
function randomDays(count: number, timeZone: string, random: () => number): LinkDays {
  const days: LinkDays = new Map();
  for (let link = 1; link <= count; link++) {
    for (let day = DAY - 8; day <= DAY + 1; day++) {
      const doc = linkDayOf(days, link, day);
      const [from, to] = [dayStart(timeZone, day), dayStart(timeZone, day + 1)];
      for (let i = 0; i < 20; i++) {
        const clicks = Math.floor(random() * 50);
        addQuarter(doc, from + Math.floor(random() * (to - from)), clicks, Math.floor(clicks * random()), Math.floor(random() * 3));
        addFacet(doc, 'devices', ['pc', 'phone', 'tablet', 'other'][Math.floor(random() * 4)], clicks);
        addFacet(doc, 'countries', ['RU', 'US', 'unknown'][Math.floor(random() * 3)], clicks);
        addFacet(doc, 'os', 'Android', clicks);
      }
    }
  }
  return days;
}

for (const timeZone of ZONES) {
  it(`says what the statistics of the same day say, in ${timeZone}`, () => {
    const count = 7;
    const days = randomDays(count, timeZone, randomFrom(timeZone.length));
    const docs: LinkDay[] = [...days.values()].flatMap((ofLink) => [...ofLink.values()]);
    const tally = createReportTally(timeZone, DAY);
    tally.add(links(4), days);
    tally.add(links(count).slice(4), days);
    const report = tally.finish();
    const statsOf = (day: number, of: Iterable<LinkDay>) => {
      const [from, to] = [dayStart(timeZone, day) * QUARTER_MS, dayStart(timeZone, day + 1) * QUARTER_MS];
      return statsFigures(of, { from, to, timeZone, unit: 'hour' }, calendarAt(timeZone, from));
    };
    const { clicks, repeatClicks, botClicks, hours, devices, countries, os } = statsOf(DAY, docs);
    assert.equal(
      [report.clicks, report.repeatClicks, report.botClicks, report.hours, report.devices, report.countries, report.os],
      [clicks, repeatClicks, botClicks, hours, devices, countries, os],
    );
    for (const [counts, day] of [
      [report.dayBefore, DAY - 1],
      [report.weekBefore, DAY - 7],
    ] as const) {
      const before = statsOf(day, docs);
      assert.equal(counts, { clicks: before.clicks, repeatClicks: before.repeatClicks });
    }
    for (const { id, slug } of links(count)) {
      const of = statsOf(DAY, days.get(id)?.values() ?? []);
      const row = report.rows.find((it) => it.slug === slug);
      assert.equal([row?.clicks, row?.repeatClicks, row?.hours], [of.clicks, of.repeatClicks, of.hours]);
      assert.is((row?.pc ?? 0) + (row?.phone ?? 0) + (row?.other ?? 0), of.clicks);
    }
  });
}

it('names links by their title, or by where they lead; those without clicks are only counted', () => {
  const days: LinkDays = new Map();
  addQuarter(linkDayOf(days, 1, DAY), dayStart('UTC', DAY), 1, 1, 0);
  addQuarter(linkDayOf(days, 2, DAY), dayStart('UTC', DAY) + 95, 2, 1, 0);
  addQuarter(linkDayOf(days, 3, DAY), dayStart('UTC', DAY), 0, 0, 5);
  const tally = createReportTally('UTC', DAY);
  tally.add(links(5), days);
  const { rows, linksWithoutClicks, botClicks } = tally.finish();
  assert.equal(
    rows.map(({ name }) => name),
    ['example.com/1', 'Link 0'],
  );
  assert.equal([linksWithoutClicks, botClicks], [3, 5]);
});

it('lists the links with the most clicks, and adds up the others', () => {
  const count = REPORT_MAX_LINKS + 500;
  const days: LinkDays = new Map();
  for (let id = 1; id <= count; id++) addQuarter(linkDayOf(days, id, DAY), dayStart('UTC', DAY), id, id, 0);
  const tally = createReportTally('UTC', DAY);
  for (let from = 0; from < count; from += 400) tally.add(links(count).slice(from, from + 400), days);
  const { rows, more, clicks } = tally.finish();
  assert.equal([rows.length, rows[0].clicks, more], [REPORT_MAX_LINKS, count, { links: 500, clicks: (500 * 501) / 2 }]);
  assert.is(clicks, (count * (count + 1)) / 2);
});

it('knows the day that was over last, also where midnight did not exist, came twice, or a day was left out', () => {
  const last = (timeZone: string, now: string) => {
    const { day, endMs } = lastDay(timeZone, Date.parse(now));
    return [new Date(day * 86_400_000).toISOString().slice(0, 10), new Date(endMs).toISOString().slice(0, 16)];
  };
  assert.equal(last('Europe/Moscow', '2026-11-23T20:59:59Z'), ['2026-11-22', '2026-11-22T21:00']);
  assert.equal(last('Europe/Moscow', '2026-11-23T21:00:00Z'), ['2026-11-23', '2026-11-23T21:00']);
  // Clocks go from 0:00 to 1:00.
  assert.equal(last('America/Santiago', '2026-09-06T04:00:00Z'), ['2026-09-05', '2026-09-06T04:00']);
  // They go from 1:00 back to 0:00; the day has begun already.
  assert.equal(last('America/Havana', '2026-11-01T04:00:00Z'), ['2026-10-31', '2026-11-01T04:00']);
  assert.equal(last('America/Havana', '2026-11-01T05:00:00Z'), ['2026-10-31', '2026-11-01T04:00']);
  assert.equal(last('Pacific/Apia', '2011-12-30T10:00:00Z'), ['2011-12-29', '2011-12-30T10:00']);
});

it.run();
