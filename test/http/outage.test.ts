import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { API_DEADLINE_MS } from '../../src/http/exchange.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { startApi } from '../support/api-server.ts';
import { silentLogger } from '../support/logger.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';

const LINKS = '/api/v1/links';

const postgres = await startOwnPostgres();
await migrate({ url: postgres.value.url, logger: silentLogger });
const server = await startApi({ value: postgres.value, stop: async () => undefined }, {}, API_DEADLINE_MS);
const { ann: key, send, counter, lines } = server.value;
const body = { url: 'https://example.com/' };

/** One of each kind: reading, listing, creating, editing, deleting, statistics. */
const askEverything = () =>
  Promise.all([
    send('GET', `${LINKS}/abc`, { key }),
    send('GET', LINKS, { key }),
    send('POST', LINKS, { key, body }),
    send('POST', LINKS, { key, body, headers: { 'Idempotency-Key': 'x' } }),
    send('PATCH', `${LINKS}/abc`, { key, body: { title: 'x' } }),
    send('DELETE', `${LINKS}/abc`, { key }),
    send('GET', `${LINKS}/abc/stats`, { key }),
  ]);

const test = suite('API without Postgres');

test.after(async () => {
  await server.stop();
  await postgres.stop();
});

test('a Postgres that does not answer: 503 by the deadline; awake again, all goes on', async () => {
  assert.is((await send('POST', LINKS, { key, body: { ...body, slug: 'abc' } })).status, 201);
  postgres.value.freeze();
  const before = counter('serverErrors');
  const started = performance.now();
  try {
    for (const { status, headers, json } of await askEverything()) {
      assert.equal([status, json.code], [503, 'deadline']);
      assert.ok(Number(headers.get('retry-after')) > 0);
    }
    assert.ok(performance.now() - started < API_DEADLINE_MS + 2_000);
    assert.is((await send('GET', '/healthz')).status, 200);
  } finally {
    postgres.value.thaw();
  }
  assert.is(counter('serverErrors'), before + 7);
  const again = (await askEverything()).map(({ status }) => status);
  assert.ok(
    again.every((status) => status < 500),
    again.join(),
  );
});

test('a Postgres that is gone: 503 at once, with Retry-After, and nothing of it in the answer', async () => {
  await postgres.value.stop();
  const started = performance.now();
  for (const { status, headers, json } of [...(await askEverything()), ...(await askEverything())]) {
    assert.equal([status, json.code], [503, 'store_away']);
    assert.ok(Number(headers.get('retry-after')) > 0);
    assert.not.match(JSON.stringify(json), /postgres|ECONN|127\.0\.0\.1|terminat/i);
  }
  assert.ok(performance.now() - started < 2_000);
  assert.is((await send('GET', '/openapi.json')).status, 200);
  await postgres.value.start();
  assert.is((await send('POST', LINKS, { key, body })).status, 201);
  assert.equal(
    lines.filter(({ level }) => level === 'error'),
    [],
  );
});

test.run();
