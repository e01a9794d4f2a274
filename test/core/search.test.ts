import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { searchForms } from '../../src/core/search.ts';

const it = suite('search');

it('ASCII is looked for as it is', () => {
  for (const text of ['abc', 'https://example.com/a b?c=%20', '100%', 'a_b\\c', ' ']) assert.equal(searchForms(text), [text]);
});

it('other text is found in every form in which targets hold it', () => {
  const found = (text: string, target: string) =>
    searchForms(text).some((form) => new URL(target).href.toLowerCase().includes(form.toLowerCase()));
  for (const [text, target] of [
    ['пример.рф', 'https://www.пример.рф/'],
    ['ПРИМЕР', 'http://пример.рф/'],
    ['https://пример.рф/путь', 'https://пример.рф/путь/дальше'],
    ['пример.рф/путь', 'https://пример.рф/путь'],
    ['путь', 'https://example.com/мой/путь?да=нет'],
    ['naïve', 'https://example.com/naïve'],
  ] as const) {
    assert.ok(found(text, target), `${text} in ${new URL(target).href}: ${searchForms(text)}`);
  }
});

it('text that is not well-formed finds nothing, and is no error', () => {
  assert.equal(searchForms('\ud800'), ['%EF%BF%BD']);
});

it.run();
