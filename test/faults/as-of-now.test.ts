// timeout: 120 s
/**
 * The number is as of now while everything moves: visitors come from several connections, batches are stored, folds run, and a reader asks
 * again and again. What it is told never goes down, is never below what was answered before it asked nor above what was begun when it was
 * told, and is exactly right in the end; and the list, a link, its statistics, those of all links and the dashboard are of one mind.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Link } from '../../src/core/api/links.ts';
import { statsCsv } from '../../src/core/stats-csv.ts';
import { DAY_MS } from '../../src/core/zone.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { createEpochStore } from '../../src/storage/postgres/epochs.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { startLoad } from '../support/load.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { SOAK_FACTOR } from '../support/soak.ts';
import { storedClicks } from '../support/stored-clicks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Shape, shapeSettings, startTestNode } from '../support/test-node.ts';
import { type ApiClient, apiClient, makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';
import { figuresOf, type LinkTally, randomVisits, Tally, VISIT_SETTINGS, type Visit, zoneAtNoon } from '../support/visits.ts';

/** First the node folds by itself, every few seconds, then the test folds all the time. */
const NODE_FOLDS = 1 * SOAK_FACTOR;
const NODE_FOLDS_MS = 30_000 * SOAK_FACTOR;
const TEST_FOLDS_MS = 5_000 * SOAK_FACTOR;
const FOLD_EVERY_MS = 100;
const EPOCH_EVERY_FOLDS = 10;
const CONNECTIONS = 6;
const RATE = 1_500;
const LINKS = 5;
const VISITORS = 3_000;
/** Postgres gives up a fold that takes longer. */
const QUERY_TIMEOUT_MS = 5_000;

const it = suite('as of now');

it('never goes down, lags or runs ahead: one front, one shard', () => readUnderLoad({ fronts: 1, shards: 1 }));

it('never goes down, lags or runs ahead: two fronts, two shards', () => readUnderLoad({ fronts: 2, shards: 2 }));

it.run();

async function readUnderLoad(shape: Shape): Promise<void> {
  const random = randomFrom(seed);
  const database = await testDatabase();
  const pool = await createPool({ url: database.value.url, name: 'test', max: 3, logger: silentLogger, queryTimeoutMs: QUERY_TIMEOUT_MS });
  const settings = { ...shapeSettings(shape), ...VISIT_SETTINGS, DATABASE_URL: database.value.url, REQUESTS_PER_MINUTE: '1000000000' };
  const node = await startTestNode({ dataDir: temporaryFolder(), settings });
  try {
    const owner = await makeOwner(pool.value, { links: LINKS, timeZone: zoneAtNoon(Date.now()) });
    const api = apiClient(node.url(), owner);
    const [sent, acked] = [new Tally(), new Tally()];
    const load = startLoad<Visit>({
      url: node.url(),
      connections: CONNECTIONS,
      ratePerSec: RATE,
      next: randomVisits(owner, random, VISITORS),
      onSent: (visit) => sent.add(visit),
      onAcked: (visit) => acked.add(visit),
    });
    let isOver = false;
    const slugs = owner.links.map(({ slug }) => slug);
    const folding = async () => {
      await until('folds by the node', async () => (await node.metric('elnk_folds_total')) >= NODE_FOLDS, NODE_FOLDS_MS);
      return foldFor(TEST_FOLDS_MS, pool.value);
    };
    const [folds, questions] = await Promise.all([
      folding().finally(() => {
        isOver = true;
      }),
      readAgainAndAgain(api, slugs, sent, acked, () => isOver),
    ]);
    await load.stop();

    await assertSame(api);
    for (const { slug } of owner.links) {
      assert.equal(figuresOf(await api.stats(slug)), sent.of(slug).figures(), slug);
      assert.equal(figuresOf(await api.stats(slug)), acked.of(slug).figures(), slug);
    }
    const nodeFolds = await node.metric('elnk_folds_total');
    say(
      `as of now (${shape.fronts} fronts, ${shape.shards} shards): ${questions} questions right, ${load.figures.acked} clicks of ${load.figures.sent}, ` +
        `${folds} folds by the test and ${nodeFolds} by the node`,
    );
    assert.ok(questions > 50 && folds > 10);
    assert.is((await node.stop()).code, 0);
    assert.is(await storedClicks(pool.value), load.figures.sent);
  } finally {
    await node.kill();
    await pool.stop();
    await database.stop();
  }
}

/** The list, the dashboard and the statistics show the same. All clicks are of today. */
async function assertSame(api: ApiClient): Promise<void> {
  const { links, total } = await api.dashboard();
  const range = `?from=${new Date(Date.now() - DAY_MS).toISOString()}&to=${new Date(Date.now() + DAY_MS).toISOString()}`;
  const listed = new Map((await api.links()).data.map((link) => [link.slug, link]));
  for (const link of links) {
    const { slug, clicks, repeatClicks, clicksToday, repeatClicksToday, botClicks, hours, week, countries, devices, os, ...rest } = link;
    const stats = await api.stats(slug);
    const { clicks: a, repeatClicks: b, clicksToday: c, repeatClicksToday: d, slug: _, ...listedRest } = listed.get(slug) as Link;
    assert.equal([rest, [a, b, c, d]], [listedRest, [clicks, repeatClicks, clicksToday, repeatClicksToday]], slug);
    const ofStats = [stats.clicks, stats.repeatClicks, stats.botClicks, stats.hours, stats.week, stats.countries, stats.devices, stats.os];
    assert.equal([clicks, repeatClicks, botClicks, hours, week, countries, devices, os], ofStats, slug);
    const ranged = JSON.parse(await api.text(`/links/${slug}/stats${range}`));
    assert.is(await api.text(`/links/${slug}/stats.csv${range}`), [...statsCsv(ranged)].join(''), `${slug} as CSV`);
    assert.is(ranged.clicks, clicks);
  }
  const all = await api.ownerStats('?from=2020-01-01T00:00:00Z&unit=month');
  const ofAll = [all.clicks, all.repeatClicks, all.botClicks, all.hours, all.week, all.countries, all.devices, all.os];
  const { clicks, repeatClicks, botClicks, hours, week, countries, devices, os } = total;
  assert.equal([clicks, repeatClicks, botClicks, hours, week, countries, devices, os], ofAll);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);

async function foldFor(ms: number, pool: Pool): Promise<number> {
  const store = createFoldStore(pool);
  const epochs = createEpochStore(pool);
  let folds = 0;
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if ((await fold(store)) !== null && ++folds % EPOCH_EVERY_FOLDS === 0) await epochs.advance();
    await sleep(FOLD_EVERY_MS);
  }
  return folds;
}

type Numbers = { clicks: number; repeatClicks: number; uniqueClicks: number };

/** @returns how many answers were checked */
async function readAgainAndAgain(api: ApiClient, slugs: string[], sent: Tally, acked: Tally, isOver: () => boolean): Promise<number> {
  const last = new Map<string, Numbers>();
  let checked = 0;

  /** @param asked what was acknowledged before the question */
  function check(slug: string, what: string, now: Numbers, asked: Numbers): void {
    const before = last.get(slug) ?? { clicks: 0, repeatClicks: 0, uniqueClicks: 0 };
    const begun = numbersOf(sent.of(slug));
    const context = `${what} of ${slug}: ${JSON.stringify({ now, before, asked, begun })}`;
    for (const name of ['clicks', 'repeatClicks', 'uniqueClicks'] as const)
      assert.ok(now[name] >= before[name], `${name} went down, ${context}`);
    for (const name of ['clicks', 'uniqueClicks'] as const) {
      assert.ok(now[name] >= asked[name], `${name} lags, ${context}`);
      assert.ok(now[name] <= begun[name], `${name} runs ahead, ${context}`);
    }
    assert.is(now.clicks, now.uniqueClicks + now.repeatClicks, context);
    last.set(slug, now);
    checked++;
  }

  /** Today, which the front adds up by itself, and some years, which are the pool's. */
  const ranges = ['', '?from=2020-01-01T00:00:00Z&unit=month'];
  const nextRange = () => ranges[checked % ranges.length];
  const noted = () => new Map(slugs.map((slug) => [slug, numbersOf(acked.of(slug))]));
  while (!isOver()) {
    for (const slug of slugs) {
      let asked = noted();
      check(slug, 'link', withUniques(await api.link(slug)), askedOf(asked, slug));
      asked = noted();
      check(slug, 'stats', await api.stats(slug), askedOf(asked, slug));
      asked = noted();
      for (const link of (await api.links()).data) check(link.slug, 'list', withUniques(link), askedOf(asked, link.slug));
      asked = noted();
      const { links: shown, total } = await api.dashboard();
      for (const link of shown) check(link.slug, 'dashboard', withUniques(link), askedOf(asked, link.slug));
      for (const name of ['clicks', 'repeatClicks'] as const)
        assert.is(total[name], sum(shown.map((link) => link[name])), `${name} of all`);
      asked = noted();
      const together = await api.ownerStats(nextRange());
      assert.ok(together.clicks >= sum([...asked.values()].map(({ clicks }) => clicks)), 'all together lag');
      assert.ok(together.clicks <= sum(slugs.map((it) => sent.of(it).clicks)), 'all together run ahead');
    }
  }
  return checked;
}

const numbersOf = ({ clicks, uniques }: LinkTally): Numbers => ({ clicks, repeatClicks: clicks - uniques, uniqueClicks: uniques });

const withUniques = ({ clicks, repeatClicks }: { clicks: number; repeatClicks: number }): Numbers => ({
  clicks,
  repeatClicks,
  uniqueClicks: clicks - repeatClicks,
});

function askedOf(asked: Map<string, Numbers>, slug: string): Numbers {
  const numbers = asked.get(slug);
  if (numbers === undefined) throw new Error(`no such link: ${slug}`);
  return numbers;
}
