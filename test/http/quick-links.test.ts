/** Quick links by Host, as bytes on a socket: browsers and `fetch` would normalise what is asked for. In a browser: test/e2e. */
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isGuestSlug } from '../../src/core/slug.ts';
import { GUEST_LINKS_POLICY } from '../../src/http/api/guest-links.ts';
import { BASE_URL, startApi } from '../support/api-server.ts';
import { rawRequest } from '../support/raw-http.ts';

type Answer = { status: number; headers: Map<string, string>; body: string };

const it = suite('quick links over HTTP');
const HTML = 'Accept: text/html,application/xhtml+xml';
/** What the first users asked for. */
const PRODUCT =
  '/product/chehol-knizhka-dlya-xiaomi-redmi-note-12-chernyy-622328422/?advert=AJkBP1e7xdKZ1mQ-0a_Bz7G%2FnTcQ%3D%3D&avtc=1&sh=4dSJmQx1yA';

const { value: api, stop } = await startApi();

it.after(stop);

let addresses = 0;
/** From an address that has asked for nothing yet. @param path bytes as they go out, one character each */
async function ask(path: string, { host = 'www.eeozon.ru', method = 'GET', headers = [HTML] as string[] } = {}): Promise<Answer> {
  addresses++;
  const from = `X-Forwarded-For: 198.18.${addresses >> 8}.${addresses & 255}`;
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, from, ...headers, 'Connection: close', '', ''];
  const text = await rawRequest(api.port, Buffer.from(lines.join('\r\n'), 'latin1'));
  const [head, ...body] = text.split('\r\n\r\n');
  const [statusLine, ...rest] = head.split('\r\n');
  const named = rest.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)] as const);
  return { status: Number(statusLine.split(' ')[1]), headers: new Map(named), body: body.join('\r\n\r\n') };
}

const unescaped = (html: string) =>
  html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
const partsOf = ({ body }: Answer) => ({
  shortUrl: /<input id="link"[^>]* value="([^"]*)">/.exec(body)?.[1] ?? '',
  back: unescaped(/<a id="back" href="([^"]*)">/.exec(body)?.[1] ?? ''),
});

/** Where the short link on the page leads. */
async function targetOf(answer: Answer): Promise<string> {
  assert.is(answer.status, 200, answer.body);
  const { shortUrl, back } = partsOf(answer);
  const slug = shortUrl.slice(`${BASE_URL}/`.length);
  assert.ok(shortUrl.startsWith(`${BASE_URL}/`) && isGuestSlug(slug), shortUrl);
  const { rows } = await api.pool.query<{ target: string }>('SELECT target FROM guest_links WHERE slug = $1', [slug]);
  assert.is(rows[0].target, back);
  return rows[0].target;
}

const links = async () => (await api.pool.query<{ links: number }>('SELECT count(*) AS links FROM guest_links')).rows[0].links;

it('the address of a product with ee before the shop makes a link to the product', async () => {
  const made = api.counter('guestLinksCreated');
  const answer = await ask(PRODUCT);
  assert.is(await targetOf(answer), `https://www.ozon.ru${PRODUCT}`);
  assert.is(answer.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.is(answer.headers.get('cache-control'), 'private, no-store');
  assert.is(api.counter('guestLinksCreated'), made + 1);
});

it('the same product gets the same link, with and without www, at the same moment too, and is counted once', async () => {
  const made = api.counter('guestLinksCreated');
  const before = await links();
  const hosts = ['eeozon.ru', 'www.eeozon.ru', 'WWW.EEOZON.RU', 'eeozon.ru:80', 'www.eeozon.ru.', 'Www.EeOzon.ru.:8443'];
  const answers = await Promise.all([...hosts, ...hosts].map((host) => ask('/product/1/', { host })));
  assert.is(new Set(answers.map((answer) => partsOf(answer).shortUrl)).size, 1);
  for (const answer of answers) assert.is(await targetOf(answer), 'https://www.ozon.ru/product/1/');
  assert.equal([await links(), api.counter('guestLinksCreated')], [before + 1, made + 1]);
  assert.is.not(partsOf(await ask('/product/1')).shortUrl, partsOf(answers[0]).shortUrl, 'another address is another product');
});

it('each shop leads to itself', async () => {
  assert.is(await targetOf(await ask('/catalog/1', { host: 'eewildberries.ru' })), 'https://www.wildberries.ru/catalog/1');
  assert.is(await targetOf(await ask('/')), 'https://www.ozon.ru/');
});

it('path and query are kept byte for byte', async () => {
  for (const path of [
    '/%D1%87%d0%b5%D1%85%D0%BE%D0%BB/?q=%D0%9F&x=%2F%2f+%20',
    '/a?',
    '/a??b=?&&=',
    "/a//b/./../c;d=1,2:3@4!$&'()*+=~-_.",
    '/a?q=[1]|{2}^`"<>\\',
    '/%',
    '/%zz?%u043F',
    '/%0d%0aSet-Cookie:%20x=1',
    '/%00',
    '/?https://evil.com/#',
  ]) {
    const kept = path.replaceAll('#', '%23');
    assert.is(await targetOf(await ask(path)), `https://www.ozon.ru${kept}`, path);
  }
});

it('raw bytes of UTF-8 keep their meaning; others cannot be read', async () => {
  const raw = Buffer.from('/чехол?цвет=ё').toString('latin1');
  assert.is(await targetOf(await ask(raw)), 'https://www.ozon.ru/%D1%87%D0%B5%D1%85%D0%BE%D0%BB?%D1%86%D0%B2%D0%B5%D1%82=%D1%91');
  const { status, body } = await ask('/\xf7\xe5\xf5\xee\xeb'); // the same word in windows-1251
  assert.is(status, 400);
  assert.match(body, 'This address cannot be read');
  assert.is((await ask('/x', { headers: [] })).status, 200);
  const problem = await ask('/\xff', { headers: [] });
  assert.equal([problem.status, problem.headers.get('content-type')], [400, 'application/problem+json']);
});

it('nothing in an address leads anywhere but to the shop', async () => {
  for (const path of [
    '//evil.com',
    '///evil.com/',
    '/\\evil.com',
    '/\\/evil.com',
    '/@evil.com',
    '/.evil.com',
    '/:80@evil.com',
    '/%2f%2fevil.com',
    '/%5cevil.com',
    '/..//evil.com/',
  ]) {
    const target = await targetOf(await ask(path));
    assert.is(target, `https://www.ozon.ru${path}`);
    assert.is(new URL(target).host, 'www.ozon.ru');
    assert.is(new URL(partsOf(await ask(path)).back).host, 'www.ozon.ru');
  }
  for (const line of ['http://evil.com/', '@evil.com', 'evil.com:443']) {
    const { status, body } = await ask(line);
    assert.ok(status >= 400, `${line}: ${status}`);
    assert.not.match(body, 'evil.com');
  }
});

it('a long address is kept whole, one that is longer than headers may be is refused, and so is a Host that is there twice', async () => {
  const long = `/${'a'.repeat(3_000)}?${'b'.repeat(500)}`;
  assert.is(await targetOf(await ask(long)), `https://www.ozon.ru${long}`);
  assert.is((await ask(`/${'a'.repeat(9_000)}`)).status, 431);
  for (const second of ['eeozon.ru', 'elnk.example']) {
    assert.is((await ask('/product/1', { headers: [HTML, `Host: ${second}`] })).status, 404);
  }
});

it('what is in the address is text on the page', async () => {
  const { body } = await ask('/"><script>alert(1)</script>?\'"&lt;');
  assert.not.match(body, '<script>alert');
  assert.match(body, 'href="https://www.ozon.ru/&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;?&#39;&quot;&amp;lt;"');
});

it('the page may run its own script and nothing else, and load nothing', async () => {
  const { headers, body } = await ask('/product/2');
  const policy = headers.get('content-security-policy') ?? '';
  const [, script] = /<script>([\s\S]*?)<\/script>/.exec(body) ?? [];
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const styles = [...body.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style]) => hash(style));
  assert.is(
    policy,
    `default-src 'none'; style-src ${styles.join(' ')}; script-src ${hash(script)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  assert.is(body.split('<script').length, 2);
  assert.not.match(body, /\son\w+=|\sstyle=|\ssrc=|javascript:/i);
  assert.is(headers.get('referrer-policy'), 'no-referrer');
});

it('the page speaks the visitor’s language', async () => {
  assert.match((await ask('/', { headers: [HTML, 'Accept-Language: ru-RU,ru;q=0.9'] })).body, /<html lang="ru">[\s\S]*Короткая ссылка/);
  assert.match((await ask('/', { headers: [HTML, 'Accept-Language: de'] })).body, /<html lang="en">[\s\S]*Your short link/);
});

it('HEAD is answered like GET, without the page', async () => {
  const full = await ask('/product/3');
  const { status, headers } = await ask('/product/3', { method: 'HEAD' });
  assert.equal([status, headers.get('content-length')], [200, full.headers.get('content-length')]);
});

it('nothing else is served under these hosts: not the API, not the state of the server, no other method', async () => {
  const before = await links();
  const nothing: [string, { host?: string; method?: string }][] = [
    ...[
      '/healthz',
      '/readyz',
      '/metrics',
      '/openapi.json',
      '/internal/status',
      '/api',
      '/api/v1/links',
      '/api/v1/me',
      '/assets/app.js',
    ].map((path): [string, object] => [path, {}]),
    ...['/favicon.ico', '/robots.txt'].map((path): [string, object] => [path, {}]),
    ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method): [string, object] => ['/product/1', { method }]),
    ['/api/v1/links', { method: 'POST' }],
    ...['a.eeozon.ru', 'www.a.eeozon.ru', 'eeozon.com', 'www.eeozon.com', 'eeozon.ru.evil.com', 'eeozon'].map((host): [string, object] => [
      '/product/1',
      { host },
    ]),
    ['/healthz', { host: 'a.eeozon.ru' }],
  ];
  for (const [path, options] of nothing) {
    const { status, body } = await ask(path, options);
    assert.is(status, 404, `${path} ${JSON.stringify(options)}`);
    assert.match(body, 'There is nothing here');
    assert.not.match(body, /<a |<script/);
    const problem = await ask(path, { ...options, headers: [] });
    assert.equal([problem.status, JSON.parse(problem.body).code], [404, 'not_found']);
  }
  assert.is(await links(), before);
  assert.is((await ask('/healthz', { host: 'elnk.example' })).status, 200);
  assert.is((await ask('/healthz', { host: 'eexample.ru' })).status, 200);
});

it('a shop that is blocked gets no links, and the visitor a way back', async () => {
  const key = await api.sessionOf('root');
  await api.send('POST', '/api/v1/admin/blocked-hosts', { key, body: { host: 'wildberries.ru' } });
  const { status, body } = await ask('/catalog/2', { host: 'eewildberries.ru' });
  assert.is(status, 422);
  assert.match(body, /No short link for this page[\s\S]*href="https:\/\/www\.wildberries\.ru\/catalog\/2"/);
});

it('they count with the links that a guest makes, and whoever has made enough is sent back to the product', async () => {
  const from = 'X-Forwarded-For: 203.0.113.77';
  await api.pool.query('DELETE FROM throttles');
  const once = (path: string) =>
    rawRequest(api.port, `GET ${path} HTTP/1.1\r\nHost: eeozon.ru\r\n${from}\r\n${HTML}\r\nAccept-Language: ru\r\n\r\n`);
  assert.match(await once('/product/1/'), /^HTTP\/1.1 200/);
  await api.pool.query('UPDATE throttles SET points = $1', [GUEST_LINKS_POLICY.limit]);
  const refused = await once('/product/1/');
  assert.match(
    refused,
    /^HTTP\/1.1 429[\s\S]*retry-after: \d+[\s\S]*Слишком много коротких ссылок[\s\S]*href="https:\/\/www\.ozon\.ru\/product\/1\/"/i,
  );
  const { status } = await api.send('POST', '/api/v1/links', {
    body: { url: 'https://e.com/' },
    headers: { 'X-Forwarded-For': '203.0.113.77' },
  });
  assert.is(status, 429);
});

it('while links cannot be made the page says so, and the visitor has a way back', async () => {
  await api.pool.query('ALTER TABLE guest_links RENAME TO gone');
  const broken = await ask('/product/4');
  await api.pool.query('ALTER TABLE gone RENAME TO guest_links');
  assert.is(broken.status, 500);
  assert.match(broken.body, /That did not work[\s\S]*href="https:\/\/www\.ozon\.ru\/product\/4"/);
  assert.ok(api.counter('guestStoreErrors') > 0);
});

it.run();
