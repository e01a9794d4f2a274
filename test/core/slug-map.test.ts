import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SlugMap } from '../../src/core/slug-map.ts';
import { seed } from '../support/seed.ts';

type Entry = { slug: string; n: number };

const test = suite('slug map');

test('property: as a Map, whatever the seed', () => {
  const slug = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.nat({ max: 60 }).map((n) => `s${n}`),
  );
  const step = fc.record({ kind: fc.constantFrom('set', 'set', 'delete'), slug });
  fc.assert(
    fc.property(fc.integer(), fc.array(step, { maxLength: 400 }), (hashSeed, steps) => {
      const map = new SlugMap<Entry>(hashSeed);
      const model = new Map<string, Entry>();
      for (const [n, { kind, slug }] of steps.entries()) {
        if (kind === 'set') {
          const entry = { slug, n };
          map.set(slug, entry);
          model.set(slug, entry);
        } else {
          map.delete(slug);
          model.delete(slug);
        }
        assert.is(map.get(slug), model.get(slug));
        assert.is(map.has(slug), model.has(slug));
        assert.is(map.size, model.size);
      }
      for (const { slug } of steps) assert.is(map.get(slug), model.get(slug));
    }),
    { seed, numRuns: 1000 },
  );
});

test('grows with its entries, and not with what was deleted', () => {
  const map = new SlugMap<Entry>(seed);
  for (let n = 0; n < 100_000; n++) map.set(`slug-${n}`, { slug: `slug-${n}`, n });
  for (let n = 0; n < 100_000; n++) assert.is(map.get(`slug-${n}`)?.n, n);
  assert.is(map.size, 100_000);
  const small = new SlugMap<Entry>(seed);
  const before = process.memoryUsage().arrayBuffers;
  for (let n = 0; n < 300_000; n++) {
    small.set(`slug-${n}`, { slug: `slug-${n}`, n });
    small.delete(`slug-${n}`);
  }
  assert.is(small.size, 0);
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20);
});

test.run();
