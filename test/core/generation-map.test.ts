import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GenerationMap } from '../../src/core/generation-map.ts';
import { seed } from '../support/seed.ts';

const test = suite('generation map');

test('holds what is set, and forgets what is deleted', () => {
  const map = new GenerationMap<string, number>(10);
  assert.is(map.get('a'), undefined);
  map.set('a', 1);
  map.set('a', 2);
  assert.is(map.get('a'), 2);
  assert.is(map.size, 1);
  map.delete('a');
  assert.is(map.get('a'), undefined);
  assert.is(map.size, 0);
});

test('what is deleted does not come back from the old generation', () => {
  const map = new GenerationMap<string, number>(4);
  for (const key of ['a', 'b', 'c']) map.set(key, 1); // a and b are old now
  map.set('a', 2); // stands in both
  map.delete('a');
  assert.is(map.get('a'), undefined);
});

test('what is asked for once a generation stays, what is not goes', () => {
  const map = new GenerationMap<number, string>(100);
  map.set(-1, 'in use');
  map.set(-2, 'forgotten');
  for (let i = 0; i < 1000; i++) {
    map.set(i, 'passing');
    if (i % 40 === 0) assert.is(map.get(-1), 'in use', `after ${i}`);
  }
  assert.is(map.get(-1), 'in use');
  assert.is(map.get(-2), undefined);
});

test('an entry outlives at least half as many new ones as the map holds', () => {
  const map = new GenerationMap<number, string>(100);
  for (let i = 0; i < 75; i++) map.set(i, 'before');
  map.set(-1, 'here');
  for (let i = 0; i < 50; i++) map.set(1000 + i, 'after');
  assert.is(map.get(-1), 'here');
});

test('property: never more than its entries, never a value that was replaced or deleted, always the last one set', () => {
  type Step = { kind: 'set' | 'get' | 'delete'; key: number };
  const step: fc.Arbitrary<Step> = fc.record({ kind: fc.constantFrom('set', 'get', 'delete'), key: fc.nat({ max: 30 }) });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.array(step, { maxLength: 300 }), (entries, steps) => {
      const map = new GenerationMap<number, number>(entries);
      const model = new Map<number, number>();
      for (const [n, { kind, key }] of steps.entries()) {
        if (kind === 'set') {
          map.set(key, n);
          model.set(key, n);
          assert.is(map.get(key), n);
        } else if (kind === 'delete') {
          map.delete(key);
          model.delete(key);
        }
        const value = map.get(key);
        if (value !== undefined) assert.is(value, model.get(key));
        assert.ok(map.size <= entries, `${map.size} of ${entries}`);
      }
    }),
    { seed, numRuns: 500 },
  );
});

test.run();
