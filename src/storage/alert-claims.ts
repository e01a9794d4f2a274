/**
 * Who tells of an alert: whoever takes its hour first, of all nodes. It is taken in three places, each of which may be away: a file of the data folder (which also knows it
 * when the node is started again and again), Redis, and Postgres.
 */
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { ALERT_EVERY_MS, type AlertKind } from '../core/alerts.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { claimAlert } from './postgres/alerts.ts';
import { isStoreAway, type Pool } from './postgres/pool.ts';
import { readIfPresent, writePrivateFile } from './private-file.ts';
import { isRedisAway } from './redis/connection.ts';

const FILE = 'alerts.json';

export type AlertClaimOptions = {
  folder: string;
  /** Null: there is none. */
  redis: Redis | null;
  /** Null: it cannot be asked. */
  pool: Pool | null;
  clock: Clock;
  logger: Logger;
};

/**
 * @returns takes the hour of a kind; false: somebody has. Who cannot be asked has no say, whatever the reason: better two messages than none.
 * Never rejects
 */
export function alertClaims({ folder, redis, pool, clock, logger }: AlertClaimOptions): (kind: AlertKind) => Promise<boolean> {
  const path = join(folder, FILE);
  return async (kind) => {
    const claimed = claimedAt(path);
    if (clock() - (claimed[kind] ?? Number.NEGATIVE_INFINITY) < ALERT_EVERY_MS) return false;
    if (redis !== null && !(await unlessFailed(claimInRedis(redis, kind), isRedisAway, logger))) return false;
    if (pool !== null && !(await unlessFailed(claimAlert(pool, kind), isStoreAway, logger))) return false;
    try {
      writePrivateFile(path, `${JSON.stringify({ ...claimed, [kind]: clock() })}\n`);
    } catch (error) {
      logger.warn({ err: error, kind }, 'that an alert was sent could not be written down'); // a full disk is what it may be about
    }
    return true;
  };
}

type Claims = Partial<Record<AlertKind, number>>;

/** A file that was cut off claims nothing. */
function claimedAt(path: string): Claims {
  try {
    return JSON.parse(readIfPresent(path) ?? '{}') as Claims;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

async function claimInRedis(redis: Redis, kind: AlertKind): Promise<boolean> {
  return (await redis.set(`elnk:alert:${kind}`, '1', 'PX', ALERT_EVERY_MS, 'NX')) === 'OK';
}

async function unlessFailed(claim: Promise<boolean>, isAway: (error: unknown) => boolean, logger: Logger): Promise<boolean> {
  try {
    return await claim;
  } catch (error) {
    if (!isAway(error)) logger.error({ err: error }, 'who tells of an alert could not be found out');
    return true;
  }
}
