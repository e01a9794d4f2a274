// timeout: 120 s
/** The live feed of a node with two fronts and two shards: what is told to whom, and when a socket ends. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { LiveClient } from '../support/live-client.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { apiClient, makeOwner } from '../support/test-owner.ts';

const BASE_URL = 'https://elnk.example';
const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
];

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const pool = connections.value;
const node = await startTestNode({
  dataDir: temporaryFolder(),
  settings: { ...shapeSettings({ fronts: 2, shards: 2 }), DATABASE_URL: database.value.url, BASE_URL },
});
const ann = await makeOwner(pool, { links: 3, timeZone: 'Asia/Kathmandu' });
const bob = await makeOwner(pool, { links: 1 });
const api = apiClient(node.url(), ann);
const open = (options = {}) => new LiveClient(node.url(), options);

async function click(slug: string, userAgent = BROWSERS[0]): Promise<void> {
  const headers = { 'user-agent': userAgent, referer: 'https://t.me/some', 'accept-language': 'ru', connection: 'close' };
  const response = await fetch(`${node.url()}/${slug}`, { redirect: 'manual', headers });
  assert.is(response.status, 302);
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

it.run();
