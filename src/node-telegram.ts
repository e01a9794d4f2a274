/** What this node has to do with Telegram: the task that sends messages, and the daily report. */
import type { TelegramConfig } from './config.ts';
import type { Counters } from './core/counters.ts';
import type { CounterStore } from './core/operations.ts';
import type { Logger } from './core/ports.ts';
import { createOpsReport, type OpsReportStore, telegramTask } from './jobs/ops-report.ts';
import type { Tasks } from './jobs/runner.ts';
import { createTelegram, type SendMessage } from './jobs/telegram.ts';
import { workSince } from './storage/postgres/jobs.ts';
import { createEventStore, isDayWritten } from './storage/postgres/journal.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { hasMessages, markSent, messageOf, queueMessages, queueSending, TELEGRAM_TASK } from './storage/postgres/telegram.ts';

/** Events of a day that are told of. */
const EVENTS_MAX = 1_000;

/** Who is told, and how. */
export type Telegram = Pick<TelegramConfig, 'chats' | 'locale' | 'postgresAwayMs'> & { send: SendMessage };

/** One for the whole node: a token that was refused is not used again. */
export const connectTelegram = (config: TelegramConfig | null, logger: Logger): Telegram | null =>
  config === null ? null : { ...config, send: createTelegram({ ...config, logger }) };

export function telegramTasks(pool: Pool, send: SendMessage, counters: Counters, logger: Logger): Tasks {
  const store = {
    get: (id: number) => messageOf(pool, id),
    markSent: (id: number, parts: number) => markSent(pool, id, parts),
    later: (id: number, delaySec: number) => queueSending(pool, id, delaySec),
  };
  return { [TELEGRAM_TASK]: telegramTask({ store, send, counters, logger }) };
}

export type OpsReportOptions = {
  telegram: Pick<Telegram, 'chats' | 'locale'>;
  pool: Pool;
  figures: CounterStore;
  baseUrl: string;
  logger: Logger;
};

/** @returns a tick for about once a minute */
export function opsReport({ telegram, pool, figures, baseUrl, logger }: OpsReportOptions): () => Promise<void> {
  const chats = telegram.chats;
  const store: OpsReportStore = {
    hasMessages: (key) => hasMessages(pool, key, chats),
    async figures(day) {
      if (!(await isDayWritten(pool, day))) return null;
      const range = { from: day, to: day };
      const [{ counters }] = await figures.days(range);
      return { counters, events: await createEventStore(pool).list(range, EVENTS_MAX), work: await workSince(pool, day, day) };
    },
    queue: (key, parts) => queueMessages(pool, key, chats, parts),
  };
  return createOpsReport({ store, locale: telegram.locale, baseUrl, clock: Date.now, logger });
}
