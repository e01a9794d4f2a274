/**
 * The address in a report's mail that turns reports off without signing in. It names an account and proves that this server has written it;
 * it holds as long as the server's secret does, since mails are kept for years.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { keyFor } from './keys.ts';

export const UNSUBSCRIBE_PATH = '/api/v1/reports/unsubscribe';
const TOKEN = /^([1-9]\d{0,15})\.([\w-]{43})$/;

export type Unsubscribes = {
  url(userId: number): string;
  /** @returns whose reports are meant; null for a token that this server has not made */
  userOf(token: string): number | null;
};

/** @param secrets of the server: the first signs, all verify */
export function createUnsubscribes(secrets: readonly [string, ...string[]], baseUrl: string): Unsubscribes {
  const keys = secrets.map((secret) => keyFor(secret, 'elnk report unsubscribe'));
  const sign = (key: Uint8Array, userId: string) => createHmac('sha256', key).update(userId).digest();
  return {
    url: (userId) => `${baseUrl}${UNSUBSCRIBE_PATH}?token=${userId}.${sign(keys[0], String(userId)).toString('base64url')}`,
    userOf(token) {
      const [, userId, signature] = TOKEN.exec(token) ?? [];
      if (signature === undefined) return null;
      const given = Buffer.from(signature, 'base64url');
      return keys.some((key) => timingSafeEqual(sign(key, userId), given)) ? Number(userId) : null;
    },
  };
}
