/**
 * The page of a quick link: shows the short link, copies it, and goes back to the product. Browsers let a page copy by itself only when it
 * is served over HTTPS, and not all of them do then; where it fails, one button does both. Without a script there are the link and the way back.
 */
import type { Locale } from '../core/account.ts';
import type { Failure, FailureCode } from '../core/failure.ts';
import { escapeHtml } from '../core/html.ts';
import { languageOf } from './language.ts';
import { htmlPage, type Page, problemPage, type Reader, scriptedOf, wantsHtml } from './page-shell.ts';
import { PROBLEMS } from './problem.ts';

/** How long the visitor sees that the link was copied, before the product comes back. */
const COPIED_MS = 900;

const STYLE = `
.link { display: grid; gap: .4rem; margin-top: 1.5rem; }
.link input { font-weight: 600; }
.link button[hidden] { display: none; }
.link a { justify-self: start; color: var(--mark); text-underline-offset: .2em; }
.link a:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
.link [role=status] { min-height: 1.6em; color: var(--ink); }
`;

// In a click the older way comes first: it needs no permission and no HTTPS, but has to happen before anything is waited for.
const SCRIPT = `
'use strict';
const [link, copy, back, said] = ['link', 'copy', 'back', 'said'].map((id) => document.getElementById(id));
const old = () => {
  link.focus();
  link.setSelectionRange(0, link.value.length);
  try { return document.execCommand('copy'); } catch { return false; }
};
const modern = async () => {
  try { await navigator.clipboard.writeText(link.value); return true; } catch { return false; }
};
const leave = () => location.replace(back.href);
const run = async (asked) => {
  const done = asked ? old() || await modern() : await modern() || old();
  if (done) {
    said.textContent = said.dataset.copied;
    copy.hidden = true;
    setTimeout(leave, asked ? 0 : ${COPIED_MS});
  } else {
    copy.hidden = false;
    if (asked) said.textContent = said.dataset.failed;
    else copy.focus();
  }
};
copy.addEventListener('click', () => run(true));
if (!document.hasFocus()) addEventListener('focus', () => run(false), { once: true });
run(false);
`;

const SCRIPTED = scriptedOf(STYLE, SCRIPT);

type Words = {
  title: string;
  text: string;
  label: string;
  button: string;
  back: string;
  copied: string;
  failed: string;
};

const WORDS: Readonly<Record<Locale, Words>> = {
  en: {
    title: 'Your short link',
    text: 'It leads to the page you came from.',
    label: 'Short link',
    button: 'Copy and go back',
    back: 'Back to the product',
    copied: 'Copied. Going back to the product…',
    failed: 'This browser does not let us copy: please copy the link above.',
  },
  ru: {
    title: 'Короткая ссылка готова',
    text: 'Она ведёт на ту же страницу магазина.',
    label: 'Короткая ссылка',
    button: 'Скопировать и вернуться',
    back: 'Вернуться к товару',
    copied: 'Скопировано. Возвращаемся к товару…',
    failed: 'Браузер не даёт скопировать: скопируйте ссылку выше сами.',
  },
};

/** @param mark host of the shop */
export function quickLinkPage(shortUrl: string, target: string, mark: string, { language: accepted }: Pick<Reader, 'language'>): Page {
  const language = languageOf(accepted);
  const words = WORDS[language];
  const html = `<div class="link">
<label for="link">${words.label}</label>
<input id="link" readonly autocomplete="off" spellcheck="false" value="${escapeHtml(shortUrl)}">
<button id="copy" type="button" hidden>${words.button}</button>
<p id="said" role="status" data-copied="${words.copied}" data-failed="${words.failed}"></p>
<a id="back" href="${escapeHtml(target)}">${words.back}</a>
</div>`;
  return htmlPage({ status: 200, language, mark, title: words.title, text: words.text, scripted: { ...SCRIPTED, html } });
}

type Refusal = { title: string; text(failure: Failure): string };

const minutes = ({ retryAfterSec = 0 }: Failure) => Math.max(1, Math.ceil(retryAfterSec / 60));

const REFUSALS: Readonly<Record<Locale, Partial<Record<FailureCode, Refusal>> & { internal: Refusal }>> = {
  en: {
    not_found: {
      title: 'There is nothing here',
      text: () => 'A short link to a product is made when “ee” is put before the name of the shop: www.eeSHOP.ru/…',
    },
    malformed: { title: 'This address cannot be read', text: () => 'Please copy the address of the product once more.' },
    invalid: { title: 'No short link for this page', text: () => 'Links of this service may not lead there.' },
    too_many_requests: { title: 'Too many short links', text: (failure) => `Please try again in ${minutes(failure)} min.` },
    store_away: { title: 'One moment, please', text: () => 'We cannot make a short link right now. Please try again in half a minute.' },
    internal: { title: 'That did not work', text: () => 'We could not make a short link. Please try again later.' },
  },
  ru: {
    not_found: {
      title: 'Здесь ничего нет',
      text: () => 'Короткую ссылку на товар мы делаем, если дописать «ee» перед названием магазина: www.eeМАГАЗИН.ru/…',
    },
    malformed: { title: 'Не удалось прочитать адрес', text: () => 'Скопируйте адрес товара ещё раз.' },
    invalid: { title: 'Для этой страницы нет короткой ссылки', text: () => 'Ссылки этого сервиса туда вести не могут.' },
    too_many_requests: { title: 'Слишком много коротких ссылок', text: (failure) => `Попробуйте снова через ${minutes(failure)} мин.` },
    store_away: { title: 'Одну минуту', text: () => 'Сейчас мы не можем сделать короткую ссылку. Попробуйте ещё раз через полминуты.' },
    internal: { title: 'Не получилось', text: () => 'Короткую ссылку сделать не удалось. Попробуйте ещё раз позже.' },
  },
};

/** @param target where the visitor came from, null when that cannot be said */
export function quickLinkRefusal(failure: Failure, target: string | null, reader: Reader): Page {
  const { code, retryAfterSec } = failure;
  const headers: Page['headers'] = retryAfterSec === undefined ? [] : [['Retry-After', String(retryAfterSec)]];
  if (!wantsHtml(reader)) return problemPage(code, failure.message, headers);
  const language = languageOf(reader.language);
  const { status } = PROBLEMS[code];
  const words = WORDS[language];
  const { title, text } = REFUSALS[language][code] ?? REFUSALS[language].internal;
  const next = target === null ? {} : { next: { href: escapeHtml(target), label: words.back } };
  return htmlPage({ status, language, mark: String(status), title, text: text(failure), headers, ...next });
}
