/** What the daily report says, in English and Russian; numbers, dates and names of countries by Intl. */
import type { Locale } from './account.ts';
import { UNKNOWN } from './click.ts';
import { OTHER, type TotalFacet } from './link-day.ts';
import { DAY_MS } from './zone.ts';

export type ReportWords = {
  number(value: number): string;
  /** @param share 0 to 1 */
  percent(share: number): string;
  /** With the weekday; it begins with a capital. @param day days since 1970-01-01 */
  date(day: number): string;
  shortDate(day: number): string;
  title: string;
  clicks: string;
  repeatClicks: string;
  linksWithClicks: string;
  busiestHour: string;
  ofLinks(links: number): string;
  clicksInHour(clicks: number): string;
  /** Of change against another day. */
  toDayBefore: string;
  toWeekBefore(day: number): string;
  none: string;
  byHour: string;
  facets: Record<TotalFacet, string>;
  topLinks: string;
  allLinks: string;
  columns: { name: string; link: string; clicks: string; repeat: string; pc: string; phone: string; other: string; hours: string };
  more(links: number, clicks: number): string;
  quiet(links: number): string;
  bots(clicks: number): string;
  timeZone(zone: string): string;
  keyName(facet: TotalFacet, key: string): string;
};

const TAGS: Readonly<Record<Locale, string>> = { en: 'en-GB', ru: 'ru-RU' };

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

function tools(locale: Locale) {
  const tag = TAGS[locale];
  const plain = new Intl.NumberFormat(tag, { useGrouping: 'min2' });
  const rules = new Intl.PluralRules(tag);
  const dates = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(tag, { ...options, timeZone: 'UTC' });
    return (day: number) => format.format(day * DAY_MS);
  };
  const regions = new Intl.DisplayNames(tag, { type: 'region' });
  const number = (value: number) => plain.format(value);
  const longDate = dates({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
  return {
    number,
    /** A number and its word, in the form that goes with it. */
    count: (value: number, forms: Forms) => `${number(value)} ${forms[rules.select(value)] ?? forms.other}`,
    percent(share: number) {
      return new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: share > 0 && share < 0.1 ? 1 : 0 }).format(share);
    },
    date(day: number) {
      const text = longDate(day);
      return text.charAt(0).toLocaleUpperCase(tag) + text.slice(1);
    },
    shortDate: dates({ weekday: 'short', day: 'numeric', month: 'short' }),
    region: (key: string) => (/^[A-Z]{2}$/.test(key) ? (regions.of(key) ?? key) : key),
  };
}

const namer =
  (names: Readonly<Record<string, string>>, region: (key: string) => string): ReportWords['keyName'] =>
  (facet, key) => {
    if (key === OTHER || key === UNKNOWN) return names[key];
    if (facet === 'countries') return region(key);
    return facet === 'devices' ? (names[key] ?? key) : key;
  };

function english(): ReportWords {
  const { number, count, percent, date, shortDate, region } = tools('en');
  const links: Forms = { one: 'link', other: 'links' };
  const clicks: Forms = { one: 'click', other: 'clicks' };
  return {
    number,
    percent,
    date,
    shortDate,
    title: 'Daily report',
    clicks: 'Clicks',
    repeatClicks: 'Repeat clicks',
    linksWithClicks: 'Links with clicks',
    busiestHour: 'Busiest hour',
    ofLinks: (n) => `of ${count(n, links)}`,
    clicksInHour: (n) => count(n, clicks),
    toDayBefore: 'to the day before',
    toWeekBefore: (day) => `to ${shortDate(day)}`,
    none: 'None',
    byHour: 'Clicks by hour',
    facets: { devices: 'Devices', os: 'Systems', countries: 'Countries' },
    topLinks: 'Top links',
    allLinks: 'All links with clicks',
    columns: {
      name: 'Name',
      link: 'Short link',
      clicks: 'Clicks',
      repeat: 'Repeat',
      pc: 'PC',
      phone: 'Phone',
      other: 'Other',
      hours: 'By hour',
    },
    more: (n, sum) => `And ${count(n, links)} with ${count(sum, clicks)} in all.`,
    quiet: (n) => `${count(n, links)} without clicks on this day.`,
    bots: (n) => `Not counted: ${count(n, clicks)} of bots.`,
    timeZone: (zone) => `Time zone: ${zone}`,
    keyName: namer({ [OTHER]: 'Other', [UNKNOWN]: 'Unknown', phone: 'Phone', tablet: 'Tablet', pc: 'PC' }, region),
  };
}

function russian(): ReportWords {
  const { number, count, percent, date, shortDate, region } = tools('ru');
  const clicks: Forms = { one: 'клик', few: 'клика', other: 'кликов' };
  const links: Forms = { one: 'ссылка', few: 'ссылки', other: 'ссылок' };
  return {
    number,
    percent,
    date,
    shortDate,
    title: 'Отчёт за день',
    clicks: 'Клики',
    repeatClicks: 'Повторные клики',
    linksWithClicks: 'Ссылки с кликами',
    busiestHour: 'Самый активный час',
    ofLinks: (n) => `из ${number(n)}`,
    clicksInHour: (n) => count(n, clicks),
    toDayBefore: 'к предыдущему дню',
    toWeekBefore: (day) => `к ${shortDate(day)}`,
    none: 'Нет',
    byHour: 'Клики по часам',
    facets: { devices: 'Устройства', os: 'Системы', countries: 'Страны' },
    topLinks: 'Лучшие ссылки',
    allLinks: 'Все ссылки с кликами',
    columns: {
      name: 'Название',
      link: 'Короткая ссылка',
      clicks: 'Клики',
      repeat: 'Повтор.',
      pc: 'ПК',
      phone: 'Тел.',
      other: 'Др.',
      hours: 'По часам',
    },
    more: (n, sum) => `Ещё ${count(n, links)}: всего ${count(sum, clicks)}.`,
    quiet: (n) => `Без кликов за этот день: ${count(n, links)}.`,
    bots: (n) => `Не посчитано: ${count(n, clicks)} ботов.`,
    timeZone: (zone) => `Часовой пояс: ${zone}`,
    keyName: namer({ [OTHER]: 'Другие', [UNKNOWN]: 'Неизвестно', phone: 'Телефон', tablet: 'Планшет', pc: 'Компьютер' }, region),
  };
}

const made = new Map<Locale, ReportWords>();

export function reportWords(locale: Locale): ReportWords {
  let words = made.get(locale);
  if (words === undefined) {
    words = locale === 'ru' ? russian() : english();
    made.set(locale, words);
  }
  return words;
}

/** Such as `+12%` or `−3%`; null where it says nothing: nothing to compare with, or no difference. */
export function change(words: ReportWords, now: number, before: number): string | null {
  if (now === before || before === 0) return null;
  const share = now / before - 1;
  return `${share < 0 ? '−' : '+'}${words.percent(Math.abs(share))}`;
}
