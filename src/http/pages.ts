/** Pages for visitors whose link does not lead on. Made once, so that refusing costs no more than redirecting. */
import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { FailureCode } from '../core/failure.ts';
import type { RefusalReason } from '../core/link.ts';
import { PROBLEM_TYPE, PROBLEMS, problemOf } from './problem.ts';

export type PageReason = RefusalReason | 'unavailable';
export type Language = 'en' | 'ru';
export type Page = { status: string; headers: readonly (readonly [name: string, value: string])[]; body: Uint8Array };

const LANGUAGES: readonly Language[] = ['en', 'ru'];
/** Characters of an Accept-Language header that are read. */
const ACCEPT_LANGUAGE_MAX_LENGTH = 256;
const RETRY_AFTER_SEC = 30;

type Words = { title: string; text: string };
type Refusal = { code: FailureCode; mark: string; headers: Page['headers'] } & Record<Language, Words>;

const REFUSALS: Readonly<Record<PageReason, Refusal>> = {
  unknown: {
    code: 'not_found',
    mark: '404',
    headers: [],
    en: { title: 'There is no such link', text: 'Please check the address: one character may be wrong, and capital letters matter.' },
    ru: { title: 'Такой ссылки нет', text: 'Проверьте адрес: возможно, ошибка в одном символе. Заглавные и строчные буквы различаются.' },
  },
  disabled: {
    code: 'gone',
    mark: '410',
    headers: [],
    en: { title: 'This link is switched off', text: 'It no longer leads anywhere. Whoever sent it to you may have a new one.' },
    ru: { title: 'Эта ссылка отключена', text: 'Она больше никуда не ведёт. Возможно, у того, кто её прислал, есть новая.' },
  },
  exhausted: {
    code: 'gone',
    mark: '410',
    headers: [],
    en: { title: 'This link is used up', text: 'It could be opened a limited number of times. Whoever sent it to you may have a new one.' },
    ru: {
      title: 'Эта ссылка исчерпана',
      text: 'Её можно было открыть ограниченное число раз. Возможно, у того, кто её прислал, есть новая.',
    },
  },
  blocked: {
    code: 'gone',
    mark: '410',
    headers: [],
    en: {
      title: 'This link is blocked',
      text: 'It leads to a site that links of this service may not lead to, so we do not send you there.',
    },
    ru: {
      title: 'Эта ссылка заблокирована',
      text: 'Она ведёт на сайт, ссылки на который здесь запрещены, поэтому мы вас туда не направляем.',
    },
  },
  unavailable: {
    code: 'store_away',
    mark: '503',
    headers: [['Retry-After', String(RETRY_AFTER_SEC)]],
    en: { title: 'One moment, please', text: 'We cannot look this link up right now. Please try again in half a minute.' },
    ru: { title: 'Одну минуту', text: 'Сейчас мы не можем проверить эту ссылку. Попробуйте ещё раз через полминуты.' },
  },
};

const STYLE = `
:root { color-scheme: light dark; --paper: #f6f5f1; --ink: #23262b; --soft: #5d636d; --line: #dcd9d0; --mark: #2f6f62; }
@media (prefers-color-scheme: dark) { :root { --paper: #16191d; --ink: #e7e5df; --soft: #a3a9b2; --line: #2c3138; --mark: #7fc4b4; } }
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: grid; place-items: center; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; }
main { width: 100%; max-width: 30rem; padding-bottom: 8vh; }
p { margin: 0; color: var(--soft); text-wrap: pretty; }
.mark { display: inline-block; margin-bottom: 1.25rem; padding: .1rem .7rem; border: 1px solid var(--line); border-radius: 1rem;
  color: var(--mark); font-size: .875rem; font-variant-numeric: tabular-nums; letter-spacing: .06em; }
h1 { margin: 0 0 .6rem; font-size: clamp(1.6rem, 6vw, 2.1rem); line-height: 1.2; font-weight: 600; letter-spacing: -.015em; text-wrap: balance; }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** For every page of elnk that has no script: nothing is loaded, framed or sent anywhere. */
const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const COMMON_HEADERS: Page['headers'] = [
  ['Cache-Control', 'private, no-store'],
  ['X-Content-Type-Options', 'nosniff'],
];

const HTML_HEADERS: Page['headers'] = [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Content-Security-Policy', CONTENT_SECURITY_POLICY],
  ['Referrer-Policy', 'no-referrer'],
];

/** Texts are our own: nothing is escaped. */
const html = (language: Language, mark: string, { title, text }: Words) => `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="mark">${mark}</p>
<h1>${title}</h1>
<p>${text}</p>
</main>
</body>
</html>
`;

type Pages = Record<Language | 'problem', Page>;

function pagesOf(reason: PageReason): Pages {
  const { code, mark, headers, ...words } = REFUSALS[reason];
  const status = `${PROBLEMS[code].status} ${STATUS_CODES[PROBLEMS[code].status]}`;
  const page = (own: Page['headers'], text: string): Page => ({
    status,
    headers: [...own, ...COMMON_HEADERS, ...headers],
    body: Buffer.from(text),
  });
  const problem = problemOf({ code, message: words.en.text, errors: [] });
  return {
    en: page(HTML_HEADERS, html('en', mark, words.en)),
    ru: page(HTML_HEADERS, html('ru', mark, words.ru)),
    problem: page([['Content-Type', PROBLEM_TYPE]], JSON.stringify(problem)),
  };
}

const PAGES: Readonly<Record<PageReason, Pages>> = {
  unknown: pagesOf('unknown'),
  disabled: pagesOf('disabled'),
  exhausted: pagesOf('exhausted'),
  blocked: pagesOf('blocked'),
  unavailable: pagesOf('unavailable'),
};

/**
 * The answer for a visitor whose link does not lead on: a page for browsers, a problem for programs.
 * @param accept the Accept header, '' when there is none; acceptLanguage likewise
 */
export function refusalPage(reason: PageReason, accept: string, acceptLanguage: string): Page {
  const pages = PAGES[reason];
  return accept.includes('text/html') ? pages[languageOf(acceptLanguage)] : pages.problem;
}

/** The language that an Accept-Language header likes best (RFC 9110, 12.5.4); the first named of equals, English when neither is. */
export function languageOf(acceptLanguage: string): Language {
  const quality = new Map<string, number>();
  for (const range of acceptLanguage.slice(0, ACCEPT_LANGUAGE_MAX_LENGTH).toLowerCase().split(',')) {
    const [tag, weight = 'q=1'] = range.split(';', 2);
    const language = tag.trim().split('-', 1)[0];
    const q = Number(weight.trim().replace(/^q=/, ''));
    if (q >= 0 && q <= 1) quality.set(language, Math.max(q, quality.get(language) ?? 0));
  }
  const liking = (language: Language) => quality.get(language) ?? quality.get('*') ?? 0;
  const named = LANGUAGES.filter((language) => (quality.get(language) ?? 0) > 0);
  const inOrder = [...quality.keys()].filter((it) => named.includes(it as Language)) as Language[];
  return [...inOrder, ...LANGUAGES].reduce((best, language) => (liking(language) > liking(best) ? language : best));
}
