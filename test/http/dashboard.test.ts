import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Batch } from '../../src/actors/batch.ts';
import { dashboardLinkSchema, dashboardSchema } from '../../src/core/api/stats.ts';
import { FOLD_WANTED_CLICKS } from '../../src/http/dashboard/dashboards.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { clickRow } from '../support/click-rows.ts';
import { silentLogger } from '../support/logger.ts';

const server = await startApi();
const { ann, bob, send, pool, clock, counter, keyOf, foldsWanted } = server.value;
const clicks = createClickStore({ pool, node: 'test', randomBytes, logger: silentLogger });
const folds = createFoldStore(pool);
await clicks.positions([{ name: 'f0-s0', front: 0, shard: 0 }]);

const test = suite('dashboard over HTTP');

test.before.each(async () => {
  await pool.query('DELETE FROM links');
});
test.after(() => server.stop());

type Sent = Parameters<ApiServer['send']>[2];
const ask = (key = ann, sent: Sent = {}) => send('GET', '/api/v1/dashboard', { key, ...sent });
const make = async (body: object, key = ann) =>
  (await send('POST', '/api/v1/links', { key, body: { url: 'https://example.com/', ...body } })).json;

let position = 0;
let visitor = 0;
/** Clicks of today in Moscow, each of another visitor. */
async function store(linkId: number, count: number): Promise<void> {
  const batch = new Batch();
  for (let i = 0; i < count; i++) {
    batch.add(
      clickRow({
        linkId,
        at: clock.now,
        day: Math.floor((clock.now + 10_800_000) / 86_400_000),
        visitorLo: ++visitor,
        country: 504,
        os: 2,
      }),
    );
  }
  batch.moveLog('f0-s0', 0, 0, position, position + 1);
  position++;
  await clicks.store(batch);
}

test('all links, the newest first, as the list shows them, with their figures; and all together', async () => {
  const first = await make({ slug: 'first-one', title: 'Первая', tags: ['a'], maxClicks: 7, password: 'secret word' });
  await make({ slug: 'second-one' });
  await make({}, bob);
  await store(first.id, 3);
  await fold(folds);
  await store(first.id, 2);
  const { status, json, headers } = await ask();
  assert.is(status, 200);
  dashboardSchema.strict().parse(json);
  for (const link of json.links) dashboardLinkSchema.strict().parse(link);
  assert.equal([json.timezone, json.day], ['Europe/Moscow', '2026-05-11']);
  assert.equal(
    json.links.map(({ slug }: { slug: string }) => slug),
    ['second-one', 'first-one'],
  );
  const { clicks: count, repeatClicks, clicksToday, hours, week, countries, os, devices, botClicks, ...rest } = json.links[1];
  assert.equal([count, repeatClicks, clicksToday, botClicks], [5, 0, 5, 0]);
  assert.equal(hours, [0, 5, ...new Array(22).fill(0)], 'at 01:07 in Moscow');
  assert.equal(week, [5, 0, 0, 0, 0, 0, 0], 'a Monday');
  assert.equal([countries, os, devices].flat(), [
    { key: 'RR', clicks: 5 },
    { key: 'Windows', clicks: 5 },
    { key: 'phone', clicks: 5 },
  ]);
  const { clicks: _c, repeatClicks: _r, clicksToday: _t, ...link } = (await send('GET', '/api/v1/links/first-one', { key: ann })).json;
  assert.equal(rest, link);
  assert.equal([json.total.clicks, json.total.hours, json.total.countries], [5, hours, countries]);
  assert.is(headers.get('cache-control'), 'private, no-cache');
});

test('an owner without links', async () => {
  const { json } = await ask();
  assert.equal([json.links, json.total.clicks, json.total.hours.length], [[], 0, 24]);
});

test('304 for who has it, until anything changes', async () => {
  const link = await make({ slug: 'changing', maxClicks: 9 });
  const tagOf = async () => (await ask()).headers.get('etag') as string;
  const first = await tagOf();
  assert.is(await tagOf(), first);
  const known = await ask(ann, { headers: { 'If-None-Match': first } });
  assert.equal([known.status, known.json, known.headers.get('etag')], [304, '', first]);

  const changes: [string, () => Promise<unknown>][] = [
    ['a click', () => store(link.id, 1)],
    ['an edit', () => send('PATCH', '/api/v1/links/changing', { key: ann, body: { title: 'Another' } })],
    ['a new link', () => make({ slug: 'one-more' })],
    ['a link that is gone', () => send('DELETE', '/api/v1/links/one-more', { key: ann })],
    ['one that is switched off by hand, in the database', () => pool.query(`UPDATE links SET disabled = true WHERE slug = 'changing'`)],
    ['a click that was granted', () => pool.query(`UPDATE links SET clicks_used = 1 WHERE slug = 'changing'`)],
    ['a new day', async () => { clock.now += 86_400_000; }], // biome-ignore format: short
  ];
  let before = first;
  for (const [what, change] of changes) {
    await change();
    const now = await ask(ann, { headers: { 'If-None-Match': before } });
    assert.is(now.status, 200, what);
    before = now.headers.get('etag') as string;
    assert.is((await ask(ann, { headers: { 'If-None-Match': before } })).status, 304, what);
  }
  await fold(folds);
  assert.is((await ask(ann, { headers: { 'If-None-Match': before } })).status, 304, 'a fold changes no number');
});

test('a window of time that begins and ends is seen at once', async () => {
  const at = (ms: number) => new Date(clock.now + ms).toISOString();
  await make({ slug: 'window', validFrom: at(60_000), expiresAt: at(120_000) });
  const state = async () => (await ask()).json.links[0].state;
  const states = [await state()];
  clock.now += 60_000;
  states.push(await state());
  clock.now += 59_999;
  states.push(await state());
  clock.now += 1;
  states.push(await state());
  assert.equal(states, ['scheduled', 'active', 'active', 'expired']);
});

test('clicks of a link that was made meanwhile are not missed, though their batch was counted', async () => {
  const old = await make({ slug: 'old-link' });
  await store(old.id, 1);
  await ask();
  const young = await make({ slug: 'young-link' });
  await store(young.id, 2);
  await store(old.id, 1);
  await pool.query('UPDATE links SET owner_id = (SELECT id FROM users WHERE email = $1) WHERE id = $2', ['bob@example.com', young.id]);
  assert.is((await ask()).json.total.clicks, 2);
  await pool.query('UPDATE links SET owner_id = (SELECT id FROM users WHERE email = $1) WHERE id = $2', ['ann@example.com', young.id]);
  assert.is((await ask()).json.total.clicks, 4);
});

test('counts what came from memory and what did not; many at once are one', async () => {
  await make({ slug: 'counted' });
  await ask();
  const before = [counter('dashboardsCached'), counter('dashboardsComputed')];
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask()));
  assert.ok(answers.every(({ status, json }) => status === 200 && json.links.length === 1));
  assert.equal([counter('dashboardsCached') - before[0], counter('dashboardsComputed') - before[1]], [30, 0]);
  clock.now += 60_000; // its lifetime
  await ask();
  assert.equal([counter('dashboardsCached') - before[0], counter('dashboardsComputed') - before[1]], [30, 1]);
});

test('many clicks that are not folded are right, and a fold is wanted', async () => {
  const link = await make({ slug: 'popular' });
  await store(link.id, FOLD_WANTED_CLICKS - 1);
  assert.is((await ask()).json.total.clicks, FOLD_WANTED_CLICKS - 1);
  assert.is(foldsWanted.count, 0);
  await store(link.id, 1);
  const { json } = await ask();
  assert.equal([json.total.clicks, json.total.repeatClicks], [FOLD_WANTED_CLICKS, 0]);
  assert.is(foldsWanted.count, 1);
  // So many that they are added up by the database.
  for (let n = 0; n < 6; n++) await store(link.id, 20_001);
  const much = (await ask()).json.total;
  assert.equal([much.clicks, much.clicksToday, much.repeatClicks], [FOLD_WANTED_CLICKS + 6 * 20_001, FOLD_WANTED_CLICKS + 6 * 20_001, 0]);
  await fold(folds);
  assert.equal((await ask()).json.total, much);
});

test('a key needs both scopes; more links than one answer holds are refused', async () => {
  for (const scope of ['links:read', 'stats:read'] as const) assert.is((await ask(await keyOf('ann', [scope]))).status, 403);
  await pool.query(
    `INSERT INTO links (slug, owner_id, target) SELECT 'many-' || i, id, 'https://example.com/' FROM users, generate_series(1, 2001) i WHERE email = 'ann@example.com'`,
  );
  const { status, json } = await ask();
  assert.equal([status, json.code], [422, 'too_many_links']);
  await pool.query(`DELETE FROM links WHERE slug = 'many-1'`);
  assert.is((await ask()).json.links.length, 2000);
});

test.run();
