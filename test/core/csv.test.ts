import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { csvLine, inertCell, plainCell } from '../../src/core/csv.ts';
import { FACETS } from '../../src/core/link-day.ts';
import type { StatsFigures } from '../../src/core/stats.ts';
import { STATS_CSV_HEADER, statsCsv } from '../../src/core/stats-csv.ts';
import { seed } from '../support/seed.ts';

const test = suite('csv');

test('a cell that a spreadsheet would take for a formula is only text', () => {
  for (const formula of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://evil.example","x")']) {
    assert.is(inertCell(formula), `'${formula}`);
    assert.is(parse(csvLine([formula]))[0][0], `'${formula}`);
  }
  assert.is(inertCell("'=1"), "''=1");
  for (const text of ['', 'a=1', ' =1', "'a", '1-1', 'example.com']) assert.is(inertCell(text), text);
});

test('numbers are numbers, null is empty', () => {
  assert.is(csvLine(['a', 7, null, 'b']), 'a,7,,b\r\n');
});

test('property: a reader that we did not write reads what was written, and no text begins a formula', () => {
  const cell = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"', '""', ',', '\r\n', 'a\nb', '=x', 'é'));
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 6 }), (cells) => {
      const [read] = parse(csvLine(cells), { skip_empty_lines: false });
      assert.equal(read, cells.map(inertCell));
      assert.equal(read.map(plainCell), cells);
      for (const text of read) assert.not.match(text, /^[=+\-@\t\r]/);
    }),
    { seed, numRuns: 500 },
  );
});

test('statistics: a line for each number', () => {
  const list = [
    { key: '=cmd', clicks: 3 },
    { key: 'other', clicks: 2 },
  ];
  const stats: StatsFigures = {
    timezone: 'UTC',
    from: '2026-05-10T00:00:00.000Z',
    to: '2026-05-11T00:00:00.000Z',
    clicks: 5,
    uniqueClicks: 4,
    repeatClicks: 1,
    botClicks: 2,
    series: [{ start: '2026-05-10T00:00:00.000Z', clicks: 5, uniqueClicks: 4 }],
    hours: new Array(24).fill(0).with(3, 5),
    week: [0, 5, 0, 0, 0, 0, 0],
    countries: list,
    devices: list,
    os: list,
    browsers: list,
    referrers: list,
    languages: list,
  };
  const [header, total, series, ...rest] = parse([...statsCsv(stats)].join(''));
  assert.equal(header, [...STATS_CSV_HEADER]);
  assert.equal(total, ['total', '', '5', '4', '1', '2']);
  assert.equal(series, ['series', '2026-05-10T00:00:00.000Z', '5', '4', '1', '']);
  assert.equal(rest[3], ['hours', '3', '5', '', '', '']);
  assert.equal(rest[25], ['week', '2', '5', '', '', '']);
  assert.is(rest.length, 24 + 7 + FACETS.length * 2);
  assert.equal(rest.slice(-2), [
    ['languages', "'=cmd", '3', '', '', ''],
    ['languages', 'other', '2', '', '', ''],
  ]);
});

test.run();
