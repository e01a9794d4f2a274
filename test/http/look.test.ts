/** GET /{slug}+: where a link leads, without going there. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { look, lookPage } from '../../src/http/look-page.ts';
import { rawRequest } from '../support/raw-http.ts';
import { seed } from '../support/seed.ts';
import { BROWSER_HEADERS, startVisits } from '../support/visit-server.ts';

const server = await startVisits();
const { make, edit, remove, get, counter, clicks, clock, bases } = server.value;
const HOUR_MS = 3_600_000;

const test = suite('preview of a link');

test.after(() => server.stop());

test('shows where a link leads, in the visitor’s language, without a click and without going there', async () => {
  const { id } = await make({ slug: 'shown', url: 'https://shop.example:8443/a?b=1&c=%3C2%3E#d', title: 'My secret title' });
  for (const path of ['shown+', 'shown%2B', 'shown%2b']) {
    const { status, headers, body } = await get(path);
    assert.is(status, 200);
    assert.match(body, '<html lang="en">');
    assert.match(body, 'https://<b>shop.example:8443</b>/a?b=1&amp;c=%3C2%3E#d');
    assert.match(body, '<a href="shown" rel="nofollow">Open the link</a>');
    assert.match(body, '<meta name="robots" content="noindex">');
    assert.not.match(body, 'My secret title');
    assert.equal([headers.get('cache-control'), headers.get('location')], ['private, no-store', null]);
  }
  assert.match((await get('shown+', { headers: { 'Accept-Language': 'ru' } })).body, /<html lang="ru">[\s\S]*Куда ведёт эта ссылка/);
  const head = await get('shown+', { method: 'HEAD' });
  assert.equal([head.status, head.body], [200, '']);
  assert.ok(Number(head.headers.get('content-length')) > 500);
  assert.equal([counter('redirects'), await clicks(id)], [0, 0]);
  assert.is((await get('shown')).status, 302);
  assert.equal([counter('redirects'), await clicks(id)], [1, 1]);
});

test('an edit is seen at once', async () => {
  await make({ slug: 'edited', url: 'https://old.example/' });
  assert.match((await get('edited+')).body, '<b>old.example</b>');
  await edit('edited', { url: 'https://new.example/' });
  assert.match((await get('edited+')).body, '<b>new.example</b>');
  await remove('edited');
  assert.is((await get('edited+')).status, 404);
});

test('does not tell what a password, a limit, a time or its owner keeps back', async () => {
  const url = 'https://kept.example/back';
  const expiredUrl = 'https://late.example/place';
  await make({ slug: 'locked', url, password: 'sesame' });
  await make({ slug: 'locked-limit', url, password: 'sesame', maxClicks: 5 });
  await make({ slug: 'limited', url, maxClicks: 1 });
  await make({ slug: 'later', url, validFrom: clock.now + HOUR_MS, expiredUrl });
  await make({ slug: 'over', url, expiresAt: clock.now - HOUR_MS });
  await make({ slug: 'over-place', url, expiresAt: clock.now - HOUR_MS, expiredUrl });
  await make({ slug: 'used', url, maxClicks: 1, expiredUrl });
  await make({ slug: 'off', url });
  await server.value.pool.query(`UPDATE links SET disabled = true WHERE slug = 'off'`);
  for (const place of [url, expiredUrl]) assert.is((await get('used')).headers.get('location'), place);
  for (const [slug, status, text] of [
    ['locked', 200, 'It has a password'],
    ['locked-limit', 200, 'It has a password'],
    ['limited', 200, 'a limited number of times'],
    ['later', 404, 'is not open yet'],
    ['over', 410, 'has expired'],
    ['over-place', 410, 'has expired'],
    ['used', 410, 'is used up'],
    ['off', 410, 'is switched off'],
    ['nothing', 404, 'There is no such link'],
  ] as const) {
    const answer = await get(`${slug}+`);
    assert.equal([slug, answer.status, answer.headers.get('location')], [slug, status, null]);
    assert.match(answer.body, text);
    const all = answer.body + JSON.stringify([...answer.headers]);
    for (const kept of ['kept.example', 'late.example', 'sesame']) assert.not.match(all, kept, slug);
    const program = await get(`${slug}+`, { headers: { Accept: '*/*' } });
    assert.is(program.status, status);
    if (status !== 200) assert.is(program.headers.get('content-type'), 'application/problem+json');
  }
  assert.is((await get('limited')).status, 302, 'looking has used nothing');
  assert.is((await get('limited')).status, 410);
  assert.equal([counter('passwordPages'), counter('outsideWindow'), counter('limitRefusals')], [0, 0, 2]);
});

test('is there for slugs only', async () => {
  const before = counter('unknownSlugs');
  for (const path of ['+', '++', 'shown++', 'shown+/', 'shown%20+', 'a.b+', `${'x'.repeat(65)}+`, '%2B', 'shown+x']) {
    assert.is((await get(path)).status, 404, path);
  }
  assert.is(counter('unknownSlugs'), before + 9);
  const port = Number(new URL(bases[0]).port);
  assert.match(
    await rawRequest(port, 'GET /shown+ HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 200 /,
  );
  assert.match(
    await rawRequest(port, 'POST /shown+ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 404 /,
  );
});

test('whatever a target is made of, the page holds no more tags than its own', () => {
  const link = (target: string) => ({ id: 1, slug: 'abc', target, timeZone: 'UTC', disabled: false, rules: null });
  const visitor = { accept: BROWSER_HEADERS.Accept, language: 'en', referrer: '' };
  const page = (target: string) => Buffer.from(lookPage(look(link(target), 0), 'abc', link(target), visitor, 0).body).toString();
  const tags = (html: string) => (html.match(/<[a-z!/]/gi) ?? []).length;
  const expected = tags(page('https://example.com/'));
  const url = fc
    .tuple(fc.constantFrom('http', 'https'), fc.domain(), fc.string({ unit: 'binary' }))
    .map(([scheme, host, rest]) => URL.parse(`${scheme}://${host}/${rest}`)?.href ?? 'http://a/');
  fc.assert(
    fc.property(url, (target) => {
      const html = page(target);
      assert.is(tags(html), expected);
      const shown = /<span class="address">(.*)<\/span>/.exec(html)?.[1].replaceAll(/<\/?b>/g, '') ?? '';
      const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };
      assert.is(
        shown.replaceAll(/&[^;]+;/g, (entity) => entities[entity]),
        target,
      );
    }),
    { seed, numRuns: 2_000 },
  );
});

test.run();
