/** The daily report of an owner: to look at, to be sent now, and to be sent no more. */
import { type ReportQuery, reportQuerySchema, unsubscribeQuerySchema } from '../../core/api/stats.ts';
import { faultOfDay, lastDay, type RenderDailyPdf, type ReportReader } from '../../core/daily-report.ts';
import { Failure } from '../../core/failure.ts';
import type { Throttle, ThrottlePolicy } from '../../core/ports/accounts.ts';
import type { Clock } from '../../core/ports.ts';
import { type ReportStore, readDay } from '../../core/report-jobs.ts';
import { reportFileName } from '../../core/report-mail.ts';
import { invalid } from '../input.ts';
import { pageReply } from '../page-shell.ts';
import { type ApiRoute, apiRoute, type Exchange, openRoute, type Reply } from '../route.ts';
import { UNSUBSCRIBE_PATH, type Unsubscribes } from '../unsubscribe.ts';
import { unsubscribePage } from '../unsubscribe-page.ts';
import { requireMail } from './registration.ts';

/** Of reports that somebody wants now, by account. */
export const REPORT_POLICY: ThrottlePolicy = { name: 'reports', limit: 3, windowSec: 3600 };
/** Of PDFs to look at, by account: each takes a third of a second of a core. */
export const PDF_POLICY: ThrottlePolicy = { name: 'report-pdfs', limit: 60, windowSec: 3600 };

/** A pool thread that has just been started on a busy machine takes some seconds for its first PDF. */
const PDF_DEADLINE_MS = 20_000;

export type ReportDeps = {
  reports: ReportStore;
  readReport: ReportReader;
  renderReport: RenderDailyPdf;
  unsubscribes: Unsubscribes;
  throttles: Record<'reports' | 'reportPdfs', Throttle>;
  baseUrl: string;
  /** Whether this server sends mails. */
  canMail: boolean;
  clock: Clock;
};

const COMMON = { requestHeaders: [], countRefusal: () => [] } as const;

export function reportRoutes(deps: ReportDeps): ApiRoute[] {
  const { reports, throttles, clock } = deps;
  return [
    apiRoute({
      ...COMMON,
      method: 'GET',
      path: '/api/v1/reports/daily.pdf',
      summary: 'The daily report of a day of your calendar, as a PDF in your language',
      scope: 'stats:read',
      deadlineMs: PDF_DEADLINE_MS,
      query: reportQuerySchema,
      body: null,
      reply: { status: 200, description: 'The report', schema: null, mediaTypes: ['application/pdf'], headers: [] },
      failures: ['too_many_requests', 'busy'],
      handler: async ({ caller, query }) => {
        const day = dayOfQuery(query, caller.timeZone, clock());
        await throttles.reportPdfs.take(String(caller.userId));
        return showReport(deps, caller.userId, day);
      },
    }),
    apiRoute({
      ...COMMON,
      method: 'POST',
      path: '/api/v1/reports/daily/send',
      summary: 'Have the report of yesterday sent to you now',
      scope: 'session',
      query: null,
      body: null,
      reply: { status: 202, description: 'It will be sent', schema: null, headers: [] },
      failures: ['unconfirmed', 'mail_off', 'too_many_requests'],
      handler: async ({ caller: { userId, timeZone } }) => {
        requireMail(deps);
        const owner = await reports.owner(userId);
        if (owner !== null && !owner.isConfirmed) throw new Failure('unconfirmed', 'Confirm your e-mail address first');
        await throttles.reports.take(String(userId));
        await reports.order(userId, lastDay(timeZone, clock()).day);
        return { status: 202 };
      },
    }),
    ...unsubscribeRoutes(deps),
  ];
}

async function showReport({ reports, readReport, renderReport, baseUrl, clock }: ReportDeps, userId: number, day: number): Promise<Reply> {
  const owner = await reports.owner(userId);
  if (owner === null) throw new Failure('unauthenticated', 'There is no such account any more');
  const report = await readReport(owner, day);
  const pdf = await renderReport({ report, locale: owner.locale, host: new URL(baseUrl).host, madeAt: clock() });
  const headers = {
    'Content-Type': 'application/pdf',
    'Content-Disposition': `inline; filename="${reportFileName(day)}"`,
    'Cache-Control': 'private, no-store',
  };
  return { status: 200, headers, body: pdf };
}

/** Whoever has the mail may do it, without a session and from anywhere (RFC 8058). */
function unsubscribeRoutes({ reports, unsubscribes }: ReportDeps): ApiRoute[] {
  const page = (kind: Parameters<typeof unsubscribePage>[0], { headers }: Exchange) =>
    pageReply(unsubscribePage(kind, { language: headers.get('accept-language') ?? '' }));
  const common = { ...COMMON, path: UNSUBSCRIBE_PATH, query: unsubscribeQuerySchema, body: null, failures: [] } as const;
  const reply = { status: 200, schema: null, mediaTypes: ['text/html'], headers: [] } as const;
  return [
    openRoute({
      ...common,
      method: 'GET',
      summary: 'The page that asks whether reports are to end',
      reply: { ...reply, description: 'A page for people' },
      handler: async ({ exchange, query }) => page(unsubscribes.userOf(query.token) === null ? 'wrong' : 'question', exchange),
    }),
    openRoute({
      ...common,
      method: 'POST',
      summary: 'End the daily reports of whoever got the mail with this address, in one click (RFC 8058)',
      reply: { ...reply, description: 'There will be no more reports; a page for people' },
      handler: async ({ exchange, query }) => {
        const userId = unsubscribes.userOf(query.token);
        if (userId === null) return page('wrong', exchange);
        await reports.unsubscribe(userId);
        return page('done', exchange);
      },
    }),
  ];
}

/** @throws Failure invalid */
function dayOfQuery({ day: text }: ReportQuery, timeZone: string, now: number): number {
  if (text === undefined) return lastDay(timeZone, now).day;
  const day = readDay(text);
  if (day === null) throw invalid([{ path: 'day', message: 'must be a day of the calendar, such as 2026-11-23' }]);
  const fault = faultOfDay(timeZone, day, now);
  if (fault !== null) throw invalid([{ path: 'day', message: fault }]);
  return day;
}
