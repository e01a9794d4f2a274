/**
 * The page that asks for a link's password. It works without a script, and says nothing of the link: not where it leads, not what it is
 * called. The form remembers from which site the visitor came, because the click is only made with the password, and comes from this page.
 */
import type { Locale } from '../core/account.ts';
import type { Failure, FailureCode } from '../core/failure.ts';
import { languageOf } from './language.ts';
import { LOCK } from './marks.ts';
import { htmlPage, type Page, type Visitor } from './page-shell.ts';
import { PROBLEMS } from './problem.ts';

type Words = {
  title: string;
  text: string;
  label: string;
  button: string;
  /** Why the page is shown again. */
  wrong: string;
  empty: string;
  unreadable: string;
  busy: string;
  tooMany: { title: string; text(minutes: number): string };
};

const WORDS: Readonly<Record<Locale, Words>> = {
  en: {
    title: 'This link has a password',
    text: 'Whoever sent you the link knows it.',
    label: 'Password',
    button: 'Open the link',
    wrong: 'That is not the password. Capital letters matter.',
    empty: 'Please enter the password.',
    unreadable: 'That could not be read. Please enter the password once more.',
    busy: 'Many people are opening links right now. Please try again in a few seconds.',
    tooMany: { title: 'Too many wrong passwords', text: (minutes) => `Please come back in ${minutes} min.` },
  },
  ru: {
    title: 'Эта ссылка с паролем',
    text: 'Пароль знает тот, кто прислал вам ссылку.',
    label: 'Пароль',
    button: 'Открыть ссылку',
    wrong: 'Пароль не подошёл. Заглавные и строчные буквы различаются.',
    empty: 'Введите пароль.',
    unreadable: 'Не удалось прочитать запрос. Введите пароль ещё раз.',
    busy: 'Сейчас ссылки открывает много людей. Попробуйте ещё раз через несколько секунд.',
    tooMany: { title: 'Слишком много неверных паролей', text: (minutes) => `Попробуйте снова через ${minutes} мин.` },
  },
};

/** What is said of a failure; null: it has nothing to do with the password. */
function reasonOf({ code }: Failure, words: Words): string | null {
  const reasons: Partial<Record<FailureCode, string>> = {
    wrong_password: words.wrong,
    invalid: words.empty,
    malformed: words.unreadable,
    too_large: words.unreadable,
    unsupported_media_type: words.unreadable,
    request_timeout: words.unreadable,
    too_many_requests: words.busy,
  };
  return reasons[code] ?? null;
}

/** The form's field that remembers where the visitor came from. */
export const FROM_FIELD = 'from';
const REFERRER_MAX_LENGTH = 512;

/**
 * The site a visitor came from, in a form that may stand in HTML and in a header: the origin of an http or https URL has no characters that
 * mean anything there. '' for everything else.
 */
export function siteOf(referrer: string): string {
  const url = URL.parse(referrer.slice(0, REFERRER_MAX_LENGTH));
  return url !== null && /^https?:$/.test(url.protocol) ? `${url.origin}/` : '';
}

function formOf({ label, button }: Words, reason: string | null, referrer: string): string {
  const site = siteOf(referrer);
  const from = site === '' ? '' : `\n<input type="hidden" name="${FROM_FIELD}" value="${site}">`;
  const isWrong = reason === null ? '' : ' aria-invalid="true" aria-describedby="wrong"';
  const said = reason === null ? '' : `<p class="wrong" id="wrong" role="alert">${reason}</p>\n`;
  return `<form method="post">${from}
<label for="password">${label}</label>
<input id="password" name="password" type="password" required autofocus autocomplete="off" autocapitalize="none" spellcheck="false"${isWrong}>
${said}<button>${button}</button>
</form>`;
}

/** For whoever opens the link. */
export function passwordPage({ language: accepted, referrer }: Omit<Visitor, 'accept'>): Page {
  const language = languageOf(accepted);
  const words = WORDS[language];
  return htmlPage({ status: 200, language, mark: LOCK, title: words.title, text: words.text, form: formOf(words, null, referrer) });
}

/** For whoever has sent a password that does not open it. @returns null for a failure that has nothing to do with the password */
export function refusedPasswordPage(failure: Failure, { language: accepted, referrer }: Omit<Visitor, 'accept'>): Page | null {
  const language = languageOf(accepted);
  const words = WORDS[language];
  const { status } = PROBLEMS[failure.code];
  const headers: Page['headers'] = failure.retryAfterSec === undefined ? [] : [['Retry-After', String(failure.retryAfterSec)]];
  if (failure.policy !== undefined) {
    const { title, text } = words.tooMany;
    return htmlPage({ status, language, mark: LOCK, title, text: text(Math.ceil((failure.retryAfterSec ?? 0) / 60)), headers });
  }
  const reason = reasonOf(failure, words);
  if (reason === null) return null;
  return htmlPage({ status, language, mark: LOCK, title: words.title, text: words.text, form: formOf(words, reason, referrer), headers });
}
