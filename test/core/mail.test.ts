import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LOCALES } from '../../src/core/account.ts';
import { composeMail, MAIL_KINDS, readMailOrder } from '../../src/core/mail.ts';

const LINK = 'https://s.example.com/confirm?token=abc&x=1';
const ORDER = { to: 'ann@example.com', kind: 'confirm', locale: 'en', link: LINK };

const it = suite('mail');

it('says everything in every language, each mail in words of its own', () => {
  const subjects = new Set<string>();
  for (const locale of LOCALES) {
    for (const kind of MAIL_KINDS) {
      const { subject, text, html } = composeMail({ kind, locale, link: LINK });
      subjects.add(subject);
      assert.is(/[а-я]/i.test(subject + text.replace(LINK, '')), locale === 'ru', subject);
      assert.is(/[a-z]/i.test(subject + text.replace(LINK, '')), locale === 'en', subject);
      assert.ok(text.split('\n').includes(LINK), 'the link stands alone');
      assert.ok(html.includes(`<html lang="${locale}">`));
      assert.not.match(html, /<img|<script/);
    }
  }
  assert.is(subjects.size, LOCALES.length * MAIL_KINDS.length);
});

it('escapes the link in HTML, and not in the text', () => {
  const { html, text } = composeMail({ kind: 'reset', locale: 'en', link: `https://x/?a=1&b="><script>'` });
  assert.ok(text.includes(`https://x/?a=1&b="><script>'`));
  assert.ok(html.includes('<a href="https://x/?a=1&amp;b=&quot;&gt;&lt;script&gt;&#39;">'));
  assert.not.match(html, '<script>');
});

it('reads orders, and leaves out what does not belong to them', () => {
  for (const kind of MAIL_KINDS) assert.equal(readMailOrder({ ...ORDER, kind, locale: 'ru' }), { ...ORDER, kind, locale: 'ru' });
  assert.equal(readMailOrder({ ...ORDER, bcc: 'eve@example.com' }), ORDER);
});

it('takes nothing that could become another header, address or line', () => {
  const wrong = [
    null,
    'mail',
    {},
    { ...ORDER, to: 'ann@example.com\r\nBcc: eve@example.com' },
    { ...ORDER, to: 'ann@example.com\n' },
    { ...ORDER, to: 'ann@example.com, eve@example.com' },
    { ...ORDER, to: 'Ann <ann@example.com>' },
    { ...ORDER, to: 'ann@example.com>' },
    { ...ORDER, to: 'Ann@Example.com' },
    { ...ORDER, to: ['ann@example.com'] },
    { ...ORDER, locale: 'en\r\nBcc: eve@example.com' },
    { ...ORDER, locale: '__proto__' },
    { ...ORDER, kind: 'constructor' },
    { ...ORDER, link: 'javascript:alert(1)' },
    { ...ORDER, link: `${LINK}\n.\nRCPT TO:<eve@example.com>` },
    { ...ORDER, link: `${LINK}"onclick="x` },
    { ...ORDER, link: undefined },
  ];
  for (const value of wrong) assert.is(readMailOrder(value), null, JSON.stringify(value));
});

it.run();
