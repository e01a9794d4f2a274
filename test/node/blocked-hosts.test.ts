/** What visitors of a whole node with two fronts get while an administrator blocks and unblocks the hosts that links lead to. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';

/** Connections of their own, so that every front is asked: one that none of these reaches is rarer than 10^-7. */
const VISITS = 24;
const ROUNDS = 8;
const HOSTS = '/api/v1/admin/blocked-hosts';

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const node = await startTestNode({
  dataDir: join(temporaryFolder(), 'data'),
  settings: { ...shapeSettings({ fronts: 2, shards: 1 }), DATABASE_URL: database.value.url },
});
const { id } = await createConfirmedUser(connections.value, {
  email: 'root@example.com',
  passwordHash: null,
  isAdmin: true,
  plan: 'unlimited',
  timeZone: 'UTC',
});
const key = await createApiKey(connections.value, { userId: id, name: 'test', scopes: ['links:write', 'admin'] });

async function send(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(node.url() + path, {
    method,
    headers: { connection: 'close', ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? null : JSON.stringify(body),
    redirect: 'manual',
  });
}
const asRoot = (method: string, path: string, body?: object) => send(method, path, body, { authorization: `Bearer ${key}` });
const visit = (slug: string, headers: Record<string, string> = {}) => send('GET', `/${slug}`, undefined, headers);

async function statusesOf(slug: string): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: VISITS }, () => visit(slug)));
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  return [...new Set(answers.map(({ status }) => status))];
}

async function block(host: string): Promise<void> {
  assert.is((await asRoot('POST', HOSTS, { host })).status, 201);
}
const unblock = (host: string) => asRoot('DELETE', `${HOSTS}/${encodeURIComponent(host)}`);

async function makeLink(slug: string, url: string): Promise<void> {
  const answer = await asRoot('POST', '/api/v1/links', { slug, url });
  assert.is(answer.status, 201, await answer.text());
}

const it = suite('blocked hosts of a node');

it.after(async () => {
  await node.stop();
  await connections.stop();
  await database.stop();
});

it('links that are there already lead nowhere at once, on every front, and lead on again when the host is unblocked', async () => {
  await makeLink('evil', 'https://evil.example/');
  await makeLink('sub', 'https://www.a.evil.example./path');
  await makeLink('good', 'https://notevil.example/');
  for (const slug of ['evil', 'sub', 'good']) assert.equal(await statusesOf(slug), [302], slug);
  await block('evil.example');
  for (const slug of ['evil', 'sub']) assert.equal(await statusesOf(slug), [410], slug);
  assert.equal(await statusesOf('good'), [302]);
  assert.is((await unblock('evil.example')).status, 204);
  for (const slug of ['evil', 'sub']) assert.equal(await statusesOf(slug), [302], slug);
});

it('links of guests lead nowhere, too, and cannot be made', async () => {
  const make = () => send('POST', '/api/v1/links', { url: 'https://www.guests.example/' });
  const made = await make();
  assert.is(made.status, 201);
  const { slug } = (await made.json()) as { slug: string };
  assert.equal(await statusesOf(slug), [302]);
  await block('guests.example');
  assert.equal(await statusesOf(slug), [410]);
  for (let i = 0; i < 6; i++) assert.is((await make()).status, 422); // every front is asked
  assert.is((await unblock('guests.example')).status, 204);
  assert.equal(await statusesOf(slug), [302]);
});

it('visitors are told so in words of their own, and nothing of where the link led', async () => {
  await makeLink('secret', 'https://bad.example/secret-path');
  await block('bad.example');
  const page = await visit('secret', { accept: 'text/html', 'accept-language': 'ru' });
  const text = await page.text();
  assert.is(page.status, 410);
  assert.is(page.headers.get('location'), null);
  assert.match(text, 'Эта ссылка заблокирована');
  assert.match(await (await visit('secret', { accept: 'text/html' })).text(), 'This link is blocked');
  const problem = await visit('secret');
  assert.equal([problem.status, ((await problem.json()) as { code: string }).code], [410, 'gone']);
  assert.not.match(text, 'secret-path');
  const head = await send('HEAD', '/secret');
  assert.is(head.status, 410);
});

it('of links that are made all the while a host is being blocked, none leads there afterwards', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const host = `storm-${round}.example`;
    const slugs = Array.from({ length: 20 }, (_, i) => `storm-${round}-${i}`);
    let isBlocking = true;
    const making = slugs.map(async (slug, i) => {
      for (let tries = 0; isBlocking && tries < i; tries++) await visit(`nothing-${tries}`).then((it) => it.arrayBuffer()); // a little later each
      const { status } = await asRoot('POST', '/api/v1/links', { slug, url: `https://www.${host}/${i}` });
      assert.ok(status === 201 || status === 422, `${status}`);
      await visit(slug).then((it) => it.arrayBuffer()); // takes it into the memory of some front
    });
    await block(host);
    isBlocking = false;
    await Promise.all(making);
    for (const slug of slugs) {
      const { status } = await visit(slug);
      assert.ok(status === 410 || status === 404, `${slug}: ${status}`);
    }
  }
});

it.run();
