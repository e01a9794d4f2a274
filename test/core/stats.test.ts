import { Temporal } from '@js-temporal/polyfill';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { calendarAt, todaySpan, weekSpan } from '../../src/core/calendar.ts';
import { addFacet, addQuarter, emptyLinkDay, FACETS, type LinkDay, OTHER } from '../../src/core/link-day.ts';
import { bucketStarts, countSpan, daysAround, STATS_UNITS, type StatsUnit, statsFigures, TOP } from '../../src/core/stats.ts';
import { DAY_MS, dayOf, offsetAt, QUARTER_MS, QUARTERS_PER_DAY, quarterOf } from '../../src/core/zone.ts';
import { randomFrom, seed } from '../support/seed.ts';

const test = suite('stats');
const random = randomFrom(seed);

const ZONES = Intl.supportedValuesOf('timeZone');
const quarterAt = (iso: string) => quarterOf(Date.parse(iso));
const iso = (quarter: number) => new Date(quarter * QUARTER_MS).toISOString();
const quarterOfInstant = (it: Temporal.ZonedDateTime) => it.epochMilliseconds / QUARTER_MS;
/** Until 2011 some zones changed their clocks at 00:01, where a quarter belongs to two days. */
const FROM = quarterAt('2012-01-01T00:00Z');
const TO = quarterAt('2036-01-01T00:00Z');
const randomQuarter = () => FROM + Math.floor(random() * (TO - FROM));
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

/** The day of a zone as a span of quarters, by an independent library. */
function daySpan(timeZone: string, date: string) {
  const start = (day: Temporal.PlainDate) => quarterOfInstant(day.toZonedDateTime(timeZone));
  const day = Temporal.PlainDate.from(date);
  return { from: start(day), to: start(day.add({ days: 1 })) };
}

const hourLabels = (timeZone: string, date: string) =>
  bucketStarts(timeZone, daySpan(timeZone, date), 'hour').map((quarter) =>
    Temporal.Instant.from(iso(quarter)).toZonedDateTimeISO(timeZone).toPlainTime().toString({ smallestUnit: 'minute' }),
  );
const wholeHours = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${String(from + i).padStart(2, '0')}:00`);

test('hours of a day of 23, 24 and 25 hours', () => {
  assert.equal(hourLabels('Europe/Berlin', '2026-03-29'), [...wholeHours(0, 2), ...wholeHours(3, 24)]);
  assert.equal(hourLabels('Europe/Berlin', '2026-03-30'), wholeHours(0, 24));
  assert.equal(hourLabels('Europe/Berlin', '2026-10-25'), [...wholeHours(0, 3), '02:00', ...wholeHours(3, 24)], 'the repeated hour twice');
});

test('an hour cut by a clock that moves half an hour is cut', () => {
  assert.equal(hourLabels('Australia/Lord_Howe', '2026-04-05'), ['00:00', '01:00', '01:30', ...wholeHours(2, 24)]);
  assert.equal(hourLabels('Australia/Lord_Howe', '2026-10-04'), ['00:00', '01:00', '02:30', ...wholeHours(3, 24)]);
});

test('hours where clocks are a quarter off', () => {
  for (const zone of ['Asia/Kathmandu', 'Pacific/Chatham', 'Australia/Eucla']) {
    const labels = hourLabels(zone, '2026-07-01');
    assert.equal(labels, wholeHours(0, 24), zone);
  }
  assert.is(iso(bucketStarts('Asia/Kathmandu', daySpan('Asia/Kathmandu', '2026-07-01'), 'hour')[1]), '2026-06-30T19:15:00.000Z');
  assert.is(hourLabels('Pacific/Chatham', '2026-09-27').length, 24, '02:45 → 03:45: 23 hours, one of them in two parts');
});

test('quarters of a day that the clock changes are 92, 94, 98 or 100', () => {
  const count = (zone: string, date: string) => bucketStarts(zone, daySpan(zone, date), '15min').length;
  assert.is(count('Europe/Berlin', '2026-03-29'), 92);
  assert.is(count('Europe/Berlin', '2026-10-25'), 100);
  assert.is(count('Australia/Lord_Howe', '2026-10-04'), 94);
  assert.is(count('Australia/Lord_Howe', '2026-04-05'), 98);
});

/** Where days and months of a zone begin within a span, by an independent library. */
function expectedStarts(timeZone: string, span: { from: number; to: number }, unit: 'day' | 'month'): number[] {
  const starts = [span.from];
  let date = Temporal.Instant.from(iso(span.from)).toZonedDateTimeISO(timeZone).toPlainDate();
  for (;;) {
    date = unit === 'day' ? date.add({ days: 1 }) : date.with({ day: 1 }).add({ months: 1 });
    const start = quarterOfInstant(date.toZonedDateTime(timeZone));
    if (start >= span.to) return starts;
    starts.push(start);
  }
}

test('days and months agree with an independent library, every zone', () => {
  assert.ok(ZONES.length > 400);
  for (const zone of ZONES) {
    for (const [unit, days] of [
      ['day', 30],
      ['month', 400],
    ] as const) {
      const from = randomQuarter();
      const span = { from, to: from + 1 + Math.floor(random() * days * QUARTERS_PER_DAY) };
      assert.equal(bucketStarts(zone, span, unit).map(iso), expectedStarts(zone, span, unit).map(iso), `${zone} ${unit} ${iso(from)}`);
    }
  }
});

test('a span within one bucket is one bucket, an empty one none', () => {
  const at = quarterAt('2026-05-10T10:30Z');
  for (const unit of STATS_UNITS) {
    assert.equal(bucketStarts('Europe/Moscow', { from: at, to: at + 1 }, unit), [at]);
    assert.equal(bucketStarts('Europe/Moscow', { from: at, to: at }, unit), []);
  }
});

const NOW = Date.UTC(2026, 4, 13, 10, 7); // a Wednesday

/** Documents by the owner's day with random counts in random quarters around a moment. */
function randomDays(zone: string, around: number, count: number): Map<number, LinkDay> {
  const days = new Map<number, LinkDay>();
  for (let i = 0; i < count; i++) {
    const quarter = around + Math.floor((random() - 0.5) * 24 * QUARTERS_PER_DAY);
    const day = dayOf(quarter, offsetAt(zone, quarter));
    const doc = days.get(day) ?? emptyLinkDay();
    days.set(day, doc);
    const clicks = Math.floor(random() * 1000);
    addQuarter(doc, quarter, clicks, Math.floor(random() * (clicks + 1)), Math.floor(random() * 5));
  }
  return days;
}

test('property: no click is lost or counted twice, whatever the zone, the unit and the range', () => {
  const zone = fc.constantFrom(...ZONES);
  const unit: fc.Arbitrary<StatsUnit> = fc.constantFrom(...STATS_UNITS);
  const now = fc.integer({ min: Date.UTC(1973, 0, 1), max: Date.UTC(2040, 0, 1) });
  fc.assert(
    fc.property(
      zone,
      zone,
      unit,
      now,
      fc.nat({ max: 25 * DAY_MS }),
      fc.nat({ max: 12 * DAY_MS }),
      (ownerZone, timeZone, unit, now, length, shift) => {
        const days = randomDays(ownerZone, quarterOf(now), 60);
        const range = { from: now - shift, to: now - shift + length, timeZone, unit };
        const figures = statsFigures(days.values(), range, calendarAt(ownerZone, now));
        const span = { from: quarterOf(range.from), to: Math.ceil(range.to / QUARTER_MS) };
        const all = [...days.values()].flatMap((day) => [...day.quarters]);
        const within = ({ from, to }: { from: number; to: number }) => all.filter(([q]) => q >= from && q < to).map(([, it]) => it);
        const inRange = within(span);
        assert.is(figures.clicks, sum(inRange.map((it) => it.clicks)));
        assert.is(figures.uniqueClicks, sum(inRange.map((it) => it.uniques)));
        assert.is(figures.botClicks, sum(inRange.map((it) => it.bots)));
        assert.is(figures.repeatClicks, figures.clicks - figures.uniqueClicks);
        assert.is(sum(figures.series.map((it) => it.clicks)), figures.clicks);
        assert.is(sum(figures.series.map((it) => it.uniqueClicks)), figures.uniqueClicks);
        const starts = figures.series.map((it) => it.start);
        assert.equal(starts, [...new Set(starts)].sort(), 'in order, each once');
        if (span.from < span.to) assert.is(starts[0], iso(span.from));
        assert.ok(starts.every((it) => it < figures.to));
        assert.is(sum(figures.hours), sum(within(todaySpan(ownerZone, now)).map((it) => it.clicks)));
        assert.is(sum(figures.week), sum(within(weekSpan(ownerZone, now)).map((it) => it.clicks)));
        assert.equal(countSpan(days.values(), span), {
          clicks: figures.clicks,
          uniques: figures.uniqueClicks,
          bots: figures.botClicks,
        });
      },
    ),
    { seed, numRuns: 400 },
  );
});

test('clicks stand in the bucket, the hour and the weekday that an independent library names', () => {
  for (let n = 0; n < 300; n++) {
    const zone = ZONES[Math.floor(random() * ZONES.length)];
    const quarter = randomQuarter();
    const now = quarter * QUARTER_MS + Math.floor(random() * QUARTER_MS);
    const local = Temporal.Instant.from(iso(quarter)).toZonedDateTimeISO(zone);
    const doc = emptyLinkDay();
    addQuarter(doc, quarter, 3, 2, 1);
    const range = { from: now - 40 * DAY_MS, to: now + 40 * DAY_MS, timeZone: zone, unit: 'day' } as const;
    const { hours, week, series } = statsFigures([doc], range, calendarAt(zone, now));
    const context = `${zone} ${iso(quarter)}`;
    assert.is(hours[local.hour], 3, context);
    assert.is(week[local.dayOfWeek - 1], 3, context);
    const filled = series.filter((it) => it.clicks > 0);
    assert.equal(filled, [{ start: iso(quarterOfInstant(local.startOfDay())), clicks: 3, uniqueClicks: 2 }], context);
  }
});

test('the repeated hour adds up in the hours of the day', () => {
  const doc = emptyLinkDay();
  addQuarter(doc, quarterAt('2026-10-25T00:30Z'), 5, 0, 0); // 02:30 summer time
  addQuarter(doc, quarterAt('2026-10-25T01:30Z'), 7, 0, 0); // 02:30 again
  const now = Date.parse('2026-10-25T12:00Z');
  const { hours } = statsFigures([doc], { from: now, to: now, timeZone: 'UTC', unit: 'hour' }, calendarAt('Europe/Berlin', now));
  assert.is(hours[2], 12);
  assert.is(sum(hours), 12);
});

test('a week begins on Monday and has seven local days, every zone', () => {
  for (const zone of ZONES) {
    const now = randomQuarter() * QUARTER_MS;
    const { from, to } = weekSpan(zone, now);
    const local = (quarter: number) => Temporal.Instant.from(iso(quarter)).toZonedDateTimeISO(zone);
    assert.is(local(from).dayOfWeek, 1, zone);
    assert.is(local(to).dayOfWeek, 1, zone);
    assert.is(local(from).toPlainDate().until(local(to).toPlainDate()).days, 7, zone);
    assert.ok(from * QUARTER_MS <= now && now < to * QUARTER_MS, zone);
    const today = todaySpan(zone, now);
    assert.ok(today.from >= from && today.to <= to, zone);
    assert.is(local(today.from).toPlainDate().toString(), local(quarterOf(now)).toPlainDate().toString(), zone);
  }
});

test('documents of any calendar that may hold clicks of a range are asked for', () => {
  for (let n = 0; n < 500; n++) {
    const zone = ZONES[Math.floor(random() * ZONES.length)];
    const quarter = randomQuarter();
    const { fromDay, toDay } = daysAround(quarter * QUARTER_MS, (quarter + 1) * QUARTER_MS);
    const day = dayOf(quarter, offsetAt(zone, quarter));
    assert.ok(fromDay <= day && day <= toDay, `${zone} ${iso(quarter)}`);
  }
});

test('the ten largest of each facet, and the rest as other, exactly', () => {
  const days = [emptyLinkDay(), emptyLinkDay()];
  for (const [n, day] of days.entries()) {
    addQuarter(day, quarterOf(NOW), 1, 0, 0);
    for (const facet of FACETS) for (let key = 0; key < 15; key++) addFacet(day, facet, `k${String(key).padStart(2, '0')}`, 100 - key);
    if (n === 1) for (const facet of FACETS) addFacet(day, facet, OTHER, 1000);
  }
  const range = { from: NOW - DAY_MS, to: NOW + DAY_MS, timeZone: 'UTC', unit: 'hour' } as const;
  const figures = statsFigures(days, range, calendarAt('UTC', NOW));
  const listed = Array.from({ length: TOP }, (_, key) => ({ key: `k0${key}`, clicks: 2 * (100 - key) }));
  const rest = 1000 + 2 * sum([10, 11, 12, 13, 14].map((key) => 100 - key));
  for (const facet of FACETS) assert.equal(figures[facet], [...listed, { key: OTHER, clicks: rest }], facet);
});

test('facets are of the days that have clicks in the range, no others', () => {
  const [inside, outside] = [emptyLinkDay(), emptyLinkDay()];
  addQuarter(inside, quarterOf(NOW), 2, 0, 0);
  addFacet(inside, 'countries', 'RU', 2);
  addQuarter(outside, quarterOf(NOW) + 2, 9, 0, 0);
  addFacet(outside, 'countries', 'DE', 9);
  const range = { from: NOW, to: NOW + QUARTER_MS, timeZone: 'UTC', unit: 'hour' } as const;
  const robots = emptyLinkDay();
  addQuarter(robots, quarterOf(NOW), 0, 0, 5);
  addQuarter(robots, quarterOf(NOW) + 2, 1, 1, 0);
  addFacet(robots, 'countries', 'FR', 1);
  const figures = statsFigures([inside, outside, robots], range, calendarAt('UTC', NOW));
  assert.equal(figures.countries, [{ key: 'RU', clicks: 2 }]);
  assert.is(figures.from, '2026-05-13T10:00:00.000Z');
  assert.is(figures.to, '2026-05-13T10:30:00.000Z', 'whole quarters: outwards');
});

test.run();
