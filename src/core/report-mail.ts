/** The mail that the daily report comes with. */
import type { Locale } from './account.ts';
import type { DailyReport } from './daily-report.ts';
import { escapeHtml } from './html.ts';
import type { MailContent } from './mail.ts';
import { change, type ReportWords, reportWords } from './report-words.ts';
import { dayToISO } from './zone.ts';

const TOP_LINKS = 5;

type Wording = {
  subject(date: string, clicks: string): string;
  attached: string;
  quiet: string;
  open: string;
  why: string;
  unsubscribe: string;
};

const WORDINGS: Readonly<Record<Locale, Wording>> = {
  en: {
    subject: (date, clicks) => `${date}: ${clicks}`,
    attached: 'The whole report is in the attached PDF.',
    quiet: 'There were no clicks on this day.',
    open: 'Open the statistics',
    why: 'You get this mail each day because daily reports are on in your account.',
    unsubscribe: 'No more reports',
  },
  ru: {
    subject: (date, clicks) => `${date}: ${clicks}`,
    attached: 'Полный отчёт — в приложенном PDF.',
    quiet: 'В этот день кликов не было.',
    open: 'Открыть статистику',
    why: 'Вы получаете это письмо каждый день, потому что в вашей учётной записи включены ежедневные отчёты.',
    unsubscribe: 'Больше не присылать',
  },
};

/** @param links where the account's statistics are; where reports are turned off */
export function composeReportMail(report: DailyReport, locale: Locale, links: { app: string; unsubscribe: string }): MailContent {
  const words = reportWords(locale);
  const { subject, attached, quiet, open, why, unsubscribe } = WORDINGS[locale];
  const title = `${words.title}: ${words.date(report.day)}`;
  const figures = figuresOf(report, words);
  const top = report.rows.slice(0, TOP_LINKS).map(({ name, clicks }) => [oneLine(name), words.number(clicks)] as const);
  const lines = (rows: readonly (readonly [string, string])[]) => rows.map(([name, value]) => `${name}: ${value}`).join('\n');
  const text = [
    title,
    lines(figures),
    top.length === 0 ? quiet : `${words.topLinks}\n${lines(top)}`,
    attached,
    `${open}: ${links.app}`,
    `${why}\n${unsubscribe}: ${links.unsubscribe}`,
  ];
  return {
    subject: subject(words.date(report.day), words.clicksInHour(report.clicks)),
    text: `${text.join('\n\n')}\n`,
    html: `<!doctype html>
<html lang="${locale}">
<head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>
<body style="font-family: sans-serif; color: #23262b; max-width: 34em">
<h1 style="font-size: 1.25em">${escapeHtml(title)}</h1>
${tableOf(figures)}
${top.length === 0 ? `<p>${escapeHtml(quiet)}</p>` : `<h2 style="font-size: 1em">${escapeHtml(words.topLinks)}</h2>\n${tableOf(top)}`}
<p>${escapeHtml(attached)}</p>
<p><a href="${escapeHtml(links.app)}" style="color: #2f6f62">${escapeHtml(open)}</a></p>
<p style="color: #5d636d; font-size: 0.875em">${escapeHtml(why)} <a href="${escapeHtml(links.unsubscribe)}" style="color: #5d636d">${escapeHtml(unsubscribe)}</a></p>
</body>
</html>
`,
  };
}

/** Such as `elnk-2026-11-23.pdf`. */
export const reportFileName = (day: number): string => `elnk-${dayToISO(day)}.pdf`;

function figuresOf(report: DailyReport, words: ReportWords): (readonly [string, string])[] {
  const against = (now: number, before: number) => {
    const share = change(words, now, before);
    return share === null ? '' : ` (${share} ${words.toDayBefore})`;
  };
  const withClicks = report.rows.length + report.more.links;
  return [
    [words.clicks, words.number(report.clicks) + against(report.clicks, report.dayBefore.clicks)],
    [words.repeatClicks, words.number(report.repeatClicks) + against(report.repeatClicks, report.dayBefore.repeatClicks)],
    [words.linksWithClicks, `${words.number(withClicks)} ${words.ofLinks(withClicks + report.linksWithoutClicks)}`],
    ...report.devices.map(({ key, clicks }) => [words.keyName('devices', key), words.number(clicks)] as const),
  ];
}

const oneLine = (name: string): string => name.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();

const tableOf = (rows: readonly (readonly [string, string])[]): string =>
  `<table style="border-collapse: collapse">\n${rows
    .map(
      ([name, value]) =>
        `<tr><td style="padding: 0.2em 1.5em 0.2em 0; color: #5d636d">${escapeHtml(name)}</td><td style="padding: 0.2em 0; text-align: right">${escapeHtml(value)}</td></tr>`,
    )
    .join('\n')}\n</table>`;
