/**
 * Tells administrators at once. Whether a kind may be told of now is asked of all that can be asked (this node's folder, Redis, Postgres), because one of them may be what the
 * alert is about; it is sent without the queue, which is in Postgres.
 *
 *   quiet ──► due ──claimed──► sending ──sent──► quiet, for an hour
 *              └──claimed by another──► asked again after CLAIM_AGAIN_MS
 */
import type { Locale } from '../core/account.ts';
import { ALERT_EVERY_MS, type Alert, type AlertKind, alertsOf, alertText, type Observation } from '../core/alerts.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { type SendMessage, sendNow } from './telegram.ts';

const CLAIM_AGAIN_MS = 60_000;
/** After a try that failed. */
const SEND_AGAIN_SEC = 10;

export type AlertOptions = {
  observe(): Observation;
  /** Takes the hour for a kind, everywhere it can be taken. @returns false when it is taken. Never rejects */
  claim(kind: AlertKind): Promise<boolean>;
  /** To every chat. @returns whether all have it or will never have it */
  deliver(alert: Alert): Promise<boolean>;
  /** How long Postgres may be away before it is told of. */
  postgresAwayMs: number;
  clock: Clock;
  logger: Logger;
};

/** @returns looks once; to be called about once a second */
export function createAlerts({ observe, claim, deliver, postgresAwayMs, clock, logger }: AlertOptions): () => Promise<void> {
  const notBefore = new Map<AlertKind, number>();
  const sending = new Map<AlertKind, { alert: Alert; until: number }>();
  let lostToldOf = 0;

  async function consider(alert: Alert, clicksLost: number): Promise<void> {
    const { kind } = alert;
    if (sending.has(kind) || clock() < (notBefore.get(kind) ?? 0)) return;
    notBefore.set(kind, clock() + CLAIM_AGAIN_MS);
    if (!(await claim(kind))) return;
    if (kind === 'clicksLost') lostToldOf = clicksLost;
    notBefore.set(kind, clock() + ALERT_EVERY_MS);
    sending.set(kind, { alert, until: clock() + ALERT_EVERY_MS });
  }

  return async () => {
    const seen = observe();
    for (const alert of alertsOf(seen, { lostToldOf, postgresAwayMs })) await consider(alert, seen.clicksLost);
    for (const [kind, { alert, until }] of sending) {
      if (await deliver(alert)) sending.delete(kind);
      else if (clock() >= until) {
        sending.delete(kind);
        logger.error({ kind }, 'an alert could not be sent; it is given up');
      }
    }
  };
}

export type DeliveryOptions = {
  send: SendMessage;
  chats: readonly string[];
  locale: Locale;
  /** Which node it is, for people. */
  where: string;
  clock: Clock;
  logger: Logger;
};

/** @returns what tries those chats that lack an alert and may be asked again; the others are left alone until then */
export function createAlertDelivery({ send, chats, locale, where, clock, logger }: DeliveryOptions): AlertOptions['deliver'] {
  const missing = new WeakMap<Alert, Set<string>>();
  const notBefore = new Map<string, number>();
  return async (alert) => {
    const left = missing.get(alert) ?? new Set(chats);
    missing.set(alert, left);
    for (const chat of left) {
      if (clock() < (notBefore.get(chat) ?? 0)) continue;
      const waitSec = await sendNow(send, chat, alertText(alert, where, locale)).catch((error: Error) => {
        logger.warn({ kind: alert.kind, reason: error.message }, 'an alert could not be sent; it is tried again');
        return SEND_AGAIN_SEC;
      });
      if (waitSec === 0) left.delete(chat);
      else notBefore.set(chat, clock() + waitSec * 1_000);
    }
    return left.size === 0;
  };
}
