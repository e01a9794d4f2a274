import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { documentsAtMost } from '../../src/storage/postgres/stats-counts.ts';

const test = suite('counting statistics');

const NOW = Date.UTC(2026, 4, 13, 12); // a Wednesday
const sizeOf = (linkIds: number[], from: number, to: number) =>
  documentsAtMost({ linkIds, range: { from, to, timeZone: 'UTC', unit: 'month' }, timeZone: 'UTC', now: NOW, unstored: [] });

test('the size of a question: links times the days of the range and of this week, with those around them', () => {
  assert.is(sizeOf([1], NOW, NOW), 10, 'the week');
  assert.is(sizeOf([1, 2], NOW, NOW), 20);
  assert.is(sizeOf([1], Date.UTC(2025, 0, 1), Date.UTC(2026, 0, 1)), 10 + 368);
});

test('centuries are a large question without links, too: cutting them would hold up redirects', () => {
  const centuries = [Date.UTC(1972, 0, 1), Date.UTC(2738, 0, 1)] as const;
  assert.ok(sizeOf([], ...centuries) > 250_000);
  assert.is(sizeOf([], ...centuries), sizeOf([1], ...centuries));
});

test.run();
