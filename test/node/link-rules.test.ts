/** All rules of links in a real node with two fronts: made by the API, met by visitors, seen in the figures. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Link } from '../../src/core/api/links.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';

const TARGET = 'https://example.com/target';
const PEOPLE = {
  accept: 'text/html',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  connection: 'close',
};

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const node = await startTestNode({
  dataDir: join(temporaryFolder(), 'data'),
  settings: { ...shapeSettings({ fronts: 2, shards: 1 }), DATABASE_URL: database.value.url },
});
const { apiKey } = await makeOwner(connections.value, { links: 0 });

async function api(method: string, path: string, body?: object): Promise<Link> {
  const response = await fetch(`${node.url()}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      connection: 'close',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${path} answers ${response.status}`);
  return (await response.json()) as Link;
}
const make = (slug: string, rules: object) => api('POST', '/links', { url: TARGET, slug, ...rules });
const seen = (slug: string) => api('GET', `/links/${slug}`);
/** On a connection of its own, so that either front is asked. */
const visit = (slug: string, headers: Record<string, string> = {}) =>
  fetch(`${node.url()}/${slug}`, { headers: { ...PEOPLE, ...headers }, redirect: 'manual' });
const unlock = (slug: string, password: string) =>
  fetch(`${node.url()}/${slug}`, { method: 'POST', headers: PEOPLE, body: new URLSearchParams({ password }), redirect: 'manual' });

const test = suite('rules of links in a node');

test.after(async () => {
  await node.stop();
  await connections.stop();
  await database.stop();
});

test('a password: asked for, wrong, right, open for a while, changed; the figures have each click once', async () => {
  await make('locked', { password: 'Сезам' });
  for (let i = 0; i < 4; i++) assert.is((await visit('locked')).status, 200);
  for (let i = 0; i < 4; i++) assert.is((await unlock('locked', 'nope')).status, 403);
  const right = await unlock('locked', 'Сезам');
  assert.equal([right.status, right.headers.get('location')], [303, TARGET]);
  const cookie = (right.headers.get('set-cookie') ?? '').split(';', 1)[0];
  for (let i = 0; i < 4; i++) assert.is((await visit('locked', { cookie })).headers.get('location'), TARGET);
  assert.equal([(await seen('locked')).hasPassword, (await seen('locked')).clicks], [true, 5]);
  await api('PATCH', '/links/locked', { password: 'Сезам' });
  for (let i = 0; i < 8; i++) assert.is((await visit('locked', { cookie })).status, 200);
  assert.is((await seen('locked')).clicks, 5);
  assert.equal(
    await Promise.all(['password_pages', 'wrong_link_passwords', 'right_link_passwords'].map((name) => node.metric(`elnk_${name}_total`))),
    [12, 4, 1],
  );
});

test('tries are counted over both fronts', async () => {
  await make('guessed', { password: 'x' });
  const statuses: number[] = [];
  for (let i = 0; i < 24; i++) statuses.push((await unlock('guessed', `guess ${i}`)).status);
  assert.equal(statuses.slice(0, 10), new Array(10).fill(403));
  assert.equal(statuses.slice(10), new Array(14).fill(429));
});

test('a limit: exactly so many, then 410; the owner sees what is left', async () => {
  await make('limited', { maxClicks: 5 });
  assert.is((await visit('limited', { 'user-agent': 'TelegramBot (like TwitterBot)' })).status, 200);
  const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await visit('limited')).status));
  assert.equal(statuses.sort(), [...new Array(5).fill(302), ...new Array(15).fill(410)]);
  const { clicksLeft, state, clicks } = await seen('limited');
  assert.equal([clicksLeft, state, clicks], [0, 'exhausted', 5]);
});

test('a limit and a password: once the last click is taken, no front asks for the password any more', async () => {
  await make('both', { password: 'x', maxClicks: 1 });
  for (let i = 0; i < 8; i++) assert.is((await visit('both')).status, 200);
  assert.is((await unlock('both', 'x')).status, 303);
  for (let i = 0; i < 8; i++) assert.is((await visit('both')).status, 410);
  assert.is((await unlock('both', 'nope')).status, 410);
});

test('a window opens and closes by itself, on time', async () => {
  const opens = Date.now() + 1_500;
  const closes = opens + 1_500;
  await make('brief', { validFrom: new Date(opens).toISOString(), expiresAt: new Date(closes).toISOString() });
  const met = new Set<number>();
  for (let now = Date.now(); now < closes + 200; now = Date.now()) {
    const { status } = await visit('brief');
    // The answer was decided at some moment between the request and now.
    const possible: number[] = [now, Date.now()].map((at) => (at < opens ? 404 : at < closes ? 302 : 410));
    assert.ok(possible.includes(status), `${status} between ${now - opens} and ${Date.now() - opens} ms`);
    met.add(status);
  }
  assert.ok(met.has(410), 'it was seen after its end');
  assert.is((await seen('brief')).state, 'expired');
});

test.run();
