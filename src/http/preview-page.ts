/** What a program that draws previews of links gets of a link with a limit: that there is one, not where it leads. */
import { LOCALES, type Locale } from '../core/account.ts';
import { languageOf } from './language.ts';
import { htmlPage, type Page, type Reader, type Words } from './page-shell.ts';

const WORDS: Readonly<Record<Locale, Words & { mark: string }>> = {
  en: {
    mark: 'Preview',
    title: 'This link can be opened a limited number of times',
    text: 'Looking at it has not used it. Open it in a browser to go on.',
  },
  ru: {
    mark: 'Предпросмотр',
    title: 'Эту ссылку можно открыть ограниченное число раз',
    text: 'Предпросмотр не считается переходом. Откройте ссылку в браузере.',
  },
};

const [en, ru] = LOCALES.map((language) => htmlPage({ status: 200, language, ...WORDS[language] }));
const PAGES: Readonly<Record<Locale, Page>> = { en, ru };

export const previewPage = ({ language }: Pick<Reader, 'language'>): Page => PAGES[languageOf(language)];
