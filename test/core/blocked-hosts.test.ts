import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { blockedHostOf, leadsToBlockedHost } from '../../src/core/blocked-hosts.ts';

const it = suite('blocked hosts');

/** What somebody may write, and what it is called. */
const NAMES: Record<string, readonly string[]> = {
  'example.com': [
    'example.com',
    'EXAMPLE.Com',
    ' example.com ',
    'example.com.',
    'example.com..',
    'ｅｘａｍｐｌｅ.com',
    'example。com',
    'ex\u00adample.com',
  ],
  'xn--e1afmkfd.xn--p1ai': ['пример.рф', 'ПРИМЕР.РФ', 'xn--e1afmkfd.xn--p1ai', 'XN--E1AFMKFD.xn--p1ai.'],
  'xn--strae-oqa.example': ['straße.example'],
  '10.1.2.3': [
    '10.1.2.3',
    '10.1.2.3.',
    '10.66051',
    '0x0a010203',
    '167838211',
    '012.0x1.2.3',
    '[::ffff:10.1.2.3]',
    '::ffff:a01:203',
    '１０.1.2.3',
  ],
  '[2001:db8::1]': ['[2001:db8::1]', '2001:db8::1', '2001:0DB8:0:0::0:1', '[2001:db8:0:0:0:0:0:1]'],
  zip: ['zip', 'ZIP.'],
  'a_b.example': ['a_b.example'],
};

for (const [host, spellings] of Object.entries(NAMES)) {
  it(`${host} has one form, and is recognised in every spelling of a target`, () => {
    const blocked = new Set([host]);
    for (const spelling of spellings) {
      assert.is(blockedHostOf(spelling), host, spelling);
      const bare = spelling.trim();
      const authority = bare.includes('::') && !bare.startsWith('[') ? `[${bare}]` : bare;
      for (const target of [`http://${authority}/`, `https://${authority}:8443/a?b#c`]) {
        assert.ok(leadsToBlockedHost(new URL(target).href, blocked), target);
      }
    }
  });
}

it('what is no host has no form', () => {
  const wrong = [
    '',
    ' ',
    '.',
    '*.example.com',
    '.example.com',
    'a..example.com',
    'http://example.com',
    'example.com/',
    'example.com/path',
    'example.com?q',
    'example.com#f',
    'example.com:80',
    'example.com:8080',
    '[::1]:80',
    'user@example.com',
    'a b.example',
    'example%2ecom',
    'a\\b',
    '1.2.3.4.5',
    '256.1.1.1',
    '[::1',
    '::g',
    '1::2::3',
    'xn--a',
    `${'a'.repeat(60)}.`.repeat(5),
    'a\0b',
    'a\nb',
  ];
  for (const text of wrong) assert.is(blockedHostOf(text), null, JSON.stringify(text));
});

it('subdomains are blocked along, neighbours are not', () => {
  const blocked = new Set(['example.com', 'xn--p1ai', '10.1.2.3', '[2001:db8::1]', 'www.shop.example']);
  const leads = (target: string) => leadsToBlockedHost(new URL(target).href, blocked);
  for (const target of ['http://a.b.example.com./', 'https://x.пример.рф/', 'http://www.shop.example/', 'http://10.1.2.3/'])
    assert.ok(leads(target), target);
  for (const target of [
    'http://example.org/',
    'http://notexample.com/',
    'http://example.com.evil.test/',
    'http://com/',
    'http://evil.test/example.com',
    'http://evil.test/?u=http://example.com/',
    'http://shop.example/',
    'http://110.1.2.3/',
    'http://1.2.3/',
    'http://[2001:db8::2]/',
    'http://[::a01:203]/',
  ]) {
    assert.not(leads(target), target);
  }
});

it('with nothing blocked, no target is even parsed', () => {
  assert.not(leadsToBlockedHost('no URL at all', new Set()));
  assert.not(leadsToBlockedHost('no URL at all', new Set(['example.com'])));
});

it.run();
