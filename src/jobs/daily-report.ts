/**
 * Daily reports: begun at every quarter-hour for owners whose midnight has just passed, and sent.
 *
 *   (none) ──tick──► queued ──just before the mail is whole──► sent
 *                      └◄──the mail server says no──────────────┘
 *
 * A report is one row and one job, made by one statement, so there is at most one an owner and day, however many nodes tick. The row is marked
 * after everything but the last bytes has been given to the mail server: without them it throws the mail away. So a try that ends before the mark,
 * by whatever death, is made again, and one that ends after it is not: nobody gets two.
 */
import type { Counters } from '../core/counters.ts';
import type { DailyReport, RenderDailyPdf, ReportReader } from '../core/daily-report.ts';
import type { Clock, Logger } from '../core/ports.ts';
import {
  DAILY_REPORT_TASK,
  dueZones,
  REMEMBERED_DAYS,
  type ReportJob,
  type ReportOwner,
  type ReportStore,
  readReportJob,
} from '../core/report-jobs.ts';
import { composeReportMail, reportFileName } from '../core/report-mail.ts';
import { trouble } from '../core/troubles.ts';
import { DAY_MS, quarterOf } from '../core/zone.ts';
import { isRefusal, type MailTransport } from './mail-transport.ts';
import type { Task, Tasks } from './runner.ts';
import { within } from './within.ts';

/** Owners whose jobs are queued by one statement. */
const OWNERS_AT_ONCE = 1_000;
/** Of one try as a whole: figures, PDF, mail. Below DEAD_AFTER in storage/postgres/mail-queue.ts. */
const TRY_TIMEOUT_MS = 120_000;

export type ReportTicker = {
  /** Queues what is due, once a quarter-hour, for no zone has its midnight at another time. Rejects when the store is away. */
  tick(): Promise<void>;
};

export function createReportTicker({ store, clock }: { store: ReportStore; clock: Clock }): ReportTicker {
  let done = Number.NEGATIVE_INFINITY;
  return {
    async tick() {
      const now = clock();
      if (quarterOf(now) === done) return;
      const zones = dueZones(await store.zones(), now);
      while ((await store.queueDue(zones, OWNERS_AT_ONCE)).missing > 0);
      await store.forget(Math.floor(now / DAY_MS) - REMEMBERED_DAYS);
      done = quarterOf(now);
    },
  };
}

export type ReportTaskOptions = {
  store: ReportStore;
  read: ReportReader;
  render: RenderDailyPdf;
  transport: MailTransport;
  /** An address. */
  from: string;
  baseUrl: string;
  unsubscribeUrl(userId: number): string;
  clock: Clock;
  counters: Counters;
  logger: Logger;
};

export const reportTasks = (options: ReportTaskOptions): Tasks => ({ [DAILY_REPORT_TASK]: reportTask(options) });

function reportTask(options: ReportTaskOptions): Task {
  const { counters, logger } = options;
  return async (payload, { job }) => {
    const order = readReportJob(payload);
    if (order === null) {
      logger.error({ job: job.id }, 'a job for a report is none; it is dropped');
      return;
    }
    try {
      await within(TRY_TIMEOUT_MS, send(options, order));
    } catch (error) {
      const isLast = job.attempts >= job.max_attempts;
      const reason = error instanceof Error ? error.message : String(error);
      const fields = { job: job.id, user: order.userId, attempt: job.attempts, of: job.max_attempts, reason };
      if (isLast) counters.add('failedReportMails');
      if (isLast) logger.error(fields, 'a daily report could not be sent; it is given up');
      else logger.warn(fields, 'a daily report could not be sent; it is tried again');
      throw error;
    }
  };
}

async function send(options: ReportTaskOptions, order: ReportJob): Promise<void> {
  const { store, counters, logger } = options;
  const owner = await store.owner(order.userId);
  if (owner === null || !(owner.getsReports || order.isAsked)) return;
  const state = order.isAsked ? 'queued' : await store.state(order.userId, order.day);
  if (state === 'sent') {
    counters.add('failedReportMails');
    logger.error({ user: order.userId, day: order.day }, 'whether a daily report was sent is not known; it is not sent again');
  }
  if (state !== 'queued') return;
  const report = await options.read(owner, order.day);
  const pdf = await renderTimed(options, owner, report);
  await hand(options, order, owner, report, pdf);
}

async function renderTimed(
  { render, baseUrl, clock, counters }: ReportTaskOptions,
  owner: ReportOwner,
  report: DailyReport,
): Promise<Uint8Array> {
  const from = performance.now();
  const pdf = await render({ report, locale: owner.locale, host: new URL(baseUrl).host, madeAt: clock() });
  counters.add('pdfRenderingMs', performance.now() - from);
  return pdf;
}

/** Gives the mail to the server. */
async function hand(options: ReportTaskOptions, order: ReportJob, owner: ReportOwner, report: DailyReport, pdf: Uint8Array): Promise<void> {
  const { store, transport, from, baseUrl, counters } = options;
  const { userId, day, isAsked } = order;
  const unsubscribe = options.unsubscribeUrl(userId);
  const began = performance.now();
  let isMarked = false;
  try {
    await transport({
      ...composeReportMail(report, owner.locale, { app: `${baseUrl}/links`, unsubscribe }),
      from,
      to: owner.email,
      link: `${baseUrl}/links`,
      headers: {
        'List-Unsubscribe': `<${unsubscribe}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        'Auto-Submitted': 'auto-generated',
      },
      attachment: { name: reportFileName(day), type: 'application/pdf', bytes: pdf },
      async beforeLastBytes() {
        if (isAsked) return;
        if (!(await store.markSent(userId, day))) throw new Error(trouble('reportSentElsewhere'));
        isMarked = true;
      },
    });
  } catch (error) {
    if (isMarked && isRefusal(error)) await store.markRefused(userId, day);
    throw error;
  } finally {
    counters.add('reportSendingMs', performance.now() - began);
  }
}
