import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAllowance } from '../../src/core/allowance.ts';
import { Failure } from '../../src/core/failure.ts';
import type { PointStore } from '../../src/core/ports/accounts.ts';
import { thrownBy } from '../support/thrown-by.ts';

const it = suite('allowance');

const WINDOW_MS = 60_000;
const away = new Error('connect ECONNREFUSED');

/** A store that several threads share; it answers when the test lets it. */
function setUp(limit: number, { entries = 100 } = {}) {
  const clock = { now: 1_000 };
  const policy = { name: 'api', limit, windowSec: WINDOW_MS / 1_000 };
  const counts = new Map<string, { used: number; endsAt: number }>();
  const asked: number[] = [];
  const state = { isAway: false, hold: Promise.resolve() };
  const store: PointStore = {
    async lease(key, points) {
      asked.push(points);
      await state.hold;
      if (state.isAway) throw away;
      const known = counts.get(key);
      const window = known === undefined || known.endsAt <= clock.now ? { used: 0, endsAt: clock.now + WINDOW_MS } : known;
      counts.set(key, window);
      const granted = Math.max(0, Math.min(points, limit - window.used));
      window.used += points;
      return { granted, left: Math.max(0, limit - window.used), resetMs: window.endsAt - clock.now };
    },
  };
  const thread = () => createAllowance({ policy, store, entries, clock: () => clock.now });
  return { clock, policy, asked, state, thread };
}

const spend = async (take: (key: string) => Promise<unknown>, times: number) => {
  let granted = 0;
  for (let i = 0; i < times; i++) {
    if (!((await thrownBy(take('a').then(() => Promise.reject(new Error('granted'))))) instanceof Failure)) granted++;
  }
  return granted;
};

it('spends what it has taken beforehand, says what is left, and asks for less and less', async () => {
  const { policy, asked, thread, clock } = setUp(100);
  const take = thread();
  assert.equal(await take('a'), { policy, left: 99, resetMs: WINDOW_MS });
  clock.now += 1_000;
  assert.equal(await take('a'), { policy, left: 98, resetMs: WINDOW_MS - 1_000 });
  assert.is(await spend(take, 200), 98);
  assert.equal(asked.slice(0, 4), [10, 9, 9, 8]);
  assert.is(asked[asked.length - 1], 1);
  assert.ok(asked.length < 50, `${asked.length} questions`);
  const { code, retryAfterSec, policy: said } = (await thrownBy(take('a'))) as Failure;
  assert.equal([code, retryAfterSec, said], ['too_many_requests', 59, policy]);
});

it('several threads together have no more than the limit, and what one holds, another has not', async () => {
  const { thread } = setUp(100);
  const [one, two] = [thread(), thread()];
  assert.is((await spend(one, 1)) + (await spend(two, 500)) + (await spend(one, 500)), 100);
});

it('a refusal is remembered until the window is over, and what was left is not taken into the next one', async () => {
  const { asked, thread, clock } = setUp(10);
  const [one, two] = [thread(), thread()];
  await one('a');
  assert.is(await spend(two, 50), 9);
  const before = asked.length;
  assert.is(await spend(two, 50), 0);
  assert.is(asked.length, before);
  clock.now += WINDOW_MS - 1;
  assert.is(await spend(two, 1), 0);
  clock.now += 1;
  assert.is((await spend(one, 50)) + (await spend(two, 50)), 10);
});

it('all who wait for the store wait for one answer; keys are counted apart', async () => {
  const { asked, state, thread } = setUp(100);
  const release = Promise.withResolvers<void>();
  state.hold = release.promise;
  const take = thread();
  const waiting = Promise.all([...Array.from({ length: 10 }, () => take('a')), take('b')]);
  assert.is(asked.length, 2);
  release.resolve();
  assert.equal(
    (await waiting).map(({ left }) => left),
    [99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 99],
  );
});

it('while the store is away, only what was granted is spent', async () => {
  const { state, thread } = setUp(100);
  const take = thread();
  await take('a');
  state.isAway = true;
  for (let i = 0; i < 9; i++) await take('a');
  assert.is(await thrownBy(take('a')), away);
  state.isAway = false;
  await take('a');
});

it('keys in great numbers are forgotten, which grants nothing', async () => {
  const { thread } = setUp(20, { entries: 10 });
  const take = thread();
  let granted = await spend(take, 5);
  for (let i = 0; i < 100; i++) await take(`other-${i}`);
  granted += await spend(take, 50);
  assert.ok(granted <= 20 && granted >= 15, String(granted));
});

it.run();
