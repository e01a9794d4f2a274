// timeout: 180 s
/** The live feed of a node with two fronts and two shards: what is told to whom, and when a socket ends. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIVE_MESSAGE_MAX_BYTES, SOCKETS_MAX } from '../../src/http/live.ts';
import { ACCESS_TTL_SEC, createTokens } from '../../src/http/tokens.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { LiveClient } from '../support/live-client.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { closeCode, followRaw, openRawLive, textFrame } from '../support/raw-live.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { apiClient, makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const BASE_URL = 'https://elnk.example';
const SECRET_KEY = 'a secret of a test, long enough to be one';
const FRONTS = 2;
const ANSWERS_MS = 60_000;
const STUCK = 50;
/** As often as a socket may ask. */
const ASK_MS = 400;
const WARM_MS = 8_000;
/** The kernel takes some 230 MiB for them, and they ask for twice as much, which must not be kept; what else there is, is the heaps’ own going up and down. */
const GROWN_MAX_BYTES = 150 << 20;
const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
];

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const pool = connections.value;
const node = await startTestNode({
  dataDir: temporaryFolder(),
  settings: { ...shapeSettings({ fronts: FRONTS, shards: 2 }), DATABASE_URL: database.value.url, BASE_URL, SECRET_KEY },
});
const ann = await makeOwner(pool, { links: 3, timeZone: 'Asia/Kathmandu' });
const bob = await makeOwner(pool, { links: 1 });
const api = apiClient(node.url(), ann);
const tokenOf = async (userId: number, fromNowMs = 0) => {
  const { rows } = await pool.query<{ publicId: string }>('SELECT public_id AS "publicId" FROM users WHERE id = $1', [userId]);
  return createTokens({ secrets: [SECRET_KEY], issuer: BASE_URL, clock: () => Date.now() + fromNowMs }).signAccess(rows[0].publicId);
};
const open = (options = {}) => new LiveClient(node.url(), options);

async function click(slug: string, userAgent = BROWSERS[0]): Promise<void> {
  const headers = { 'user-agent': userAgent, referer: 'https://t.me/some', 'accept-language': 'ru', connection: 'close' };
  const response = await fetch(`${node.url()}/${slug}`, { redirect: 'manual', headers });
  assert.is(response.status, 302);
}

async function send(method: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${ann.apiKey}`, 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(`${node.url()}/api/v1${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.status === 204 ? null : ((await response.json()) as { slug: string });
}

const it = suite('live feed');

it.after(async () => {
  await node.stop();
  await connections.stop();
  await database.stop();
});

it('begins with a snapshot of the own links and goes on with their clicks', async () => {
  const [{ slug }, other] = ann.links;
  await click(slug);
  const client = await open().follow(ann.apiKey);
  assert.equal(new Set(Object.keys(client.links)), new Set(ann.links.map((link) => link.slug)));
  assert.is(client.links[slug].clicks, 1);
  assert.is(
    client.links[slug].hours.reduce((sum, n) => sum + n),
    1,
  );
  await click(slug);
  await click(slug, BROWSERS[1]);
  await click(other.slug);
  await client.until('the clicks', () => client.links[slug].clicks === 3 && client.links[other.slug].clicks === 1);
  const { clicks, repeatClicks, clicksToday, repeatClicksToday } = await api.link(slug);
  const { hours } = await api.stats(slug);
  assert.equal(client.links[slug], { clicks, repeatClicks, clicksToday, repeatClicksToday, hours });
  assert.is(repeatClicks, 1);
  const recent = client.messages.flatMap((message) => (message.type === 'delta' ? message.clicks : []));
  assert.is(recent.length, 3);
  const phone = recent.find((it) => it.slug === slug && it.device === 'phone');
  if (phone === undefined) throw new Error('no click of the phone');
  assert.ok(Math.abs(Date.now() - Date.parse(phone.at)) < 60_000);
  const { country, os, referrer, repeat } = phone;
  assert.equal({ country, os, referrer, repeat }, { country: 'unknown', os: 'iPhone', referrer: 't.me', repeat: false });
  assert.equal(client.wrong, []);
  await client.close();
});

it('tells of links that are asked for and one’s own, and of no others', async () => {
  const client = await open().follow(ann.apiKey, [ann.links[1].slug, bob.links[0].slug, 'nothing-here']);
  assert.equal(Object.keys(client.links), [ann.links[1].slug]);
  const before = client.messages.length;
  await click(bob.links[0].slug);
  await click(ann.links[0].slug);
  await click(ann.links[1].slug);
  await client.until('a delta', () => client.messages.length > before);
  for (const { links } of client.messages) assert.equal(Object.keys(links), [ann.links[1].slug]);
  await client.close();
});

it('takes in links that are made, renamed and deleted', async () => {
  const client = await open().follow(ann.apiKey);
  const made = (await send('POST', '/links', { url: 'https://example.com/new' }))?.slug ?? '';
  await client.until('the new link', () => client.links[made] !== undefined);
  await click(made);
  await client.until('its click', () => client.links[made].clicks === 1);
  await send('PATCH', `/links/${made}`, { slug: 'a-live-name' });
  await client.until('its new name', () => client.links['a-live-name']?.clicks === 1 && client.links[made] === undefined);
  await send('DELETE', '/links/a-live-name');
  await client.until('its end', () => client.links['a-live-name'] === undefined);
  assert.equal(client.wrong, []);
  await client.close();
});

it('another subscription takes the place of the first', async () => {
  const [first, second] = ann.links.map(({ slug }) => slug);
  const client = await open().follow(ann.apiKey, [first]);
  client.send({ type: 'subscribe', links: [second], since: 1 });
  await client.until('the second snapshot', () => client.messages.length === 2);
  assert.equal([client.messages[1].type, client.messages[1].seq, Object.keys(client.links)], ['snapshot', 2, [second]]);
  await client.close();
});

it('four messages a second at most, however fast clicks come', async () => {
  const { slug } = bob.links[0];
  const client = await open().follow(bob.apiKey);
  const { clicks } = client.links[slug];
  for (let i = 0; i < 100; i++) await click(slug);
  await client.until('all clicks', () => client.links[slug].clicks === clicks + 100);
  assert.ok(client.times.length >= 2);
  // A message may arrive late, and the next one in time: over several, the pace shows.
  for (let i = 4; i < client.times.length; i++) assert.ok(client.times[i] - client.times[i - 4] > 600, `${client.times}`);
  assert.equal(client.wrong, []);
  await client.close();
});

it('only pages of this server may connect, and programs', async () => {
  assert.is((await open({ origin: BASE_URL }).connected()).isOpen, true);
  for (const origin of ['https://elnk.example.evil.example', 'http://elnk.example', 'null', '']) {
    const client = await open({ origin }).connected();
    assert.is(client.isOpen, false, origin);
  }
});

it('without WebSocket it says what to do', async () => {
  const response = await fetch(`${node.url()}/api/v1/live`);
  assert.is(response.status, 426);
  assert.is(response.headers.get('upgrade'), 'websocket');
});

it('needs a key with the right scope, and ends with it', async () => {
  const readOnly = await createApiKey(pool, { userId: ann.userId, name: 'no stats', scopes: ['links:read'] });
  const cases: [unknown, number][] = [
    [{ type: 'auth', token: readOnly }, 4403],
    [{ type: 'auth', token: 'elnk_0000000000000000000000000000000000000000' }, 4401],
    [{ type: 'auth', token: 'x y\r\nz' }, 4401],
    [{ type: 'subscribe', links: 'all' }, 4401],
  ];
  for (const [message, code] of cases) {
    const client = await open().connected();
    client.send(message);
    assert.is((await client.ended()).code, code);
  }
  const client = await open().follow(ann.apiKey);
  client.send({ type: 'auth', token: ann.apiKey });
  assert.is((await client.ended()).code, 4400, 'a socket has one account');
});

it('a session ends with its token, a new password and a ban; a key with its deletion', async () => {
  const owner = await makeOwner(pool, { links: 1 });
  const expiring = await open().follow(await tokenOf(owner.userId, 3_000 - ACCESS_TTL_SEC * 1000));
  const key = await createApiKey(pool, { userId: owner.userId, name: 'to be deleted', scopes: ['stats:read'] });
  const [deleted, banned] = await Promise.all([open().follow(key), open().follow(owner.apiKey)]);
  const { rows } = await pool.query<{ id: number }>("SELECT id FROM api_keys WHERE name = 'to be deleted'");
  const authorization = `Bearer ${await tokenOf(owner.userId)}`;
  const deletion = await fetch(`${node.url()}/api/v1/api-keys/${rows[0].id}`, { method: 'DELETE', headers: { authorization } });
  assert.is(deletion.status, 204);
  assert.is((await deleted.ended()).code, 4401);
  assert.is((await expiring.ended()).code, 4401);
  const session = await open().follow(await tokenOf(owner.userId));
  await pool.query("UPDATE users SET public_id = 'another-one-now' WHERE id = $1", [owner.userId]); // as a new password does
  assert.is((await session.ended()).code, 4401);
  assert.is(banned.end, null);
  await pool.query('UPDATE users SET banned_at = now() WHERE id = $1', [owner.userId]);
  assert.is((await banned.ended()).code, 4401);
});

it('an account has so many sockets', async () => {
  const wanted = FRONTS * SOCKETS_MAX.account + 1;
  const sockets: Socket[] = [];
  const codes: number[] = [];
  for (let i = 0; i < wanted; i++) {
    const socket = await followRaw(node.url(), bob.apiKey, `127.0.1.${1 + (i % 200)}`);
    sockets.push(socket);
    socket.on('data', (bytes) => codes.push(closeCode(bytes) ?? 0)).resume();
  }
  await until('an answer to each', () => codes.length >= wanted, ANSWERS_MS);
  assert.ok(codes.includes(4429));
  assert.equal(new Set(codes), new Set([0, 4429]));
  for (const socket of sockets) socket.destroy();
  await until('their end', async () => (await node.metric('elnk_live_sockets')) === 0, ANSWERS_MS);
  await (await open().follow(bob.apiKey)).close();
});

it('an address has so many sockets', async () => {
  const sockets: Socket[] = [];
  let refusal: unknown = null;
  while (refusal === null && sockets.length <= FRONTS * SOCKETS_MAX.address) {
    await openRawLive(node.url()).then(
      (socket) => void sockets.push(socket),
      (error) => {
        refusal = error;
      },
    );
  }
  assert.match(String(refusal), /HTTP\/1.1 429 /);
  for (const socket of sockets) socket.destroy();
  await until('their end', async () => (await node.metric('elnk_live_sockets')) === 0, ANSWERS_MS);
});

it('readers that do not read are dropped, and cost little until then', async () => {
  const owner = await makeOwner(pool, { links: 0 });
  await pool.query(
    "INSERT INTO links (slug, owner_id, target) SELECT rpad('slow-reader-' || i || '-', 64, 'x'), $1, 'https://example.com/' FROM generate_series(1, 1000) i",
    [owner.userId],
  );
  /** @returns resident bytes at most, until none of them is there any more */
  const wave = async (isReading: boolean) => {
    const sockets = await Promise.all(Array.from({ length: STUCK }, () => followRaw(node.url(), owner.apiKey)));
    if (isReading) for (const socket of sockets) socket.resume();
    const asking = setInterval(() => {
      for (const socket of sockets) socket.write(textFrame('{"type":"subscribe","links":"all"}')); // a snapshot of 200 KB each
    }, ASK_MS);
    const begun = performance.now();
    let most = 0;
    const areGone = async () => {
      most = Math.max(most, node.residentBytes());
      if (isReading && performance.now() - begun > WARM_MS) for (const socket of sockets) socket.destroy();
      return (await node.metric('elnk_live_sockets')) === 0;
    };
    await until('their end', areGone, ANSWERS_MS);
    clearInterval(asking);
    for (const socket of sockets) socket.destroy();
    return most;
  };
  const before = await wave(true); // what messages take of the heap is there from now on
  assert.is(await node.metric('elnk_slow_live_readers_total'), 0);
  const grownBytes = (await wave(false)) - before;
  say(
    `live feed: ${STUCK} readers, ${Math.round(before / 2 ** 20)} MiB resident; so many that do not read ${Math.round(grownBytes / 2 ** 20)} MiB more`,
  );
  assert.ok(grownBytes < GROWN_MAX_BYTES, `${grownBytes}`);
  assert.ok((await node.metric('elnk_slow_live_readers_total')) > STUCK / 2, 'and few of them for asking too often');
  assert.is(await node.metric('elnk_thread_restarts_total'), 0);
});

it('what is no message ends the socket, and nothing else', async () => {
  const witness = await open().follow(ann.apiKey);
  const random = randomFrom(seed);
  const pieces = [
    '{',
    '}',
    '"type"',
    ':',
    '"auth"',
    '"subscribe"',
    'links',
    '[',
    ']',
    'null',
    '1e999',
    '"all"',
    '\\u0000',
    ',',
    '"__proto__"',
    'ж',
  ];
  const jumble = () => Array.from({ length: 1 + Math.floor(random() * 12) }, () => pieces[Math.floor(random() * pieces.length)]).join('');
  const texts = [
    '',
    'null',
    '[]',
    '"auth"',
    '{"type":"auth"}',
    '{"type":"auth","token":null}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","links":{"length":1}}',
    '{"type":"subscribe","links":[1]}',
    '{"type":"subscribe","links":["\\u0000"]}',
    '{"type":"subscribe","links":"all","since":"1"}',
    `{"type":"subscribe","links":[${'"a",'.repeat(1_000)}"a"]}`,
    '['.repeat(60_000),
    ...Array.from({ length: 40 }, jumble),
  ];
  for (const text of texts) {
    const client = await open().connected();
    client.send({ type: 'auth', token: ann.apiKey });
    client.send(text);
    assert.is((await client.ended()).code, 4400, text.slice(0, 80));
  }
  const binary = await open().connected();
  binary.socket.send(new Uint8Array([1, 2, 3]));
  assert.is((await binary.ended()).code, 4400);
  const large = await open().connected();
  large.send('x'.repeat(LIVE_MESSAGE_MAX_BYTES + 1));
  assert.ok([1006, 1009].includes((await large.ended()).code));
  const chatty = await open().follow(ann.apiKey);
  for (let i = 0; i < 40; i++) chatty.send({ type: 'subscribe', links: [] });
  assert.is((await chatty.ended()).code, 4429);
  await sendFrames(random);
  await click(ann.links[0].slug);
  const { clicks } = await api.link(ann.links[0].slug);
  await witness.until('a click after all that', () => witness.links[ann.links[0].slug].clicks === clicks);
  assert.equal(witness.wrong, []);
  assert.is(await node.metric('elnk_server_errors_total'), 0);
  assert.is(await node.metric('elnk_thread_restarts_total'), 0);
  await witness.close();
});

/** Bytes that are no frames, on connections that were upgraded. */
async function sendFrames(random: () => number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const socket = connect(Number(new URL(node.url()).port), '127.0.0.1');
    const gone = once(socket, 'close');
    socket.on('error', () => undefined); // 'close' follows
    socket.write(
      'GET /api/v1/live HTTP/1.1\r\nHost: elnk.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await once(socket, 'data');
    socket.end(Buffer.from(Array.from({ length: 1 + Math.floor(random() * 200) }, () => Math.floor(random() * 256))));
    socket.resume();
    await gone;
  }
}

it('sockets are told when the node stops', async () => {
  const clients = await Promise.all([ann, bob].map((owner) => open().follow(owner.apiKey)));
  assert.is(await node.metric('elnk_live_sockets'), 2);
  const stopped = node.stop();
  for (const client of clients) assert.is((await client.ended()).code, 1001);
  assert.is((await stopped).code, 0);
});

it.run();
