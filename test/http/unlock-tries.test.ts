/** How often a link's password may be tried, and what a storm of guesses costs the store. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Failure } from '../../src/core/failure.ts';
import type { Throttle } from '../../src/core/ports/accounts.ts';
import { createUnlockTries, STORE_REST_MS, UNDER_WAY_MAX, UNLOCK_LINK_POLICY, UNLOCK_POLICY } from '../../src/http/unlock-tries.ts';
import { until } from '../support/until.ts';
import { startVisits, type VisitAnswer } from '../support/visit-server.ts';

const PER_ADDRESS = UNLOCK_POLICY.limit;
const PER_LINK = UNLOCK_LINK_POLICY.limit;
const WINDOW_MS = UNLOCK_POLICY.windowSec * 1000;

const test = suite('tries of link passwords');

const server = await startVisits({ fronts: 2 });
const { make, unlock, get, throttle, clock, counter, pool } = server.value;
test.after(() => server.stop());
test.before.each(async () => {
  clock.now += WINDOW_MS; // what the threads remember is over
  await pool.query('TRUNCATE throttles');
  throttle.isAway = false;
});

const statuses = (answers: readonly VisitAnswer[]) => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const times = <T>(n: number, work: (i: number) => Promise<T>) => Promise.all(Array.from({ length: n }, (_, i) => work(i)));
const addressOf = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;

test('10 wrong ones in 15 minutes from one address for one link, over all threads; then a page that says how long', async () => {
  await make({ slug: 'ten', password: 'right' });
  await make({ slug: 'another', password: 'right' });
  const from = '192.0.2.10';
  for (let i = 0; i < PER_ADDRESS; i++) assert.is((await unlock('ten', `wrong ${i}`, { from, front: i % 2 })).status, 403);
  for (const front of [0, 1]) {
    for (const password of ['wrong', 'right']) {
      const before = counter('throttledRequests');
      const { status, headers, body } = await unlock('ten', password, { from, front });
      assert.is(status, 429);
      const retryAfterSec = Number(headers.get('retry-after'));
      assert.ok(retryAfterSec > UNLOCK_POLICY.windowSec - 60 && retryAfterSec <= UNLOCK_POLICY.windowSec, String(retryAfterSec));
      assert.match(body, /Too many wrong passwords[\s\S]*Please come back in 15 min\./);
      assert.not.match(body, /<form/);
      assert.is(counter('throttledRequests'), before + 1);
    }
  }
  assert.is((await unlock('another', 'right', { from })).status, 303, 'for another link it has tries of its own');
  assert.is((await unlock('ten', 'right', { from: '192.0.2.11' })).status, 303, 'and others have theirs');
  const problem = await unlock('ten', 'right', { from, headers: { Accept: '*/*' } });
  assert.equal(
    [JSON.parse(problem.body).code, problem.headers.get('ratelimit-policy')],
    ['too_many_requests', '"link-password";q=10;w=900'],
  );
  clock.now += WINDOW_MS;
  await pool.query('TRUNCATE throttles'); // its clock is Postgres's
  assert.is((await unlock('ten', 'right', { from })).status, 303);
});

test('a right one forgets the wrong ones before it, and costs nothing', async () => {
  await make({ slug: 'forgiving', password: 'right' });
  const from = '192.0.2.20';
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < PER_ADDRESS - 1; i++) assert.is((await unlock('forgiving', 'wrong', { from })).status, 403);
    assert.is((await unlock('forgiving', 'right', { from })).status, 303);
  }
  for (let i = 0; i < PER_ADDRESS * 3; i++) assert.is((await unlock('forgiving', 'right', { from })).status, 303);
});

test('a storm from one address: ten are checked, thousands are answered from memory', async () => {
  await make({ slug: 'storm-1', password: 'right' });
  const before = [throttle.asked, counter('wrongLinkPasswords')];
  const answers = await times(2_000, (i) => unlock('storm-1', `guess ${i}`, { from: '192.0.2.30' }));
  const { 403: refused = 0, 429: throttled = 0, 503: late = 0 } = statuses(answers); // on a busy machine some wait too long for argon2
  assert.is(refused + throttled + late, 2_000);
  assert.ok(refused >= 1 && refused <= PER_ADDRESS, `${refused} were checked`);
  assert.is(counter('wrongLinkPasswords') - before[1], refused);
  assert.ok(throttle.asked - before[0] <= 2 * PER_ADDRESS, `${throttle.asked - before[0]} questions`);
});

test('a storm from everywhere: a link has its cap, and the store is asked no more than for that', async () => {
  await make({ slug: 'storm-2', password: 'right' });
  const opened = await unlock('storm-2', 'right', { from: '192.0.2.40' });
  const cookie = opened.headers.get('set-cookie')?.split(';', 1)[0];
  const before = [throttle.asked, counter('wrongLinkPasswords')];
  const answers = await times(2_000, (i) => unlock('storm-2', `guess ${i}`, { from: addressOf(i), front: i % 2 }));
  // Two threads: each had so many under way when the cap was reached; and where the store is so slow that it counts as away, each goes by its
  // own count.
  const most = 2 * (PER_LINK + UNDER_WAY_MAX);
  const wrong = () => counter('wrongLinkPasswords') - before[1];
  const { 403: refused = 0, 429: throttled = 0, 503: late = 0 } = statuses(answers); // on a busy machine some wait too long for argon2
  assert.is(refused + throttled + late, 2_000);
  assert.ok(refused >= 1 && wrong() <= most, `${wrong()} were checked`);
  assert.ok(throttle.asked - before[0] <= 2 * most, `${throttle.asked - before[0]} questions`);

  let sent = 0;
  const isExhausted = async () => {
    const some = await times(20, (i) => unlock('storm-2', 'guess', { from: addressOf(10_000 + sent++), front: i % 2 }));
    return some.every(({ status, headers }) => status === 429 && headers.get('retry-after') !== '2');
  };
  await until('the cap', isExhausted, 60_000);
  assert.ok(wrong() <= most, `${wrong()} were checked`);
  const reached = throttle.asked;
  const later = await times(2_000, (i) => unlock('storm-2', `guess ${i}`, { from: addressOf(20_000 + i), front: i % 2 }));
  assert.equal(statuses(later), { 429: 2_000 });
  assert.is(throttle.asked, reached, 'nothing more is asked');
  assert.is((await get('storm-2', { cookie })).status, 302, 'whoever has opened it before goes on');
});

test('the store away: each thread goes by its own count, and says so once', async () => {
  await make({ slug: 'alone', password: 'right' });
  throttle.isAway = true;
  const before = [throttle.asked, server.value.lines.length];
  const from = '192.0.2.50';
  assert.is((await unlock('alone', 'right', { from })).status, 303);
  const answers = await times(50, (i) => unlock('alone', `guess ${i}`, { from }));
  assert.equal(statuses(answers), { 403: PER_ADDRESS, 429: 50 - PER_ADDRESS });
  assert.equal([throttle.asked - before[0], server.value.lines.length - before[1]], [1, 1]);
  throttle.isAway = false;
  clock.now += STORE_REST_MS;
  assert.is((await unlock('alone', 'wrong', { from: '192.0.2.51' })).status, 403);
  assert.is(throttle.asked - before[0], 3, 'and asks again later: one for the address, one for the link');
});

/** Tries with a store that the test answers for. */
function scripted(answers: Partial<Record<'take' | 'linkTake', () => Promise<void>>> = {}) {
  const time = { now: 1_000_000 };
  const asked: string[] = [];
  const throttleOf = (name: string, take: () => Promise<void> = async () => undefined): Throttle => ({
    take: (key) => {
      asked.push(`${name} take ${key}`);
      return take();
    },
    giveBack: async (key) => void asked.push(`${name} giveBack ${key}`),
    forget: async (key) => void asked.push(`${name} forget ${key}`),
  });
  const away: unknown[] = [];
  const tries = createUnlockTries({
    perAddress: throttleOf('address', answers.take),
    perLink: throttleOf('link', answers.linkTake),
    isStoreAway: () => false,
    clock: () => time.now,
    onStoreAway: (error) => away.push(error),
  });
  return { tries, time, asked, away };
}
const refusal = async (work: Promise<unknown>): Promise<Failure> => {
  const error = await work.then(
    () => assert.unreachable('it was let through'),
    (reason) => reason,
  );
  assert.instance(error, Failure);
  return error as Failure;
};

test('what is asked of the store for a right, a wrong and an unmade try', async () => {
  const { tries, asked } = scripted();
  await (await tries.begin(1, 'a')).right();
  await (await tries.begin(1, 'a')).wrong();
  await (await tries.begin(1, 'a')).notMade();
  assert.equal(asked, [
    'address take 1 a',
    'address forget 1 a',
    'address take 1 a',
    'link take 1',
    'address take 1 a',
    'address giveBack 1 a',
  ]);
});

test('tries under way are no wrong ones: who comes with many at once is asked to wait for a moment, not for the window', async () => {
  const { tries } = scripted();
  const underWay = await times(PER_ADDRESS, () => tries.begin(1, 'office'));
  const busy = await refusal(tries.begin(1, 'office'));
  assert.equal([busy.code, busy.policy, busy.retryAfterSec], ['too_many_requests', undefined, 2]);
  await underWay[0].notMade();
  await (await tries.begin(1, 'office')).notMade();
  for (const it of underWay.slice(1)) await it.right();
  for (let i = 0; i < PER_ADDRESS; i++) await (await tries.begin(1, 'office')).wrong();
  assert.is((await refusal(tries.begin(1, 'office'))).policy, UNLOCK_POLICY);
});

test('only so many are under way in a thread, whatever links and addresses they are for', async () => {
  const { tries, asked } = scripted();
  const underWay = await times(UNDER_WAY_MAX, (i) => tries.begin(i, `address ${i}`));
  const before = asked.length;
  assert.is((await refusal(tries.begin(999, 'x'))).policy, undefined);
  assert.is(asked.length, before);
  await underWay[0].wrong();
  await (await tries.begin(999, 'x')).right();
});

test("a refusal by the store is believed: an address's for a minute, a link's for as long as it says", async () => {
  const refuse = async () => {
    throw new Failure('too_many_requests', 'enough', { retryAfterSec: 600, policy: UNLOCK_POLICY });
  };
  const ofAddress = scripted({ take: refuse });
  assert.is((await refusal(ofAddress.tries.begin(1, 'a'))).retryAfterSec, 600);
  ofAddress.time.now += 59_999;
  assert.is((await refusal(ofAddress.tries.begin(1, 'a'))).retryAfterSec, 541);
  assert.is(ofAddress.asked.length, 1);
  ofAddress.time.now += 1;
  await refusal(ofAddress.tries.begin(1, 'a'));
  assert.is(ofAddress.asked.length, 2);

  const ofLink = scripted({ linkTake: refuse });
  await (await ofLink.tries.begin(1, 'a')).wrong();
  for (const ms of [0, 599_999]) {
    ofLink.time.now = 1_000_000 + ms;
    const { policy } = await refusal(ofLink.tries.begin(1, `b${ms}`));
    assert.is(policy, UNLOCK_LINK_POLICY);
  }
  assert.is(ofLink.asked.length, 2);
  ofLink.time.now = 1_600_000;
  await (await ofLink.tries.begin(1, 'c')).right();
});

test('a store that does not answer in time counts as away; an unexpected error is thrown', async () => {
  const silent = scripted({ take: () => new Promise(() => undefined) });
  const underWay = silent.tries.begin(1, 'a');
  await nextTurn();
  assert.is(silent.away.length, 0);
  await (await underWay).wrong();
  assert.equal([silent.away.length, silent.asked], [1, ['address take 1 a']]);
  const broken = scripted({
    take: async () => {
      throw new Error('a fault of ours');
    },
  });
  for (let i = 0; i < UNDER_WAY_MAX + 1; i++) {
    const error = await broken.tries.begin(1, 'a').catch((reason) => reason);
    assert.is(error.message, 'a fault of ours');
  }
});

test.run();
