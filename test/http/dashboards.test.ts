/** Rounds, lifetimes and bounds of dashboards, over a store that is only memory. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CountedBatches, DashboardMarks, DashboardNews, DashboardStore } from '../../src/core/dashboard.ts';
import { noFigures } from '../../src/core/dashboard.ts';
import { Failure } from '../../src/core/failure.ts';
import type { OwnedLink } from '../../src/core/ports/links.ts';
import { dashboardText } from '../../src/http/api/dashboard.ts';
import { createDashboards } from '../../src/http/dashboard/dashboards.ts';
import { thrownBy } from '../support/thrown-by.ts';

const test = suite('dashboards');

const TTL_MS = 60_000;

const linkOf = (id: number): OwnedLink => ({
  id,
  slug: `link-${id}`,
  url: 'https://example.com/',
  title: null,
  tags: [],
  disabled: false,
  hasPassword: false,
  maxClicks: null,
  clicksUsed: 0,
  validFrom: null,
  expiresAt: null,
  expiredUrl: null,
  version: 1,
  createdAt: 0,
  updatedAt: 0,
});

const noRows = { linkIds: [], days: [], quarters: [], bots: [], visitors: [], countries: [], devices: [], systems: [] };

function setUp({ maxBytes = 1e9 } = {}) {
  const clock = { now: Date.UTC(2026, 4, 13, 10, 7) };
  const state = { folds: 1, links: 'a', isMoving: false, fault: null as Error | null };
  const asked = { unstored: 0, folded: 0, news: 0 };
  let hold: Promise<void> | null = null;
  const marks = (): DashboardMarks => ({ folds: state.folds, links: state.links });
  const store: DashboardStore = {
    async folded(ownerId) {
      asked.folded++;
      return { marks: marks(), links: [linkOf(ownerId)], figures: new Map([[ownerId, { ...noFigures(), clicks: state.folds }]]) };
    },
    async news(question, known, counted: CountedBatches): Promise<DashboardNews | null> {
      asked.news++;
      if (state.isMoving) state.folds++;
      if (known.folds !== state.folds || (known.links !== null && known.links !== state.links)) return null;
      return {
        kind: 'rows',
        rows: noRows,
        batches: counted,
        isAll: false,
        isComplete: true,
        unstored: [...question.unstored],
        candidates: [],
      };
    },
    sums: () => Promise.reject(new Error('not needed')),
  };
  const read = createDashboards({
    store,
    async unstored(linkIds) {
      asked.unstored++;
      if (linkIds.includes(1)) await hold;
      if (state.fault !== null) throw state.fault;
      return [];
    },
    text: dashboardText({ baseUrl: 'https://elnk.example' }),
    clock: () => clock.now,
    ttlMs: () => TTL_MS,
    maxBytes,
    wantFold: () => assert.unreachable(),
  });
  return {
    clock,
    state,
    asked,
    read: (id = 1, timeZone = 'UTC') => read({ id, timeZone }),
    /** Shards say of link 1 what they have when the test lets them. */
    holdShards(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      hold = promise;
      return () => {
        hold = null;
        resolve();
      };
    },
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

test('whoever asks in one turn is answered together; who comes while a round is under way is in the next one', async () => {
  const { read, asked, holdShards } = setUp();
  const release = holdShards();
  const first = [read(), read(), read()];
  await turn();
  assert.is(asked.unstored, 1);
  const second = [read(), read()];
  await turn();
  assert.is(asked.unstored, 1, 'what the shards say now, they were asked for before');
  release();
  await Promise.all(first);
  await Promise.all(second);
  assert.is(asked.unstored, 2);
  await read();
  assert.is(asked.unstored, 3, 'nothing is answered from a round that is over');
});

test('owners do not wait for each other', async () => {
  const { read, holdShards } = setUp();
  const release = holdShards();
  const slow = read(1);
  await turn();
  assert.ok(await read(2));
  release();
  await slow;
});

test('a round that fails fails for all who are in it, and the next one is right', async () => {
  const { read, state } = setUp();
  state.fault = new Error('a shard is away');
  const all = await Promise.all([thrownBy(read()), thrownBy(read())]);
  assert.ok(all.every(({ message }) => message === 'a shard is away'));
  state.fault = null;
  assert.is((await read()).isCached, false);
  state.fault = new Error('a shard is away');
  await thrownBy(read());
  state.fault = null;
  assert.is((await read()).isCached, true, 'what was at hand still is');
});

test('what is folded is read when there is nothing at hand, at the end of its lifetime, on another day, in another zone, when the clock was set back', async () => {
  const { read, clock, asked } = setUp();
  const isRead = async (zone?: string) => {
    const before = asked.folded;
    const { isCached } = await read(1, zone);
    assert.is(asked.folded - before, isCached ? 0 : 1);
    return !isCached;
  };
  assert.equal([await isRead(), await isRead()], [true, false]);
  clock.now += TTL_MS - 1;
  assert.is(await isRead(), false);
  clock.now += 1;
  assert.is(await isRead(), true);
  clock.now -= 10_000;
  assert.is(await isRead(), true);
  assert.equal([await isRead('Asia/Tokyo'), await isRead('Asia/Tokyo'), await isRead()], [true, false, false]);
  clock.now = Date.UTC(2026, 4, 13, 14, 59, 59, 999);
  await isRead('Asia/Tokyo');
  assert.is(await isRead('Asia/Tokyo'), false);
  clock.now += 1; // midnight there
  assert.is(await isRead('Asia/Tokyo'), true);
});

test('a fold and a change of links are read, once', async () => {
  const { read, state, asked } = setUp();
  const before = await read();
  state.folds++;
  const after = await read();
  assert.equal([after.isCached, asked.folded, after.etag === before.etag], [true, 2, false]);
  state.links = 'b';
  assert.is((await read()).etag, after.etag);
  await read();
  assert.is(asked.folded, 3);
});

test('when something is folded all the time, there is an end to it', async () => {
  const { read, state } = setUp();
  state.isMoving = true;
  const error = await thrownBy(read());
  assert.ok(error instanceof Failure && error.code === 'store_away');
  state.isMoving = false;
  assert.ok(await read());
});

test('no more bytes than may be: those that were asked for last stay', async () => {
  const { read } = setUp({ maxBytes: 20_000 });
  for (let id = 1; id <= 50; id++) await read(id);
  await read(1);
  let cached = 0;
  for (let id = 50; id >= 1; id--) if ((await read(id)).isCached) cached++;
  assert.ok(cached > 2 && cached < 30, `${cached} were at hand`);
  assert.is((await read(1)).isCached, true);
  const { read: readWithout } = setUp({ maxBytes: 10 });
  await readWithout();
  assert.is((await readWithout()).isCached, false);
});

test.run();
