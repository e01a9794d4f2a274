import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiCaller } from '../../src/core/ports/accounts.ts';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { cachedKeyLookup, type FoundKey, KEY_TTL_MS, keyName } from '../../src/storage/postgres/key-cache.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const test = suite('key cache');

const away = new Error('connect ECONNREFUSED');
const hashOf = (key: string): Uint8Array => createHash('sha256').update(key).digest();
const callerOf = (userId: number): ApiCaller => ({ userId, publicId: null, kind: 'key', scopes: [], timeZone: 'UTC' });
const found = (expiresAt: number | null = null): FoundKey => ({ caller: callerOf(1), expiresAt });

type Asked = { answer(key: FoundKey | null): void; fail(): void };

/** Each lookup waits until the test answers it. */
function setUp({ entries = 100 } = {}) {
  const clock = { now: 1_000_000 };
  const versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions);
  const revoke = (key: string) => versions.bump(keyName(hashOf(key)));
  const asked: Asked[] = [];
  const lookup = () => new Promise<FoundKey | null>((answer, reject) => void asked.push({ answer, fail: () => reject(away) }));
  const thread = () => cachedKeyLookup({ lookup, versions, entries, clock: () => clock.now });
  const find = thread();
  /** Finds with this answer of the store. */
  async function hold(key: string, answer: FoundKey | null = found(), by = find) {
    const before = asked.length;
    const caller = by(hashOf(key));
    assert.is(asked.length, before + 1, `${key} is asked for`);
    asked[before].answer(answer);
    assert.is(await caller, answer?.caller ?? null);
  }
  /** Finds without the store. */
  async function isHeld(key: string, by = find) {
    const before = asked.length;
    assert.equal(await by(hashOf(key)), callerOf(1));
    assert.is(asked.length, before, `${key} is not asked for`);
  }
  return { clock, versions, revoke, asked, find, thread, hold, isHeld };
}

test('a key is asked for once in its lifetime, however often it is used', async () => {
  const { clock, hold, isHeld } = setUp();
  await hold('a');
  for (let i = 0; i < 10; i++) {
    await isHeld('a');
    clock.now += KEY_TTL_MS / 10 - 1;
  }
  clock.now += 9;
  await isHeld('a');
  clock.now += 1;
  await hold('a');
});

test('the lifetime begins with the question, not with the answer', async () => {
  const { clock, asked, find, hold } = setUp();
  const slow = find(hashOf('a'));
  clock.now += KEY_TTL_MS - 1;
  asked[0].answer(found());
  await slow;
  clock.now += 1;
  await hold('a');
});

test('a clock that is set back lengthens no lifetime', async () => {
  const { clock, hold } = setUp();
  await hold('a');
  clock.now -= 3_600_000;
  await hold('a');
});

test('a revoked key is asked for again at once, in every thread that shares the versions; others are not', async () => {
  const { revoke, thread, hold, isHeld } = setUp();
  const other = thread();
  for (const by of [undefined, other]) {
    await hold('a', found(), by);
    await hold('b', found(), by);
  }
  revoke('a');
  for (const by of [undefined, other]) {
    await hold('a', null, by);
    await isHeld('b', by);
  }
});

test('what was asked for in an earlier epoch is asked for again, and the answer to a question of an earlier epoch is not kept', async () => {
  const { versions, asked, find, hold, isHeld } = setUp();
  await hold('a');
  versions.expireAll();
  await hold('a');
  await isHeld('a');
  const slow = find(hashOf('b'));
  versions.expireAll();
  asked[asked.length - 1].answer(found());
  await until('it is asked again', () => asked.length === 4);
  asked[3].answer(null);
  assert.is(await slow, null);
});

test('revoked while the lookup is under way: the older answer is neither kept nor given, also to whoever asks meanwhile', async () => {
  const { revoke, asked, find, hold } = setUp();
  const before = find(hashOf('a'));
  revoke('a');
  const after = find(hashOf('a'));
  asked[0].answer(found());
  await until('the store is asked again', () => asked.length === 2);
  asked[1].answer(null);
  assert.equal(await Promise.all([before, after]), [null, null]);
  await hold('a', null);
});

test('a key expires to the millisecond, also within its lifetime', async () => {
  const { clock, hold, isHeld } = setUp();
  await hold('a', found(clock.now + 1_000));
  clock.now += 999;
  await isHeld('a');
  clock.now += 1;
  await hold('a', null);
});

test('unknown keys are not remembered, and displace none that are known', async () => {
  const { hold, isHeld } = setUp({ entries: 4 });
  await hold('a');
  for (let i = 0; i < 20; i++) await hold(`unknown-${i}`, null);
  await hold('unknown-0', null);
  await isHeld('a');
});

test('keys of banned accounts are told apart, and not remembered', async () => {
  const { asked, find } = setUp();
  for (let i = 0; i < 2; i++) {
    const holder = find(hashOf('a'));
    assert.is(asked.length, i + 1);
    asked[i].answer({ caller: 'banned', expiresAt: null });
    assert.is(await holder, 'banned');
  }
});

test('it holds no more keys than it may', async () => {
  const { asked, find, hold } = setUp({ entries: 4 });
  for (let i = 0; i < 20; i++) await hold(`key-${i}`);
  const before = asked.length;
  const again = Array.from({ length: 20 }, (_, i) => find(hashOf(`key-${i}`)));
  const missed = asked.slice(before);
  assert.ok(missed.length >= 16 && missed.length < 20, `${missed.length} of 20`);
  for (const { answer } of missed) answer(found());
  await Promise.all(again);
});

test('all who use a key at once ask once, fail together, and the next one asks anew', async () => {
  const { asked, find, hold } = setUp();
  const failing = Array.from({ length: 50 }, () => thrownBy(find(hashOf('a'))));
  assert.is(asked.length, 1);
  asked[0].fail();
  assert.ok((await Promise.all(failing)).every((error) => error === away));
  await hold('a');
});

test('while the store is away a key works to the end of its lifetime, and no longer', async () => {
  const { clock, asked, find, hold, isHeld } = setUp();
  await hold('a');
  clock.now += KEY_TTL_MS - 1;
  await isHeld('a');
  clock.now += 1;
  for (let i = 1; i <= 2; i++) {
    const late = thrownBy(find(hashOf('a')));
    asked[i].fail();
    assert.is(await late, away);
  }
});

test.run();
