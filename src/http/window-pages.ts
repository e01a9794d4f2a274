/** Pages for visitors who come before or after a link's time: they say when, in the owner's zone. */
import type { Locale } from '../core/account.ts';
import type { Settled } from '../core/link.ts';
import { languageOf } from './language.ts';
import { CLOCK } from './marks.ts';
import { htmlPage, type Page, problemPage, type Reader, wantsHtml } from './page-shell.ts';
import { PROBLEMS } from './problem.ts';

type Outside = Extract<Settled, { kind: 'outside' }>;

const WORDS: Readonly<Record<Outside['reason'], Record<Locale, { title: string; text(time: string): string }>>> = {
  scheduled: {
    en: { title: 'This link is not open yet', text: (time) => `It opens on ${time}.` },
    ru: { title: 'Эта ссылка ещё не открылась', text: (time) => `Она откроется ${time}.` },
  },
  expired: {
    en: { title: 'This link has expired', text: (time) => `It worked until ${time}. Whoever sent it to you may have a new one.` },
    ru: {
      title: 'Срок этой ссылки истёк',
      text: (time) => `Она работала до ${time}. Возможно, у того, кто её прислал, есть новая.`,
    },
  },
};

const CODES = { scheduled: 'not_yet', expired: 'gone' } as const;

/** @param timeZone the owner's; now: milliseconds since the epoch */
export function windowPage({ reason, at }: Outside, timeZone: string, reader: Reader, now: number): Page {
  const code = CODES[reason];
  const headers: Page['headers'] = reason === 'scheduled' ? [['Retry-After', String(Math.max(1, Math.ceil((at - now) / 1000)))]] : [];
  const iso = new Date(at).toISOString();
  if (!wantsHtml(reader)) return problemPage(code, WORDS[reason].en.text(iso), headers);
  const language = languageOf(reader.language);
  const { title, text } = WORDS[reason][language];
  const { status } = PROBLEMS[code];
  const time = `<time datetime="${iso}">${timeText(at, timeZone, language)}</time>`;
  return htmlPage({ status, language, mark: CLOCK, title, text: text(time), headers });
}

/** Making a formatter takes some 50 µs, and each some kilobytes: so many are kept. */
const FORMATS_MAX = 64;
const formats = new Map<string, Intl.DateTimeFormat>();
/** British, because its clock has 24 hours. */
const INTL_LOCALES: Readonly<Record<Locale, string>> = { en: 'en-GB', ru: 'ru' };

/** Day and minute, with seconds when there are any, and the zone. */
function timeText(at: number, timeZone: string, language: Locale): string {
  const second = at % 60_000 === 0 ? undefined : '2-digit';
  const key = `${language} ${second} ${timeZone}`;
  let format = formats.get(key);
  if (format === undefined) {
    if (formats.size >= FORMATS_MAX) formats.clear();
    format = new Intl.DateTimeFormat(INTL_LOCALES[language], {
      timeZone,
      year: 'numeric',
      month: 'long',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second,
      timeZoneName: 'short',
    });
    formats.set(key, format);
  }
  return format.format(at).replace(/ (в|at) /, ' $1\u00a0'); // no line ends with the small word before the hour
}
