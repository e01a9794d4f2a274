import * as assert from 'uvu/assert';
import { drain } from '../storage/click-log-rig.ts';
import { rawConnection } from '../support/raw-http.ts';
import { clicksOf, get, type RedirectContext, redirectSuite, request, store } from '../support/redirect-server.ts';
import { until } from '../support/until.ts';

const test = redirectSuite('redirect of links that are looked up first');

/** Lets lookups wait. @returns what lets them go on */
function holdLookups(context: RedirectContext) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = { promise, asked: 0 };
  context.held = held;
  return {
    asked: (times: number) => until('the lookup', () => held.asked >= times),
    release() {
      context.held = null;
      resolve();
    },
  };
}

test('a link that is not at hand is answered, with all headers noted, when its lookup ends', async (context) => {
  const link = store(context, 'abc');
  const lookup = holdLookups(context);
  const answer = get(context, '/abc', 'User-Agent: a browser', 'Referer: https://a.example/', 'Accept-Language: ru');
  await lookup.asked(1);
  // Other requests in between use uWebSockets' request memory again.
  assert.is((await get(context, '/!', 'User-Agent: another', 'Referer: another', 'Accept-Language: en')).status, 404);
  assert.equal(clicksOf(context), []);
  lookup.release();
  const { status, headers } = await answer;
  assert.is(status, 302);
  assert.is(headers.get('location'), link.target);
  const [click] = drain(context.rig.reader({ board: null }));
  assert.equal([click.linkId, click.userAgent, click.referrer, click.language], [link.id, 'a browser', 'https://a.example/', 'ru']);
  assert.is(click.address, '00000000000000000000ffff7f000001');
});

test('visitors who leave while their link is looked up are not counted, and nothing breaks', async (context) => {
  const link = store(context, 'abc');
  const lookup = holdLookups(context);
  const leaving = await Promise.all(Array.from({ length: 20 }, () => rawConnection(context.server.value.port)));
  for (const { socket } of leaving) socket.write(request('/abc'));
  const staying = get(context, '/abc');
  await lookup.asked(1);
  for (let n = 0; n < 2; n++) await get(context, '/!'); // every request above has been read
  for (const [i, { socket }] of leaving.entries()) {
    if (i % 2 === 0) socket.destroy();
    else socket.resetAndDestroy();
  }
  await Promise.all(leaving.map(({ closed }) => closed));
  for (let n = 0; n < 3; n++) await get(context, '/!'); // and every closed connection noticed
  lookup.release();
  assert.is((await staying).status, 302);
  assert.equal(clicksOf(context), [link.id]);
  assert.is((await get(context, '/abc')).status, 302);
});

test('the same for a slug that turns out to be unknown, and for a store that is away', async (context) => {
  for (const away of [false, true]) {
    context.away = away;
    const lookup = holdLookups(context);
    const leaving = await rawConnection(context.server.value.port);
    leaving.socket.write(request(`/none-${away}`));
    await lookup.asked(1);
    leaving.socket.destroy();
    await leaving.closed;
    for (let n = 0; n < 3; n++) await get(context, '/!');
    lookup.release();
    await get(context, '/!');
  }
  assert.is(context.rig.count('serverErrors'), 0);
});

test.run();
