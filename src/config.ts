/**
 * The settings of a node, read once from the environment. Every fault is found, not only the first.
 * An empty variable counts as one that is not set: that is what compose files and unit files make of a missing value.
 */

import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import {
  existing,
  isSameServer,
  mailHost,
  parseAddress,
  parseApiRoot,
  parseBaseUrl,
  parseBotToken,
  parseChats,
  parseDatabaseUrl,
  parseHost,
  parseProxies,
  parseRedisUrl,
  parseSecretKey,
  parseShops,
  parseSmtpUrl,
  QUICK_LINK_SHOPS,
} from './config-values.ts';
import { LOCALES, type Locale } from './core/account.ts';
import type { Limits } from './core/limits.ts';
import { LOG_LEVELS, type LogLevel } from './core/ports.ts';
import type { Quotas } from './core/quota.ts';
import {
  bytes,
  type ConfigFault,
  type Environment,
  GIB,
  integer,
  KIB,
  oneOf,
  type ReadFile,
  type Settings,
  settingsOf,
} from './settings.ts';
import { readIfPresent } from './storage/private-file.ts';

/** Room for the newest segment of every log. */
const CLICK_LOG_MIN_BYTES = KIB ** 2;
/** As `maxmemory 200mb` of Redis. */
const GUEST_CACHE_BYTES = 200 * KIB ** 2;
/** An empty Redis takes some megabytes itself. */
const GUEST_CACHE_MIN_BYTES = 16 * KIB ** 2;
const THREADS_MAX = 128;
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
  /** Addresses and CIDRs, for `trustedProxies`. */
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
