/** Which of our languages a visitor is answered in. */
import { LOCALES, type Locale } from '../core/account.ts';

/** Characters of an Accept-Language header that are read. */
const ACCEPT_LANGUAGE_MAX_LENGTH = 256;

/** The language that an Accept-Language header likes best (RFC 9110, 12.5.4); the first named of equals, English when neither is. */
export function languageOf(acceptLanguage: string): Locale {
  const quality = new Map<string, number>();
  for (const range of acceptLanguage.slice(0, ACCEPT_LANGUAGE_MAX_LENGTH).toLowerCase().split(',')) {
    const [tag, weight = 'q=1'] = range.split(';', 2);
    const language = tag.trim().split('-', 1)[0];
    const q = Number(weight.trim().replace(/^q=/, ''));
    if (q >= 0 && q <= 1) quality.set(language, Math.max(q, quality.get(language) ?? 0));
  }
  const liking = (language: Locale) => quality.get(language) ?? quality.get('*') ?? 0;
  const named = LOCALES.filter((language) => (quality.get(language) ?? 0) > 0);
  const inOrder = [...quality.keys()].filter((it) => named.includes(it as Locale)) as Locale[];
  return [...inOrder, ...LOCALES].reduce((best, language) => (liking(language) > liking(best) ? language : best));
}
