/**
 * GET /{slug}+: where a link leads, without going there and without a click. What has a password or a limit is not told: whoever knows the target
 * needs neither. The way on is the link itself, so that its rules hold.
 */
import type { Locale } from '../core/account.ts';
import { escapeHtml } from '../core/html.ts';
import { decide, type Link, type Settled } from '../core/link.ts';
import { refusedPage } from './decision-pages.ts';
import { languageOf } from './language.ts';
import { htmlPage, type Page, type Visitor } from './page-shell.ts';

type Words = { mark: string; title: string; password: string; limit: string; goOn: string };

const WORDS: Readonly<Record<Locale, Words>> = {
  en: {
    mark: 'Preview',
    title: 'Where this link leads',
    password: 'It has a password. Only those who know it learn where it leads.',
    limit: 'It can be opened a limited number of times, so we only say where it leads when it is opened. Looking at it has not used it.',
    goOn: 'Open the link',
  },
  ru: {
    mark: 'Предпросмотр',
    title: 'Куда ведёт эта ссылка',
    password: 'Она с паролем: куда она ведёт, узнает только тот, кто знает пароль.',
    limit: 'Её можно открыть ограниченное число раз, поэтому адрес виден только при открытии. Предпросмотр не считается переходом.',
    goOn: 'Открыть ссылку',
  },
};

/** The slug of a path such as `abc+`, whose plus sign may be escaped; null for other paths. Cheap: it is asked of every path that is no slug. */
export function lookedAtSlug(path: string): string | null {
  if (path.endsWith('+')) return path.slice(0, -1);
  return /%2B$/i.test(path) ? path.slice(0, -3) : null;
}

/** What is to be told of a link. The place for latecomers is not where it leads. @param now milliseconds since the epoch */
export function look(link: Link | null, now: number): Exclude<Settled, { kind: 'elsewhere' }> {
  const rules = link?.rules == null ? null : { ...link.rules, expiredUrl: null };
  const decision = decide(link === null ? null : { ...link, rules }, { isUnlocked: false, isPreview: true }, now);
  if (decision.kind === 'limited' || decision.kind === 'elsewhere') throw new Error(`a look is never ${decision.kind}`);
  return decision;
}

/** @param seen what `look` says; now: milliseconds since the epoch */
export function lookPage(seen: ReturnType<typeof look>, slug: string, link: Link | null, visitor: Visitor, now: number): Page {
  if (seen.kind !== 'redirect' && seen.kind !== 'password' && seen.kind !== 'preview') return refusedPage(seen, link, visitor, now);
  const language = languageOf(visitor.language);
  const { mark, title, password, limit, goOn } = WORDS[language];
  const text = seen.kind === 'redirect' ? addressHtml(seen.target) : seen.kind === 'password' ? password : limit;
  return htmlPage({ status: 200, language, mark, title, text, next: { href: slug, label: goOn } });
}

/** The host stands out: it is what tells where a link leads, and what a disguise hides. @param target a URL's href, which is ASCII */
function addressHtml(target: string): string {
  const { protocol, host } = new URL(target);
  const at = `${protocol}//`.length;
  const [before, after] = [target.slice(0, at), target.slice(at + host.length)].map(escapeHtml);
  return `<span class="address">${before}<b>${escapeHtml(host)}</b>${after}</span>`;
}
