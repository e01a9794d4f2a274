/** What a front tells the store of guest links, and what it makes of the store's errors. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import { Failure } from '../../src/core/failure.ts';
import type { GuestStore } from '../../src/core/ports/links.ts';
import { guardedGuestStore } from '../../src/storage/guests/guarded.ts';
import { createGuestUsage } from '../../src/storage/guests/usage.ts';
import { thrownBy } from '../support/thrown-by.ts';

const usage = suite('use of guest links');
const guarded = suite('errors of the store of guest links');

function setUp() {
  const told: string[][] = [];
  const away = { isAway: false };
  const use = createGuestUsage({
    async touch(slugs) {
      if (away.isAway) throw new Error('away');
      told.push([...slugs]);
    },
  });
  return { use, told, away };
}

usage('what was used is told once, however often it was, and not again', async () => {
  const { use, told } = setUp();
  await use.tick();
  assert.equal(told, []);
  for (let i = 0; i < 100; i++) for (const slug of ['a', 'b']) use.used(slug);
  await use.tick();
  await use.tick();
  assert.equal(told, [['a', 'b']]);
  use.used('a');
  await use.tick();
  assert.equal(told, [['a', 'b'], ['a']]);
});

usage('many are told in parts, and there is an end to how many are remembered', async () => {
  const { use, told } = setUp();
  for (let i = 0; i < 60_000; i++) use.used(`slug-${i}`);
  await use.tick();
  assert.is(told.length, 50);
  assert.ok(told.every((slugs) => slugs.length === 1_000));
});

usage('while the store is away what was to be told is forgotten', async () => {
  const { use, told, away } = setUp();
  use.used('a');
  away.isAway = true;
  assert.ok(await thrownBy(use.tick()));
  away.isAway = false;
  use.used('b');
  await use.tick();
  assert.equal(told, [['b']]);
});

guarded('each error is counted; one of a store that is away says so, any other stays what it is', async () => {
  const memory = new SharedArrayBuffer(counterBytes(1));
  const errors = { away: new Error('connect ECONNREFUSED'), other: new Error('a fault of ours') };
  let error = errors.away;
  const fail = () => Promise.reject(error);
  const failing: GuestStore = { put: fail, lookup: fail, touch: fail };
  const store = guardedGuestStore(failing, (it) => it === errors.away, countersOf(memory, 0));
  const all = () => [store.put('_a', 'https://example.com/'), store.lookup(['_a']), store.touch(['_a'])].map(thrownBy);
  for (const thrown of await Promise.all(all())) {
    assert.ok(thrown instanceof Failure && thrown.code === 'store_away' && thrown.cause === errors.away);
    assert.is(thrown.retryAfterSec, 5);
  }
  error = errors.other;
  for (const thrown of await Promise.all(all())) assert.is(thrown, errors.other);
  assert.is(readCounters(memory).guestStoreErrors, 6);
});

usage.run();
guarded.run();
