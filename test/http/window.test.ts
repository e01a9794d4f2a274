import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CounterName } from '../../src/core/counters.ts';
import { OWNER_ZONE, startVisits, TARGET } from '../support/visit-server.ts';

const server = await startVisits({ fronts: 2 });
const { make, edit, get, counter, clicks, clock, pool } = server.value;
/** 12:00:00 in UTC, 17:45 for the owner. */
const NOON = Date.UTC(2026, 4, 10, 12);
const OVER = 'https://example.com/over?"><script>alert(1)</script>';
const PROGRAM = { Accept: '*/*' };

const test = suite('window and limit of a link');
test.before.each(() => {
  clock.now = NOON;
});
test.after(() => server.stop());

function counting(...names: CounterName[]): () => number[] {
  const before = names.map(counter);
  return () => names.map((name, i) => counter(name) - before[i]);
}
const code = ({ body }: { body: string }) => JSON.parse(body).code;

test('decided at each click by the link at hand: to the millisecond, with nothing looked up or swept in between', async () => {
  const link = await make({ slug: 'to-the-point', validFrom: NOON, expiresAt: NOON + 1_000 });
  await get('to-the-point');
  const statuses: number[] = [];
  for (const ms of [-1, 0, 1, 999, 1_000, 1_001, -1]) {
    clock.now = NOON + ms;
    statuses.push((await get('to-the-point')).status);
  }
  assert.equal(statuses, [404, 302, 302, 302, 410, 410, 404]);
  clock.now = NOON;
  assert.is(await clicks(link.id), 4);
});

test('not yet: 404 with Retry-After, and from when, in the language of the visitor and the zone of the owner', async () => {
  await make({ slug: 'early', validFrom: NOON + 90_001 });
  const counted = counting('outsideWindow', 'redirects', 'unknownSlugs');
  for (const [language, words] of [
    ['en', /not open yet[\s\S]*It opens on <time datetime="2026-05-10T12:01:30\.001Z">10 May 2026 at\u00a017:46:30 GMT\+5:45<\/time>\./],
    [
      'ru',
      /ещё не открылась[\s\S]*Она откроется <time datetime="2026-05-10T12:01:30\.001Z">10 мая 2026 г\. в\u00a017:46:30 GMT\+5:45<\/time>\./,
    ],
  ] as const) {
    const { status, headers, body } = await get('early', { headers: { 'Accept-Language': language } });
    assert.equal([status, headers.get('retry-after'), headers.get('location')], [404, '91', null]);
    assert.match(body, words);
  }
  const problem = await get('early', { headers: PROGRAM });
  assert.equal([problem.status, problem.headers.get('retry-after'), code(problem)], [404, '91', 'not_yet']);
  assert.match(JSON.parse(problem.body).detail, '2026-05-10T12:01:30.001Z');
  assert.equal(counted(), [3, 0, 0]);
  clock.now = NOON + 90_000;
  assert.is((await get('early')).headers.get('retry-after'), '1');
});

test('too late: 410 and since when; full minutes are told without seconds', async () => {
  await make({ slug: 'late', expiresAt: NOON });
  const counted = counting('outsideWindow', 'redirects');
  for (const [language, words] of [
    ['en', /has expired[\s\S]*It worked until <time datetime="2026-05-10T12:00:00\.000Z">10 May 2026 at\u00a017:45 GMT\+5:45<\/time>\./],
    [
      'ru',
      /Срок этой ссылки истёк[\s\S]*Она работала до <time datetime="2026-05-10T12:00:00\.000Z">10 мая 2026 г\. в\u00a017:45 GMT\+5:45<\/time>\./,
    ],
  ] as const) {
    const { status, headers, body } = await get('late', { headers: { 'Accept-Language': language } });
    assert.equal([status, headers.get('retry-after'), headers.get('location')], [410, null, null]);
    assert.match(body, words);
  }
  const problem = await get('late', { headers: PROGRAM });
  assert.equal([problem.status, code(problem)], [410, 'gone']);
  assert.equal(counted(), [3, 0]);
});

test('expiredUrl: 302 for whoever comes too late or has no click left, not for whoever comes too early; never a click', async () => {
  const late = await make({ slug: 'late-elsewhere', expiresAt: NOON, expiredUrl: new URL(OVER).href });
  await make({ slug: 'early-elsewhere', validFrom: NOON + 1, expiredUrl: new URL(OVER).href });
  const used = await make({ slug: 'used-elsewhere', maxClicks: 1, expiredUrl: new URL(OVER).href });
  const counted = counting('outsideWindow', 'limitRefusals');
  for (const headers of [{}, PROGRAM]) {
    const { status, headers: answered, body } = await get('late-elsewhere', { headers });
    assert.equal(
      [status, answered.get('location'), answered.get('cache-control'), body],
      [302, new URL(OVER).href, 'private, no-store', ''],
    );
  }
  assert.is((await get('early-elsewhere')).status, 404);
  assert.equal(
    [(await get('used-elsewhere')).headers.get('location'), (await get('used-elsewhere')).headers.get('location')],
    [TARGET, new URL(OVER).href],
  );
  assert.equal(counted(), [3, 1]);
  assert.equal([await clicks(late.id), await clicks(used.id)], [0, 1]);
});

test('used up: 410, from memory once it is known, until the limit is raised', async () => {
  const link = await make({ slug: 'limited', maxClicks: 3 });
  const counted = counting('limitRefusals', 'redirects');
  const statuses = await Promise.all(Array.from({ length: 40 }, async (_, i) => (await get('limited', { front: i % 2 })).status));
  assert.equal(statuses.sort(), [302, 302, 302, ...new Array(37).fill(410)]);
  assert.equal(counted(), [37, 3]);
  const { body, headers } = await get('limited', { headers: { 'Accept-Language': 'ru' } });
  assert.match(body, /Эта ссылка исчерпана/);
  assert.is(headers.get('location'), null);
  assert.is(code(await get('limited', { headers: PROGRAM })), 'gone');
  await edit('limited', { maxClicks: 5 });
  assert.equal(
    [(await get('limited')).status, (await get('limited', { front: 1 })).status, (await get('limited')).status],
    [302, 302, 410],
  );
  assert.is(await clicks(link.id), 5);
  assert.is((await pool.query('SELECT clicks_used FROM links WHERE id = $1', [link.id])).rows[0].clicks_used, 5);
});

test('a look takes nothing of a limit and is not told where the link leads: HEAD, and programs that draw previews', async () => {
  const link = await make({ slug: 'looked-at', maxClicks: 1 });
  const counted = counting('limitRefusals', 'redirects', 'clicksStored');
  const looks = [
    { method: 'HEAD' },
    ...[
      'TelegramBot (like TwitterBot)',
      'facebookexternalhit/1.1 Facebot Twitterbot/1.0',
      'WhatsApp/2.24',
      'Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)',
    ].map((agent) => ({ headers: { 'User-Agent': agent, Accept: '*/*' } })),
  ];
  for (const look of looks) {
    const { status, headers, body } = await get('looked-at', look);
    assert.equal([status, headers.get('location'), headers.get('content-type')], [200, null, 'text/html; charset=utf-8']);
    assert.not(body.includes('example.com'));
  }
  assert.match((await get('looked-at', looks[1])).body, /<title>This link can be opened a limited number of times<\/title>/);
  assert.equal(counted(), [0, 0, 0]);
  assert.equal([(await get('looked-at')).status, (await get('looked-at')).status], [302, 410]);
  for (const look of looks) assert.is((await get('looked-at', look)).status, 410);
  assert.equal(counted().slice(0, 2), [1, 1]);
  assert.is(await clicks(link.id), 1);
  // A program that is no preview uses the link as anybody does.
  const other = await make({ slug: 'for-programs', maxClicks: 1 });
  assert.equal(
    [(await get('for-programs', { headers: { 'User-Agent': 'curl/8.0', Accept: '*/*' } })).status, (await get('for-programs')).status],
    [302, 410],
  );
  assert.is(await clicks(other.id), 1);
});

test('HEAD answers as GET does, whatever is the matter with the link', async () => {
  await make({ slug: 'head-late', expiresAt: NOON });
  await make({ slug: 'head-early', validFrom: NOON + 5_000 });
  await make({ slug: 'head-elsewhere', expiresAt: NOON, expiredUrl: TARGET });
  for (const slug of ['head-late', 'head-early', 'head-elsewhere']) {
    const [full, head] = [await get(slug), await get(slug, { method: 'HEAD' })];
    const headers = (answer: typeof full) => [...answer.headers].filter(([name]) => name !== 'date' && name !== 'keep-alive');
    assert.equal([head.status, headers(head), head.body], [full.status, headers(full), '']);
  }
});

test('what the owner wrote is in no page: not the title, not the target, not where latecomers go', async () => {
  const title = '"><script>alert(1)</script>';
  const rules = { title, tags: [title], url: new URL(OVER).href };
  for (const [slug, changes] of Object.entries({
    'x-early': { validFrom: NOON + 1, expiredUrl: new URL(OVER).href },
    'x-late': { expiresAt: NOON },
    'x-locked': { password: title },
    'x-used': { maxClicks: 1 },
  })) {
    await make({ slug, ...rules, ...changes });
    if (slug === 'x-used') await get(slug);
    for (const headers of [{}, PROGRAM]) {
      const { body } = await get(slug, { headers });
      assert.ok(body.length > 0);
      assert.not.match(body, /script|alert|example\.com/);
    }
  }
});

test('zones of any kind: each page tells the time of its owner, also when many come at once', async () => {
  await make({ slug: 'zoned', expiresAt: NOON });
  for (const zone of ['Europe/Moscow', 'America/St_Johns', 'Pacific/Chatham', 'UTC', OWNER_ZONE]) {
    await pool.query('UPDATE users SET time_zone = $1', [zone]);
    await edit('zoned', { title: zone });
    const expected = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(NOON);
    assert.match((await get('zoned')).body, ` at\u00a0${expected} `, zone);
  }
});

test.run();
