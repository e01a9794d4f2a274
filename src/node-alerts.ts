/** What this node tells administrators of at once, joined with what it sees. */

import type { Config } from './config.ts';
import type { Alert } from './core/alerts.ts';
import { readCounters } from './core/counters.ts';
import type { Logger } from './core/ports.ts';
import { logBoard } from './core/shared.ts';
import { createAlertDelivery, createAlerts } from './jobs/alerts.ts';
import { startTicker } from './jobs/ticker.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { NodeShape } from './node-state.ts';
import type { Telegram } from './node-telegram.ts';
import { alertClaims } from './storage/alert-claims.ts';
import { createPool } from './storage/postgres/pool.ts';
import { openRedis } from './storage/redis/connection.ts';

const WATCH_MS = 1_000;
const PROBE_MS = 1_000;
/** Of whatever the alerts ask of Postgres, so that one that is frozen holds them up for a moment only. */
const ANSWER_MS = 2_000;
/** What is under way at a stop ends by itself, or is told of by the next start. */
const ABANDON = { abandonAfterMs: 1_000 };

/** Which node it is, for people. `folder`: its data folder. */
export type Teller = { folder: string; where: string; logger: Logger };

export type AlertingOptions = Teller & {
  config: Config;
  telegram: Telegram;
  databaseUrl: string;
  shape: NodeShape;
  diskUsed(): number | null;
  life: Lifecycle;
};

export async function startAlerts({
  config,
  telegram,
  folder,
  where,
  databaseUrl,
  shape,
  diskUsed,
  logger,
  life,
}: AlertingOptions): Promise<void> {
  const { redisUrl } = config;
  const redis = redisUrl === null ? null : await life.start('Redis of alerts', () => openRedis({ url: redisUrl, name: 'alerts', logger }));
  // Connections of their own: those of others are all in use when something else is slow, and that is not an outage.
  const connect = () =>
    createPool({ url: databaseUrl, name: 'alerts', max: 2, logger, queryTimeoutMs: ANSWER_MS, connectTimeoutMs: ANSWER_MS });
  const pool = await life.start('connections of alerts', connect, ABANDON);
  let answeredAt = Date.now();
  const probe = async () => {
    await pool.query('SELECT 1');
    answeredAt = Date.now();
  };
  const maxBytesOfLog = config.clickLogMaxBytes / (shape.fronts * shape.shards);
  const tick = createAlerts({
    observe: () => ({
      clicksLost: readCounters(shape.shared.counters).clicksLost,
      logUsed: fullestLogBytes(shape) / maxBytesOfLog,
      postgresAwayMs: Date.now() - answeredAt,
      diskUsed: diskUsed(),
    }),
    claim: alertClaims({ folder, redis: redis?.client ?? null, pool, clock: Date.now, logger }),
    deliver: deliverer(telegram, where, logger),
    postgresAwayMs: telegram.postgresAwayMs,
    clock: Date.now,
    logger,
  });
  await life.start('watching Postgres', async () => startTicker('watching Postgres', PROBE_MS, probe, logger), ABANDON);
  await life.start('alerts', async () => startTicker('alerts', WATCH_MS, tick, logger), ABANDON);
}

function fullestLogBytes({ shared, fronts, shards }: NodeShape): number {
  let most = 0;
  for (let log = 0; log < fronts * shards; log++) {
    const { written, stored } = logBoard(shared.logs, log);
    most = Math.max(most, written - stored);
  }
  return most;
}

const deliverer = ({ send, chats, locale }: Telegram, where: string, logger: Logger) =>
  createAlertDelivery({ send, chats, locale, where, clock: Date.now, logger });

/** Told once an hour however often the start is tried. Never rejects: the migration is what matters. */
export async function tellFailedMigration(telegram: Telegram, { folder, where, logger }: Teller, reason: string): Promise<void> {
  const alert: Alert = { kind: 'migrationFailed', detail: reason };
  try {
    const isOurs = await alertClaims({ folder, redis: null, pool: null, clock: Date.now, logger })(alert.kind);
    if (isOurs) await deliverer(telegram, where, logger)(alert);
  } catch (error) {
    logger.error({ err: error }, 'an alert could not be sent; it is given up');
  }
}
