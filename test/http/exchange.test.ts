import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import { Failure } from '../../src/core/failure.ts';
import { DISCARD_MAX_BYTES, type ExchangeDeps, serveNothingBelow, serveOtherMethods, serveRoute } from '../../src/http/exchange.ts';
import type { Exchange, Handler, Reply, ServedRoute } from '../../src/http/route.ts';
import { startServer } from '../../src/http/server.ts';
import { recordingLogger } from '../support/logger.ts';
import { isComplete, rawConnection, rawRequest } from '../support/raw-http.ts';

const LIMIT = 64 << 10;
const DEADLINE_MS = 300;

const counterMemory = new SharedArrayBuffer(counterBytes(1));
const { logger, lines } = recordingLogger();
const deps: ExchangeDeps = {
  logger,
  counters: countersOf(counterMemory, 0),
  isStoreAway: (error) => error instanceof Error && error.message === 'store away',
  isAccountGone: () => false,
  newErrorId: () => 'error-1',
  deadlineMs: DEADLINE_MS,
  otherHosts: null,
};
const serverErrors = () => readCounters(counterMemory).serverErrors;

/** What handlers saw, and what holds up the slow one. */
const seen: Exchange[] = [];
let release = (_: Reply) => {};
let late: Promise<Reply>;

const echo: Handler = (exchange) => {
  seen.push(exchange);
  return {
    status: 200,
    body: { method: exchange.method, params: exchange.params, query: [...exchange.query], bytes: exchange.body.length },
  };
};
const fails =
  (error: unknown): Handler =>
  async () => {
    throw error;
  };
const route = (method: ServedRoute['method'], path: string, handler: Handler, maxBodyBytes = 0): ServedRoute => ({
  method,
  path,
  handler,
  maxBodyBytes,
});
const routes = [
  route('GET', '/api/things/{id}/parts/{part}', echo),
  route('GET', '/api/things', echo),
  route('POST', '/api/things', echo, LIMIT),
  route('DELETE', '/api/things', () => ({ status: 204 })),
  route('GET', '/api/slow', () => {
    late = new Promise((resolve) => {
      release = resolve;
    });
    return late;
  }),
  route('GET', '/api/failure', fails(new Failure('too_many_requests', 'Slow down', { retryAfterSec: 7 }))),
  route('GET', '/api/invalid', fails(new Failure('invalid', 'No', { errors: [{ path: 'a.0', message: 'is wrong' }] }))),
  route('GET', '/api/away', fails(new Error('store away'))),
  route('GET', '/api/bug', fails(new TypeError('password is hunter2'))),
  route('GET', '/api/thrown', fails('just a string')),
  route('GET', '/api/split', () => ({ status: 200, headers: { Location: 'https://a.example/\r\nSet-Cookie: x=1' }, body: 'x' })),
  route('GET', '/api/loop', () => {
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    return { status: 200, body: circle };
  }),
];

const test = suite('exchange');

const server = await startServer('127.0.0.1', 0, (app) => {
  for (const it of routes) serveRoute(app, it, deps);
  for (const path of new Set(routes.map((it) => it.path))) serveOtherMethods(app, path, routes, deps);
  serveNothingBelow(app, '/api', deps);
  app.get('/*', (res) => void res.end('a redirect'));
});
test.after(() => server.stop());
const { port } = server.value;
const base = `http://127.0.0.1:${port}`;
const problem = async (response: Response) => {
  assert.is(response.headers.get('content-type'), 'application/problem+json');
  return (await response.json()) as { code: string; detail: string; status: number; errors?: unknown };
};

test('a request is copied: method, parameters, query, headers, address', async () => {
  const response = await fetch(`${base}/api/things/a%2Fb%20%D0%B6/parts/%?x=1&x=2&y=%C3%A9`, { headers: { 'X-Some': 'value' } });
  assert.equal(await response.json(), {
    method: 'GET',
    params: { id: 'a/b ж', part: '%' },
    query: [
      ['x', '1'],
      ['x', '2'],
      ['y', 'é'],
    ],
    bytes: 0,
  });
  assert.is(response.headers.get('content-type'), 'application/json');
  assert.is(response.headers.get('cache-control'), 'no-store');
  assert.is(seen.at(-1)?.headers.get('x-some'), 'value');
  assert.equal([...(seen.at(-1)?.remote ?? [])].slice(-4), [127, 0, 0, 1]);
});

test('a header that comes twice is joined, so that no half of it passes for the whole', async () => {
  await rawRequest(port, 'GET /api/things HTTP/1.1\r\nHost: a\r\nX-Api-Key: one\r\nx-api-key: two\r\n\r\n');
  assert.is(seen.at(-1)?.headers.get('x-api-key'), 'one, two');
});

test('HEAD is a GET without the body, and the connection goes on', async () => {
  const connection = await rawConnection(port);
  connection.socket.write('HEAD /api/things HTTP/1.1\r\nHost: a\r\n\r\n');
  const head = await connection.until((text) => text.endsWith('\r\n\r\n'));
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  const length = Number(/Content-Length: (\d+)/.exec(head)?.[1]);
  connection.socket.write('GET /api/things HTTP/1.1\r\nHost: a\r\n\r\n');
  const body = (await connection.until((text) => isComplete(text.slice(head.length)))).slice(head.length).split('\r\n\r\n')[1];
  assert.is(body.length, length);
  connection.socket.destroy();
});

test('204 has no body and no length, and the connection goes on', async () => {
  const connection = await rawConnection(port);
  connection.socket.write('DELETE /api/things HTTP/1.1\r\nHost: a\r\n\r\n');
  const gone = await connection.until((text) => text.endsWith('\r\n\r\n'));
  assert.match(gone, /^HTTP\/1\.1 204 No Content\r\n/);
  assert.not.match(gone, /content-length/i);
  connection.socket.write('GET /api/things HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(await connection.until((text) => isComplete(text.slice(gone.length))), /HTTP\/1\.1 200 OK/);
  connection.socket.destroy();
});

test('other methods: 405 with Allow; other paths below /api: 404, never a redirect', async () => {
  for (const method of ['PUT', 'PATCH', 'OPTIONS', 'BREW']) {
    const response = await fetch(`${base}/api/things`, { method });
    assert.is(response.status, 405, method);
    assert.is(response.headers.get('allow'), 'GET, HEAD, POST, DELETE');
    assert.is((await problem(response)).code, 'method_not_allowed');
  }
  for (const path of ['/api', '/api/', '/api/nothing', '/api/things/', '/api/things/1', '/api/things/1/parts/2/3']) {
    for (const method of ['GET', 'POST', 'DELETE', 'BREW']) {
      const response = await fetch(base + path, { method });
      assert.is(response.status, 404, `${method} ${path}`);
      assert.is((await problem(response)).code, 'not_found');
    }
  }
  assert.is(await (await fetch(`${base}/apis`)).text(), 'a redirect');
});

test('failures become problems by the table', async () => {
  const tooMany = await fetch(`${base}/api/failure`);
  assert.is(tooMany.status, 429);
  assert.is(tooMany.headers.get('retry-after'), '7');
  assert.equal(await problem(tooMany), {
    type: 'urn:elnk:problem:too_many_requests',
    title: 'Too many requests',
    status: 429,
    detail: 'Slow down',
    code: 'too_many_requests',
  });
  assert.equal((await problem(await fetch(`${base}/api/invalid`))).errors, [{ path: 'a.0', message: 'is wrong' }]);
});

test('a store that is away: 503 with Retry-After; counted', async () => {
  const before = serverErrors();
  const response = await fetch(`${base}/api/away`);
  assert.is(response.status, 503);
  assert.ok(Number(response.headers.get('retry-after')) > 0);
  assert.is((await problem(response)).code, 'store_away');
  assert.is(serverErrors(), before + 1);
});

test('an unexpected error: 500 that says nothing but the id under which the log says all', async () => {
  for (const path of ['/api/bug', '/api/thrown', '/api/loop', '/api/split']) {
    const before = serverErrors();
    lines.length = 0;
    const response = await fetch(base + path);
    assert.is(response.status, 500, path);
    const { code, detail } = await problem(response);
    assert.is(code, 'internal');
    assert.match(detail, /error-1$/);
    assert.is(serverErrors(), before + 1);
    assert.is(lines.length, 1);
    assert.match(JSON.stringify(lines[0].fields), /"errorId":"error-1"/);
    assert.is(response.headers.get('set-cookie'), null);
  }
});

test('a body up to the limit arrives, also in many chunks', async () => {
  for (const bytes of [0, 1, LIMIT]) {
    const response = await fetch(`${base}/api/things`, { method: 'POST', body: new Uint8Array(bytes) });
    assert.is(((await response.json()) as { bytes: number }).bytes, bytes);
  }
  const pieces = Array.from({ length: 64 }, (_, i) => Buffer.alloc(1024, i));
  const response = await fetch(`${base}/api/things`, { method: 'POST', body: ReadableStream.from(pieces), duplex: 'half' } as RequestInit);
  assert.is(response.status, 200);
  assert.equal(Buffer.from(seen.at(-1)?.body ?? []), Buffer.concat(pieces));
});

test('a body over the limit: 413, the client hears it, and a declared one keeps the connection', async () => {
  for (const bytes of [LIMIT + 1, LIMIT * 4, DISCARD_MAX_BYTES - 1]) {
    const response = await fetch(`${base}/api/things`, { method: 'POST', body: new Uint8Array(bytes) });
    assert.is(response.status, 413, String(bytes));
    assert.is((await problem(response)).code, 'too_large');
  }
  const chunked = { method: 'POST', body: ReadableStream.from([Buffer.alloc(LIMIT), Buffer.alloc(1)]), duplex: 'half' } as RequestInit;
  assert.is((await fetch(`${base}/api/things`, chunked)).status, 413);

  const connection = await rawConnection(port);
  connection.socket.write(`POST /api/things HTTP/1.1\r\nHost: a\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`);
  const refusal = await connection.until(isComplete); // before a byte of the body was sent
  assert.match(refusal, /^HTTP\/1\.1 413 /);
  connection.socket.write(`${'x'.repeat(LIMIT + 1)}GET /api/things HTTP/1.1\r\nHost: a\r\n\r\n`);
  assert.match(await connection.until((text) => isComplete(text.slice(refusal.length))), /HTTP\/1\.1 200 OK/);
  connection.socket.destroy();
});

test('a body far over the limit is cut off', async () => {
  const endless = await rawConnection(port);
  endless.socket.write('POST /api/things HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const feed = setInterval(() => endless.socket.write(piece), 1);
  await endless.closed;
  clearInterval(feed);
  assert.ok(endless.text() === '' || endless.text().startsWith('HTTP/1.1 413 '));

  const declared = await rawConnection(port);
  declared.socket.write(`POST /api/things HTTP/1.1\r\nHost: a\r\nContent-Length: ${DISCARD_MAX_BYTES + 1}\r\n\r\n`);
  await declared.closed;
  assert.match(declared.text(), /^HTTP\/1\.1 413 /);
});

test('a body that does not come: 408, and the connection is closed', async () => {
  const before = serverErrors();
  const connection = await rawConnection(port);
  connection.socket.write('POST /api/things HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
  await connection.closed;
  assert.match(connection.text(), /^HTTP\/1\.1 408 Request Timeout\r\n/);
  assert.is(serverErrors(), before);
});

test('a handler that is too late: 503, and what it says later is dropped', async () => {
  const before = serverErrors();
  const response = await fetch(`${base}/api/slow`);
  assert.is(response.status, 503);
  assert.is((await problem(response)).code, 'deadline');
  assert.ok(Number(response.headers.get('retry-after')) > 0);
  release({ status: 200, body: 'too late' });
  await late;
  assert.is((await fetch(`${base}/api/things`)).status, 200);
  assert.is(serverErrors(), before + 1);
});

test('a client that goes away in mid-body or while the handler works does no harm', async () => {
  const calls = seen.length;
  const half = await rawConnection(port);
  half.socket.write('POST /api/things HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
  half.socket.resetAndDestroy();
  await half.closed;

  const waiting = await rawConnection(port);
  release = () => {};
  const idle = release;
  waiting.socket.write('GET /api/slow HTTP/1.1\r\nHost: a\r\n\r\n');
  while (release === idle) await new Promise((resolve) => setImmediate(resolve));
  waiting.socket.resetAndDestroy();
  await waiting.closed;
  assert.is((await fetch(`${base}/api/things`)).status, 200); // the server has seen the reset by now
  release({ status: 200, body: 'for nobody' });
  await late;

  assert.is((await fetch(`${base}/api/things`)).status, 200);
  assert.is(seen.length, calls + 2); // the half one never reached its handler
});

test.run();
