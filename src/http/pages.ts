/** Pages for visitors whose link does not lead on. Made once, so that refusing costs no more than redirecting. */
import { LOCALES, type Locale } from '../core/account.ts';
import type { FailureCode } from '../core/failure.ts';
import type { RefusalReason } from '../core/link.ts';
import { languageOf } from './language.ts';
import { CLOCK, NO_WAY } from './marks.ts';
import { htmlPage, type Page, problemPage, type Reader, type Words, wantsHtml } from './page-shell.ts';
import { PROBLEMS } from './problem.ts';

export type PageReason = RefusalReason | 'unavailable';

const RETRY_AFTER_SEC = 30;

type Refusal = { code: FailureCode; mark: string; headers: Page['headers'] } & Record<Locale, Words>;

const REFUSALS: Readonly<Record<PageReason, Refusal>> = {
  unknown: {
    code: 'not_found',
    mark: '404', // which everybody knows
    headers: [],
    en: { title: 'There is no such link', text: 'Please check the address: one character may be wrong, and capital letters matter.' },
    ru: { title: 'Такой ссылки нет', text: 'Проверьте адрес: возможно, ошибка в одном символе. Заглавные и строчные буквы различаются.' },
  },
  disabled: {
    code: 'gone',
    mark: NO_WAY,
    headers: [],
    en: { title: 'This link is switched off', text: 'It no longer leads anywhere. Whoever sent it to you may have a new one.' },
    ru: { title: 'Эта ссылка отключена', text: 'Она больше никуда не ведёт. Возможно, у того, кто её прислал, есть новая.' },
  },
  exhausted: {
    code: 'gone',
    mark: NO_WAY,
    headers: [],
    en: { title: 'This link is used up', text: 'It could be opened a limited number of times. Whoever sent it to you may have a new one.' },
    ru: {
      title: 'Эта ссылка исчерпана',
      text: 'Её можно было открыть ограниченное число раз. Возможно, у того, кто её прислал, есть новая.',
    },
  },
  blocked: {
    code: 'gone',
    mark: NO_WAY,
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
    mark: CLOCK,
    headers: [['Retry-After', String(RETRY_AFTER_SEC)]],
    en: { title: 'One moment, please', text: 'We cannot look this link up right now. Please try again in half a minute.' },
    ru: { title: 'Одну минуту', text: 'Сейчас мы не можем проверить эту ссылку. Попробуйте ещё раз через полминуты.' },
  },
};

type Pages = Record<Locale | 'problem', Page>;

function pagesOf(reason: PageReason): Pages {
  const { code, mark, headers, ...words } = REFUSALS[reason];
  const { status } = PROBLEMS[code];
  const [en, ru] = LOCALES.map((language) => htmlPage({ status, language, mark, ...words[language], headers }));
  return { en, ru, problem: problemPage(code, words.en.text, headers) };
}

const PAGES: Readonly<Record<PageReason, Pages>> = {
  unknown: pagesOf('unknown'),
  disabled: pagesOf('disabled'),
  exhausted: pagesOf('exhausted'),
  blocked: pagesOf('blocked'),
  unavailable: pagesOf('unavailable'),
};

/** The answer for a visitor whose link does not lead on: a page for browsers, a problem for programs. */
export function refusalPage(reason: PageReason, reader: Reader): Page {
  const pages = PAGES[reason];
  return wantsHtml(reader) ? pages[languageOf(reader.language)] : pages.problem;
}
