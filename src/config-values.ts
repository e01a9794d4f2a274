/** What the texts of settings mean. Each throws with what is wrong with its text. */

import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { normalizeEmail } from './core/account.ts';
import { isShopName } from './core/quick-links.ts';
import { type Parse, SettingError } from './settings.ts';

export const SECRET_KEY_MIN_BYTES = 32;
/** A longer key with fewer different characters than this was typed, not made. */
const SECRET_KEY_MIN_DIFFERENT = 8;
export const QUICK_LINK_SHOPS = ['ozon', 'wildberries', 'aliexpress'];
const NO_SHOPS = 'none';
const REDIS_PORT = '6379';

export const existing =
  (hasFile: (path: string) => boolean): Parse<string> =>
  (text) => {
    const path = resolve(text);
    if (!hasFile(path)) throw new SettingError(`names ${path}, which is not there`);
    return path;
  };

export function parseHost(text: string): string {
  if (isIP(text) === 0 && !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) {
    throw new SettingError(`must be an address or a host name to listen on such as 0.0.0.0, is "${text}"`);
  }
  return text;
}

/** A path that needs no escaping, in a URL, in HTML, in a cookie. */
const BASE_PATH = /^(?:\/[\w.~-]+)*\/?$/;

export function parseBaseUrl(text: string): string {
  const url = URL.parse(text);
  const isBase =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    BASE_PATH.test(url.pathname) &&
    url.href === `${url.origin}${url.pathname}` &&
    !/[?#]/.test(text);
  if (!isBase) {
    const what = 'must be http:// or https://, a host and perhaps a path of letters, digits and -._~, without user or query';
    throw new SettingError(`${what}, is "${text}"`);
  }
  return url.href.replace(/\/$/, '');
}

export function parseDatabaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new SettingError('must look like postgres://user:password@host:5432/database');
  }
  return text;
}

export function isSameServer(url: string, other: string | null): boolean {
  const [one, two] = [new URL(url.toLowerCase()), other === null ? null : new URL(other.toLowerCase())];
  return one.hostname === two?.hostname && (one.port || REDIS_PORT) === (two.port || REDIS_PORT);
}

/** ioredis would take settings of its own from a query. */
export function parseRedisUrl(text: string): string {
  const url = URL.parse(text);
  const isPlain = url !== null && /^(\/\d*)?$/.test(url.pathname) && url.search === '' && url.hash === '';
  if (!isPlain || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    throw new SettingError('must look like redis://user:password@host:6379/0, or rediss:// for TLS');
  }
  return text;
}

export function parseSmtpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    throw new SettingError('must look like smtp://user:password@host:587 or smtps://user:password@host');
  }
  return text;
}

export function parseBotToken(text: string): string {
  if (!/^\d{3,20}:[\w-]{10,100}$/.test(text))
    throw new SettingError('must be the token of a bot, as BotFather gives it: digits, ":" and letters');
  return text;
}

export function parseChats(text: string): string[] {
  const chats = text.split(/[\s,]+/).filter((chat) => chat !== '');
  const wrong = chats.filter((chat) => !/^(-?\d{1,20}|@\w{4,40})$/.test(chat));
  if (wrong.length === 0 && chats.length > 0) return [...new Set(chats)];
  throw new SettingError(
    `must be ids of chats or names of channels such as -1001234567890 or @channel, separated by commas, has "${wrong.join('", "')}"`,
  );
}

export function parseApiRoot(text: string): string {
  const url = URL.parse(text);
  const isRoot = url !== null && ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.search === '' && url.hash === '';
  if (!isRoot) throw new SettingError(`must be http:// or https:// and a host, is "${text}"`);
  return url.href.replace(/\/+$/, '');
}

export function parseAddress(text: string): string {
  const address = normalizeEmail(text);
  if (address === null) throw new SettingError(`must be an e-mail address such as elnk@example.com, without a name, is "${text}"`);
  return address;
}

/** Behind the @ of the default sender. Mail has a notation of its own for numeric addresses, which servers rarely take. */
export function mailHost(baseUrl: string | null): string {
  const host = baseUrl === null ? 'localhost' : new URL(baseUrl).hostname;
  return isIP(host.replace(/^\[|\]$/g, '')) === 0 ? host : 'localhost';
}

export function parseSecretKey(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes < SECRET_KEY_MIN_BYTES) throw new SettingError(`must have at least ${SECRET_KEY_MIN_BYTES} bytes, has ${bytes}`);
  if (new Set(text).size < SECRET_KEY_MIN_DIFFERENT) throw new SettingError('must be random, as `openssl rand -base64 32` makes it');
  return text;
}

export function parseShops(text: string): string[] {
  if (text === NO_SHOPS) return [];
  const shops = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((shop) => shop !== '');
  const wrong = shops.filter((shop) => !isShopName(shop));
  if (shops.length > 0 && wrong.length === 0) return [...new Set(shops)];
  throw new SettingError(
    `must be names of shops as they stand before .ru, separated by commas, or ${NO_SHOPS}; has "${wrong.join('", "')}"`,
  );
}

export function parseProxies(text: string): string[] {
  const proxies = text.split(/[\s,]+/).filter((proxy) => proxy !== '');
  const wrong = proxies.filter((proxy) => !isProxy(proxy));
  if (wrong.length === 0) return proxies;
  throw new SettingError(`must be addresses or CIDRs such as 10.0.0.0/8, separated by commas, has "${wrong.join('", "')}"`);
}

function isProxy(proxy: string): boolean {
  const [address, prefix, ...rest] = proxy.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  return isIP(address) !== 0 && rest.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits));
}
