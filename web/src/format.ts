/** Numbers and times for people, in their language and the owner's zone. */
import { user } from './api/client.ts';
import { locale } from './preferences.ts';

/** The zone in which the signed-in owner's times are shown; this device's for guests. */
export const ownZone = (): string => user.value?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

export const number = (value: number): string => new Intl.NumberFormat(locale.value).format(value);

/** @param share 0 to 1 */
export const percent = (share: number): string =>
  new Intl.NumberFormat(locale.value, { style: 'percent', maximumFractionDigits: share > 0 && share < 0.1 ? 1 : 0 }).format(share);

/** @param iso an instant */
export const dateTime = (iso: string): string =>
  new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short', timeZone: ownZone() }).format(new Date(iso));

export const date = (iso: string): string =>
  new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeZone: ownZone() }).format(new Date(iso));

/** `https://` is not worth reading. */
export const withoutScheme = (url: string): string => url.replace(/^https?:\/\//, '');
