/** Numbers and times for people, in their language and the owner's zone. */
import { user } from './api/client.ts';
import { locale } from './preferences.ts';

/** The zone in which the signed-in owner's times are shown; this device's for guests. */
export const ownZone = (): string => user.value?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Formatters by language and options: a list of links would spend half of its time on making them. */
function kept<Options, Formatter>(make: new (language: string, options: Options) => Formatter): (options: Options) => Formatter {
  const formatters = new Map<string, Formatter>();
  return (options) => {
    const key = `${locale.value} ${JSON.stringify(options)}`;
    const known = formatters.get(key) ?? new make(locale.value, options);
    formatters.set(key, known);
    return known;
  };
}

const numberFormat = kept(Intl.NumberFormat);
const dateFormat = kept(Intl.DateTimeFormat);

const PLAIN: Intl.NumberFormatOptions = {};

export const number = (value: number): string => numberFormat(PLAIN).format(value);

/** @param share 0 to 1 */
export const percent = (share: number): string =>
  numberFormat({ style: 'percent', maximumFractionDigits: share > 0 && share < 0.1 ? 1 : 0 }).format(share);

const MINUTE_SEC = 60;
const HOUR_SEC = 3_600;
const DAY_SEC = 86_400;

const DURATION_UNITS = [
  ['day', DAY_SEC],
  ['hour', HOUR_SEC],
  ['minute', MINUTE_SEC],
  ['second', 1],
] as const;

/** In the largest unit that it fills and the one below, such as 1 day 2 hr; less than a minute in seconds, below ten with tenths. */
export function duration(seconds: number): string {
  if (seconds < MINUTE_SEC) return unit(seconds, 'second');
  const first = DURATION_UNITS.findIndex(([, size]) => seconds >= size);
  const parts = DURATION_UNITS.slice(first, first + 2).map(([name, size], i) => {
    const rest = i === 0 ? seconds : seconds % DURATION_UNITS[first][1];
    return { name, count: Math.floor(rest / size) };
  });
  return parts
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => unit(count, name))
    .join(' ');
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
const KILO = 1_000;

export function bytes(count: number): string {
  const power = count < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(count) / Math.log10(KILO)));
  return unit(count / KILO ** power, BYTE_UNITS[power]);
}

const unit = (value: number, name: string): string =>
  numberFormat({
    style: 'unit',
    unit: name,
    unitDisplay: name === 'byte' ? 'long' : 'short', // whose short form is always "byte"
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);

/** @param day a day of a calendar, `YYYY-MM-DD`, which has no zone */
export const dayName = (day: string): string => dateFormat({ day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(day));

/** @param iso an instant */
export const dateTime = (iso: string): string =>
  dateFormat({ dateStyle: 'medium', timeStyle: 'short', timeZone: ownZone() }).format(new Date(iso));

export const date = (iso: string): string => dateFormat({ dateStyle: 'medium', timeZone: ownZone() }).format(new Date(iso));

/** `https://` is not worth reading. */
export const withoutScheme = (url: string): string => url.replace(/^https?:\/\//, '');
