/**
 * A connection to Redis that fails at once while Redis is away, and comes back by itself:
 *
 *   connecting ──► up ◄──► lost      one log line when it is lost, one when it is back
 *
 * Commands are never kept for later and never sent twice: whoever has asked is told, and decides. A Redis that is silent (frozen, cut off) is told
 * from one that is slow by SILENCE_MS without a byte while it owes an answer; then the connection is given up like one that was closed.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Component, Logger } from '../../core/ports.ts';

/** How long a command may take, unless the holder says otherwise. */
export const COMMAND_TIMEOUT_MS = 500;
const SILENCE_MS = 1_000;
const CONNECT_TIMEOUT_MS = 1_000;
const RECONNECT_STEP_MS = 100;
const RECONNECT_MAX_MS = 1_000;
const KEEPALIVE_AFTER_MS = 10_000;
/** How long `stop` waits for the connection to close: a Redis that hangs closes none. */
const GOODBYE_MS = 200;

export type RedisConnection = {
  client: Redis;
  /** Whether commands are taken; while it is not, each is refused at once. */
  isUp(): boolean;
};

export type RedisOptions = {
  /** `redis://` or `rediss://` (TLS), as `parseRedisUrl` of the configuration lets it pass. */
  url: string;
  /** What it is for: in the log, and in Redis's list of clients after `elnk `. */
  name: string;
  logger: Logger;
  commandTimeoutMs?: number;
  /** Redis takes commands: for the first time, or again. What was subscribed or set on the connection is gone then. Must not throw. */
  onUp?(client: Redis): void;
  /** The connection is lost, or the first try to connect has failed. Must not throw. */
  onLost?(): void;
};

/** Settles when Redis is reached or the first try has failed; in either case the connection is kept up from then on. */
export async function openRedis(options: RedisOptions): Promise<Component<RedisConnection>> {
  const { url, name, logger, commandTimeoutMs = COMMAND_TIMEOUT_MS, onUp, onLost } = options;
  const client = new Redis(url, {
    connectionName: `elnk ${name}`.replaceAll(' ', '-'), // Redis takes no spaces
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    commandTimeout: commandTimeoutMs,
    socketTimeout: Math.max(SILENCE_MS, commandTimeoutMs),
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: GOODBYE_MS,
    keepAlive: KEEPALIVE_AFTER_MS,
    retryStrategy: (tries) => Math.min(tries * RECONNECT_STEP_MS, RECONNECT_MAX_MS),
  });
  const triedOnce = Promise.withResolvers<void>();
  let isLost = false;
  let isStopping = false;
  let reason = CLOSED;

  client.on('error', (error: Error) => {
    reason = error.message; // never the error itself: that of a refused AUTH holds the password
  });
  client.on('ready', () => {
    if (isLost) logger.info({ redis: name }, 'Redis is back');
    isLost = false;
    reason = CLOSED;
    onUp?.(client);
    triedOnce.resolve();
  });
  client.on('close', () => {
    triedOnce.resolve();
    if (isLost || isStopping) return;
    isLost = true;
    logger.warn({ redis: name, reason }, 'Redis is away');
    onLost?.();
  });
  await triedOnce.promise;

  return {
    value: { client, isUp: () => client.status === 'ready' },
    async stop() {
      isStopping = true;
      const isOpen = client.status !== 'reconnecting';
      const ended = new Promise((resolve) => client.once('end', resolve));
      client.disconnect();
      if (isOpen) await Promise.race([ended, sleep(2 * GOODBYE_MS)]);
    },
  };
}

const CLOSED = 'the connection was closed';

/** ioredis's own errors have no code. */
const AWAY_MESSAGES = [
  'Command timed out',
  'Command aborted due to connection close',
  'Connection is closed.',
  "Stream isn't writeable and enableOfflineQueue options is false",
  'Reached the max retries per request limit',
  'Socket timeout',
  'Redis connection is not ready', // rate-limiter-flexible
];
/** Of the system and of Redis: it is starting, or a replica, or has no room, or cannot save, or is busy with a script. */
const AWAY_CODES = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'];
const AWAY_REPLIES = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|OOM|MISCONF|BUSY|NOAUTH|NOREPLICAS)\b/;

/** Whether a command failed because Redis cannot be asked right now, so that the same command may succeed later. */
export function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return AWAY_REPLIES.test(error.message);
  if ('code' in error && AWAY_CODES.includes(String(error.code))) return true;
  return AWAY_MESSAGES.some((message) => error.message.startsWith(message)) || isRedisAway(error.cause);
}
