/** Imports over HTTP: the upload, how far it is, what was refused. The slices are done here, as a node's pool does them. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { linkRequestSchemas } from '../../src/core/api/links.ts';
import { importSlice } from '../../src/jobs/tasks/import-links.ts';
import { judgedLinks } from '../../src/storage/links/blocked-hosts.ts';
import { hashPassword } from '../../src/storage/passwords.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createImportWorkStore } from '../../src/storage/postgres/link-import-work.ts';
import { createImporter } from '../../src/storage/postgres/link-importer.ts';
import { pruneImports } from '../../src/storage/postgres/link-imports.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { ALL_SCOPES, QUOTAS, startApi } from '../support/api-server.ts';
import { rawConnection } from '../support/raw-http.ts';
import { until } from '../support/until.ts';

const server = await startApi();
const { ann, bob, base, port, pool, send } = server.value;
const { createLink } = linkRequestSchemas(new Set(['elnk.example']));
const work = createImportWorkStore(pool, createImporter(randomBytes, QUOTAS));
const BLOCKED = new Set(['evil.example']);

async function upload(file: string | Uint8Array, { key = ann, query = '', type = 'text/csv' } = {}) {
  const response = await fetch(`${base}/api/v1/links/import${query}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': type },
    body: typeof file === 'string' ? file : Buffer.from(file),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test is about
  return { status: response.status, headers: response.headers, json: (await response.json()) as any };
}
const read = async (id: number, key = ann) => (await send('GET', `/api/v1/imports/${id}`, { key })).json;
const deps = {
  work,
  createLink,
  hash: hashPassword,
  judge: async (links: Parameters<typeof judgedLinks>[1]) => judgedLinks(BLOCKED, links),
  clock: Date.now,
};
/** @returns slices, and what all of them have counted */
async function finish(id: number, sliceMs = 60_000) {
  let slices = 0;
  const counted: Record<string, number> = {};
  for (;;) {
    const result = await importSlice(deps, id, sliceMs);
    slices++;
    for (const [name, n] of Object.entries(result.counted)) counted[name] = (counted[name] ?? 0) + n;
    if (result.isOver) return { slices, counted };
  }
}
const countLinks = async (where: string, ...values: unknown[]) =>
  (await pool.query<{ n: number }>(`SELECT count(*) AS n FROM links WHERE ${where}`, values)).rows[0].n;

const test = suite('imports');

test.after(() => server.stop());

test('a file with good rows and bad ones: the good ones are links, the bad ones are named', async () => {
  await send('POST', '/api/v1/links', { key: bob, body: { url: 'https://b.example/', slug: 'taken' } });
  const file = [
    'slug;url;title;tags;maxClicks;password;whatever',
    'first;https://a.example/;Первая;весна|b;5;;x',
    'taken;https://a.example/;;;;;',
    ';javascript:alert(1);;;;;',
    'first;https://a.example/again;;;;;',
    ';https://www.evil.example/;;;;;',
    ';https://a.example/;"open;;;;',
    ';https://a.example/;;;none;;',
    ';https://a.example/;;;;sesame;',
    '',
  ].join('\r\n');
  const begun = await upload(file);
  assert.is(begun.status, 202, JSON.stringify(begun.json));
  const { id, state, encoding, faults } = begun.json;
  assert.equal([begun.headers.get('location'), state, encoding, faults], [`/api/v1/imports/${id}`, 'waiting', 'utf-8', []]);
  const { rows } = await pool.query(`SELECT task_identifier FROM graphile_worker.jobs WHERE key = $1`, [`import-links:${id}`]);
  assert.equal(rows, [{ task_identifier: 'import-links' }]);
  const { counted } = await finish(id);
  assert.equal(counted, { linksCreated: 2, invalidCreations: 4, rejectedUrls: 2 });
  const over = await read(id);
  assert.equal([over.state, over.rows, over.imported, over.refused, over.ignoredColumns], ['done', 8, 2, 6, ['whatever']]);
  assert.is(over.bytesDone, over.bytes);
  assert.equal(over.faults, [
    { line: 3, message: 'The slug taken is taken' },
    { line: 4, message: 'url: must begin with http:// or https://' },
    { line: 5, message: 'The slug first is taken' },
    { line: 6, message: 'url: must not lead to a host that is blocked here' },
    { line: 7, message: 'has a quotation mark that is not closed' },
    { line: 8, message: over.faults[5].message },
  ]);
  assert.match(over.faults[5].message, /^maxClicks: /);
  const made = (await send('GET', '/api/v1/links/first', { key: ann })).json;
  assert.equal([made.title, made.tags, made.maxClicks], ['Первая', ['весна', 'b'], 5]);
  assert.is(await countLinks(`password_hash LIKE '$argon2id$%' AND target = 'https://a.example/'`), 1);
  assert.is((await pool.query('SELECT FROM link_import_chunks')).rowCount, 0, 'the file is deleted');
  const page = await send('GET', `/api/v1/imports/${id}/faults?limit=4`, { key: ann });
  const rest = await send('GET', `/api/v1/imports/${id}/faults?limit=4&cursor=${page.json.nextCursor}`, { key: ann });
  assert.equal([...page.json.data, ...rest.json.data], over.faults);
  assert.is(rest.json.nextCursor, null);
});

test('slice by slice: each row once, wherever it is broken off', async () => {
  const rows = Array.from({ length: 2_600 }, (_, i) => `part-${i},https://a.example/${i}`);
  const { json } = await upload(`slug,url\n${rows.join('\n')}\n`);
  await importSlice(deps, json.id, 0);
  const part = await read(json.id);
  assert.equal([part.state, part.rows, part.imported], ['running', 500, 500]);
  const [one, other] = await Promise.all([finish(json.id, 0), finish(json.id, 0)]); // the other one was taken for dead
  assert.is((one.counted.linksCreated ?? 0) + (other.counted.linksCreated ?? 0), 2_100);
  const over = await read(json.id);
  assert.equal([over.state, over.rows, over.imported, over.refused], ['done', 2_600, 2_600, 0]);
  assert.is(await countLinks(`slug LIKE 'part-%'`), 2_600);
});

test('a dry run makes nothing and says what would happen', async () => {
  const rows = [...Array.from({ length: 700 }, (_, i) => `dry-${i},https://a.example/`), 'dry-0,https://a.example/', ',no URL', ''];
  const { json } = await upload(`slug,url\n${rows.join('\n')}`, { query: '?dryRun=true' });
  assert.equal(await finish(json.id, 0).then(({ counted }) => counted), {});
  const over = await read(json.id);
  assert.equal([over.dryRun, over.imported, over.refused], [true, 700, 2]);
  assert.equal(over.faults[0], { line: 702, message: 'The slug dry-0 is taken' });
  assert.is(await countLinks(`slug LIKE 'dry-%'`), 0);
});

test('the quota holds, also in a dry run', async () => {
  const user = await createConfirmedUser(pool, {
    email: 'few@example.com',
    passwordHash: null,
    isAdmin: false,
    plan: 'regular',
    timeZone: 'UTC',
  });
  const key = await createApiKey(pool, { userId: user.id, name: 'test', scopes: ALL_SCOPES });
  const file = `url\n${'https://a.example/\n'.repeat(QUOTAS.regular + 25)}`;
  for (const query of ['?dryRun=true', '']) {
    const { json } = await upload(file, { key, query });
    await finish(json.id);
    const over = await read(json.id, key);
    assert.equal([over.state, over.imported, over.refused], ['done', QUOTAS.regular, 25]);
    assert.match(over.faults[0].message, 'allows 75 links');
  }
  assert.is(await countLinks('owner_id = $1', user.id), QUOTAS.regular);
});

test('cancelled: what is made stays, nothing more comes', async () => {
  const rows = Array.from({ length: 1_500 }, (_, i) => `stop-${i},https://a.example/`);
  const { json } = await upload(`slug,url\n${rows.join('\n')}`);
  await importSlice(deps, json.id, 0);
  const cancelled = await send('DELETE', `/api/v1/imports/${json.id}`, { key: ann });
  assert.equal([cancelled.status, cancelled.json.state], [200, 'cancelled']);
  assert.is((await finish(json.id)).slices, 1);
  assert.is(await countLinks(`slug LIKE 'stop-%'`), 500);
  assert.is((await send('DELETE', `/api/v1/imports/${json.id}`, { key: ann })).json.state, 'cancelled');
});

test('what is no file of links is refused at once, and leaves nothing', async () => {
  const before = (await pool.query('SELECT FROM link_imports')).rowCount;
  for (const file of ['', 'slug,title\na,b\n', '\n\n', 'url,URL\n']) {
    const { status, json } = await upload(file);
    assert.equal([status, json.errors?.[0].path], [422, 'header'], file);
  }
  assert.is((await upload('url\n', { type: 'application/json' })).status, 415);
  assert.is((await upload('url\n', { query: '?dryRun=yes' })).status, 422);
  assert.is((await upload('url\n', { key: 'x' })).status, 401);
  assert.is((await upload(new Uint8Array((64 << 20) + 1).fill(97))).status, 413);
  assert.is((await pool.query('SELECT FROM link_imports')).rowCount, before);
});

test('an account that is not confirmed, or banned meanwhile: the import fails, and says why', async () => {
  const cases = [
    { email: 'un@example.com', change: 'confirmed_at = NULL', reason: 'Confirm your e-mail address first' },
    { email: 'banned@example.com', change: 'banned_at = now()', reason: 'This account has been banned' },
  ];
  for (const { email, change, reason } of cases) {
    const user = await createConfirmedUser(pool, { email, passwordHash: null, isAdmin: false, plan: 'regular', timeZone: 'UTC' });
    const key = await createApiKey(pool, { userId: user.id, name: 'test', scopes: ALL_SCOPES });
    const { json } = await upload('url\nhttps://a.example/\n', { key });
    await pool.query(`UPDATE users SET ${change} WHERE id = $1`, [user.id]);
    await finish(json.id);
    const { rows } = await pool.query('SELECT state, reason FROM link_imports WHERE id = $1', [json.id]);
    assert.is(rows[0].state, 'failed');
    assert.match(rows[0].reason, reason);
    assert.is(await countLinks('owner_id = $1', user.id), 0);
  }
});

test('three at a time; somebody else’s are not there; old ones go', async () => {
  const file = 'url\nhttps://a.example/\n';
  const ids: number[] = [];
  for (let i = 0; i < 3; i++) ids.push((await upload(file, { key: bob })).json.id);
  assert.equal([(await upload(file, { key: bob })).status, (await upload(file)).status], [429, 202]);
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/faults'],
  ]) {
    assert.is((await send(method, `/api/v1/imports/${ids[0]}${path}`, { key: ann })).status, 404);
  }
  const list = await send('GET', '/api/v1/imports?limit=2', { key: bob });
  const rest = await send('GET', `/api/v1/imports?limit=2&cursor=${list.json.nextCursor}`, { key: bob });
  assert.equal(
    [...list.json.data, ...rest.json.data].map(({ id }) => id),
    ids.toReversed(),
  );
  await finish(ids[0]);
  await pool.query(`UPDATE link_imports SET finished_at = now() - interval '8 days' WHERE id = $1`, [ids[0]]);
  assert.is(await pruneImports(pool), 1);
  assert.is((await send('GET', `/api/v1/imports/${ids[0]}`, { key: bob })).status, 404);
});

test('a client that leaves in the middle of the file leaves nothing', async () => {
  const { socket } = await rawConnection(port);
  socket.write(
    `POST /api/v1/links/import HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${ann}\r\nContent-Type: text/csv\r\nContent-Length: 1000000\r\n\r\nurl\n`,
  );
  const uploading = async () => (await pool.query(`SELECT FROM link_imports WHERE state = 'uploading'`)).rowCount;
  await until('an upload', async () => (await uploading()) === 1);
  socket.destroy();
  await until('no upload', async () => (await uploading()) === 0);
});

test.run();
