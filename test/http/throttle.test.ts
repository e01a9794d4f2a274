/** The API as a whole is limited by caller, and the making of links by account: headers, refusals, and who is counted as whom. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ApiServer, startApi } from '../support/api-server.ts';

const LIMITS = { requestsPerMinute: 40, strangersRequestsPerMinute: 30, linksPerHour: 20 };

const server = await startApi(undefined, LIMITS);
const { send, ann, bob, keyOf, sessionOf, counter } = server.value;

const it = suite('throttled API');

it.after(() => server.stop());

type Sent = Parameters<ApiServer['send']>[2];

/** @returns how many were not refused for being too many */
async function passed(times: number, method: string, path: string, sent: Sent): Promise<number> {
  const answers = await Promise.all(Array.from({ length: times }, () => send(method, path, sent)));
  return answers.filter(({ status }) => status !== 429).length;
}

const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });

it('says with every answer what the limit is and what is left, also with one that is no success', async () => {
  for (const [path, status] of [
    ['/api/v1/links', 200],
    ['/api/v1/links/none-of-them', 404],
    ['/api/v1/links?limit=wrong', 422],
  ] as const) {
    const answer = await send('GET', path, { key: bob });
    assert.is(answer.status, status);
    assert.is(answer.headers.get('ratelimit-policy'), '"requests";q=40;w=60');
    const [, left, seconds] = /^"requests";r=(\d+);t=(\d+)$/.exec(answer.headers.get('ratelimit') ?? '') ?? [];
    assert.ok(Number(left) < 40 && Number(left) >= 37 && Number(seconds) <= 60 && Number(seconds) > 0, `${left} ${seconds}`);
  }
  const stranger = await send('POST', '/api/v1/auth/login', { body: {}, ...from('192.0.2.1') });
  assert.is(stranger.status, 422);
  assert.is(stranger.headers.get('ratelimit-policy'), '"requests-address";q=30;w=60');
  const unknown = await send('GET', '/api/v1/links', { key: 'elnk_nobody', ...from('192.0.2.1') });
  assert.is(unknown.status, 401);
  assert.is(unknown.headers.get('ratelimit')?.replace(/t=.*/, ''), '"requests-address";r=28;');
});

it('an account has one limit, whatever keys and tokens it calls with; others have theirs', async () => {
  const other = await keyOf('ann', ['links:read']);
  const session = await sessionOf('ann');
  const counted = counter('throttledRequests');
  let granted = 0;
  for (let i = 0; i < 10; i++) for (const key of [ann, other, session]) granted += await passed(2, 'GET', '/api/v1/links', { key });
  assert.is(granted, 40);
  assert.is(counter('throttledRequests') - counted, 20);
  const refused = await send('GET', '/api/v1/links', { key: ann, ...from('203.0.113.9') });
  assert.equal([refused.status, refused.json.code], [429, 'too_many_requests']);
  assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d?$/);
  assert.is(refused.headers.get('ratelimit-policy'), '"requests";q=40;w=60');
  assert.is(refused.headers.get('ratelimit'), `"requests";r=0;t=${refused.headers.get('retry-after')}`);
  assert.is((await send('GET', '/api/v1/links', { key: bob })).status, 200);
});

it('whoever does not say who he is, is counted by address; so are keys that nobody has', async () => {
  const wrong = { body: { email: 'nobody@example.com' }, ...from('198.51.100.1') };
  assert.is(await passed(20, 'POST', '/api/v1/auth/login', wrong), 20);
  assert.is(await passed(20, 'GET', '/api/v1/links', { key: 'elnk_guess', ...from('198.51.100.1') }), 10);
  assert.is(await passed(1, 'POST', '/api/v1/auth/login', wrong), 0);
  assert.is(await passed(1, 'POST', '/api/v1/auth/login', { ...wrong, ...from('198.51.100.2') }), 1);
  assert.is((await send('GET', '/api/v1/links', { key: bob, ...from('198.51.100.1') })).status, 200, 'an account behind the same address');
});

it('a forged X-Forwarded-For does not make another caller', async () => {
  const forged = (i: number) => ({ body: {}, ...from(`10.9.${i >> 8}.${i & 255}, 203.0.113.77`) });
  let granted = 0;
  for (let i = 0; i < 100; i++) granted += await passed(1, 'POST', '/api/v1/auth/login', forged(i));
  assert.is(granted, 30);
  const networks = Array.from({ length: 50 }, (_, i) => ({ body: {}, ...from(`2001:db8:7:7:${i}::1`) }));
  let ofNetwork = 0;
  for (const sent of networks) ofNetwork += await passed(1, 'POST', '/api/v1/auth/login', sent);
  assert.is(ofNetwork, 30, 'whoever has a whole network of IPv6 addresses is one caller');
});

it('an account makes so many links an hour, and others go on', async () => {
  const key = await keyOf('bob', ['links:write']);
  const bulk = await send('POST', '/api/v1/links/bulk', { key, body: { links: new Array(21).fill({ url: 'https://example.com/' }) } });
  assert.equal(
    [bulk.status, bulk.headers.get('ratelimit-policy')],
    [429, '"links";q=20;w=3600'],
    'many at once count as many, or not at all',
  );
  const answers = [];
  for (let i = 0; i < 22; i++) answers.push(await send('POST', '/api/v1/links', { key, body: { url: 'https://example.com/' } }));
  assert.equal(
    answers.map(({ status }) => status),
    [...new Array(20).fill(201), 429, 429],
  );
  const [refused] = answers.slice(-1);
  assert.is(refused.headers.get('ratelimit-policy'), '"links";q=20;w=3600');
  assert.ok(Number(refused.headers.get('retry-after')) > 3_500);
});

it.run();
