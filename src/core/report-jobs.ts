/** Daily reports as jobs: what is queued when, for whom, and what is known of each. */
import type { Locale } from './account.ts';
import { lastDay } from './daily-report.ts';
import { DAY_MS } from './zone.ts';

export const DAILY_REPORT_TASK = 'daily-report';

/** For so long after a midnight its reports are still begun: after an outage. Then the day is long gone, and its report is left out. */
export const CATCH_UP_MS = 6 * 3_600_000;
/** For so long it is remembered that a report was begun. Longer than a job is tried, and than CATCH_UP_MS by far. */
export const REMEMBERED_DAYS = 7;

/** A zone in which a day was over not long ago. `day` in days since 1970-01-01. */
export type DueZone = { timeZone: string; day: number; endMs: number };

export type ReportOwner = { id: number; email: string; timeZone: string; locale: Locale; isConfirmed: boolean; getsReports: boolean };

export type ReportStore = {
  /** Zones of owners who get reports. */
  zones(): Promise<string[]>;
  /**
   * Queues a job for each owner who is due and has none for that day, so many at most.
   * @returns how many were missing, and how many of them this has queued: others may have been queued by another node meanwhile
   */
  queueDue(zones: readonly DueZone[], limit: number): Promise<{ missing: number; queued: number }>;
  owner(id: number): Promise<ReportOwner | null>;
  /** `sent`: the mail server has got it, or nobody knows. */
  state(userId: number, day: number): Promise<'none' | 'queued' | 'sent'>;
  /** @returns false when it was marked already, or there is no such report: then it must not be sent */
  markSent(userId: number, day: number): Promise<boolean>;
  /** The mail server has said no: it may be sent again. */
  markRefused(userId: number, day: number): Promise<void>;
  forget(beforeDay: number): Promise<void>;
  /** Somebody wants a report now, whether there was one or not. A wish that still waits is replaced. */
  order(userId: number, day: number): Promise<void>;
  /** Of the last such wish. */
  ordered(userId: number): Promise<{ isWaiting: boolean; lastError: string | null }>;
  unsubscribe(userId: number): Promise<void>;
};

/** What is due in some zones, where it is now. */
export const dueZones = (zones: readonly string[], now: number): DueZone[] =>
  zones.map((timeZone) => ({ timeZone, ...lastDay(timeZone, now) })).filter(({ endMs }) => now - endMs < CATCH_UP_MS);

export type ReportJob = { userId: number; day: number; isAsked: boolean };

/** @returns null for what is no such job */
export function readReportJob(value: unknown): ReportJob | null {
  if (typeof value !== 'object' || value === null) return null;
  const { userId, day, isAsked = false } = value as Record<string, unknown>;
  const number = typeof day === 'string' ? readDay(day) : null;
  if (!Number.isSafeInteger(userId) || number === null || typeof isAsked !== 'boolean') return null;
  return { userId: userId as number, day: number, isAsked };
}

/** @param text `YYYY-MM-DD`; @returns null when there is no such day in the calendar */
export function readDay(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text ? null : ms / DAY_MS;
}
