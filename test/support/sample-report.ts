/** A report with any number of links, whose numbers add up; names are long, in both alphabets. */
import type { DailyReport, ReportRow } from '../../src/core/daily-report.ts';

const NAMES = [
  'Летняя распродажа на Wildberries: кроссовки, сандалии и всё остальное со скидкой до 70 %',
  'Instagram bio — the link in the description of every single video since the year 2019',
  'Ozon',
  'Щётка для бритья «Ёж» с доставкой по Йошкар-Оле, Ыгыатте и Щёлково ЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩ',
  'WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW',
  'www.example.com/a/path/that/is/longer/than/anybody/would/like?with=a&query=of&many=parameters&utm_source=newsletter',
  '🎁 Подарки 🎉',
  '夏のセール',
];
const COUNTRIES = ['RU', 'KZ', 'BY', 'US', 'DE', 'VC', 'CD', 'FR', 'GB', 'unknown', 'other'];

/** @param random 0 to 1 @param most clicks of the first link, about */
export function sampleReport(links: number, random: () => number, most = 4_000): DailyReport {
  const rows = Array.from({ length: links }, (_, i) => sampleRow(i, random, most / (i + 1) ** 0.8)).filter(({ clicks }) => clicks > 0);
  rows.sort((a, b) => b.clicks - a.clicks || (a.slug < b.slug ? -1 : 1));
  const sum = (of: (row: ReportRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const clicks = sum((row) => row.clicks);
  const [phone, pc, other] = [sum((row) => row.phone), sum((row) => row.pc), sum((row) => row.other)];
  const shares = (keys: readonly string[]) =>
    keys.map((key, i) => ({ key, clicks: Math.floor(clicks / 2 ** (i + 1)) })).filter((it) => it.clicks > 0);
  return {
    day: 20_780,
    timeZone: 'Europe/Moscow',
    clicks,
    repeatClicks: sum((row) => row.repeatClicks),
    botClicks: Math.floor(clicks / 9),
    dayBefore: { clicks: Math.floor(clicks * 1.17), repeatClicks: Math.floor(clicks / 5) },
    weekBefore: { clicks: Math.floor(clicks * 0.8), repeatClicks: 0 },
    hours: Array.from({ length: 24 }, (_, hour) => sum((row) => row.hours[hour])),
    rows,
    more: { links: 0, clicks: 0 },
    linksWithoutClicks: links - rows.length + 3,
    countries: shares(COUNTRIES),
    devices: [
      { key: 'phone', clicks: phone },
      { key: 'pc', clicks: pc },
      { key: 'tablet', clicks: other - Math.floor(other / 3) },
      { key: 'other', clicks: Math.floor(other / 3) },
    ].filter((it) => it.clicks > 0),
    os: shares(['Android', 'iPhone', 'Windows', 'macOS', 'Linux', 'HarmonyOS', 'ChromeOS', 'other']),
  };
}

function sampleRow(i: number, random: () => number, size: number): ReportRow {
  const hours = Array.from({ length: 24 }, (_, hour) => Math.floor((size / 24) * random() * (1 + Math.sin((hour - 9) / 3.8))));
  const clicks = hours.reduce((sum, n) => sum + n, 0);
  const phone = Math.floor(clicks * 0.6);
  const other = Math.floor(clicks * 0.1);
  const repeatClicks = Math.floor(clicks * random() * 0.4);
  const slug = i % 7 === 3 ? `a-custom-slug-that-somebody-has-made-very-long-${i}` : `q7Zx${String(i).padStart(3, '0')}`;
  return { slug, name: NAMES[i % NAMES.length], clicks, repeatClicks, pc: clicks - phone - other, phone, other, hours };
}
