/**
 * The settings of a node, read once from the environment. Every fault is found, not only the first.
 * An empty variable counts as one that is not set: that is what compose files and unit files make of a missing value.
 */
import { existsSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { LOCALES, type Locale, normalizeEmail } from './core/account.ts';
import type { Limits } from './core/limits.ts';
import { LOG_LEVELS, type LogLevel } from './core/ports.ts';
import { isShopName } from './core/quick-links.ts';
import type { Quotas } from './core/quota.ts';
import {
  bytes,
  type ConfigFault,
  type Environment,
  GIB,
  integer,
  KIB,
  oneOf,
  type Parse,
  type ReadFile,
  SettingError,
  type Settings,
  settingsOf,
} from './settings.ts';
import { readIfPresent } from './storage/private-file.ts';

export type { ConfigFault };

export const SECRET_KEY_MIN_BYTES = 32;
/** A longer key with fewer different characters than this was typed, not made. */
const SECRET_KEY_MIN_DIFFERENT = 8;
/** Room for the newest segment of every log. */
const CLICK_LOG_MIN_BYTES = KIB ** 2;
/** As `maxmemory 200mb` of Redis. */
const GUEST_CACHE_BYTES = 200 * KIB ** 2;
/** An empty Redis takes some megabytes itself. */
const GUEST_CACHE_MIN_BYTES = 16 * KIB ** 2;
const QUICK_LINK_SHOPS = ['ozon', 'wildberries', 'aliexpress'];
const NO_SHOPS = 'none';
const THREADS_MAX = 128;
const REDIS_PORT = '6379';
const QUOTA_MAX = 1_000_000_000;
/** Counts are integers of 32 bits in Postgres, and go somewhat beyond the limit. */
const LIMIT_MAX = 1_000_000_000;

const REGISTRATION_MODES = ['open', 'closed'] as const;
const FSYNC_MODES = ['everysec', 'always', 'no'] as const;

export type TelegramConfig = {
  token: string;
  /** Ids of chats, or names of channels with @. */
  chats: string[];
  /** Without a slash at the end. */
  apiRoot: string;
  locale: Locale;
  /** Postgres may be away for so long before it is told of. */
  postgresAwayMs: number;
};

/** Plain data: it is handed to threads. */
export type Config = {
  host: string;
  /** 0: any free one. */
  port: number;
  /**
   * Where visitors reach the node: an origin, with a path where a proxy serves it under one, without a slash at the end; null: what
   * `localOrigin` says of the address it listens on.
   */
  baseUrl: string | null;
  /** Absolute. */
  dataDir: string;
  /** Null: the embedded Postgres. */
  databaseUrl: string | null;
  /** For announcements between nodes and for throttles; null: one node, which needs neither. */
  redisUrl: string | null;
  /** Where guest links are kept, and nothing else; null: in Postgres. */
  redisGuestUrl: string | null;
  /** Of all guest links together. */
  guestCacheBytes: number;
  /** Names of the shops that quick links are made for. */
  quickLinkShops: string[];
  frontThreads: number;
  shardThreads: number;
  /** Null: made and kept in the data folder. */
  secretKey: string | null;
  /** Former keys, which still verify what they signed. */
  previousSecretKeys: string[];
  /** Addresses and CIDRs, for `trustedProxyList`. */
  trustedProxies: string[];
  clickLogFsync: (typeof FSYNC_MODES)[number];
  clickLogMaxBytes: number;
  flushRows: number;
  flushMs: number;
  linkCacheEntries: number;
  quotas: Quotas;
  limits: Limits;
  /** An own .mmdb file, absolute; null: the one that comes along. */
  geoipFile: string | null;
  /** How long clicks are kept after folding; 0: not at all. */
  rawClickDays: number;
  /** Null: see mailWay. */
  smtpUrl: string | null;
  /** The address that mails come from. */
  mailFrom: string;
  /** Null: nothing is told to Telegram. */
  telegram: TelegramConfig | null;
  isProduction: boolean;
  /** Whether visitors may make accounts. */
  registration: (typeof REGISTRATION_MODES)[number];
  logLevel: LogLevel;
};

export type ConfigSurroundings = {
  cores: number;
  readFile: ReadFile;
  hasFile(path: string): boolean;
};

/** @returns the configuration, or all that is wrong */
export function readConfig(env: Environment, { cores, readFile, hasFile }: ConfigSurroundings): Config | ConfigFault[] {
  const faults: ConfigFault[] = [];
  const settings = settingsOf(env, readFile, faults);
  const host = settings.text('HOST', '127.0.0.1', parseHost);
  const port = settings.text('PORT', 8080, integer(0, 65_535));
  const frontThreads = settings.text('FRONT_THREADS', cores > 2 ? cores - 1 : cores, integer(1, THREADS_MAX));
  const baseUrl = settings.text('BASE_URL', null, parseBaseUrl);
  const config: Config = {
    host,
    port,
    frontThreads,
    shardThreads: settings.text('SHARD_THREADS', Math.max(1, Math.floor(frontThreads / 2)), integer(1, THREADS_MAX)),
    baseUrl,
    dataDir: settings.text('DATA_DIR', resolve('data'), (text) => resolve(text)),
    databaseUrl: settings.secret('DATABASE_URL', null, parseDatabaseUrl),
    redisUrl: settings.secret('REDIS_URL', null, parseRedisUrl),
    redisGuestUrl: settings.secret('REDIS_GUEST_URL', null, parseRedisUrl),
    guestCacheBytes: settings.text('GUEST_CACHE_BYTES', GUEST_CACHE_BYTES, bytes(GUEST_CACHE_MIN_BYTES)),
    quickLinkShops: settings.text('QUICK_LINK_SHOPS', QUICK_LINK_SHOPS, parseShops),
    secretKey: settings.secret('SECRET_KEY', null, parseSecretKey),
    previousSecretKeys: settings.secret('SECRET_KEY_PREVIOUS', [], (text) => [parseSecretKey(text)]),
    trustedProxies: settings.text('TRUSTED_PROXIES', [], parseProxies),
    clickLogFsync: settings.text('CLICK_LOG_FSYNC', 'everysec', oneOf(FSYNC_MODES)),
    clickLogMaxBytes: settings.text('CLICK_LOG_MAX_BYTES', 8 * GIB, bytes(CLICK_LOG_MIN_BYTES)),
    flushRows: settings.text('FLUSH_ROWS', 1_000, integer(1, 1_000_000)),
    flushMs: settings.text('FLUSH_MS', 250, integer(1, 60_000)),
    linkCacheEntries: settings.text('LINK_CACHE_ENTRIES', 200_000, integer(1, 100_000_000)),
    quotas: {
      regular: settings.text('QUOTA_REGULAR', 75, integer(0, QUOTA_MAX)),
      extended: settings.text('QUOTA_EXTENDED', 150, integer(0, QUOTA_MAX)),
    },
    limits: {
      requestsPerMinute: settings.text('REQUESTS_PER_MINUTE', 3_000, integer(1, LIMIT_MAX)),
      strangersRequestsPerMinute: settings.text('REQUESTS_PER_MINUTE_ADDRESS', 600, integer(1, LIMIT_MAX)),
      linksPerHour: settings.text('LINKS_PER_HOUR', 10_000, integer(1, LIMIT_MAX)),
    },
    geoipFile: settings.text('GEOIP_FILE', null, existing(hasFile)),
    rawClickDays: settings.text('RAW_CLICK_DAYS', 0, integer(0, 36_500)),
    smtpUrl: settings.secret('SMTP_URL', null, parseSmtpUrl),
    mailFrom: settings.text('MAIL_FROM', `elnk@${mailHost(baseUrl)}`, parseAddress),
    telegram: readTelegram(settings, faults),
    isProduction: settings.text('NODE_ENV', false, (text) => text === 'production'),
    registration: settings.text('REGISTRATION', 'open', oneOf(REGISTRATION_MODES)),
    logLevel: settings.text('LOG_LEVEL', 'info', oneOf(LOG_LEVELS)),
  };
  if (config.redisGuestUrl !== null && isSameServer(config.redisGuestUrl, config.redisUrl)) {
    faults.push({
      name: 'REDIS_GUEST_URL',
      message: 'must be another server than REDIS_URL: guest links displace whatever was not used for long',
    });
  }
  return faults.length > 0 ? faults : config;
}

/** The process's environment, over `.env` in the working folder. */
export function readEnvironment(folder = process.cwd()): Environment {
  return { ...parseEnv(readIfPresent(join(folder, '.env')) ?? ''), ...process.env };
}

/** The configuration of this process. */
export const loadConfig = (): Config | ConfigFault[] =>
  readConfig(readEnvironment(), { cores: availableParallelism(), readFile: readIfPresent, hasFile: existsSync });

/** Where a node that listens there is reached from the same machine. */
export function localOrigin(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return new URL(`http://${isIP(name) === 6 ? `[${name}]` : name}:${port}`).origin;
}

/** In production a log is no way out: it would hold links that let anybody in who reads it. */
export function mailWay({ smtpUrl, isProduction }: Pick<Config, 'smtpUrl' | 'isProduction'>): 'smtp' | 'log' | 'off' {
  if (smtpUrl !== null) return 'smtp';
  return isProduction ? 'off' : 'log';
}

/** @param proxies valid, as in `Config` */
export function trustedProxyList(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const proxy of proxies) addProxy(list, proxy);
  return list;
}

const existing =
  (hasFile: ConfigSurroundings['hasFile']): Parse<string> =>
  (text) => {
    const path = resolve(text);
    if (!hasFile(path)) throw new SettingError(`names ${path}, which is not there`);
    return path;
  };

function parseHost(text: string): string {
  if (isIP(text) === 0 && !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) {
    throw new SettingError(`must be an address or a host name to listen on such as 0.0.0.0, is "${text}"`);
  }
  return text;
}

/** A path that needs no escaping, in a URL, in HTML, in a cookie. */
const BASE_PATH = /^(?:\/[\w.~-]+)*\/?$/;

function parseBaseUrl(text: string): string {
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

function parseDatabaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new SettingError('must look like postgres://user:password@host:5432/database');
  }
  return text;
}

function isSameServer(url: string, other: string | null): boolean {
  const [one, two] = [new URL(url.toLowerCase()), other === null ? null : new URL(other.toLowerCase())];
  return one.hostname === two?.hostname && (one.port || REDIS_PORT) === (two.port || REDIS_PORT);
}

/** ioredis would take settings of its own from a query. */
function parseRedisUrl(text: string): string {
  const url = URL.parse(text);
  const isPlain = url !== null && /^(\/\d*)?$/.test(url.pathname) && url.search === '' && url.hash === '';
  if (!isPlain || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    throw new SettingError('must look like redis://user:password@host:6379/0, or rediss:// for TLS');
  }
  return text;
}

function parseSmtpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    throw new SettingError('must look like smtp://user:password@host:587 or smtps://user:password@host');
  }
  return text;
}

const TELEGRAM_API_ROOT = 'https://api.telegram.org';
const POSTGRES_AWAY_SEC = 60;
const DAY_SEC = 86_400;

function readTelegram(settings: Settings, faults: ConfigFault[]): TelegramConfig | null {
  const token = settings.secret('TELEGRAM_TOKEN', null, parseBotToken);
  const chats = settings.text('TELEGRAM_CHATS', null, parseChats);
  const apiRoot = settings.text('TELEGRAM_API_ROOT', TELEGRAM_API_ROOT, parseApiRoot);
  const locale = settings.text('TELEGRAM_LOCALE', 'en' as Locale, oneOf(LOCALES));
  const postgresAwayMs = 1_000 * settings.text('TELEGRAM_POSTGRES_AWAY_SEC', POSTGRES_AWAY_SEC, integer(1, DAY_SEC));
  if (token !== null && chats !== null) return { token, chats, apiRoot, locale, postgresAwayMs };
  const isFaulty = faults.some(({ name }) => name.startsWith('TELEGRAM_'));
  if (!isFaulty && token !== null) faults.push({ name: 'TELEGRAM_CHATS', message: 'must name chats, because TELEGRAM_TOKEN is set' });
  if (!isFaulty && chats !== null) faults.push({ name: 'TELEGRAM_TOKEN', message: 'must be set, because TELEGRAM_CHATS is' });
  return null;
}

function parseBotToken(text: string): string {
  if (!/^\d{3,20}:[\w-]{10,100}$/.test(text))
    throw new SettingError('must be the token of a bot, as BotFather gives it: digits, ":" and letters');
  return text;
}

function parseChats(text: string): string[] {
  const chats = text.split(/[\s,]+/).filter((chat) => chat !== '');
  const wrong = chats.filter((chat) => !/^(-?\d{1,20}|@\w{4,40})$/.test(chat));
  if (wrong.length === 0 && chats.length > 0) return [...new Set(chats)];
  throw new SettingError(
    `must be ids of chats or names of channels such as -1001234567890 or @channel, separated by commas, has "${wrong.join('", "')}"`,
  );
}

function parseApiRoot(text: string): string {
  const url = URL.parse(text);
  const isRoot = url !== null && ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.search === '' && url.hash === '';
  if (!isRoot) throw new SettingError(`must be http:// or https:// and a host, is "${text}"`);
  return url.href.replace(/\/+$/, '');
}

function parseAddress(text: string): string {
  const address = normalizeEmail(text);
  if (address === null) throw new SettingError(`must be an e-mail address such as elnk@example.com, without a name, is "${text}"`);
  return address;
}

/** Behind the @ of the default sender. Mail has a notation of its own for numeric addresses, which servers rarely take. */
function mailHost(baseUrl: string | null): string {
  const host = baseUrl === null ? 'localhost' : new URL(baseUrl).hostname;
  return isIP(host.replace(/^\[|\]$/g, '')) === 0 ? host : 'localhost';
}

function parseSecretKey(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes < SECRET_KEY_MIN_BYTES) throw new SettingError(`must have at least ${SECRET_KEY_MIN_BYTES} bytes, has ${bytes}`);
  if (new Set(text).size < SECRET_KEY_MIN_DIFFERENT) throw new SettingError('must be random, as `openssl rand -base64 32` makes it');
  return text;
}

function parseShops(text: string): string[] {
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

function parseProxies(text: string): string[] {
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

function addProxy(list: BlockList, proxy: string): void {
  const [address, prefix] = proxy.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
}
