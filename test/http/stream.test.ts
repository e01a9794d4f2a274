/** Answers that are sent piece by piece. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { counterBytes, countersOf } from '../../src/core/counters.ts';
import { inPieces } from '../../src/core/csv.ts';
import { type ExchangeDeps, serveRoute } from '../../src/http/exchange.ts';
import type { ServedRoute } from '../../src/http/route.ts';
import { startServer } from '../../src/http/server.ts';
import { recordingLogger } from '../support/logger.ts';
import { rawConnection } from '../support/raw-http.ts';
import { until } from '../support/until.ts';

const PIECE = 'é'.repeat(32_768);
const ENOUGH_PIECES = 2_000;

const { logger, lines } = recordingLogger();
const deps: ExchangeDeps = {
  logger,
  counters: countersOf(new SharedArrayBuffer(counterBytes(1)), 0),
  isStoreAway: () => false,
  isAccountGone: () => false,
  newErrorId: () => 'error-1',
  deadlineMs: 300,
  otherHosts: null,
};

const made = { pieces: 0, ended: 0 };
async function* pieces(count: number, fault: Error | null = null): AsyncGenerator<string> {
  try {
    for (let i = 0; i < count; i++) {
      made.pieces++;
      yield PIECE;
    }
    if (fault !== null) throw fault;
  } finally {
    made.ended++;
  }
}

const route = (path: string, stream: () => AsyncIterable<string>): ServedRoute => ({
  method: 'GET',
  path,
  maxBodyBytes: 0,
  handler: () => ({ status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8', ETag: '"x"' }, stream: stream() }),
});

const server = await startServer('127.0.0.1', 0, (app) => {
  for (const it of [
    route('/some', () => pieces(5)),
    route('/none', () => pieces(0)),
    route('/endless', () => pieces(ENOUGH_PIECES)),
    route('/broken', () => pieces(3, new Error('the disk is gone'))),
  ]) {
    serveRoute(app, it, deps);
  }
});
const { port } = server.value;
const base = `http://127.0.0.1:${port}`;

const test = suite('streamed answers');

test.before.each(() => {
  made.pieces = 0;
  made.ended = 0;
});
test.after(() => server.stop());

test('all pieces, in order, on a connection that goes on', async () => {
  for (const [path, count] of [
    ['/some', 5],
    ['/none', 0],
    ['/some', 5],
  ] as const) {
    const response = await fetch(base + path);
    assert.equal([response.status, response.headers.get('etag')], [200, '"x"']);
    assert.is(await response.text(), PIECE.repeat(count));
  }
  assert.is(made.ended, 3);
});

test('HEAD says how long it is', async () => {
  const response = await fetch(`${base}/some`, { method: 'HEAD' });
  assert.equal([response.status, response.headers.get('content-length')], [200, String(Buffer.byteLength(PIECE) * 5)]);
  assert.is((await fetch(`${base}/some`)).status, 200);
});

test('no more is made than the client takes, and a client that goes ends it', async () => {
  const connection = await rawConnection(port);
  connection.socket.pause();
  connection.socket.write('GET /endless HTTP/1.1\r\nHost: a\r\n\r\n');
  let before = -1;
  await until('it waits for the client', async () => {
    const isStill = made.pieces === before && before > 0;
    before = made.pieces;
    await fetch(`${base}/none`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return isStill;
  });
  assert.ok(made.pieces < ENOUGH_PIECES / 2, `${made.pieces} pieces`);
  const ended = made.ended;
  connection.socket.resetAndDestroy();
  await until('its end', () => made.ended === ended + 1);
  assert.ok(made.pieces < ENOUGH_PIECES);
});

test('a client that reads late gets all of it', async () => {
  const response = await fetch(`${base}/endless`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.is((await response.text()).length, PIECE.length * ENOUGH_PIECES);
});

test('when it breaks off, so does the connection: nobody takes the part for the whole', async () => {
  const response = await fetch(`${base}/broken`);
  assert.is(response.status, 200);
  const outcome = await response.text().then(
    () => 'complete',
    () => 'broken off',
  );
  assert.is(outcome, 'broken off');
  assert.match(JSON.stringify(lines), /an answer broke off/);
});

test('lines are gathered into pieces', async () => {
  const all: string[] = [];
  for await (const piece of inPieces(['a\n', 'bb\n', 'c\n', 'd\n'], 4)) all.push(piece);
  assert.equal(all, ['a\nbb\n', 'c\nd\n']);
});

test.run();
