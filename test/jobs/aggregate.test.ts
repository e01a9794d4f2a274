import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Batch } from '../../src/actors/batch.ts';
import { type ClickRow, COPY_HEADER, COPY_TRAILER } from '../../src/core/copy-row.ts';
import { addClickFacets } from '../../src/core/facets.ts';
import { addQuarter, type LinkDays, linkDayOf } from '../../src/core/link-day.ts';
import { QUARTER_MS, QUARTERS_PER_DAY, quarterOf } from '../../src/core/zone.ts';
import { ClickAggregate } from '../../src/jobs/tasks/aggregate.ts';
import { CellTable } from '../../src/jobs/tasks/cell-table.ts';
import { Tally } from '../../src/jobs/tasks/tally.ts';
import { WordTable } from '../../src/jobs/tasks/word-table.ts';
import { clickRow, ROW_DAY, ROW_TIME } from '../support/click-rows.ts';
import { sorted } from '../support/link-days.ts';
import { randomFrom, seed } from '../support/seed.ts';

const test = suite('aggregate');

function copyData(rows: readonly Partial<ClickRow>[]): Buffer {
  const batch = new Batch();
  for (const it of rows) batch.add(clickRow(it));
  return Buffer.concat([COPY_HEADER, batch.bytes.subarray(0, batch.starts[batch.rows]), COPY_TRAILER]);
}

/** In pieces of memory that is written over afterwards, as a stream's may be. */
function pushed(data: Uint8Array, cuts: readonly number[] = []): ClickAggregate {
  const clicks = new ClickAggregate();
  const ends = [...cuts.map((cut) => cut % (data.length + 1)), data.length].sort((a, b) => a - b);
  let at = 0;
  for (const end of ends) {
    const piece = Buffer.from(data.subarray(at, end));
    clicks.push(piece);
    piece.fill(0xee);
    at = end;
  }
  return clicks;
}

const visitorOf = (it: ClickRow) => `${it.linkId}/${it.day}/${it.visitorHi}/${it.visitorLo}`;

/** The same count, one click after the other. Every candidate is taken for a new visitor. */
function naive(rows: readonly ClickRow[]) {
  const days: LinkDays = new Map();
  const firsts = new Map<string, number>();
  for (const it of rows) {
    const doc = linkDayOf(days, it.linkId, it.day);
    const quarter = quarterOf(it.at);
    addQuarter(doc, quarter, it.bot ? 0 : 1, 0, it.bot ? 1 : 0);
    if (it.bot) continue;
    addClickFacets(doc, it, it.referrer);
    if (!it.seen) firsts.set(visitorOf(it), Math.min(quarter, firsts.get(visitorOf(it)) ?? quarter));
  }
  for (const it of rows) {
    const first = firsts.get(visitorOf(it));
    if (first === undefined) continue;
    addQuarter(linkDayOf(days, it.linkId, it.day), first, 0, 1, 0);
    firsts.delete(visitorOf(it));
  }
  return days;
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const rowArbitrary: fc.Arbitrary<ClickRow> = fc
  .record({
    linkId: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom(2 ** 32 + 1, 2 ** 40, Number.MAX_SAFE_INTEGER)),
    day: fc.integer({ min: ROW_DAY - 1, max: ROW_DAY + 1 }),
    quarter: fc.integer({ min: -60, max: QUARTERS_PER_DAY + 60 }),
    visitorHi: fc.oneof(fc.nat({ max: 1 }), int32),
    visitorLo: fc.oneof(fc.nat({ max: 3 }), int32),
    country: fc.integer({ min: 0, max: 728 }),
    device: fc.nat({ max: 5 }),
    os: fc.nat({ max: 12 }),
    browser: fc.nat({ max: 30 }),
    language: fc.integer({ min: 0, max: 19_682 }),
    bot: fc.boolean(),
    seen: fc.boolean(),
    referrer: fc.oneof(
      fc.constantFrom('', 'a.example', 'b.example', 'пример.рф'),
      fc.domain(),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
    ),
  })
  .map(({ quarter, ...rest }) => ({ ...rest, at: (rest.day * QUARTERS_PER_DAY + quarter) * QUARTER_MS + (quarter & 1023) }));

test('property: the same as counting one by one, however the data are cut', () => {
  fc.assert(
    fc.property(fc.array(rowArbitrary, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 40 }), (rows, cuts) => {
      const clicks = pushed(copyData(rows), cuts);
      clicks.sort();
      assert.is(clicks.rowCount, rows.length);
      const candidates = clicks.candidates();
      for (let i = 0; i < candidates.count; i++) clicks.markUnique(candidates.rows[i]);

      const expected = naive(rows);
      const keys: [number, number][] = [];
      for (const cell of clicks.cellOrder()) {
        const { linkId, day } = clicks.keyOf(cell);
        keys.push([linkId, day]);
        assert.equal(sorted(clicks.linkDay(cell)), sorted(linkDayOf(expected, linkId, day)));
      }
      const all = [...expected].flatMap(([linkId, days]) => [...days.keys()].map((day): [number, number] => [linkId, day]));
      assert.equal(
        keys,
        all.sort((a, b) => a[0] - b[0] || a[1] - b[1]),
        'each link and day once, in order',
      );
    }),
    { seed, numRuns: 300 },
  );
});

test('candidates are distinct, each with its earliest quarter; bots and those seen before are none', () => {
  const at = (quarter: number) => ROW_TIME + quarter * QUARTER_MS;
  const clicks = pushed(
    copyData([
      { visitorLo: 1, at: at(5) },
      { visitorLo: 1, at: at(2) },
      { visitorLo: 1, at: at(9) },
      { visitorLo: 1, at: at(1), seen: true },
      { visitorLo: 1, visitorHi: -1 },
      { visitorLo: 1, day: ROW_DAY + 1, at: at(3) },
      { visitorLo: 2, bot: true },
      { visitorLo: 3, seen: true },
    ]),
  );
  clicks.sort();
  const { count, rows, days, hi, lo } = clicks.candidates();
  const found = Array.from({ length: count }, (_, i) => [days[i], hi[i], lo[i], rows[i]]);
  assert.equal(
    found.sort((a, b) => a[3] - b[3]),
    [
      [ROW_DAY, 1, 1, 1],
      [ROW_DAY, -1, 1, 4],
      [ROW_DAY + 1, 1, 1, 5],
    ],
  );
});

test('only a marked candidate counts as unique, in its quarter', () => {
  const clicks = pushed(copyData([{ visitorLo: 1, at: ROW_TIME + QUARTER_MS }, { visitorLo: 1 }, { visitorLo: 2 }]));
  clicks.sort();
  const { count, rows, lo } = clicks.candidates();
  for (let i = 0; i < count; i++) if (lo[i] === 1) clicks.markUnique(rows[i]);
  assert.equal(
    [...clicks.linkDay(0).quarters].sort((a, b) => a[0] - b[0]),
    [
      [quarterOf(ROW_TIME), { clicks: 2, uniques: 1, bots: 0 }],
      [quarterOf(ROW_TIME) + 1, { clicks: 1, uniques: 0, bots: 0 }],
    ],
  );
});

test('data that end anywhere before their end are refused', () => {
  const data = copyData([{ referrer: 'example.com' }, {}, { linkId: 2 }]);
  for (let length = 1; length < data.length; length++) {
    assert.throws(() => pushed(data.subarray(0, length)).sort(), 'trailer', `${length} of ${data.length} bytes`);
  }
  pushed(data).sort();
});

test('no data at all, and data without rows', () => {
  for (const data of [new Uint8Array(0), copyData([])]) {
    const clicks = pushed(data);
    clicks.sort();
    assert.equal([clicks.rowCount, clicks.cellCount, clicks.candidates().count, clicks.cellOrder().length], [0, 0, 0, 0]);
  }
});

test('more rows, links and referrers than the tables begin with', () => {
  const random = randomFrom(seed);
  const clicks = new ClickAggregate();
  const [links, batches, perBatch] = [9_000, 12, 10_000];
  const perLink = new Map<number, number>();
  const perHost = new Map<string, number>();
  clicks.push(COPY_HEADER);
  for (let n = 0; n < batches; n++) {
    const rows = Array.from({ length: perBatch }, () => {
      const linkId = 1 + Math.floor(random() * links);
      const referrer = `host${Math.floor(random() * 3_000)}.example`;
      perLink.set(linkId, (perLink.get(linkId) ?? 0) + 1);
      perHost.set(referrer, (perHost.get(referrer) ?? 0) + 1);
      return { linkId, referrer };
    });
    clicks.push(copyData(rows).subarray(COPY_HEADER.length, -COPY_TRAILER.length));
  }
  clicks.push(COPY_TRAILER);
  clicks.sort();
  assert.is(clicks.rowCount, batches * perBatch);
  assert.is(clicks.candidates().count, perLink.size, 'one visitor a link');
  const hosts = new Map<string, number>();
  for (const cell of clicks.cellOrder()) {
    const { linkId } = clicks.keyOf(cell);
    const { quarters, facets } = clicks.linkDay(cell);
    assert.is(quarters.get(quarterOf(ROW_TIME))?.clicks, perLink.get(linkId));
    for (const [host, n] of facets.referrers) hosts.set(host, (hosts.get(host) ?? 0) + n);
  }
  assert.is(hosts.size, perHost.size);
  for (const [host, n] of perHost) assert.is(hosts.get(host), n);
});

test('Tally counts any integers, and starts anew after each drain', () => {
  const tally = new Tally();
  const drained = () => {
    const counts: [number, number][] = [];
    tally.drain((n, count) => counts.push([n, count]));
    return counts;
  };
  for (const n of [0, -1, 100_000, -1, 0, 0, -70_000]) tally.add(n);
  assert.equal(drained(), [[0, 3], [-1, 2], [100_000, 1], [-70_000, 1]]); // biome-ignore format: a table
  assert.equal(drained(), []);
  tally.add(-1);
  assert.equal(drained(), [[-1, 1]]);
});

test('CellTable and WordTable give the same number again, and another to what is not the same', () => {
  const cells = new CellTable();
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < 20_000; n++) assert.is(cells.number(2 ** 32 * (n % 3) + n, n % 7), n);
  }
  assert.is(cells.size, 20_000);
  const words = new WordTable();
  const bytes = Buffer.from('xпримерx');
  const all = words.number(bytes, 0, bytes.length);
  const inner = words.number(bytes, 1, bytes.length - 1);
  const none = words.number(bytes, 3, 3);
  assert.equal(
    [all, inner, none].map((n) => words.word(n)),
    ['xпримерx', 'пример', ''],
  );
  assert.is(words.number(Buffer.from('пример'), 0, 12), inner);
  bytes.fill(0);
  assert.is(words.word(all), 'xпримерx');
});

test.run();
