import * as assert from 'uvu/assert';
import { linkOfGuest } from '../../src/core/link.ts';
import { clicksOf, get, redirectSuite, request, sent, store } from '../support/redirect-server.ts';

const test = redirectSuite('redirect of guest links');

test('a guest link: 302 like any other, counted and noted as used, but no click', async (context) => {
  const target = 'https://example.com/guest?q=%D0%BF';
  context.guests.set('_abcdefg', linkOfGuest({ slug: '_abcdefg', target }));
  for (let n = 1; n <= 3; n++) {
    const { status, headers, body } = await get(context, '/_abcdefg');
    assert.equal([status, headers.get('location'), headers.get('cache-control'), body], [302, target, 'private, no-store', '']);
    assert.is(context.rig.count('guestRedirects'), n);
    assert.is(context.used.length, n);
  }
  const [head] = await sent(context, request('/_abcdefg', { method: 'HEAD' }));
  assert.equal([head.status, head.headers.get('location')], [302, target]);
  assert.equal([context.rig.count('guestRedirects'), context.used], [3, ['_abcdefg', '_abcdefg', '_abcdefg']]);
  assert.equal(clicksOf(context), []);
  assert.is(context.rig.count('redirects'), 0);
});

test('a guest slug without a link is unknown; while the store is away, guest links at hand go on', async (context) => {
  context.guests.set('_abcdefg', linkOfGuest({ slug: '_abcdefg', target: 'https://example.com/' }));
  await get(context, '/_abcdefg');
  const unknown = await get(context, '/_zzzzzzz', 'Accept: text/html');
  assert.is(unknown.status, 404);
  assert.match(unknown.body, 'There is no such link');
  assert.is(context.rig.count('unknownSlugs'), 1);
  context.away = true;
  assert.is((await get(context, '/_abcdefg')).status, 302);
  const away = await get(context, '/_yyyyyyy');
  assert.is(away.status, 503);
  assert.ok(Number(away.headers.get('retry-after')) > 0);
  assert.equal(clicksOf(context), []);
});

test('only the store of guest links is asked for a guest slug, and never for another one', async (context) => {
  store(context, '_abcdefg');
  store(context, '_abcdef0'); // an owner's, though it looks much like a guest's
  context.guests.set('abc', linkOfGuest({ slug: 'abc', target: 'https://example.com/' }));
  assert.is((await get(context, '/_abcdefg')).status, 404);
  assert.is((await get(context, '/abc')).status, 404);
  assert.is((await get(context, '/_abcdef0')).status, 302);
  assert.equal([clicksOf(context).length, context.rig.count('guestRedirects')], [1, 0]);
});

test('under a host of the quick links no link is served, whatever its slug', async (context) => {
  store(context, 'cart');
  context.guests.set('_abcdefg', linkOfGuest({ slug: '_abcdefg', target: 'https://example.com/' }));
  const under = (host: string, path: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  for (const path of ['/cart', '/_abcdefg', '/none', '/a/b']) {
    const [{ status }] = await sent(context, under('www.eeozon.ru', path));
    assert.is(status, 418, path);
  }
  assert.is((await sent(context, under('elnk.example', '/cart')))[0].status, 302);
  assert.equal([clicksOf(context).length, context.rig.count('guestRedirects'), context.rig.count('unknownSlugs')], [1, 0, 0]);
});

test.run();
