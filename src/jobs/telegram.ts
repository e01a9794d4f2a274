/** Sends messages by the Bot API of Telegram: one call, by fetch (docs/adr/0015-telegram-without-a-library.md). The token is part of the address, which is why no error names it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../core/ports.ts';
import { trouble } from '../core/troubles.ts';

const TIMEOUT_MS = 20_000;
const RETRY_MIN_SEC = 1;
const REASON_MAX_LENGTH = 200;
const UNAUTHORIZED = 401;
const NOT_FOUND = 404;
const TOO_MANY = 429;

export type Sent =
  | { outcome: 'sent' }
  /** Not before so many seconds are over. */
  | { outcome: 'wait'; seconds: number }
  /** Trying again does not help. `token`: Telegram does not know the bot; then nothing else is sent either. */
  | { outcome: 'refused'; reason: string; what: 'token' | 'chat' };

/** Sends one message to one chat. @throws an Error without secrets when Telegram cannot be reached or fails: try again later */
export type SendMessage = (chat: string, text: string) => Promise<Sent>;

export type TelegramOptions = {
  token: string;
  /** Without a slash at the end. */
  apiRoot: string;
  logger: Logger;
};

/** A token that was refused is reported once, and not used again by this process. */
export function createTelegram({ token, apiRoot, logger }: TelegramOptions): SendMessage {
  let tokenRefused: Sent | null = null;
  return async (chat, text) => {
    if (tokenRefused !== null) return tokenRefused;
    const { status, body } = await call(`${apiRoot}/bot${token}/sendMessage`, {
      chat_id: chat,
      text,
      link_preview_options: { is_disabled: true },
    });
    if (status === 200 && body.ok === true) return { outcome: 'sent' };
    if (status === TOO_MANY)
      return { outcome: 'wait', seconds: Math.max(RETRY_MIN_SEC, Math.ceil(Number(body.parameters?.retry_after) || 0)) };
    const reason = `${status} ${String(body.description ?? '')}`.replaceAll(token, '…').slice(0, REASON_MAX_LENGTH);
    if (status >= 500 || status < 400) throw new Error(trouble('telegramAnswers', { message: reason }));
    const sent: Sent = { outcome: 'refused', reason, what: status === UNAUTHORIZED || status === NOT_FOUND ? 'token' : 'chat' };
    if (sent.what === 'token') {
      tokenRefused = sent;
      logger.error({ reason }, 'Telegram refuses TELEGRAM_TOKEN: nothing is sent until the node is started with a right one');
    }
    return sent;
  };
}

type Answer = { ok?: unknown; description?: unknown; parameters?: { retry_after?: unknown } };

async function call(url: string, message: object): Promise<{ status: number; body: Answer }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, body: answerOf(await response.text()) };
  } catch (error) {
    throw new Error(trouble('telegramAway', { message: causeOf(error) })); // without its cause, which may name the address
  }
}

function answerOf(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name;
}

/** The longest that a message waits within one call because Telegram said so. */
const WAIT_MAX_SEC = 60;

/** Sends at once, where there is no queue to wait in. @returns seconds after which it may be tried again; 0: it was sent, or refused for good */
export async function sendNow(send: SendMessage, chat: string, text: string): Promise<number> {
  const first = await send(chat, text);
  if (first.outcome !== 'wait') return 0;
  if (first.seconds > WAIT_MAX_SEC) return first.seconds;
  await sleep(first.seconds * 1_000);
  const second = await send(chat, text);
  return second.outcome === 'wait' ? second.seconds : 0;
}
