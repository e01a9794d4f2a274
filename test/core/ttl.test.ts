import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TTL_FIRST_MS, TTL_MAX_MS, TTL_MIN_MS, type Tuning, ttlFor, tune, UNTUNED } from '../../src/core/ttl.ts';
import { seed } from '../support/seed.ts';

const test = suite('ttl');

function tuned(loads: readonly number[], from: Tuning = UNTUNED): number[] {
  let tuning = from;
  return loads.map((load) => {
    tuning = tune(tuning, load);
    return tuning.ttlMs;
  });
}

/** Loads of two machines with 2 cores, a line for each 10 seconds. `builds` ran builds and tests; `one-burst` was idle but for four minutes of work. */
const recorded = (name: string): number[] =>
  readFileSync(join(import.meta.dirname, 'fixtures', 'load', `${name}.txt`), 'utf8')
    .trim()
    .split('\n')
    .map(Number);

const SAMPLES_PER_MINUTE = 6;
/** What a tuner that measures once a minute sees of a recording. */
function minutesOf(samples: readonly number[]): number[] {
  return Array.from({ length: Math.floor(samples.length / SAMPLES_PER_MINUTE) }, (_, minute) => {
    const ofMinute = samples.slice(minute * SAMPLES_PER_MINUTE, (minute + 1) * SAMPLES_PER_MINUTE);
    return ofMinute.reduce((sum, load) => sum + load) / SAMPLES_PER_MINUTE;
  });
}

const steady = (load: number, count = 30) => new Array<number>(count).fill(load);
const changesIn = (ttls: readonly number[]) => ttls.filter((ttl, i) => i > 0 && ttl !== ttls[i - 1]).length;
const idle: Tuning = { load: 0.02, ttlMs: TTL_MIN_MS };
const busy: Tuning = { load: 0.98, ttlMs: TTL_MAX_MS };

test('ten seconds when idle, an hour when loaded, in between more for more load', () => {
  assert.is(ttlFor(0), TTL_MIN_MS);
  assert.is(ttlFor(1), TTL_MAX_MS);
  let before = 0;
  for (let load = 0; load <= 1; load += 0.01) {
    assert.ok(ttlFor(load) >= before, `${load}`);
    before = ttlFor(load);
  }
  assert.equal([0.15, 0.3, 0.45, 0.6, 0.75].map(ttlFor), [10_000, 44_000, 190_000, 826_000, 3_600_000]);
});

test('it begins between the ends, and finds its place at the first measurement', () => {
  assert.is(UNTUNED.ttlMs, TTL_FIRST_MS);
  assert.is(tune(UNTUNED, 0.03).ttlMs, TTL_MIN_MS);
  assert.is(tune(UNTUNED, 0.99).ttlMs, TTL_MAX_MS);
});

test('sudden load: long enough after a minute, the longest after two; its end: back within some minutes', () => {
  const up = tuned(steady(1), idle);
  assert.ok(up[0] >= 600_000, `${up[0]}`);
  assert.is(up[1], TTL_MAX_MS);
  const down = tuned(steady(0.02), busy);
  assert.is(down[0], TTL_MAX_MS, 'a minute without load is not the end of it');
  assert.ok(down.indexOf(TTL_MIN_MS) >= 4 && down.indexOf(TTL_MIN_MS) <= 9, down.join());
});

test('a load that breathes leaves the lifetime where it is', () => {
  const breathing = Array.from({ length: 120 }, (_, i) => 0.45 + 0.04 * Math.sin(i) + (i % 2 === 0 ? 0.02 : -0.02));
  assert.ok(changesIn(tuned(breathing, { load: 0.45, ttlMs: ttlFor(0.45) })) <= 2);
  assert.is(
    changesIn(
      tuned(
        steady(0.12, 60).map((load, i) => load + (i % 3) * 0.01),
        idle,
      ),
    ),
    0,
    'idle stays idle',
  );
});

test('recorded: a machine that builds for forty minutes with pauses keeps the longest lifetime through them', () => {
  const minutes = minutesOf(recorded('builds'));
  assert.is(minutes.length, 40);
  assert.ok(Math.min(...minutes) < 0.7, 'there are pauses');
  const ttls = tuned(minutes, idle);
  assert.ok(ttls.indexOf(TTL_MAX_MS) <= 1, ttls.join());
  assert.ok(Math.min(...ttls.slice(2)) >= 600_000, ttls.join());
  assert.ok(changesIn(ttls) <= 6, ttls.join());
});

test('recorded: one burst of work makes it longer at once, and it is back some minutes after', () => {
  const minutes = minutesOf(recorded('one-burst'));
  const burst = minutes.findIndex((load) => load > 0.3);
  const end = minutes.findLastIndex((load) => load > 0.3) + 1;
  assert.ok(burst > 2 && end < minutes.length - 4);
  const ttls = tuned(minutes);
  assert.ok(
    ttls.slice(0, burst).every((ttl) => ttl === TTL_MIN_MS),
    ttls.join(),
  );
  assert.ok(ttls[burst] > 2 * TTL_MIN_MS, ttls.join());
  assert.ok(Math.max(...ttls) >= 60_000 && Math.max(...ttls) < TTL_MAX_MS, ttls.join());
  assert.is(ttls.at(-1), TTL_MIN_MS, ttls.join());
  assert.ok(changesIn(ttls) <= 8, ttls.join());
});

test('property: always between the ends, whatever is measured; the higher of two loads never has the shorter lifetime in the end', () => {
  const loads = fc.array(fc.double({ min: -1, max: 3, noNaN: true }), { maxLength: 50 });
  fc.assert(
    fc.property(loads, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (before, a, b) => {
      for (const ttl of tuned(before)) assert.ok(ttl >= TTL_MIN_MS && ttl <= TTL_MAX_MS);
      const end = (load: number) => tuned([...before, ...steady(load, 100)]).at(-1) as number;
      const [low, high] = a < b ? [a, b] : [b, a];
      assert.ok(end(low) <= end(high) * 2, `${low}: ${end(low)}, ${high}: ${end(high)}`);
    }),
    { seed, numRuns: 300 },
  );
});

test.run();
