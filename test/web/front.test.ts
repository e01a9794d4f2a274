/** What the front page makes of what people type. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { webAddress } from '../../web/src/pages/front/web-address.ts';

const it = suite('front page');

it('takes an address with or without its scheme', () => {
  assert.is(webAddress(' https://example.com/a?b=c#d '), 'https://example.com/a?b=c#d');
  assert.is(webAddress('example.com/page'), 'https://example.com/page');
  assert.is(webAddress('example.com:8443/page'), 'https://example.com:8443/page');
  assert.is(webAddress('localhost:3000'), 'https://localhost:3000');
  assert.is(webAddress('пример.рф/путь'), 'https://пример.рф/путь');
  assert.is(webAddress('http://[::1]/'), null);
});

it('takes nothing else', () => {
  for (const text of [
    '',
    '   ',
    'hello',
    'two words.com',
    'javascript:alert(1)',
    'ftp://example.com',
    'mailto:a@example.com',
    'https://',
    '//',
  ]) {
    assert.is(webAddress(text), null, text);
  }
});

it.run();
