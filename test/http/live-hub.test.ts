/** The loop of the live feed, with a store that answers when the test lets it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LiveFigures, LiveStore } from '../../src/core/live.ts';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { Follower } from '../../src/http/live/follower.ts';
import { createLiveHub } from '../../src/http/live/hub.ts';
import { silentLogger } from '../support/logger.ts';
import { until } from '../support/until.ts';

type Accounts = Awaited<ReturnType<LiveStore['accounts']>>;

const FIGURES: LiveFigures = { clicks: 1, repeatClicks: 0, clicksToday: 1, repeatClicksToday: 0, hours: new Array(24).fill(0) };

function setUp() {
  const questions: { ids: readonly number[]; answer(accounts: Accounts): void }[] = [];
  const readings: { ids: number[]; answer(clicks: number): void }[] = [];
  const store: LiveStore = {
    links: async (ownerId) => [{ id: ownerId * 10, slug: `of-${ownerId}` }],
    slugs: async (ids) => new Map(ids.map((id) => [id, `of-${id / 10}`])),
    newLinks: async () => [],
    accounts: (ids) => new Promise((answer) => questions.push({ ids, answer })),
    movedElsewhere: async () => [],
  };
  const hub = createLiveHub({
    store,
    figures: (links) =>
      new Promise((resolve) => {
        const answer = (clicks: number) => resolve(new Map(links.map(({ id }) => [id, { ...FIGURES, clicks }])));
        readings.push({ ids: links.map(({ id }) => id), answer });
      }),
    versions: linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions),
    shards: { watch: () => undefined, unwatch: () => undefined },
    isValid: async () => true,
    isStoreAway: () => false,
    clock: Date.now,
    monotonic: () => performance.now(),
    logger: silentLogger,
  });
  const join = (userId: number) => {
    const heard: string[] = [];
    const line = { send: (text: string) => void heard.push(text), isBusy: () => false, close: (why: string) => void heard.push(why) };
    const caller = { userId, publicId: null, kind: 'key', scopes: ['stats:read'], timeZone: 'UTC' } as const;
    const follower = new Follower(line, caller, 'key', null);
    hub.add(follower);
    return { heard, follower };
  };
  const answerAccounts = (n: number) =>
    questions[n].answer(new Map(questions[n].ids.map((id) => [id, { publicId: 'public', timeZone: 'UTC' }])));
  return { hub, join, questions, readings, answerAccounts };
}

test('a socket that comes while accounts are asked for is not ended by the answer', async () => {
  const { hub, join, questions, readings, answerAccounts } = setUp();
  const first = join(1);
  await hub.subscribe(first.follower, 'all');
  await until('the question for accounts', () => questions.length === 1);
  const second = join(2);
  await hub.subscribe(second.follower, 'all');
  answerAccounts(0);
  await until('the figures', () => readings.length === 1);
  readings[0].answer(1);
  await until('both snapshots', () => first.heard.length === 1 && second.heard.length === 1);
  for (const { heard } of [first, second]) assert.match(heard[0], /"snapshot"/);
  hub.stop();
});

test('a link that moves while its figures are read is read again', async () => {
  const { hub, join, questions, readings, answerAccounts } = setUp();
  const { follower, heard } = join(1);
  await hub.subscribe(follower, 'all');
  await until('the question for accounts', () => questions.length === 1);
  answerAccounts(0);
  await until('the figures', () => readings.length === 1);
  hub.moved([10], []);
  readings[0].answer(1);
  await until('the second reading', () => readings.length === 2);
  readings[1].answer(2);
  await until('the delta', () => heard.length === 2);
  assert.equal(JSON.parse(heard[1]), { type: 'delta', seq: 2, links: { 'of-1': { ...FIGURES, clicks: 2 } }, clicks: [] });
  hub.stop();
});

test.run();
