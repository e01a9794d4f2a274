import * as assert from 'uvu/assert';
import { drain } from '../storage/click-log-rig.ts';
import { clicksOf, get, NOW, redirectSuite, request, sent, serve, store } from '../support/redirect-server.ts';

const test = redirectSuite('redirect');

test('GET: 302, not cached by anyone, and the click is in the log before the answer is seen', async (context) => {
  const link = store(context, 'abc');
  for (let n = 1; n <= 20; n++) {
    const { status, headers, body } = await get(
      context,
      '/abc',
      'User-Agent: a browser',
      'Referer: https://a.example/',
      'Accept-Language: ru',
    );
    assert.equal(clicksOf(context), new Array(n).fill(link.id));
    assert.is(status, 302);
    assert.is(headers.get('location'), link.target);
    assert.is(headers.get('cache-control'), 'private, no-store');
    assert.is(headers.get('content-length'), '0');
    assert.is(body, '');
  }
  const { end: _, ...click } = drain(context.rig.reader({ board: null }))[0];
  assert.equal(click, {
    at: NOW,
    linkId: link.id,
    zoneOffset: 23, // +05:45
    address: '00000000000000000000ffff7f000001',
    userAgent: 'a browser',
    referrer: 'https://a.example/',
    language: 'ru',
  });
  assert.is(context.rig.count('redirects'), 20);
});

test('HEAD: the same headers, no body, not counted', async (context) => {
  store(context, 'abc');
  store(context, 'off', { disabled: true });
  for (const path of ['/abc', '/abc', '/none', '/off']) {
    // The answer behind it shows that no body came.
    const [head, next] = await sent(context, request(path, { method: 'HEAD' }), request('/none', { headers: ['Accept: text/html'] }));
    assert.is(next.status, 404);
    const counted = clicksOf(context).length;
    const full = await get(context, path);
    assert.is(clicksOf(context).length - counted, path === '/abc' ? 1 : 0);
    assert.is(head.status, full.status);
    const withoutDate = (headers: Map<string, string>) => new Map([...headers].filter(([name]) => name !== 'date'));
    assert.equal(withoutDate(head.headers), withoutDate(full.headers), path);
  }
  assert.is(clicksOf(context).length, 2, 'the two GETs');
});

test('requests sent at once are answered in order and all counted', async (context) => {
  const links = Array.from({ length: 16 }, (_, i) => store(context, `slug-${i}`));
  for (const { slug } of links) await get(context, `/${slug}`);
  const before = clicksOf(context).length;
  for (let round = 0; round < 20; round++) {
    const answers = await sent(context, ...links.map(({ slug }) => request(`/${slug}`)));
    assert.equal(
      answers.map(({ headers }) => headers.get('location')),
      links.map(({ target }) => target),
    );
    assert.equal(
      clicksOf(context).slice(before + round * 16),
      links.map(({ id }) => id),
    );
  }
});

test('unknown: a page in the language of the browser, a problem for programs', async (context) => {
  const html = 'Accept: text/html,application/xhtml+xml';
  for (const [language, lang] of [
    ['ru-RU,ru;q=0.9,en;q=0.8', 'ru'],
    ['en-US,ru;q=0.5', 'en'],
    ['de', 'en'],
  ]) {
    const page = await get(context, '/none', html, `Accept-Language: ${language}`);
    assert.is(page.status, 404);
    assert.is(page.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(page.headers.get('content-security-policy') ?? '', "default-src 'none'");
    assert.match(page.body, `<html lang="${lang}">`);
  }
  for (const headers of [[], ['Accept: */*'], ['Accept: application/json']]) {
    const problem = await get(context, '/none', ...headers);
    assert.is(problem.status, 404);
    assert.is(problem.headers.get('content-type'), 'application/problem+json');
    assert.is(problem.headers.get('cache-control'), 'private, no-store');
    assert.equal([JSON.parse(problem.body).code, JSON.parse(problem.body).status], ['not_found', 404]);
  }
  assert.is(context.rig.count('unknownSlugs'), 6);
  assert.is(context.rig.count('missingLinkLookups'), 1, 'asked once, then remembered');
  assert.equal(clicksOf(context), []);
});

test('a link that is switched off: 410, not counted, whether it was at hand or not', async (context) => {
  store(context, 'off', { disabled: true });
  for (let n = 0; n < 2; n++) {
    const { status, headers, body } = await get(context, '/off');
    assert.is(status, 410);
    assert.not(headers.has('location'));
    assert.is(JSON.parse(body).code, 'gone');
  }
  assert.equal(clicksOf(context), []);
  assert.is(context.rig.count('unknownSlugs'), 0);
});

test('503 with Retry-After when the store is away; links at hand go on', async (context) => {
  const link = store(context, 'abc');
  await get(context, '/abc');
  context.away = true;
  for (const [accept, type] of [
    ['text/html', 'text/html; charset=utf-8'],
    ['*/*', 'application/problem+json'],
  ]) {
    const { status, headers } = await get(context, '/new', `Accept: ${accept}`);
    assert.is(status, 503);
    assert.is(headers.get('content-type'), type);
    assert.ok(Number(headers.get('retry-after')) > 0);
  }
  assert.is(context.rig.count('serverErrors'), 2);
  assert.is((await get(context, '/abc')).status, 302);
  assert.equal(clicksOf(context), [link.id, link.id]);
});

test('an edit holds for the very next request, on a connection that is open', async (context) => {
  store(context, 'abc');
  const { connection } = context;
  for (let n = 0; n < 50; n++) {
    const target = `https://example.com/edition-${n}`;
    store(context, 'abc', { id: 1, target });
    context.bump('abc');
    connection.socket.write(request('/abc'));
    await connection.until((text) => text.split('\r\n\r\n').length > n + 1);
    assert.is(/^location: (.*)\r\n(?![\s\S]*^location: )/im.exec(connection.text())?.[1], target);
  }
  context.stored.delete('abc');
  context.bump('abc');
  assert.is((await get(context, '/abc')).status, 404);
  store(context, 'abc');
  context.bump('abc');
  assert.is((await get(context, '/abc')).status, 302);
});

test('Location is the address as URL writes it', async (context) => {
  for (const [i, url] of [
    'https://пример.рф/путь?q=ы&b=a b#я',
    'http://EXAMPLE.com:80/\t%0d%0aSet-Cookie:x',
    'https://example.com/\'"<>`{}|\\^',
  ].entries()) {
    const target = new URL(url).href;
    store(context, `u${i}`, { target });
    const { status, headers } = await get(context, `/u${i}`);
    assert.is(status, 302);
    assert.is(headers.get('location'), target);
    assert.not(headers.has('set-cookie'));
  }
});

test('a query does not change which link it is', async (context) => {
  const link = store(context, 'abc');
  assert.is((await get(context, '/abc?utm_source=x&y=/../')).headers.get('location'), link.target);
});

/** Room for a few clicks: what the smallest full log has. */
const SMALL_LOG_BYTES = 8_000;

test('a full click log: visitors are redirected, what is lost is counted', async (context) => {
  const { rig } = context;
  context.connection.socket.destroy();
  await context.server.stop();
  await serve(context, rig.writer({ maxBytes: SMALL_LOG_BYTES }));
  store(context, 'abc');
  const requests = 200;
  for (let n = 0; n < requests; n++) assert.is((await get(context, '/abc', `User-Agent: ${'x'.repeat(200)}`)).status, 302);
  const lost = rig.count('clicksLost');
  assert.ok(lost > 0 && lost < requests, `${lost} lost`);
  assert.is(clicksOf(context).length, requests - lost);
});

test.run();
