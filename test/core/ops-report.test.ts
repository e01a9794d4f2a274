/** The text of the administrators' daily report. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COUNTER_NAMES, COUNTERS, type CounterName } from '../../src/core/counters.ts';
import type { NodeEvent } from '../../src/core/journal.ts';
import { composeOpsReport, MESSAGE_MAX_LENGTH, type OpsReport, splitAtLines } from '../../src/core/ops-report.ts';
import { trouble } from '../../src/core/troubles.ts';

const it = suite('report to administrators');

const counters = Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, 1_000 * i + 7])) as Record<CounterName, number>;
const AT = Date.UTC(2026, 4, 11, 14, 5);
const event = (message: string): NodeEvent => ({ level: 'error', place: 'shard 0', message, times: 3, lastAt: AT });
const WORK = { day: '2026-05-11', kind: 'maintenance' as const, lastMs: 1, lastAt: AT, lastFailedAt: null };
const report: OpsReport = {
  day: '2026-05-11',
  baseUrl: 'https://s.example.com',
  counters,
  events: [event('clicks cannot be stored'), { ...event('other events'), level: 'warn', place: '' }],
  work: [{ ...WORK, name: 'folding', runs: 12, failures: 1, totalMs: 3_400.4, longestMs: 900, lastError: 'no connection' }],
};

for (const locale of ['en', 'ru'] as const) {
  it(`has every figure, under its ${locale} label`, () => {
    const lines = composeOpsReport(report, locale).split('\n');
    const number = new Intl.NumberFormat(locale);
    for (const name of COUNTER_NAMES) assert.ok(lines.includes(`${COUNTERS[name][locale]}: ${number.format(counters[name])}`), name);
    assert.ok(COUNTER_NAMES.length >= 50);
  });
}

it('says where, what, how often and when last, and how long work took', () => {
  const english = composeOpsReport(report, 'en');
  assert.ok(english.startsWith('Daily report 2026-05-11 (UTC)\nhttps://s.example.com\n'));
  assert.ok(english.includes('\nerror, shard 0: clicks cannot be stored ×3, last 14:05 UTC\nwarning: other events ×3, last 14:05 UTC\n'));
  assert.ok(english.endsWith('\nfolding: runs 12, failed 1, total 3,400 ms, longest 900 ms (no connection)'));
  const russian = composeOpsReport(report, 'ru');
  assert.ok(russian.includes('\nошибка, shard 0: clicks cannot be stored ×3, последнее 14:05 UTC\n'));
  const late = { ...report.work[0], lastError: trouble('tookLonger', { number: 60_000 }) };
  assert.ok(composeOpsReport({ ...report, work: [late] }, 'ru').endsWith(' (не уложилось в 60000 мс)'));
  assert.ok(russian.includes('folding: запусков 12, с ошибкой 1, всего 3\u00a0400 мс, дольше всего 900 мс (no connection)'));
});

it('says that there was nothing, and does not grow without bounds', () => {
  const quiet = composeOpsReport({ ...report, events: [], work: [] }, 'en');
  assert.ok(quiet.endsWith('\n— Unexpected events —\nnone\n\n— Background work —\nnone'));
  const events = Array.from({ length: 500 }, (_, i) => event(`number ${i}`));
  const loud = composeOpsReport({ ...report, events }, 'en');
  assert.ok(loud.includes('\nand 460 more\n'));
  assert.is(loud.match(/number \d+/g)?.length, 40);
});

it('is split at ends of lines, below the limit, and nothing is lost', () => {
  const text = composeOpsReport({ ...report, events: Array.from({ length: 40 }, (_, i) => event(`${'x'.repeat(190)} ${i}`)) }, 'ru');
  const parts = splitAtLines(text);
  assert.ok(parts.length >= 3);
  for (const part of parts) assert.ok(part.length < MESSAGE_MAX_LENGTH && part.length > 0);
  assert.equal(
    parts
      .join('\n')
      .split('\n')
      .filter((line) => line !== ''),
    text.split('\n').filter((line) => line !== ''),
  );
});

it('splits what has no ends of lines, but no character', () => {
  assert.equal(splitAtLines('abcdef', 4), ['abc', 'def']);
  assert.equal(splitAtLines('ab😀cd', 4), ['ab', '😀c', 'd']);
  assert.equal(splitAtLines('ab\ncd\nef', 6), ['ab\ncd', 'ef']);
  assert.equal(splitAtLines('ab\n\n\n\ncd', 4), ['ab', 'cd']);
  assert.equal(splitAtLines(''), []);
  for (let below = 3; below < 12; below++)
    for (const part of splitAtLines('😀😀😀 a\nbb\nccc😀', below)) assert.ok(part.length < below && part.isWellFormed());
});

it.run();
