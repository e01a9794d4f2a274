/** The mails of accounts: what may be ordered, and how each reads in English and Russian. */
import { LOCALES, type Locale, normalizeEmail } from './account.ts';
import { escapeHtml } from './html.ts';
import type { MailToken, ProofToken } from './ports/accounts.ts';

/** Names of jobs in the queue: a mail to be sent; somebody's wish for a new password, which becomes a mail if there is such an account. */
export const MAIL_TASKS = { mail: 'mail', reset: 'reset-request' } as const;

export const MAIL_KINDS = ['confirm', 'taken', 'reset', 'emailChange', 'emailChanged'] as const;
/**
 * `emailChange` goes to the new address, to be confirmed; `emailChanged` to the old one, as a notice. `taken` goes out instead of a mail to
 * confirm an address, when it is an account's already.
 */
export type MailKind = (typeof MAIL_KINDS)[number];

/** A mail before it is written: what waits in the queue. */
export type MailOrder = {
  /** As `normalizeEmail` makes it. */
  to: string;
  kind: MailKind;
  locale: Locale;
  /** Where the reader is to go; http or https. It may hold a secret. */
  link: string;
};

export type MailContent = { subject: string; text: string; html: string };

export const CONFIRM_TTL_SEC = 3 * 24 * 3600;
export const RESET_TTL_SEC = 3600;

/** Links lead to this server's own pages, whatever host a request was sent to. The token stands behind #, which no server logs. */
const linkTo = (baseUrl: string, page: 'confirm' | 'reset', token: string) => `${baseUrl}/${page}#token=${token}`;

export const proofToken = (baseUrl: string, token: string): ProofToken => ({
  token,
  link: linkTo(baseUrl, 'confirm', token),
  signInLink: `${baseUrl}/login`,
  ttlSec: CONFIRM_TTL_SEC,
});

export const resetToken = (baseUrl: string, token: string): MailToken => ({
  token,
  link: linkTo(baseUrl, 'reset', token),
  ttlSec: RESET_TTL_SEC,
});

/** Nothing that could end a line or an attribute. */
const LINK_FORM = /^https?:\/\/[^\s\p{Cc}<>"']+$/u;

/** @returns null for what is no order; an address, language or link that could become anything else in a mail is none */
export function readMailOrder(value: unknown): MailOrder | null {
  if (typeof value !== 'object' || value === null) return null;
  const { to, kind, locale, link } = value as Record<string, unknown>;
  const knownKind = MAIL_KINDS.find((it) => it === kind);
  const knownLocale = LOCALES.find((it) => it === locale);
  if (knownKind === undefined || knownLocale === undefined) return null;
  if (typeof to !== 'string' || normalizeEmail(to) !== to) return null;
  if (typeof link !== 'string' || !LINK_FORM.test(link)) return null;
  return { to, kind: knownKind, locale: knownLocale, link };
}

/** `before` the link and `after` it; the link is a line of its own in the text, and a button's label in HTML. */
type Wording = { subject: string; before: string; button: string; after: string };

const WORDINGS: Record<Locale, Record<MailKind, Wording>> = {
  en: {
    confirm: {
      subject: 'Confirm your e-mail address',
      before: 'You have registered with this address. Open this link to confirm it; after that you can create links:',
      button: 'Confirm the address',
      after: 'If that was not you, ignore this mail.',
    },
    taken: {
      subject: 'You have an account already',
      before:
        'This address was entered for an account, probably by you, and you have one with it already. Open this link to sign in, or to ask for a new password:',
      button: 'Sign in',
      after: 'If that was not you, ignore this mail: your account stays as it is.',
    },
    reset: {
      subject: 'Set a new password',
      before: 'Somebody, probably you, has asked for a new password for your account. Open this link to set it:',
      button: 'Set a new password',
      after: 'If that was not you, ignore this mail: your password stays as it is.',
    },
    emailChange: {
      subject: 'Confirm your new e-mail address',
      before: 'This address was entered as the new address of an account. Open this link to confirm it:',
      button: 'Confirm the new address',
      after: 'If that was not you, ignore this mail.',
    },
    emailChanged: {
      subject: 'The e-mail address of your account was changed',
      before: 'The e-mail address of your account was changed, and mails will no longer be sent here. Your account:',
      button: 'Open your account',
      after: 'If that was not you, write to whoever runs this service as soon as possible.',
    },
  },
  ru: {
    confirm: {
      subject: 'Подтвердите адрес электронной почты',
      before: 'Вы зарегистрировались с этим адресом. Откройте ссылку, чтобы подтвердить его; после этого можно создавать ссылки:',
      button: 'Подтвердить адрес',
      after: 'Если это были не вы, ничего не делайте.',
    },
    taken: {
      subject: 'У вас уже есть учётная запись',
      before:
        'Этот адрес указан для учётной записи, вероятно вами, но учётная запись с ним у вас уже есть. Откройте ссылку, чтобы войти или запросить новый пароль:',
      button: 'Войти',
      after: 'Если это были не вы, ничего не делайте: ваша учётная запись останется прежней.',
    },
    reset: {
      subject: 'Новый пароль',
      before: 'Кто-то, вероятно вы, запросил новый пароль для вашей учётной записи. Откройте ссылку, чтобы задать его:',
      button: 'Задать новый пароль',
      after: 'Если это были не вы, ничего не делайте: пароль останется прежним.',
    },
    emailChange: {
      subject: 'Подтвердите новый адрес электронной почты',
      before: 'Этот адрес указан как новый адрес учётной записи. Откройте ссылку, чтобы подтвердить его:',
      button: 'Подтвердить новый адрес',
      after: 'Если это были не вы, ничего не делайте.',
    },
    emailChanged: {
      subject: 'Адрес электронной почты изменён',
      before: 'Адрес вашей учётной записи изменён, и письма больше не будут приходить сюда. Ваша учётная запись:',
      button: 'Открыть учётную запись',
      after: 'Если это были не вы, как можно скорее напишите тому, кто ведёт этот сервис.',
    },
  },
};

export function composeMail({ kind, locale, link }: Pick<MailOrder, 'kind' | 'locale' | 'link'>): MailContent {
  const { subject, before, button, after } = WORDINGS[locale][kind];
  const href = escapeHtml(link);
  return {
    subject,
    text: `${before}\n\n${link}\n\n${after}\n`,
    html: `<!doctype html>
<html lang="${locale}">
<head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>
<body>
<p>${escapeHtml(before)}</p>
<p><a href="${href}">${escapeHtml(button)}</a></p>
<p>${href}</p>
<p>${escapeHtml(after)}</p>
</body>
</html>
`,
  };
}
