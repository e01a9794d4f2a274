import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isShopName, quickHosts, quickHostsOf, quickTarget } from '../../src/core/quick-links.ts';
import { seed } from '../support/seed.ts';

const SHOPS = ['ozon', 'wildberries', 'aliexpress'];
const OWN = 's.example.com';

const it = suite('quick links');
const hosts = quickHostsOf(SHOPS, OWN);
const target = (path: string, search = '') => {
  const made = quickTarget('ozon', path, search);
  return 'target' in made ? made.target : made.fault;
};

it('each shop has its host, with and without www', () => {
  assert.equal(quickHosts('ozon'), ['eeozon.ru', 'www.eeozon.ru']);
  for (const shop of SHOPS) {
    for (const host of quickHosts(shop)) {
      for (const spelling of [host, host.toUpperCase(), `${host}.`, `${host}:80`, `${host}.:443`, `${host}:`]) {
        assert.ok(hosts.takes(spelling), spelling);
        assert.is(hosts.shopOf(spelling), shop, spelling);
      }
    }
  }
});

it('other subdomains and zones of these names are taken, and have no quick links', () => {
  const taken = [
    'a.eeozon.ru',
    'www.a.eeozon.ru',
    'www.www.eeozon.ru',
    'eeozon.com',
    'www.eeozon.com:8080',
    'eeozon',
    'eeozon.ru.example.com',
    'eeozon.ru..',
    'm.EEWILDBERRIES.ru',
  ];
  for (const host of taken) {
    assert.ok(hosts.takes(host), host);
    assert.is(hosts.shopOf(host), null, host);
  }
});

it('any other host is left alone', () => {
  for (const host of [
    '',
    OWN,
    'ozon.ru',
    'www.ozon.ru',
    'eeozon2.ru',
    'xeeozon.ru',
    'ee-ozon.ru',
    'eebay.ru',
    'ee.ozon.ru',
    '127.0.0.1:8080',
    '[::1]',
  ]) {
    assert.not(hosts.takes(host), host);
    assert.is(hosts.shopOf(host), null, host);
  }
});

it("the server's own host is never taken, whatever it is called", () => {
  const own = quickHostsOf(SHOPS, 's.eeozon.ru:8080');
  for (const host of ['s.eeozon.ru:8080', 'S.eeozon.RU', 's.eeozon.ru.']) assert.not(own.takes(host), host);
  assert.ok(own.takes('www.eeozon.ru'));
});

it('names that a host can be made of', () => {
  for (const name of ['ozon', 'o', '4k', 'yandex-market', 'a'.repeat(61)]) assert.ok(isShopName(name), name);
  for (const name of ['', 'Ozon', 'ozon.ru', '-ozon', 'ozon-', 'озон', 'o z', 'o|n', 'a'.repeat(62)]) assert.not(isShopName(name), name);
});

it('path and query stay as they are, byte for byte', () => {
  const path = '/product/chehol-%D1%87%d0%B5-622328422/';
  const search = '?advert=AbC%2F+x&sh=J_-~%00&a=b=c&&?%';
  assert.is(target(path, search), `https://www.ozon.ru${path}${search}`);
  assert.is(target('/'), 'https://www.ozon.ru/');
  assert.is(target('/a', '?'), 'https://www.ozon.ru/a?');
  assert.is(target(`/!"$%&'()*+,-./:;<=>@[\\]^_\`{|}~`, ''), `https://www.ozon.ru/!"$%&'()*+,-./:;<=>@[\\]^_\`{|}~`);
});

it('bytes that no address may have are percent-encoded, and only those', () => {
  assert.is(target('/чехол', '?q=ё&x=%D1'), 'https://www.ozon.ru/%D1%87%D0%B5%D1%85%D0%BE%D0%BB?q=%D1%91&x=%D1');
  assert.is(target('/👍 #\x7f\r\n'), 'https://www.ozon.ru/%F0%9F%91%8D%20%23%7F%0D%0A');
});

it('what cannot be read or is too long has no target', () => {
  assert.is(target('/\u{fffd}'), 'unreadable');
  assert.is(target('/', '?q=\u{fffd}'), 'unreadable');
  for (const path of ['', '@evil.com', '.evil.com', 'http://evil.com/']) assert.is(target(path), 'unreadable', path);
  const room = 8192 - 'https://www.ozon.ru'.length;
  assert.is(target(`/${'a'.repeat(room - 1)}`).length, 8192);
  assert.is(target(`/${'a'.repeat(room)}`), 'too_long');
  assert.is(target(`/${'я'.repeat(2_000)}`), 'too_long', 'by what it becomes');
});

it('whatever the path is, it leads to the shop, and is fit for a header', () => {
  const nasty = [
    '//evil.com',
    '/\\evil.com',
    '/@evil.com',
    '/%0d%0aSet-Cookie:x',
    '/..//evil.com',
    '/;@evil.com',
    '/?@evil.com',
    '/:80',
    '/.evil.com',
  ];
  const check = (path: string, search = '') => {
    const made = target(path, search);
    if (made === 'unreadable' || made === 'too_long') return;
    assert.match(made, /^[\x21-\x7e]+$/);
    const url = new URL(made);
    assert.equal([url.origin, url.username, url.password], ['https://www.ozon.ru', '', ''], made);
  };
  for (const path of nasty) check(path);
  const text = fc.string({ unit: fc.oneof(fc.constantFrom(...'/\\@:?#%.;&=\r\n\t \0'), fc.string({ unit: 'grapheme', maxLength: 1 })) });
  fc.assert(
    fc.property(text, text, (path, search) => check(`/${path}`, `?${search}`)),
    { seed },
  );
});

it.run();
