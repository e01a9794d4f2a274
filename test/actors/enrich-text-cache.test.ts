import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { textCache } from '../../src/actors/enrich/text-cache.ts';
import { seed } from '../support/seed.ts';

const cache = suite('enrich: text cache');

/** A cache that says how often it had to make something. */
function counted(entries: number) {
  const made: string[] = [];
  const cached = textCache(entries, (text) => {
    made.push(text);
    return text.length;
  });
  return { cached, made };
}

cache('answers what would be made, in any order of questions', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.string({ maxLength: 2 }), { maxLength: 200 }), (entries, texts) => {
      const { cached } = counted(entries);
      for (const text of texts) assert.is(cached(text), text.length);
    }),
    { seed },
  );
});

cache('makes nothing twice that was asked for lately', () => {
  const { cached, made } = counted(100);
  for (let round = 0; round < 10; round++) for (let i = 0; i < 50; i++) cached(`${i}`);
  assert.is(made.length, 50);
});

cache('remembers no more than it may', () => {
  const { cached, made } = counted(100);
  for (let i = 0; i < 10_000; i++) cached(`${i}`);
  made.length = 0;
  for (let i = 9_999; i >= 0; i--) if (i >= 9_900) cached(`${i}`);
  const remembered = 100 - made.length;
  assert.ok(remembered > 0 && remembered <= 100, `${remembered}`);
  made.length = 0;
  for (let i = 0; i < 9_000; i++) cached(`${i}`);
  assert.is(made.length, 9_000);
});

cache('a flood of new texts does not drive out what is asked for all the time', () => {
  const { cached, made } = counted(100);
  for (let i = 0; i < 10_000; i++) {
    cached(`${i}`);
    if (i % 10 === 0) cached('often');
  }
  assert.is(made.filter((text) => text === 'often').length, 1);
});

cache('remembers values that are 0 or empty', () => {
  let made = 0;
  const cached = textCache(10, () => {
    made++;
    return 0;
  });
  for (let i = 0; i < 5; i++) assert.is(cached('x'), 0);
  assert.is(made, 1);
});

cache.run();
