/** Retention of a node: on connections of its own, because a VACUUM may take longer than any other statement. */
import type { Logger } from './core/ports.ts';
import { createRetention } from './jobs/retention.ts';
import { startTicker } from './jobs/ticker.ts';
import type { Lifecycle } from './lifecycle.ts';
import { createPool } from './storage/postgres/pool.ts';
import { prune } from './storage/postgres/prune.ts';
import { createRetentionStore } from './storage/postgres/retention.ts';

const TICK_MS = 600_000;
const STATEMENT_TIMEOUT_MS = 600_000;
/** A stop does not wait for Postgres: each step is a transaction, and the next start goes on. */
const ABANDON = { abandonAfterMs: 1_000 };

export async function startNodeRetention(databaseUrl: string, logger: Logger, life: Lifecycle): Promise<void> {
  const connect = () => createPool({ url: databaseUrl, name: 'retention', max: 1, logger, queryTimeoutMs: STATEMENT_TIMEOUT_MS });
  const pool = await life.start('connections of retention', connect, ABANDON);
  const tick = createRetention({ store: createRetentionStore(pool), clock: Date.now, logger });
  await life.start('retention', async () => startTicker('retention', TICK_MS, tick, logger), ABANDON);
  const pruning = async () => {
    const deleted = await prune(pool, Date.now());
    if (Object.keys(deleted).length > 0) logger.info({ deleted }, 'what was over was deleted');
  };
  await life.start('pruning', async () => startTicker('pruning', TICK_MS, pruning, logger), ABANDON);
}
