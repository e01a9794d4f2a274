import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EMAIL_MAX_LENGTH, normalizeEmail } from '../../src/core/account.ts';

const it = suite('account');

it('brings an e-mail into the form that is stored', () => {
  assert.is(normalizeEmail('  Some.One+tag@Example.COM '), 'some.one+tag@example.com');
  assert.is(normalizeEmail('root@localhost'), 'root@localhost');
  assert.is(normalizeEmail('Почта@Пример.рф'), 'почта@пример.рф');
  assert.is(normalizeEmail('e\u0301@example.com'), '\u00e9@example.com', 'composed');
});

it('refuses what is no e-mail', () => {
  const wrong = [
    '',
    'a',
    '@',
    'a@',
    '@b',
    'a b@c.d',
    'a@b@c',
    'a@b..c',
    'a@.b',
    'a@b.',
    'a@b\nBcc: c@d',
    'a\0@b.c',
    '<a@b.c>',
    'a,b@c.d',
    'a@b.c,d@e.f',
  ];
  for (const text of wrong) assert.is(normalizeEmail(text), null, JSON.stringify(text));
});

it('refuses what no mail server takes', () => {
  const host = '@example.com';
  assert.is.not(normalizeEmail('a'.repeat(EMAIL_MAX_LENGTH - host.length) + host), null);
  assert.is(normalizeEmail(`${'a'.repeat(EMAIL_MAX_LENGTH - host.length + 1)}${host}`), null);
});

it('is not slow on a long hostile text', () => {
  const began = performance.now();
  normalizeEmail(`a@${'a.'.repeat(100_000)}`);
  normalizeEmail(`${'a'.repeat(200_000)}`);
  assert.ok(performance.now() - began < 1_000);
});

it.run();
