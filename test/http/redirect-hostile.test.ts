import * as assert from 'uvu/assert';
import { drain } from '../storage/click-log-rig.ts';
import { rawConnection } from '../support/raw-http.ts';
import { clicksOf, get, type RedirectContext, redirectSuite, request, store } from '../support/redirect-server.ts';

const test = redirectSuite('redirect: hostile requests');

const GARBAGE = [
  '/',
  '//evil.example',
  '//evil.example/%2f..',
  '/%0d%0aSet-Cookie:x',
  '/%0D%0ALocation:%20https://evil.example',
  '/%00',
  '/abc%00',
  '/%61bc',
  '/abc/',
  '/abc/def',
  '/../../etc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/пример',
  '/\u{1f98a}',
  '/%ff%fe',
  '/%',
  '/%zz',
  '/<script>alert(1)</script>',
  "/abc'--",
  '/__proto__',
  '/constructor',
  '/toString',
  '/abc;x=1',
  '/abc#x',
  '/*',
  '/?abc',
  '/abc\\',
  '/\u007f',
  `/${'a'.repeat(64)}`,
  `/${'a'.repeat(65)}`,
  `/${'a'.repeat(3_000)}`,
  `/${'%41'.repeat(1_000)}`,
];

/** The head of the answer to bytes that may not be HTTP; '' when the connection was closed without one. */
async function headOf({ server }: RedirectContext, bytes: string): Promise<string> {
  const connection = await rawConnection(server.value.port);
  connection.socket.write(bytes);
  const text = await connection.until((it) => it.includes('\r\n\r\n'));
  connection.socket.destroy();
  return text.split('\r\n\r\n', 1)[0];
}

test('paths of any kind: refused, never a server error, never a header of theirs', async (context) => {
  store(context, 'abc');
  for (const path of GARBAGE) {
    for (const method of ['GET', 'HEAD']) {
      const head = await headOf(context, request(path, { method }));
      assert.match(head, /^HTTP\/1.1 4\d\d /, `${method} ${path}`);
      assert.not.match(head, /^(set-cookie|location):/im);
    }
  }
  assert.equal(clicksOf(context), []);
  assert.is(context.rig.count('missingLinkLookups'), 4, 'only what could be a slug is looked up');
});

test('what is no HTTP, or too long for it, ends the connection and no other', async (context) => {
  const link = store(context, 'abc');
  for (const bytes of [request(`/${'a'.repeat(20_000)}`), request('/a b')]) {
    const head = await headOf(context, bytes);
    // 505 is what uWebSockets itself says to a request line that it cannot read.
    assert.match(head, /^(HTTP\/1.1 (4\d\d|505) .*|$)/, JSON.stringify(bytes.slice(0, 40)));
    assert.not.match(head, /^(set-cookie|location):/im);
  }
  assert.is((await get(context, '/abc')).headers.get('location'), link.target);
});

test('headers of any kind: redirected, and cropped in the log', async (context) => {
  const link = store(context, 'abc');
  const long = 'x'.repeat(1_000);
  for (const value of [long, 'é\xff', '\t', '%0d%0a', '"\'<>']) {
    const { status } = await get(context, '/abc', `User-Agent: ${value}`, `Referer: ${value}`, `X-Forwarded-For: ${value}`);
    assert.is(status, 302);
  }
  const clicks = drain(context.rig.reader({ board: null }));
  assert.equal(new Set(clicks.map((it) => it.linkId)), new Set([link.id]));
  assert.equal([clicks[0].userAgent.length, clicks[0].referrer.length], [512, 512]);
  assert.is(new Set(clicks.map((it) => it.address)).size, 1);
});

test.run();
