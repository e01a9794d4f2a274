import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  guestSlug,
  isGuestSlug,
  isSlugForm,
  RANDOM_SLUG_ALPHABET,
  RANDOM_SLUG_LENGTH,
  randomSlug,
  SLUG_MAX_LENGTH,
  slugFault,
} from '../../src/core/slug.ts';
import { seed } from '../support/seed.ts';

const slug = suite('slug');

const randomBytes = (n: number) => randomFillSync(new Uint8Array(n));

slug('random slugs: each character equally likely at each place', () => {
  const slugs = 40_000;
  const counts = Array.from({ length: RANDOM_SLUG_LENGTH }, () => new Map<string, number>());
  for (let i = 0; i < slugs; i++) {
    const it = randomSlug(randomBytes);
    assert.is(it.length, RANDOM_SLUG_LENGTH);
    for (const [place, character] of [...it].entries()) counts[place].set(character, (counts[place].get(character) ?? 0) + 1);
  }
  // χ² with 54 degrees of freedom exceeds 120 once in 10^6 runs; a modulo without rejection gives thousands.
  for (const [place, count] of counts.entries()) {
    const expected = slugs / RANDOM_SLUG_ALPHABET.length;
    let chiSquare = 0;
    for (const character of RANDOM_SLUG_ALPHABET) chiSquare += ((count.get(character) ?? 0) - expected) ** 2 / expected;
    assert.ok(chiSquare < 120, `place ${place}: χ² = ${chiSquare}`);
    assert.is(count.size, RANDOM_SLUG_ALPHABET.length);
  }
});

slug('random slugs from a source that gives the largest bytes first: these are left out, none is folded back', () => {
  const bytes = [255, 220, 221, 219, 0, 54, 55, 1, 2, 3, 4];
  const source = (n: number) => Uint8Array.from({ length: n }, () => bytes.shift() ?? 5);
  const places = [219 % 55, 0, 54, 0, 1, 2, 3];
  assert.is(randomSlug(source), places.map((place) => RANDOM_SLUG_ALPHABET[place]).join(''));
});

slug('random slugs pass as chosen ones', () => {
  for (let i = 0; i < 1000; i++) assert.is(slugFault(randomSlug(randomBytes)), null);
});

slug('guest slugs have a form of their own, which nobody can choose', () => {
  for (let i = 0; i < 1000; i++) {
    const it = guestSlug(randomBytes);
    assert.ok(isGuestSlug(it) && isSlugForm(it), it);
    assert.is(slugFault(it), 'reserved');
    assert.not(isGuestSlug(randomSlug(randomBytes)));
  }
  for (const text of ['_abcdef', '_abcdefgh', '__abcdef', '-abcdefg', 'abcdefgh', '_abcdef0', '_abcdefl', '_abcdef-', '_abcdefg\n', '']) {
    assert.not(isGuestSlug(text), text);
  }
  assert.is(slugFault('_abcdef0'), null, 'close, but no guest would get it');
});

slug('what is wrong with a chosen slug', () => {
  assert.is(slugFault(''), 'length');
  assert.is(slugFault('a'.repeat(SLUG_MAX_LENGTH)), null);
  assert.is(slugFault('a'.repeat(SLUG_MAX_LENGTH + 1)), 'length');
  for (const text of ['a b', 'a/b', 'a.b', 'é', 'а', 'a\n', '\na', 'a\0', '%41', 'a?b', 'a#b', '👍']) {
    assert.is(slugFault(text), 'characters', JSON.stringify(text));
  }
  for (const text of ['api', 'API', 'Healthz', 'live', 'login', 'admin', 'docs', 'metrics', 'www']) {
    assert.is(slugFault(text), 'reserved', text);
  }
  for (const text of ['apis', 'a', '-', '_', 'Zz9-_', 'api-', '__proto__', 'constructor']) assert.is(slugFault(text), null, text);
});

slug('a slug without fault has the form, and what has not the form has a fault', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[A-Za-z0-9_-]{0,70}$/)), (text) => {
      const fault = slugFault(text);
      if (fault === null) assert.ok(isSlugForm(text));
      if (fault === 'characters' || fault === 'length') assert.is(isSlugForm(text), false);
      if (isSlugForm(text)) assert.match(text, /^[A-Za-z0-9_-]{1,64}$/);
    }),
    { seed, numRuns: 2000 },
  );
});

slug.run();
