// timeout: 240 s
/**
 * The number is right at every instant: a random walk of clicks, stores, folds, crashes and dropped partitions, and after every step the
 * answer for links is what a simple count of the clicks so far says: totals, uniques, bots, quarters and facets.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BUNDLED_COUNTRIES, countryReader, loadCountries } from '../../src/actors/enrich/country.ts';
import { type Dashboard, dashboardSchema } from '../../src/core/api/stats.ts';
import { countryKey } from '../../src/core/facets.ts';
import { dayOf, QUARTER_MS, quarterOf } from '../../src/core/zone.ts';
import { createEpochStore } from '../../src/storage/postgres/epochs.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { type ClickPath, openClickPath } from '../support/click-path.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const test = suite('as of now');
const LINKS = [1, 2, 3];
const ZONE = 'Asia/Kathmandu';
const ZONE_OFFSET = 23;
const STEPS = 400;

const AGENTS = [
  {
    userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
    device: 'pc',
    bot: false,
  },
  {
    userAgent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1',
    device: 'phone',
    bot: false,
  },
  { userAgent: 'TelegramBot (like TwitterBot)', device: 'other', bot: true },
];

type Sent = { linkId: number; at: number; agent: (typeof AGENTS)[number]; visitor: string; country: string; referrer: string };

/** The truth, counted the plain way. */
function truth(sent: readonly Sent[], linkId: number) {
  const people = sent.filter((it) => it.linkId === linkId && !it.agent.bot);
  const days = new Map<string, Sent>();
  for (const it of people) days.set(`${dayOf(quarterOf(it.at), ZONE_OFFSET)}/${it.visitor}`, it);
  const facet = (key: (it: Sent) => string) => {
    const counts: Record<string, number> = {};
    for (const it of people) counts[key(it)] = (counts[key(it)] ?? 0) + 1;
    return counts;
  };
  return {
    clicks: people.length,
    uniques: days.size,
    bots: sent.filter((it) => it.linkId === linkId && it.agent.bot).length,
    devices: facet((it) => it.agent.device),
    countries: facet((it) => it.country),
    referrers: facet((it) => it.referrer || 'direct'),
    quarters: facet((it) => String(quarterOf(it.at))),
  };
}

const QUARTERS_PER_HOUR = 4;
const QUARTERS_PER_DAY = 96;

/** What a dashboard has of the same clicks. */
function dashboardTruth(sent: readonly Sent[], linkIds: readonly number[], now: number) {
  const ofLinks = linkIds.map((id) => truth(sent, id));
  const local = (at: number) => quarterOf(at) + ZONE_OFFSET;
  const dayAt = (at: number) => Math.floor(local(at) / QUARTERS_PER_DAY);
  const mondayAt = (at: number) => dayAt(at) - ((dayAt(at) + 3) % 7);
  const people = sent.filter((it) => linkIds.includes(it.linkId) && !it.agent.bot);
  const hours = new Array<number>(24).fill(0);
  const week = new Array<number>(7).fill(0);
  const today = people.filter(({ at }) => dayAt(at) === dayAt(now));
  for (const { at } of today) hours[Math.floor((local(at) % QUARTERS_PER_DAY) / QUARTERS_PER_HOUR)]++;
  for (const { at } of people) if (mondayAt(at) === mondayAt(now)) week[(dayAt(at) + 3) % 7]++;
  const sum = (of: (it: ReturnType<typeof truth>) => number) => ofLinks.reduce((total, it) => total + of(it), 0);
  const facet = (key: (it: Sent) => string) => {
    const byKey: Record<string, number> = {};
    for (const it of people) byKey[key(it)] = (byKey[key(it)] ?? 0) + 1;
    return byKey;
  };
  return {
    clicks: sum((it) => it.clicks),
    repeatClicks: sum((it) => it.clicks - it.uniques),
    botClicks: sum((it) => it.bots),
    clicksToday: today.length,
    repeatClicksToday: today.length - new Set(today.map(({ linkId, visitor }) => `${linkId}/${visitor}`)).size,
    hours,
    week,
    countries: facet((it) => it.country),
    devices: facet((it) => it.agent.device),
  };
}

type Shown = Dashboard['total'];
const shown = ({ clicks, repeatClicks, botClicks, clicksToday, repeatClicksToday, hours, week, countries, devices }: Shown) => ({
  clicks,
  repeatClicks,
  botClicks,
  clicksToday,
  repeatClicksToday,
  hours,
  week,
  countries: counts(countries),
  devices: counts(devices),
});

async function checkDashboard(path: ClickPath, sent: readonly Sent[], step: string): Promise<void> {
  const { body, etag } = await path.dashboard({ id: 1, timeZone: ZONE });
  const dashboard = dashboardSchema.parse(JSON.parse(new TextDecoder().decode(body)));
  for (const link of dashboard.links)
    assert.equal(shown(link), dashboardTruth(sent, [link.id], path.clock.now), `${step}: dashboard of link ${link.id}`);
  assert.equal(shown(dashboard.total), dashboardTruth(sent, LINKS, path.clock.now), `${step}: dashboard`);
  assert.equal(dashboard.links.map(({ id }) => id).sort(), LINKS, step);
  assert.is((await path.dashboard({ id: 1, timeZone: ZONE })).etag, etag, 'the same again');
}

const counts = (list: { key: string; clicks: number }[]) => Object.fromEntries(list.map(({ key, clicks }) => [key, clicks]));

async function check(path: ClickPath, sent: readonly Sent[], from: number, step: string): Promise<void> {
  const now = path.clock.now;
  const numbers = await path.asOfNow.numbers(ZONE, LINKS);
  for (const linkId of LINKS) {
    const expected = truth(sent, linkId);
    const number = numbers.get(linkId);
    assert.is(number?.clicks, expected.clicks, `${step}: clicks of link ${linkId}`);
    assert.is(number?.repeatClicks, expected.clicks - expected.uniques, `${step}: repeat clicks of link ${linkId}`);
  }
  const linkId = LINKS[sent.length % LINKS.length];
  const expected = truth(sent, linkId);
  const stats = await path.asOfNow.stats({ ids: [linkId], timeZone: ZONE }, { from, to: now + QUARTER_MS, timeZone: ZONE, unit: '15min' });
  assert.is(stats.clicks, expected.clicks, step);
  assert.is(stats.uniqueClicks, expected.uniques, step);
  assert.is(stats.botClicks, expected.bots, step);
  assert.equal(counts(stats.devices), expected.devices, step);
  assert.equal(counts(stats.countries), expected.countries, step);
  assert.equal(counts(stats.referrers), expected.referrers, step);
  const series = stats.series.filter((it) => it.clicks > 0).map((it) => [String(quarterOf(Date.parse(it.start))), it.clicks]);
  assert.equal(Object.fromEntries(series), expected.quarters, step);
}

test('after every step of a random walk', async () => {
  const database = await testDatabase();
  const pool = await createPool({ url: database.value.url, name: 'walk', max: 6, logger: silentLogger });
  try {
    await pool.value.query(`INSERT INTO users (email) VALUES ('owner@example.com')`);
    for (const id of LINKS)
      await pool.value.query(`INSERT INTO links (slug, owner_id, target) VALUES ($1, 1, 'https://example.com/')`, [`l${id}`]);
    const path = await openClickPath({ pool: pool.value, dir: temporaryFolder(), segmentBytes: 4096, rememberVisitors: 16 });
    const epochs = createEpochStore(pool.value);
    const random = randomFrom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
    const countries = countryReader((await loadCountries(BUNDLED_COUNTRIES.file)).memory);
    const addresses = [
      [8, 8, 8, 8],
      [77, 88, 55, 60],
      [192, 168, 0, 1],
      [1, 1, 1, 1],
      [5, 255, 255, 5],
    ].map((bytes) => ({ bytes, key: countryKey(countries(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes))) }));
    const from = path.clock.now;
    const sent: Sent[] = [];
    const done: Record<string, number> = {};

    const steps: Record<string, () => Promise<void> | void> = {
      click() {
        for (let n = Math.ceil(random() * 12); n > 0; n--) {
          const [agent, address, linkId, referrer] = [
            pick(AGENTS),
            pick(addresses),
            pick(LINKS),
            pick(['', 'https://t.me/x', 'https://www.vk.com/y']),
          ];
          const at = path.clock.now;
          const isWritten = pick(path.writers).append(
            at,
            linkId,
            ZONE_OFFSET,
            Uint8Array.from(address.bytes).buffer,
            agent.userAgent,
            referrer,
            'ru',
          );
          assert.ok(isWritten);
          const host = referrer === '' ? '' : new URL(referrer).hostname.replace(/^www\./, '');
          sent.push({ linkId, at, agent, visitor: `${address.bytes}/${agent.userAgent}`, country: address.key, referrer: host });
        }
      },
      later() {
        path.clock.now += Math.floor(random() * 40) * 60_000; // days of the owner's calendar pass
      },
      tick() {
        path.shard.tick();
      },
      settle: () => path.settle(),
      async fold() {
        await path.fold();
      },
      async foldTwice() {
        await Promise.all([path.fold(), path.fold()]);
      },
      restart: () => path.restartShard(),
      advance: () => epochs.advance(),
      async drop() {
        await pool.value.query(`UPDATE click_batches SET stored_at = stored_at - interval '1 minute'`);
        await epochs.dropFolded(0);
      },
    };
    const bag = ['click', 'click', 'click', 'click', 'tick', 'tick', 'later', 'settle', 'fold', 'foldTwice', 'restart', 'advance', 'drop'];
    for (let step = 0; step < STEPS; step++) {
      const name = pick(bag);
      done[name] = (done[name] ?? 0) + 1;
      await steps[name]();
      await check(path, sent, from, `step ${step} (${name})`);
      await checkDashboard(path, sent, `step ${step} (${name})`);
    }
    await path.settle();
    while ((await path.fold()) !== null);
    await check(path, sent, from, 'at the end');
    const totals = await pool.value.query('SELECT sum(clicks)::int AS clicks, sum(bots)::int AS bots FROM link_totals');
    assert.is(totals.rows[0].clicks + totals.rows[0].bots, sent.length);
    process.stdout.write(`${sent.length} clicks, ${JSON.stringify(done)}\n`);
  } finally {
    await pool.stop();
    await database.stop();
  }
});

test.run();
