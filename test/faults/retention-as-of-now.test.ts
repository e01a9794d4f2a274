// timeout: 180 s
/**
 * Retention while everything moves: clicks of several days are stored, folded all the time, their days made whole and their visitors dropped as soon as
 * the next day has begun; and readers ask again and again for dashboards over HTTP and for statistics of all links. No number goes down, none is
 * below what was stored before the question or above what was begun before the answer, and all are exact in the end.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KnownClicks, type Plan, rangeOf, zoneOf } from '../../bench/support/known-clicks.ts';
import { Batch } from '../../src/actors/batch.ts';
import { createAsOfNow } from '../../src/core/as-of-now.ts';
import { emptyLinkDay, wholeLinkDay } from '../../src/core/link-day.ts';
import { encodeLinkDay } from '../../src/core/link-day-codec.ts';
import type { RetentionStore } from '../../src/core/ports/clicks.ts';
import { QUARTERS_KEPT_DAYS } from '../../src/core/retention.ts';
import { DAY_MS, dayMiddle } from '../../src/core/zone.ts';
import { createRetention } from '../../src/jobs/retention.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createClickCounter } from '../../src/storage/postgres/click-counts.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createEpochStore } from '../../src/storage/postgres/epochs.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createRetentionStore } from '../../src/storage/postgres/retention.ts';
import { createStatsCounter } from '../../src/storage/postgres/stats-counts.ts';
import { startApi } from '../support/api-server.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { makeOwner } from '../support/test-owner.ts';

const PLAN: Plan = { links: 20, owners: 1, days: 4 };
const CLICKS = 60_000;
const BATCH_ROWS = 500;
/** Its day is made whole so many days later; no clicks come for it any more. */
const SETTLED_DAYS = 2;
const EPOCH_EVERY_FOLDS = 10;

const it = suite('retention as of now');

it('no number goes down, lags or runs ahead while days are made whole', async () => {
  const database = await testDatabase();
  const connections = await createPool({ url: database.value.url, name: 'test', max: 8, logger: silentLogger });
  const pool = connections.value;
  const api = await startApi({ value: database.value, stop: async () => undefined });
  try {
    const owner = await makeOwner(pool, { links: PLAN.links, timeZone: zoneOf(0) });
    const key = await createApiKey(pool, { userId: owner.userId, name: 'reader', scopes: ['links:read', 'stats:read'] });
    const ids = owner.links.map(({ id }) => id);
    const known = new KnownClicks(PLAN, ids);
    const { from, to } = rangeOf(PLAN);
    const clicks = createClickStore({ pool, node: 'known', randomBytes, logger: silentLogger });
    await clicks.positions([{ name: 'f0-s0', front: 0, shard: 0 }]);
    const moment = { at: from };
    const [begun, stored] = [{ clicks: 0 }, { clicks: 0 }];
    let isOver = false;

    const writing = async () => {
      const picks = known.picks(owner.links.map((_, link) => link));
      for (let done = 0; done < CLICKS; done += BATCH_ROWS) {
        const batch = new Batch();
        for (let i = 0; i < BATCH_ROWS; i++) {
          moment.at = from + Math.floor(((done + i) / CLICKS) * (to - from));
          known.next(picks, moment.at);
          batch.add(known.row);
        }
        batch.moveLog('f0-s0', 0, 0, done, done + BATCH_ROWS);
        begun.clicks = known.ofOwner[0];
        await clicks.store(batch);
        stored.clicks = begun.clicks;
      }
    };

    let folds = 0;
    const folding = async () => {
      const [store, epochs] = [createFoldStore(pool), createEpochStore(pool)];
      while (!isOver) {
        if ((await fold(store)) !== null && ++folds % EPOCH_EVERY_FOLDS === 0) await epochs.advance();
        await epochs.dropFolded(0);
        await sleep(10);
      }
    };

    // The clock of retention runs ahead of the clicks, so that days are whole shortly after they end; visitors stay until their day is settled.
    let documents = 0;
    const plain = createRetentionStore(pool);
    const store: RetentionStore = {
      ...plain,
      dropVisitors: () => plain.dropVisitors(Math.floor(moment.at / DAY_MS) - SETTLED_DAYS),
      async rewriteDays(...step) {
        const result = await plain.rewriteDays(...step);
        documents += result.rewritten;
        return result;
      },
    };
    const tick = createRetention({
      store,
      clock: () => moment.at + (QUARTERS_KEPT_DAYS - SETTLED_DAYS + 1) * DAY_MS,
      logger: silentLogger,
    });
    const retaining = async () => {
      while (!isOver) {
        await tick();
        await sleep(50);
      }
    };

    const { stats } = createAsOfNow({
      count: createClickCounter(pool, 'known'),
      sum: createStatsCounter(pool, 'known'),
      unstored: async () => [],
      clock: () => moment.at,
    });
    let asked = 0;
    const reading = async (name: string, read: () => Promise<number>) => {
      for (let last = 0; !isOver; ) {
        const least = Math.max(last, stored.clicks);
        const told = await read();
        assert.ok(told >= least && told <= begun.clicks, `${name}: ${told}, between ${least} and ${begun.clicks} are right`);
        last = told;
        asked++;
        await sleep(20);
      }
    };
    const dashboard = reading('dashboard', async () => {
      const { status, json } = await api.value.send('GET', '/api/v1/dashboard', { key });
      assert.is(status, 200);
      return json.total.clicks + json.total.botClicks;
    });
    // A range wide enough to hold every quarter and the middle of every day.
    const range = { from: from - 2 * DAY_MS, to: to + 2 * DAY_MS, timeZone: zoneOf(0), unit: 'day' as const };
    const statistics = reading('statistics', async () => {
      const { clicks: people, botClicks, series } = await stats({ ids, timeZone: zoneOf(0) }, range);
      assert.is(
        series.reduce((sum, bucket) => sum + bucket.clicks, 0),
        people,
      );
      return people + botClicks;
    });

    await Promise.all([
      writing().finally(() => {
        isOver = true;
      }),
      folding(),
      retaining(),
      dashboard,
      statistics,
    ]);
    while ((await fold(createFoldStore(pool))) !== null);
    await tick();

    const counted = await createClickCounter(
      pool,
      'known',
    )({
      linkIds: ids,
      fromDay: Math.floor(from / DAY_MS) - 2,
      toDay: Math.floor(to / DAY_MS) + 2,
      facets: true,
      unstored: [],
    });
    for (const [link, id] of ids.entries()) {
      const made = known.days(link);
      assert.is(counted.days.get(id)?.size, made.size);
      for (const [day, doc] of made) {
        // Whether the day is whole by now or not: its sum and its lists are what was made.
        const middle = dayMiddle(zoneOf(0), day);
        const found = counted.days.get(id)?.get(day) ?? emptyLinkDay();
        assert.equal(encodeLinkDay(wholeLinkDay(found, middle)), encodeLinkDay(wholeLinkDay(doc, middle)), `link ${id}, day ${day}`);
      }
    }
    say(`retention as of now: ${asked} questions right, ${folds} folds, ${documents} documents made whole`);
    assert.ok(asked > 10 && folds > 3 && documents >= PLAN.links);
  } finally {
    await api.stop();
    await connections.stop();
    await database.stop();
  }
});

it.run();
