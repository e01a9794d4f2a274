import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { csvLine, type Separator } from '../../src/core/csv.ts';
import { CSV_FAULTS, CSV_RECORD_MAX_LENGTH, CsvReader, type CsvRecord } from '../../src/core/csv-reader.ts';
import { seed } from '../support/seed.ts';

function read(text: string, { separator = ',' as Separator, cuts = [] as number[] } = {}): CsvRecord[] {
  const reader = new CsvReader(separator);
  const ends = [...new Set([...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort((a, b) => a - b);
  const records = ends.flatMap((end, i) => [...reader.read(text.slice(i === 0 ? 0 : ends[i - 1], end))]);
  return [...records, ...reader.read('', true)];
}
const cells = (...rows: [line: number, ...cells: string[]][]) => rows.map(([line, ...it]) => ({ line, cells: it }));

const test = suite('csv reader');

test('lines of every ending, quotation marks, empty cells and lines', () => {
  assert.equal(read('a,b\nc,d'), cells([1, 'a', 'b'], [2, 'c', 'd']));
  assert.equal(read('a\r\n\r\n\nb\rc\r\n'), cells([1, 'a'], [4, 'b'], [5, 'c']));
  assert.equal(read('"a ""b""","c\r\nd,e",""\n,,\n'), cells([1, 'a "b"', 'c\r\nd,e', ''], [3, '', '', '']));
  assert.equal(read('5" pipe,a"b\n'), cells([1, '5" pipe', 'a"b']));
  assert.equal(read('""\n'), [], 'an empty line that was quoted');
  assert.equal(read(''), []);
  assert.equal(read('a;b\tc\n', { separator: ';' }), cells([1, 'a', 'b\tc']));
});

test('one bad line is one bad line', () => {
  assert.equal(read('a,b\n"open,c\nd,e\nf,g\n'), [
    { line: 1, cells: ['a', 'b'] },
    { line: 2, fault: CSV_FAULTS.unclosed },
    { line: 3, cells: ['d', 'e'] },
    { line: 4, cells: ['f', 'g'] },
  ]);
  assert.equal(read('"a"x,b\nc\n'), [
    { line: 1, fault: CSV_FAULTS.behind },
    { line: 2, cells: ['c'] },
  ]);
  const long = 'x'.repeat(CSV_RECORD_MAX_LENGTH + 10);
  for (const bad of [long, `"${long}`, `a,${long}`, `"${long}"`]) {
    for (const cuts of [[], [10, 70_000], Array.from({ length: 70 }, (_, i) => i * 1_000)]) {
      const records = read(`a\n${bad}\nc\n`, { cuts });
      assert.equal([records.length, records[0], records[2]], [3, { line: 1, cells: ['a'] }, { line: 3, cells: ['c'] }]);
      assert.ok('fault' in records[1] && records[1].line === 2);
    }
  }
});

test('property: however it is cut, and as a reader reads it that we did not write', () => {
  const cell = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"', '""', ',', '\r\n', 'a\nb', '\r', '\n"', ''));
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(table, fc.array(fc.nat(200)), fc.constantFrom<Separator[]>(',', ';', '\t'), (rows, cuts, separator) => {
      const text = rows.map((row) => csvLine(row, separator)).join('');
      const theirs: string[][] = parse(text, { delimiter: separator, relax_column_count: true });
      const ours = read(text, { separator, cuts });
      assert.equal(
        ours.map((record) => ('cells' in record ? record.cells : record.fault)),
        theirs,
      );
      assert.equal(ours, read(text, { separator }));
    }),
    { seed, numRuns: 1_000 },
  );
});

test('property: any text, however it is cut, is read to its end with the lines counted right', () => {
  const text = fc.array(fc.constantFrom('a', '"', ',', '\n', '\r', '\r\n', '""', 'é')).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(50)), (it, cuts) => {
      const records = read(it, { cuts });
      assert.equal(records, read(it));
      const last = read(`${it}\nend`, { cuts }).at(-1);
      const lines = `${it}\nend`.split(/\r\n|\n|\r/).length;
      if (last !== undefined && 'cells' in last && last.cells.length === 1 && last.cells[0] === 'end') assert.is(last.line, lines);
    }),
    { seed, numRuns: 3_000 },
  );
});

test.run();
