/**
 * The daily report to administrators in Telegram: queued once for a day and chat, by whichever node comes first, some minutes after midnight of UTC, when every node has
 * written its figures of the day; sent by whichever node takes the job.
 */
import type { Locale } from '../core/account.ts';
import type { Counters } from '../core/counters.ts';
import { composeOpsReport, type OpsReport, splitAtLines } from '../core/ops-report.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { DAY_MS, dayToISO } from '../core/zone.ts';
import type { Task } from './runner.ts';
import type { SendMessage } from './telegram.ts';

/** After midnight. */
const DUE_AFTER_MS = 5 * 60_000;
/** A message that could not be sent for so long is of no use any more. */
const GIVEN_UP_AFTER_MS = DAY_MS;

/** Where reports come from and messages wait; everything rejects when it is away. */
export type OpsReportStore = {
  hasMessages(key: string): Promise<boolean>;
  /** Null: nothing was written of that day. */
  figures(day: string): Promise<Omit<OpsReport, 'baseUrl' | 'day'> | null>;
  queue(key: string, parts: readonly string[]): Promise<number>;
};

export type OpsReportOptions = { store: OpsReportStore; locale: Locale; baseUrl: string; clock: Clock; logger: Logger };

/** @returns looks whether yesterday's report is queued, and queues it when it is time */
export function createOpsReport({ store, locale, baseUrl, clock, logger }: OpsReportOptions): () => Promise<void> {
  let done = '';
  return async () => {
    const day = dayToISO(Math.floor((clock() - DUE_AFTER_MS) / DAY_MS) - 1);
    const key = `report:${day}`;
    if (done === day) return;
    if (!(await store.hasMessages(key))) {
      const figures = await store.figures(day);
      if (figures === null) return;
      const queued = await store.queue(key, splitAtLines(composeOpsReport({ ...figures, day, baseUrl }, locale)));
      if (queued > 0) logger.info({ day, chats: queued }, 'the daily report of the server is queued');
    }
    done = day;
  };
}

export type MessageStore = {
  get(id: number): Promise<{ chat: string; parts: string[]; sent: number; ageMs: number } | null>;
  markSent(id: number, parts: number): Promise<void>;
  /** Queues it anew. */
  later(id: number, delaySec: number): Promise<void>;
};

export type TelegramTaskOptions = { store: MessageStore; send: SendMessage; counters: Counters; logger: Logger };

/** Sends what is left of a message. One whose node dies in the middle of it may get one part twice, never one part less. */
export function telegramTask({ store, send, counters, logger }: TelegramTaskOptions): Task {
  return async (payload, { job }) => {
    const id = typeof payload === 'object' && payload !== null && 'message' in payload ? Number(payload.message) : Number.NaN;
    const message = Number.isSafeInteger(id) ? await store.get(id) : null;
    if (message === null) return;
    const giveUp = (reason: string) => {
      counters.add('failedTelegramMessages');
      logger.error({ message: id, reason }, 'a message to Telegram could not be sent; it is given up');
    };
    for (let part = message.sent; part < message.parts.length; part++) {
      const sent = await send(message.chat, message.parts[part]).catch((error: Error) => {
        const isLast = job.attempts >= job.max_attempts;
        if (isLast) giveUp(error.message);
        else logger.warn({ message: id, reason: error.message }, 'a message to Telegram could not be sent; it is tried again');
        throw error;
      });
      if (sent.outcome === 'sent') await store.markSent(id, part + 1);
      else if (sent.outcome === 'refused' || message.ageMs > GIVEN_UP_AFTER_MS) {
        return giveUp(sent.outcome === 'refused' ? sent.reason : 'Telegram is asked too much');
      } else return store.later(id, sent.seconds);
    }
  };
}
