import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { referrerHost, referrerReader } from '../../src/actors/enrich/referrer.ts';
import { REFERRER_HOST_MAX_BYTES } from '../../src/core/click.ts';
import { seed } from '../support/seed.ts';

const referrer = suite('enrich: referrer');

const HOSTS: [header: string, host: string][] = [
  ['https://www.google.com/', 'google.com'],
  ['https://WWW.Google.COM/search?q=a', 'google.com'],
  ['http://t.me', 't.me'],
  ['https://user:secret@example.com:8443/path', 'example.com'],
  ['https://example.com./', 'example.com'],
  ['https://www.com/', 'www.com'],
  ['https://www.www.example.com/', 'www.example.com'],
  ['https://www2.example.com/', 'www2.example.com'],
  ['https://пример.рф/', 'xn--e1afmkfd.xn--p1ai'],
  ['https://xn--e1afmkfd.xn--p1ai/x', 'xn--e1afmkfd.xn--p1ai'],
  ['http://192.168.0.1/x', '192.168.0.1'],
  ['http://[2001:db8::1]/', '[2001:db8::1]'],
  ['http://localhost:3000/', 'localhost'],
  ['android-app://com.google.android.gm/', 'com.google.android.gm'],
  ['android-app://ORG.Telegram.messenger', 'org.telegram.messenger'],
  ['', ''],
  ['example.com', ''],
  ['about:blank', ''],
  ['javascript:alert(1)', ''],
  ['ftp://example.com/', ''],
  ['file:///etc/passwd', ''],
  ['data:text/html,x', ''],
  ['ios-app://123', ''],
  ['https://', ''],
  ['https://exa mple.com/', ''],
  ['http://other/', ''],
  ['http://direct/', ''],
  ['http://www.unknown', 'www.unknown'],
  ['http://unknown./', ''],
  ['java\nscript:x', ''],
  ['https://exa\nmple.com/', 'example.com'],
];

referrer('hosts of headers', () => {
  for (const [header, host] of HOSTS) assert.is(referrerHost(header), host, JSON.stringify(header));
});

referrer('a host too long for the DNS is none', () => {
  const long = (length: number) => `${'a'.repeat(length - 4)}.com`;
  assert.is(referrerHost(`http://${long(REFERRER_HOST_MAX_BYTES)}/`), long(REFERRER_HOST_MAX_BYTES));
  assert.is(referrerHost(`http://${long(REFERRER_HOST_MAX_BYTES + 1)}/`), '');
  assert.is(referrerHost(`android-app://${'é'.repeat(100)}/`), '');
});

referrer('whatever is sent, the host is short printable ASCII without blanks', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 200 }).map((it) => `http://${it}`),
    fc.string({ unit: 'binary', maxLength: 200 }).map((it) => `android-app://${it}`),
    fc.webUrl({ withQueryParameters: true }),
  );
  fc.assert(
    fc.property(anything, (header) => {
      const host = referrerHost(header);
      assert.match(host, /^[\x21-\x7e]*$/);
      assert.ok(host.length <= REFERRER_HOST_MAX_BYTES);
    }),
    { seed, numRuns: 5000 },
  );
});

referrer('own hosts are no referrers', () => {
  const hostOf = referrerReader(['go.example', 'www.Short.example:8080', 'пример.рф']);
  for (const own of ['http://go.example/x', 'https://short.example/', 'https://www.short.example:9/', 'https://xn--e1afmkfd.xn--p1ai/']) {
    assert.is(hostOf(own), '', own);
  }
  assert.is(hostOf('https://other.example/'), 'other.example');
  assert.is(hostOf('https://sub.go.example/'), 'sub.go.example');
  assert.is(hostOf('https://other.example/'), 'other.example');
});

referrer.run();
