import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { problemSchema } from '../../src/core/api/common.ts';
import { languageOf } from '../../src/http/language.ts';
import { type PageReason, refusalPage } from '../../src/http/pages.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const header = (reason: PageReason, accept: string) => (name: string) =>
  refusalPage(reason, { accept, language: '' }).headers.find(([it]) => it === name)?.[1];
const text = (reason: PageReason, accept: string, language: string) =>
  Buffer.from(refusalPage(reason, { accept, language }).body).toString();

const test = suite('pages');

test('each reason has its status; browsers get a page, others a problem', () => {
  for (const [reason, status, code] of [
    ['unknown', '404 Not Found', 'not_found'],
    ['disabled', '410 Gone', 'gone'],
    ['blocked', '410 Gone', 'gone'],
    ['unavailable', '503 Service Unavailable', 'store_away'],
  ] as const) {
    for (const accept of [BROWSER, '*/*', '', 'application/json']) assert.is(refusalPage(reason, { accept, language: '' }).status, status);
    assert.is(header(reason, BROWSER)('Content-Type'), 'text/html; charset=utf-8');
    assert.is(header(reason, '')('Content-Type'), 'application/problem+json');
    const problem = problemSchema.parse(JSON.parse(text(reason, '*/*', 'ru')));
    assert.equal([problem.status, problem.code], [Number(status.slice(0, 3)), code]);
    for (const accept of [BROWSER, '']) assert.is(header(reason, accept)('Cache-Control'), 'private, no-store');
    assert.is(header(reason, BROWSER)('Retry-After') !== undefined, reason === 'unavailable');
  }
});

test('the page is in the language of the visitor', () => {
  assert.match(text('unknown', BROWSER, 'ru-RU,ru;q=0.9,en;q=0.8'), /<html lang="ru">[\s\S]*Такой ссылки нет/);
  assert.match(text('unknown', BROWSER, 'de'), /<html lang="en">[\s\S]*There is no such link/);
});

test('languages by their quality, the first of equals, English when in doubt', () => {
  const cases = {
    ru: 'ru',
    'ru-RU,ru;q=0.9,en-US;q=0.8': 'ru',
    'en-US,en;q=0.9,ru;q=0.8': 'en',
    'ru, en': 'ru',
    'en, ru': 'en',
    'de, fr;q=0.9, ru;q=0.1': 'ru',
  };
  const odd = {
    'EN;Q=0.1, RU;Q=0.9': 'ru',
    'en;q=0.300 , ru ; q=0.301': 'ru',
    'ru;q=0.1, *': 'en',
    'en;q=0, *': 'ru',
    'ru;q=0': 'en',
    'en;q=0,ru;q=0': 'en',
  };
  const broken = {
    '': 'en',
    '*': 'en',
    de: 'en',
    'ru;q=x': 'en',
    'ru;q=7': 'en',
    ';;,,=': 'en',
    rus: 'en',
    '-ru': 'en',
    [`${'x,'.repeat(200)}ru`]: 'en',
  };
  for (const [accepted, language] of Object.entries({ ...cases, ...odd, ...broken })) assert.is(languageOf(accepted), language, accepted);
});

test('nothing is loaded or run: the policy allows this very style and nothing else', () => {
  for (const reason of ['unknown', 'disabled', 'blocked', 'unavailable'] as const) {
    for (const language of ['en', 'ru']) {
      const page = text(reason, BROWSER, language);
      const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? '';
      const hash = createHash('sha256').update(style).digest('base64');
      const policy = header(reason, BROWSER)('Content-Security-Policy') ?? '';
      assert.ok(policy.includes(`style-src 'sha256-${hash}';`));
      assert.match(policy, /^default-src 'none';.*frame-ancestors 'none'$/);
      assert.not.match(page, /<script|javascript:|\son\w+=|\sstyle=|src=|href=|url\(/i);
    }
  }
  assert.is(header('unknown', BROWSER)('Referrer-Policy'), 'no-referrer');
  assert.is(header('unknown', BROWSER)('X-Content-Type-Options'), 'nosniff');
});

test.run();
