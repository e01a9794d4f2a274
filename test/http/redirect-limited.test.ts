import * as assert from 'uvu/assert';
import type { Link } from '../../src/core/link.ts';
import { rawConnection } from '../support/raw-http.ts';
import { clicksOf, get, redirectSuite, request, sent, store } from '../support/redirect-server.ts';
import { until } from '../support/until.ts';

const test = redirectSuite('redirect of limited links');

const limited = (maxClicks: number): Pick<Link, 'rules'> => ({
  rules: { passwordHash: null, maxClicks, clicksUsed: 0, validFrom: null, expiresAt: null, expiredUrl: null },
});

test('a limited link: so many redirects, each with its click; then 410, and nobody is asked for more until an edit', async (context) => {
  const link = store(context, 'abc', limited(3));
  context.limit.left = 3;
  const visits = (n: number) => Promise.all(Array.from({ length: n }, async () => (await get(context, '/abc')).status));
  assert.equal((await visits(5)).sort(), [302, 302, 302, 410, 410]);
  assert.equal(clicksOf(context), [link.id, link.id, link.id]);
  const { asked } = context.limit;
  assert.equal(await visits(5), [410, 410, 410, 410, 410]);
  assert.is(context.limit.asked, asked);

  context.stored.set('abc', { ...link, ...limited(5) });
  context.bump('abc');
  context.limit.left = 2;
  assert.equal((await visits(4)).sort(), [302, 302, 410, 410]);
  assert.is(clicksOf(context).length, 5);
});

test('a limited link whose limit cannot be asked: 503, no click, and the next visitor is asked for again', async (context) => {
  store(context, 'abc', limited(3));
  context.limit.left = 'unavailable';
  const { status, headers } = await get(context, '/abc');
  assert.equal([status, Number(headers.get('retry-after')) > 0, clicksOf(context)], [503, true, []]);
  context.limit.left = 1;
  assert.is((await get(context, '/abc')).status, 302);
});

test('HEAD takes no click of a limited link', async (context) => {
  store(context, 'abc', limited(3));
  await sent(context, request('/abc', { method: 'HEAD' }));
  assert.equal([context.limit.asked, clicksOf(context)], [0, []]);
});

test('a visitor who leaves before a click is granted is not counted', async (context) => {
  store(context, 'abc', limited(3));
  const { promise, resolve } = Promise.withResolvers<void>();
  Object.assign(context.limit, { left: 3, held: promise });
  const leaving = await rawConnection(context.server.value.port);
  leaving.socket.write(request('/abc'));
  await until('the question', () => context.limit.asked === 1);
  const staying = get(context, '/abc');
  await until('the other question', () => context.limit.asked === 2);
  leaving.socket.destroy();
  assert.is((await get(context, '/none')).status, 404); // by then the server has seen the end of the connection
  resolve();
  assert.is((await staying).status, 302);
  assert.equal([clicksOf(context).length, context.limit.left], [1, 1]);
});

test.run();
