import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ownerStatsSchema, statsSchema } from '../../src/core/api/stats.ts';
import { STATS_MAX_BUCKETS, statsRange } from '../../src/http/api/stats.ts';
import { startApi } from '../support/api-server.ts';

const server = await startApi();
const { ann, bob, send, clock, statsAsked } = server.value;
const { json: link } = await send('POST', '/api/v1/links', { key: ann, body: { url: 'https://example.com/', slug: 'abc' } });
const ask = (query: string) => send('GET', `/api/v1/links/abc/stats${query}`, { key: ann });
const lastRange = () => {
  const { from, to, ...rest } = statsAsked[statsAsked.length - 1].range;
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString(), ...rest };
};

const test = suite('stats over HTTP');

test.after(() => server.stop());

test("by default: today in the owner's zone up to now, by the hour", async () => {
  clock.now = Date.UTC(2026, 4, 10, 22, 7); // 01:07 of the 11th in Moscow
  const { status, json } = await ask('');
  assert.is(status, 200);
  statsSchema.strict().parse(json);
  assert.equal(lastRange(), { from: '2026-05-10T21:00:00.000Z', to: '2026-05-10T22:15:00.000Z', timeZone: 'Europe/Moscow', unit: 'hour' });
  assert.is(json.slug, 'abc');
  assert.equal(statsAsked.at(-1)?.links, { ids: [link.id], timeZone: 'Europe/Moscow' });
});

test('all links of the owner together, with the same query', async () => {
  const { json: other } = await send('POST', '/api/v1/links', { key: ann, body: { url: 'https://example.com/2' } });
  await send('POST', '/api/v1/links', { key: bob, body: { url: 'https://example.com/3' } });
  const query = '?from=2026-03-01T10:07:00Z&to=2026-03-02T10:00:00Z&timezone=Asia/Kathmandu&unit=day';
  const { status, json } = await send('GET', `/api/v1/stats${query}`, { key: ann });
  assert.is(status, 200);
  ownerStatsSchema.strict().parse(json);
  assert.equal(statsAsked.at(-1)?.links, { ids: [other.id, link.id], timeZone: 'Europe/Moscow' });
  const { json: wrong } = await send('GET', '/api/v1/stats?unit=week', { key: ann });
  assert.is(wrong.code, 'invalid');
  const before = lastRange();
  await ask(query);
  assert.equal(lastRange(), before);
});

test('the quarter-hour of this moment is in, also when it has just begun', async () => {
  for (const [now, to] of [
    [Date.UTC(2026, 0, 1, 12, 0, 0, 0), '2026-01-01T12:15:00.000Z'],
    [Date.UTC(2026, 0, 1, 12, 14, 59, 999), '2026-01-01T12:15:00.000Z'],
  ] as const) {
    clock.now = now;
    await ask('');
    assert.is(lastRange().to, to);
  }
  clock.now = Date.UTC(2026, 0, 1, 21, 0); // midnight in Moscow: the new day
  await ask('');
  assert.is(lastRange().from, '2026-01-01T21:00:00.000Z');
});

test('from, to, timezone and unit as asked, on whole quarter-hours', async () => {
  await ask('?from=2026-03-01T10:07:00Z&to=2026-03-02T10:07:00.001%2B05:45&timezone=asia/tokyo&unit=15min');
  assert.equal(lastRange(), { from: '2026-03-01T10:00:00.000Z', to: '2026-03-02T04:30:00.000Z', timeZone: 'Asia/Tokyo', unit: '15min' });
  assert.is(statsAsked.at(-1)?.links.timeZone, 'Europe/Moscow');
  await ask('?to=2026-03-02T00:00:00Z&timezone=UTC&unit=day');
  assert.equal(lastRange(), { from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z', timeZone: 'UTC', unit: 'day' });
});

test('the answer names the zone as it was asked for, though Intl has an older name of it', async () => {
  for (const path of ['/api/v1/links/abc/stats', '/api/v1/stats']) {
    for (const [asked, named] of [
      ['Asia/Kathmandu', 'Asia/Kathmandu'],
      ['Europe/Kyiv', 'Europe/Kyiv'],
      ['asia/tokyo', 'Asia/Tokyo'],
    ]) {
      const { json } = await send('GET', `${path}?timezone=${asked}`, { key: ann });
      assert.is(json.timezone, named, path);
    }
  }
});

test('422 names what is wrong', async () => {
  const asked = statsAsked.length;
  for (const [query, path] of [
    ['?from=yesterday', 'from'],
    ['?from=2026-03-01', 'from'],
    ['?to=2026-02-30T00:00:00Z', 'to'],
    ['?to=2026-03-01T00:00:00', 'to'],
    ['?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z', 'from'],
    ['?from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00Z', 'from'],
    ['?from=1971-12-31T23:59:59Z&unit=month', 'from'],
    ['?to=3001-01-01T00:00:00Z', 'to'],
    ['?unit=week', 'unit'],
    ['?unit=', 'unit'],
    ['?timezone=Moscow', 'timezone'],
    ['?timezone=%2B03:10', 'timezone'],
    ['?timezone=', 'timezone'],
    [`?timezone=${'x'.repeat(65)}`, 'timezone'],
    ['?zone=UTC', 'zone'],
    ['?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&unit=hour', 'unit'],
  ]) {
    const { status, json } = await ask(query);
    assert.equal([status, json.code, json.errors?.map((error: { path: string }) => error.path)], [422, 'invalid', [path]], query);
  }
  assert.is(statsAsked.length, asked);
});

test('a series has so many buckets at most', () => {
  const range = (unit: '15min' | 'month', ms: number) =>
    statsRange({ unit, from: '2000-01-01T00:00:00Z', to: new Date(Date.UTC(2000, 0, 1) + ms).toISOString() }, 'UTC', 0);
  assert.not.throws(() => range('15min', STATS_MAX_BUCKETS * 900_000));
  assert.throws(() => range('15min', STATS_MAX_BUCKETS * 900_000 + 1));
  assert.not.throws(() => range('month', Date.UTC(2700, 0, 1) - Date.UTC(2000, 0, 1)));
  assert.throws(() => range('month', Date.UTC(2999, 0, 1) - Date.UTC(2000, 0, 1)));
});

test('where midnight does not exist, the day begins when it begins', () => {
  // Beirut, 27 March 2022: clocks went from 00:00 to 01:00.
  const range = statsRange({ unit: 'hour', timezone: 'Asia/Beirut' }, 'UTC', Date.UTC(2022, 2, 27, 9));
  assert.is(new Date(range.from).toISOString(), '2022-03-26T22:00:00.000Z');
});

test('as CSV, with the same query', async () => {
  const { status, json, headers } = await send('GET', '/api/v1/links/abc/stats.csv?unit=day&timezone=UTC', { key: ann });
  assert.is(status, 200);
  assert.equal(
    [headers.get('content-type'), headers.get('content-disposition')],
    ['text/csv; charset=utf-8', 'attachment; filename="abc-stats.csv"'],
  );
  assert.match(json, /^section,key,clicks,uniqueClicks,repeatClicks,botClicks\r\ntotal,,0,0,0,0\r\n/);
  assert.equal([lastRange().unit, lastRange().timeZone], ['day', 'UTC']);
  assert.is((await send('GET', '/api/v1/links/nothing/stats.csv', { key: ann })).status, 404);
  assert.is((await send('GET', '/api/v1/links/abc/stats.csv?unit=week', { key: ann })).status, 422);
});

test('404 for a link that is not there', async () => {
  assert.is((await send('GET', '/api/v1/links/nothing/stats', { key: ann })).status, 404);
  assert.is((await send('GET', '/api/v1/links/%00/stats', { key: ann })).status, 404);
});

test.run();
