import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Link, linkOfGuest } from '../../src/core/link.ts';
import type { Component } from '../../src/core/ports.ts';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { offsetMemory } from '../../src/core/zone.ts';
import { clientAddress } from '../../src/http/client-address.ts';
import { serveRedirects } from '../../src/http/redirect.ts';
import { startServer } from '../../src/http/server.ts';
import { createUnlocks } from '../../src/http/unlock-cookie.ts';
import { clickWriter } from '../../src/storage/click-log/writer.ts';
import { createLinkTable } from '../../src/storage/links/table.ts';
import { createRig, drain, type Rig } from '../storage/click-log-rig.ts';
import { type RawConnection, rawConnection } from '../support/raw-http.ts';
import { until } from '../support/until.ts';

type Answer = { status: number; headers: Map<string, string>; body: string };
type Context = {
  rig: Rig;
  server: Component<{ port: number }>;
  /** What the store has. */
  stored: Map<string, Link>;
  /** What the store of guest links has. */
  guests: Map<string, Link>;
  /** While set, lookups wait for it. */
  held: { promise: Promise<void>; asked: number } | null;
  away: boolean;
  /** Clicks that limited links have left, together, and how often somebody asked for one; while `held`, answers wait for it. */
  limit: { left: number | 'unavailable'; asked: number; held: Promise<void> | null };
  connection: RawConnection;
  bump(slug: string): void;
  /** Slugs of guest links that were said to be used. */
  used: string[];
};
const test = suite<Context>('redirect');

const NOW = Date.UTC(2026, 10, 23, 9);
/** Room for a few clicks: what the smallest full log has. */
const SMALL_LOG_BYTES = 8_000;

test.before.each(async (context) => {
  const versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions);
  const rig = createRig();
  Object.assign(context, { rig, stored: new Map(), guests: new Map(), held: null, away: false, bump: versions.bump, used: [] });
  context.limit = { left: 0, asked: 0, held: null };
  await serve(context, rig.writer({ maxBytes: 1e9 }), versions);
});

async function serve(
  context: Context,
  log: ReturnType<Rig['writer']>,
  versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions),
) {
  const table = (of: 'stored' | 'guests') =>
    createLinkTable({
      async lookup(slug) {
        if (context.held !== null) {
          context.held.asked++;
          await context.held.promise;
        }
        if (context.away) throw new Error('connect ECONNREFUSED');
        return context[of].get(slug) ?? null;
      },
      versions,
      entries: 1_000,
      ttlMs: () => 60_000,
      clock: () => NOW,
      onFailure: () => undefined,
    });
  context.server = await startServer('127.0.0.1', 0, (app) =>
    serveRedirects(app, {
      links: table('stored'),
      guests: { links: table('guests'), used: (slug) => void context.used.push(slug) },
      otherHosts: { takes: (host) => host === 'www.eeozon.ru', serve: (res) => void res.writeStatus('418 Other').end() },
      clicks: clickWriter([log]),
      limits: {
        async take() {
          const { limit } = context;
          limit.asked++;
          if (limit.held !== null) await limit.held;
          if (limit.left === 'unavailable') return 'unavailable';
          return limit.left-- > 0 ? 'granted' : 'exhausted';
        },
      },
      unlocks: createUnlocks(['a secret of a test, long enough to be one'], 'https://elnk.example'),
      offsetOf: offsetMemory(),
      clientAddress: clientAddress(null),
      clock: () => NOW,
      counters: context.rig.counters,
    }),
  );
  context.connection = await rawConnection(context.server.value.port);
}

test.after.each(async ({ rig, server, connection }) => {
  connection.socket.destroy();
  await server.stop();
  await rig.remove();
});

let lastId = 0;
function store({ stored }: Context, slug: string, changes: Partial<Link> = {}): Link {
  const link = {
    id: ++lastId,
    slug,
    target: `https://example.com/${slug}`,
    timeZone: 'Asia/Kathmandu',
    disabled: false,
    rules: null,
    ...changes,
  };
  stored.set(slug, link);
  return link;
}

/** The ids of all clicks that are in the log right now, for a reader that has not seen it before. */
const clicksOf = ({ rig }: Context) => drain(rig.reader({ board: null })).map((click) => click.linkId);

const request = (path: string, { method = 'GET', headers = [] as string[] } = {}) =>
  `${method} ${path} HTTP/1.1\r\nHost: elnk.example\r\n${headers.map((it) => `${it}\r\n`).join('')}\r\n`;

/** Splits what came over a connection into answers; `methods[i]` is that of request i. Null when the last is not complete. */
function answersOf(text: string, methods: readonly string[]): Answer[] | null {
  const answers: Answer[] = [];
  let rest = Buffer.from(text);
  for (const method of methods) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const [statusLine, ...lines] = rest.subarray(0, end).toString().split('\r\n');
    const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]));
    const length = method === 'HEAD' ? 0 : Number(headers.get('content-length'));
    if (rest.length < end + 4 + length) return null;
    answers.push({ status: Number(statusLine.split(' ')[1]), headers, body: rest.subarray(end + 4, end + 4 + length).toString() });
    rest = rest.subarray(end + 4 + length);
  }
  if (rest.length > 0) throw new Error(`more than ${methods.length} answers: ${rest}`);
  return answers;
}

/** Sends requests at once on a new connection, and waits for all answers. */
async function sent({ server }: Context, ...requests: string[]): Promise<Answer[]> {
  const methods = requests.map((it) => it.split(' ', 1)[0]);
  const connection = await rawConnection(server.value.port);
  connection.socket.write(requests.join(''));
  const text = await connection.until((it) => answersOf(it, methods) !== null);
  connection.socket.destroy();
  const answers = answersOf(text, methods);
  if (answers === null) throw new Error(`the connection was closed after ${JSON.stringify(text)}`);
  return answers;
}

const get = async (context: Context, path: string, ...headers: string[]) => (await sent(context, request(path, { headers })))[0];

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

const limited = (maxClicks: number): Pick<Link, 'rules'> => ({
  rules: { passwordHash: null, maxClicks, clicksUsed: 0, validFrom: null, expiresAt: null, expiredUrl: null },
});

test('a limited link: so many redirects, each with its click; then 410, and nobody is asked for more until an edit', async (context) => {
  const link = store(context, 'abc', limited(3));
  context.limit.left = 3;
  const visits = (n: number) => Promise.all(Array.from({ length: n }, async () => (await get(context, '/abc')).status));
  assert.equal((await visits(5)).sort(), [302, 302, 302, 410, 410]);
  assert.equal(clicksOf(context), [link.id, link.id, link.id]);
  const { asked } = context.limit;
  assert.equal(await visits(5), [410, 410, 410, 410, 410]);
  assert.is(context.limit.asked, asked);

  context.stored.set('abc', { ...link, ...limited(5) });
  context.bump('abc');
  context.limit.left = 2;
  assert.equal((await visits(4)).sort(), [302, 302, 410, 410]);
  assert.is(clicksOf(context).length, 5);
});

test('a limited link whose limit cannot be asked: 503, no click, and the next visitor is asked for again', async (context) => {
  store(context, 'abc', limited(3));
  context.limit.left = 'unavailable';
  const { status, headers } = await get(context, '/abc');
  assert.equal([status, Number(headers.get('retry-after')) > 0, clicksOf(context)], [503, true, []]);
  context.limit.left = 1;
  assert.is((await get(context, '/abc')).status, 302);
});

test('HEAD takes no click of a limited link', async (context) => {
  store(context, 'abc', limited(3));
  await sent(context, request('/abc', { method: 'HEAD' }));
  assert.equal([context.limit.asked, clicksOf(context)], [0, []]);
});

test('a visitor who leaves before a click is granted is not counted', async (context) => {
  store(context, 'abc', limited(3));
  const { promise, resolve } = Promise.withResolvers<void>();
  Object.assign(context.limit, { left: 3, held: promise });
  const leaving = await rawConnection(context.server.value.port);
  leaving.socket.write(request('/abc'));
  await until('the question', () => context.limit.asked === 1);
  const staying = get(context, '/abc');
  await until('the other question', () => context.limit.asked === 2);
  leaving.socket.destroy();
  assert.is((await get(context, '/none')).status, 404); // by then the server has seen the end of the connection
  resolve();
  assert.is((await staying).status, 302);
  assert.equal([clicksOf(context).length, context.limit.left], [1, 1]);
});

/** Lets lookups wait. @returns what lets them go on */
function holdLookups(context: Context) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = { promise, asked: 0 };
  context.held = held;
  return {
    asked: (times: number) => until('the lookup', () => held.asked >= times),
    release() {
      context.held = null;
      resolve();
    },
  };
}

test('a link that is not at hand is answered, with all headers noted, when its lookup ends', async (context) => {
  const link = store(context, 'abc');
  const lookup = holdLookups(context);
  const answer = get(context, '/abc', 'User-Agent: a browser', 'Referer: https://a.example/', 'Accept-Language: ru');
  await lookup.asked(1);
  // Other requests in between use uWebSockets' request memory again.
  assert.is((await get(context, '/!', 'User-Agent: another', 'Referer: another', 'Accept-Language: en')).status, 404);
  assert.equal(clicksOf(context), []);
  lookup.release();
  const { status, headers } = await answer;
  assert.is(status, 302);
  assert.is(headers.get('location'), link.target);
  const [click] = drain(context.rig.reader({ board: null }));
  assert.equal([click.linkId, click.userAgent, click.referrer, click.language], [link.id, 'a browser', 'https://a.example/', 'ru']);
  assert.is(click.address, '00000000000000000000ffff7f000001');
});

test('visitors who leave while their link is looked up are not counted, and nothing breaks', async (context) => {
  const link = store(context, 'abc');
  const lookup = holdLookups(context);
  const leaving = await Promise.all(Array.from({ length: 20 }, () => rawConnection(context.server.value.port)));
  for (const { socket } of leaving) socket.write(request('/abc'));
  const staying = get(context, '/abc');
  await lookup.asked(1);
  for (let n = 0; n < 2; n++) await get(context, '/!'); // every request above has been read
  for (const [i, { socket }] of leaving.entries()) {
    if (i % 2 === 0) socket.destroy();
    else socket.resetAndDestroy();
  }
  await Promise.all(leaving.map(({ closed }) => closed));
  for (let n = 0; n < 3; n++) await get(context, '/!'); // and every closed connection noticed
  lookup.release();
  assert.is((await staying).status, 302);
  assert.equal(clicksOf(context), [link.id]);
  assert.is((await get(context, '/abc')).status, 302);
});

test('the same for a slug that turns out to be unknown, and for a store that is away', async (context) => {
  for (const away of [false, true]) {
    context.away = away;
    const lookup = holdLookups(context);
    const leaving = await rawConnection(context.server.value.port);
    leaving.socket.write(request(`/none-${away}`));
    await lookup.asked(1);
    leaving.socket.destroy();
    await leaving.closed;
    for (let n = 0; n < 3; n++) await get(context, '/!');
    lookup.release();
    await get(context, '/!');
  }
  assert.is(context.rig.count('serverErrors'), 0);
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

const GARBAGE = [
  '/',
  '//evil.example',
  '//evil.example/%2f..',
  '/%0d%0aSet-Cookie:x',
  '/%0D%0ALocation:%20https://evil.example',
  '/%00',
  '/abc%00',
  '/%61bc',
  '/abc/',
  '/abc/def',
  '/../../etc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/пример',
  '/\u{1f98a}',
  '/%ff%fe',
  '/%',
  '/%zz',
  '/<script>alert(1)</script>',
  "/abc'--",
  '/__proto__',
  '/constructor',
  '/toString',
  '/abc;x=1',
  '/abc#x',
  '/*',
  '/?abc',
  '/abc\\',
  '/\u007f',
  `/${'a'.repeat(64)}`,
  `/${'a'.repeat(65)}`,
  `/${'a'.repeat(3_000)}`,
  `/${'%41'.repeat(1_000)}`,
];

/** The head of the answer to bytes that may not be HTTP; '' when the connection was closed without one. */
async function headOf({ server }: Context, bytes: string): Promise<string> {
  const connection = await rawConnection(server.value.port);
  connection.socket.write(bytes);
  const text = await connection.until((it) => it.includes('\r\n\r\n'));
  connection.socket.destroy();
  return text.split('\r\n\r\n', 1)[0];
}

test('paths of any kind: refused, never a server error, never a header of theirs', async (context) => {
  store(context, 'abc');
  for (const path of GARBAGE) {
    for (const method of ['GET', 'HEAD']) {
      const head = await headOf(context, request(path, { method }));
      assert.match(head, /^HTTP\/1.1 4\d\d /, `${method} ${path}`);
      assert.not.match(head, /^(set-cookie|location):/im);
    }
  }
  assert.equal(clicksOf(context), []);
  assert.is(context.rig.count('missingLinkLookups'), 4, 'only what could be a slug is looked up');
});

test('what is no HTTP, or too long for it, ends the connection and no other', async (context) => {
  const link = store(context, 'abc');
  for (const bytes of [request(`/${'a'.repeat(20_000)}`), request('/a b')]) {
    const head = await headOf(context, bytes);
    // 505 is what uWebSockets itself says to a request line that it cannot read.
    assert.match(head, /^(HTTP\/1.1 (4\d\d|505) .*|$)/, JSON.stringify(bytes.slice(0, 40)));
    assert.not.match(head, /^(set-cookie|location):/im);
  }
  assert.is((await get(context, '/abc')).headers.get('location'), link.target);
});

test('headers of any kind: redirected, and cropped in the log', async (context) => {
  const link = store(context, 'abc');
  const long = 'x'.repeat(1_000);
  for (const value of [long, 'é\xff', '\t', '%0d%0a', '"\'<>']) {
    const { status } = await get(context, '/abc', `User-Agent: ${value}`, `Referer: ${value}`, `X-Forwarded-For: ${value}`);
    assert.is(status, 302);
  }
  const clicks = drain(context.rig.reader({ board: null }));
  assert.equal(new Set(clicks.map((it) => it.linkId)), new Set([link.id]));
  assert.equal([clicks[0].userAgent.length, clicks[0].referrer.length], [512, 512]);
  assert.is(new Set(clicks.map((it) => it.address)).size, 1);
});

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
