/** What every account has. */

export const PLANS = ['regular', 'extended', 'unlimited'] as const;
export type Plan = (typeof PLANS)[number];

export const LOCALES = ['en', 'ru'] as const;
export type Locale = (typeof LOCALES)[number];

/** RFC 5321, 4.5.3.1: path without its angle brackets. */
export const EMAIL_MAX_LENGTH = 254;

export const PASSWORD_MIN_LENGTH = 8;
/** Hashing time does not depend on it; it only keeps the request small. */
export const PASSWORD_MAX_LENGTH = 128;

/** One @, no spaces or controls, a host. Whether there is a mailbox only a mail can tell. */
const EMAIL_FORM = /^[^\s@\p{Cc}<>",;:\\()[\]]+@[^\s@.\p{Cc}<>",;:\\()[\]]+(\.[^\s@.\p{Cc}<>",;:\\()[\]]+)*$/u;

/** The form in which an address is stored and compared. @returns null for what is no address */
export function normalizeEmail(text: string): string | null {
  const email = text.trim().normalize('NFC').toLowerCase();
  return email.length <= EMAIL_MAX_LENGTH && EMAIL_FORM.test(email) ? email : null;
}
