/** What whoever opens the address in a report's mail sees: a question first, since programs that look mails through open every link in them. */
import { LOCALES, type Locale } from '../core/account.ts';
import { languageOf } from './language.ts';
import { htmlPage, type Page, type Reader, type Words } from './page-shell.ts';

type Kind = 'question' | 'done' | 'wrong';

const MARKS: Readonly<Record<Locale, string>> = { en: 'Daily reports', ru: 'Ежедневные отчёты' };
const STATUS: Readonly<Record<Kind, number>> = { question: 200, done: 200, wrong: 404 };
const WORDS: Readonly<Record<Locale, Record<Kind, Words> & { button: string }>> = {
  en: {
    question: { title: 'No more daily reports?', text: 'We will stop sending them. You can turn them on again in your settings.' },
    done: { title: 'There will be no more reports', text: 'You can turn them on again in your settings.' },
    wrong: { title: 'This address is not complete', text: 'Open it from the mail once more, or turn reports off in your settings.' },
    button: 'Stop the reports',
  },
  ru: {
    question: { title: 'Больше не присылать отчёты?', text: 'Мы перестанем их отправлять. Включить их снова можно в настройках.' },
    done: { title: 'Отчётов больше не будет', text: 'Включить их снова можно в настройках.' },
    wrong: { title: 'Этот адрес неполон', text: 'Откройте его из письма ещё раз или отключите отчёты в настройках.' },
    button: 'Отключить отчёты',
  },
};

function pageOf(kind: Kind, language: Locale): Page {
  const { button, ...texts } = WORDS[language];
  const form = kind === 'question' ? `<form method="post"><button>${button}</button></form>` : undefined;
  return htmlPage({ status: STATUS[kind], language, mark: MARKS[language], ...texts[kind], ...(form === undefined ? {} : { form }) });
}

const pagesOf = (kind: Kind) => LOCALES.map((language) => pageOf(kind, language));
const PAGES: Readonly<Record<Kind, Page[]>> = { question: pagesOf('question'), done: pagesOf('done'), wrong: pagesOf('wrong') };

export const unsubscribePage = (kind: Kind, { language }: Pick<Reader, 'language'>): Page =>
  PAGES[kind][LOCALES.indexOf(languageOf(language))];
