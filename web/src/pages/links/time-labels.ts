/** What stands beneath a chart over time. */

const HOURS = 24;
/** 2024-01-01 was a Monday. */
const A_MONDAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

export const hourLabels = (): string[] => Array.from({ length: HOURS }, (_, hour) => `${String(hour).padStart(2, '0')}:00`);

/** Monday first. */
export const weekdayLabels = (language: string): string[] => {
  const format = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' });
  return Array.from({ length: 7 }, (_, day) => format.format(A_MONDAY + day * DAY_MS));
};

const FORMS: Readonly<Record<string, Intl.DateTimeFormatOptions>> = {
  '15min': { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  hour: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  day: { day: 'numeric', month: 'short' },
  month: { month: 'short', year: 'numeric' },
};

/** @param start an instant; @param unit what a point of the series is */
export const bucketLabel = (start: string, unit: string, timeZone: string, language: string): string =>
  new Intl.DateTimeFormat(language, { ...FORMS[unit], timeZone }).format(new Date(start));
