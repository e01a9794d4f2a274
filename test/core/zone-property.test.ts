/**
 * Statistics in any zone, compared with a library that the product does not use: every zone of the IANA database and its other names, at
 * random instants around changes of clocks.
 */
import fc from 'fast-check';
import { DateTime, IANAZone } from 'luxon';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { calendarAt } from '../../src/core/calendar.ts';
import { addQuarter, emptyLinkDay, type LinkDay } from '../../src/core/link-day.ts';
import { type StatsUnit, statsFigures } from '../../src/core/stats.ts';
import { canonicalZone, DAY_MS, dayOf, dayToISO, offsetAt, QUARTER_MS, quarterOf } from '../../src/core/zone.ts';
import { seed } from '../support/seed.ts';

const test = suite('statistics in any zone');

/** Older names, fixed offsets, short names: all of them are names that a browser may report. */
const ALIASES = [
  ...['Asia/Calcutta', 'Asia/Kolkata', 'Asia/Katmandu', 'Asia/Kathmandu', 'Asia/Rangoon', 'Asia/Saigon', 'Asia/Ho_Chi_Minh'],
  ...['America/Buenos_Aires', 'America/Godthab', 'America/Nuuk', 'America/Indianapolis', 'America/Fort_Wayne', 'America/Shiprock'],
  ...[
    'Atlantic/Faeroe',
    'Atlantic/Jan_Mayen',
    'Australia/LHI',
    'Australia/ACT',
    'Australia/Yancowinna',
    'Brazil/East',
    'Canada/Newfoundland',
  ],
  ...['Chile/EasterIsland', 'Europe/Kiev', 'Europe/Kyiv', 'Europe/Belfast', 'Pacific/Ponape', 'Pacific/Samoa', 'Pacific/Enderbury'],
  ...[
    'US/Pacific',
    'US/Hawaii',
    'US/Samoa',
    'NZ',
    'NZ-CHAT',
    'GB',
    'Eire',
    'Iran',
    'Israel',
    'Turkey',
    'Cuba',
    'Egypt',
    'PRC',
    'ROK',
    'W-SU',
  ],
  ...['UTC', 'GMT', 'Zulu', 'Etc/UCT', 'Etc/GMT+12', 'Etc/GMT-14', 'Etc/GMT0', 'CET', 'EST5EDT', 'PST8PDT', 'WET', 'EET', 'MST', 'HST'],
];
const ZONES = [...Intl.supportedValuesOf('timeZone'), ...ALIASES];
/** Before 2012, some zones changed their clocks at 00:01, where a quarter-hour belongs to two days (zone.ts). */
const FROM_MS = Date.UTC(2012, 0, 1);
const TO_MS = Date.UTC(2030, 0, 1);
const SCAN_MS = 7 * DAY_MS;
const AROUND_MS = 2 * DAY_MS;
const CLICKS = 40;
const RUNS = 800;
const UNITS: readonly StatsUnit[] = ['15min', 'hour', 'day', 'month'];

const local = (zone: string, ms: number) => DateTime.fromMillis(ms, { zone });

const changes = new Map<string, number[]>();

/** The instants at which a zone's offset changes. Ramadan makes two within five weeks; nothing makes two within one. */
function changesOf(zone: string): number[] {
  const known = changes.get(zone);
  if (known !== undefined) return known;
  const found: number[] = [];
  const offset = (ms: number) => IANAZone.create(zone).offset(ms);
  let before = offset(FROM_MS);
  for (let at = FROM_MS; at < TO_MS; at += SCAN_MS) {
    const after = offset(at + SCAN_MS);
    if (after === before) continue;
    let [low, high] = [at, at + SCAN_MS];
    while (high - low > 1_000) {
      const middle = Math.floor((low + high) / 2_000) * 1_000;
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    found.push(high);
    before = after;
  }
  changes.set(zone, found);
  return found;
}

/** Clicks by quarter-hour, in documents by the owner's day, as a front dates them. */
function documents(zone: string, quarters: readonly number[]): LinkDay[] {
  const docs = new Map<number, LinkDay>();
  for (const quarter of quarters) {
    const day = dayOf(quarter, offsetAt(zone, quarter));
    const doc = docs.get(day) ?? emptyLinkDay();
    docs.set(day, doc);
    addQuarter(doc, quarter, 1, 0, 0);
  }
  return [...docs.values()];
}

/** What a bucket of a series is called. An hour that the clock repeats is two buckets. */
const LABELS: Record<StatsUnit, (at: DateTime) => string> = {
  '15min': (at) => String(at.toMillis()),
  hour: (at) => at.toFormat("yyyy-MM-dd HH 'at' ZZ"),
  day: (at) => at.toFormat('yyyy-MM-dd'),
  month: (at) => at.toFormat('yyyy-MM'),
};

function countBy(keys: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

function checkFigures(ownerZone: string, seriesZone: string, unit: StatsUnit, now: number, quarters: readonly number[]): void {
  const range = { from: now - 3 * AROUND_MS, to: now + 3 * AROUND_MS, timeZone: seriesZone, unit };
  const { hours, week, series, clicks } = statsFigures(documents(ownerZone, quarters), range, calendarAt(ownerZone, now));
  const context = `${ownerZone}, ${unit} of ${seriesZone}, ${new Date(now).toISOString()}`;
  const times = quarters.map((quarter) => quarter * QUARTER_MS);

  const today = local(ownerZone, quarterOf(now) * QUARTER_MS).toISODate();
  const expectedHours = new Array<number>(24).fill(0);
  for (const at of times.map((ms) => local(ownerZone, ms))) if (at.toISODate() === today) expectedHours[at.hour]++;
  assert.equal(hours, expectedHours, `hours: ${context}`);

  const weekOf = (at: DateTime) => at.toFormat('kkkk-WW');
  const expectedWeek = new Array<number>(7).fill(0);
  for (const at of times.map((ms) => local(ownerZone, ms)))
    if (weekOf(at) === weekOf(local(ownerZone, now))) expectedWeek[at.weekday - 1]++;
  assert.equal(week, expectedWeek, `week: ${context}`);

  assert.is(clicks, quarters.length, context);
  const label = (ms: number) => LABELS[unit](local(seriesZone, ms));
  const filled = series.filter((bucket) => bucket.clicks > 0).map((bucket) => [label(Date.parse(bucket.start)), bucket.clicks]);
  assert.equal(Object.fromEntries(filled), countBy(times.map(label)), `series: ${context}`);
  const labels = series.map((bucket) => label(Date.parse(bucket.start)));
  assert.is(new Set(labels).size, labels.length, `each bucket once: ${context}`);
  for (const { start } of series.slice(1)) {
    const ms = Date.parse(start);
    assert.is.not(label(ms), label(ms - QUARTER_MS), `a bucket begins where its name does: ${context}`);
  }
}

test('property: hours, weekdays and series agree with luxon, every zone, around changes of clocks', () => {
  const around = (ms: number) => fc.integer({ min: ms - AROUND_MS, max: ms + AROUND_MS });
  const anyTime = fc.integer({ min: FROM_MS, max: TO_MS });
  const inZone = fc
    .constantFrom(...ZONES)
    .chain((zone) => fc.tuple(fc.constant(zone), changesOf(zone).length === 0 ? anyTime : fc.constantFrom(...changesOf(zone))))
    .chain(([zone, near]) =>
      fc.record({
        zone: fc.constant(zone),
        other: fc.constantFrom(...ZONES),
        isOwners: fc.boolean(),
        unit: fc.constantFrom(...UNITS),
        now: around(near),
        clicks: fc.array(around(near), { minLength: 1, maxLength: CLICKS }),
      }),
    );
  fc.assert(
    fc.property(inZone, ({ zone, other, isOwners, unit, now, clicks }) =>
      checkFigures(isOwners ? zone : other, isOwners ? other : zone, unit, now, clicks.map(quarterOf)),
    ),
    { seed, numRuns: RUNS },
  );
});

test('every zone and every name of it: the day of a click just before and just after each change of the clocks', () => {
  let count = 0;
  for (const zone of ZONES) {
    assert.ok(canonicalZone(zone) !== null, zone);
    for (const change of changesOf(zone)) {
      for (const quarter of [quarterOf(change - 1), quarterOf(change), quarterOf(change) + 1]) {
        const expected = local(zone, quarter * QUARTER_MS).toISODate();
        assert.is(dayToISO(dayOf(quarter, offsetAt(zone, quarter))), expected, `${zone} ${new Date(change).toISOString()}`);
        count++;
      }
    }
  }
  assert.ok(count > 10_000, `${count}`);
});

/** One click in each quarter-hour of the local day and of the days beside it. */
function fullDay(zone: string, iso: string): { hours: number[]; perHour: number[] } {
  const start = local(zone, Date.parse(`${iso}T12:00:00Z`)).startOf('day');
  const day = DateTime.fromISO(iso, { zone });
  const now = day.isValid && day.toISODate() === iso ? day.set({ hour: 12 }).toMillis() : start.toMillis();
  const from = quarterOf(now - 2 * DAY_MS);
  const quarters = Array.from({ length: 4 * 96 }, (_, i) => from + i);
  const range = { from: now - DAY_MS, to: now + DAY_MS, timeZone: zone, unit: 'hour' } as const;
  const { hours, series } = statsFigures(documents(zone, quarters), range, calendarAt(zone, now));
  const perHour = series.filter((it) => local(zone, Date.parse(it.start)).toISODate() === iso).map((it) => it.clicks);
  return { hours, perHour };
}

const fours = (count: number) => new Array<number>(count).fill(4);

test('a day of 23 and one of 25 hours', () => {
  assert.equal(fullDay('Europe/Berlin', '2026-03-29'), { hours: [4, 4, 0, ...fours(21)], perHour: fours(23) });
  assert.equal(fullDay('Europe/Berlin', '2026-10-25'), { hours: [4, 4, 8, ...fours(21)], perHour: fours(25) });
});

test('Kathmandu (+5:45) and Chatham (+12:45 and +13:45)', () => {
  assert.equal(fullDay('Asia/Kathmandu', '2026-07-01'), { hours: fours(24), perHour: fours(24) });
  assert.equal(fullDay('Pacific/Chatham', '2026-07-01'), { hours: fours(24), perHour: fours(24) });
  // Clocks go from 02:45 to 03:45: what is left of two hours.
  assert.equal(fullDay('Pacific/Chatham', '2026-09-27'), { hours: [4, 4, 3, 1, ...fours(20)], perHour: [4, 4, 3, 1, ...fours(20)] });
});

test('Lord Howe, where clocks move by half an hour', () => {
  assert.equal(fullDay('Australia/Lord_Howe', '2026-10-04'), { hours: [4, 4, 2, ...fours(21)], perHour: [4, 4, 2, ...fours(21)] });
  assert.equal(fullDay('Australia/Lord_Howe', '2026-04-05'), { hours: [4, 6, ...fours(22)], perHour: [4, 4, 2, ...fours(22)] });
});

test('Troll, where clocks move by two hours', () => {
  assert.equal(fullDay('Antarctica/Troll', '2026-03-29'), { hours: [4, 0, 0, ...fours(21)], perHour: fours(22) });
  assert.equal(fullDay('Antarctica/Troll', '2026-10-25'), { hours: [4, 8, 8, ...fours(21)], perHour: fours(26) });
});

test('Samoa, which left out the 30th of December 2011: two days of the series are beside each other, and that week has six', () => {
  const zone = 'Pacific/Apia';
  const now = Date.parse('2011-12-30T09:00:00Z'); // the 29th, 23:00 there; an hour later it is the 31st
  assert.is(local(zone, now).toISODate(), '2011-12-29');
  const from = quarterOf(now - 10 * DAY_MS);
  const quarters = Array.from({ length: 20 * 96 }, (_, i) => from + i);
  const range = { from: now - 3 * DAY_MS, to: now + 3 * DAY_MS, timeZone: zone, unit: 'day' } as const;
  const { series, week } = statsFigures(documents(zone, quarters), range, calendarAt(zone, now));
  const days = series.map(({ start }) => local(zone, Date.parse(start)).toISODate());
  assert.equal(days, ['2011-12-26', '2011-12-27', '2011-12-28', '2011-12-29', '2011-12-31', '2012-01-01', '2012-01-02']);
  assert.equal(week, [96, 96, 96, 96, 0, 96, 96]);
});

test.run();
