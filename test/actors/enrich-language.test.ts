import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { languageReader, parseLanguage } from '../../src/actors/enrich/language.ts';
import { codeToLetters, UNKNOWN } from '../../src/core/click.ts';
import { seed } from '../support/seed.ts';

const language = suite('enrich: language');

const HEADERS: [header: string, letters: string][] = [
  ['en-US,en;q=0.9', 'en'],
  ['ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7', 'ru'],
  ['EN', 'en'],
  ['zh-Hant-TW', 'zh'],
  ['fil-PH,fil;q=0.9', 'fil'],
  ['en;q=0.5,de;q=0.8,fr;q=0.8', 'de'],
  ['en;q=0.1, kk', 'kk'],
  [' de ; q = 0.3 , fr ; Q=0.2', 'de'],
  ['en;q=0,de;q=0.001', 'de'],
  ['en;q=5,de', 'en'],
  ['*', UNKNOWN],
  ['*;q=1,de;q=0.5', 'de'],
  ['', UNKNOWN],
  [',,;,', UNKNOWN],
  ['en;q=0', UNKNOWN],
  ['en;q=', UNKNOWN],
  ['en;q=x', UNKNOWN],
  ['e', UNKNOWN],
  ['english', UNKNOWN],
  ['12', UNKNOWN],
  ['i-klingon,tlh;q=0.5', 'tlh'],
  ['рус', UNKNOWN],
  ['en_US', UNKNOWN],
];

language('the preferred primary tag', () => {
  const languageOf = languageReader();
  for (const [header, letters] of HEADERS) {
    assert.is(codeToLetters(parseLanguage(header)), letters, header);
    assert.is(languageOf(header), parseLanguage(header));
    assert.is(languageOf(header), parseLanguage(header));
  }
});

language('whatever is sent, the code is one of letters or 0', () => {
  const pieces = fc.array(fc.constantFrom('en', 'de', '-', ';', 'q=', '0.5', ',', '*', ' ', 'x', '1', 'é', '\0'), { maxLength: 30 });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 64 }),
        pieces.map((it) => it.join('')),
      ),
      (header) => {
        const code = parseLanguage(header);
        assert.ok(code === 0 || /^[a-z]{2,3}$/.test(codeToLetters(code)), `${code}`);
        assert.ok(code < 2 ** 15);
      },
    ),
    { seed, numRuns: 3000 },
  );
});

language.run();
