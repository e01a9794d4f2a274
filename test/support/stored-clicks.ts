/** What became of clicks: how many Postgres has, and whether the logs are drained. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endOnDisk, listLogs } from '../../src/storage/click-log/segment.ts';
import { RECORD_MAX_BYTES } from '../../src/storage/click-log/spec.ts';
import { storedPositions } from '../../src/storage/postgres/click-counts.ts';
import { isStoreAway, type Queryable } from '../../src/storage/postgres/pool.ts';
import type { Shape } from './test-node.ts';
import { until } from './until.ts';

const DRAIN_MS = 30_000;
const STILL_MS = 500;

/** Folded, waiting to be folded, and in quarantine; as of one moment. */
export async function storedClicks(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ stored: number }>(`
    SELECT (SELECT coalesce(sum(clicks + bots), 0)::bigint FROM link_totals)
         + (SELECT count(*) FROM clicks WHERE batch_id IN (SELECT id FROM click_batches WHERE NOT folded))
         + (SELECT count(*) FROM quarantined_clicks) AS stored`);
  return rows[0].stored;
}

/** The same of single links, without what is in quarantine; links without any are absent. */
export async function storedClicksOf(db: Queryable, linkIds: readonly number[]): Promise<Map<number, number>> {
  const { rows } = await db.query<{ id: number; stored: number }>(
    `SELECT link_id AS id, sum(clicks)::bigint AS stored
     FROM (SELECT link_id, clicks + bots AS clicks FROM link_totals
           UNION ALL SELECT link_id, 1 FROM clicks WHERE batch_id IN (SELECT id FROM click_batches WHERE NOT folded)) AS c
     WHERE link_id = ANY ($1) GROUP BY link_id`,
    [linkIds],
  );
  return new Map(rows.map(({ id, stored }) => [id, stored]));
}

/** Waits until everything in the logs of a node's data folder is stored, also in those of threads that the node no longer has. */
export async function untilDrained(db: Queryable, dataDir: string, { fronts, shards }: Shape): Promise<void> {
  const node = readFileSync(join(dataDir, 'node-id'), 'utf8').trim();
  const dir = join(dataDir, 'click-log');
  let before = '';
  let since = Date.now();
  await until(
    'drained click logs',
    async () => {
      const positions = await storedPositions(db, node).catch((error) => {
        if (isStoreAway(error)) return null; // it is just starting
        throw error;
      });
      if (positions === null) return false;
      const rests = listLogs(dir).map(({ name, front, shard }) => ({
        bytes: endOnDisk(join(dir, name)) - (positions.get(name) ?? 0),
        isOwn: front < fronts && shard < shards,
      }));
      const now = JSON.stringify(rests);
      if (now !== before) since = Date.now();
      before = now;
      // The torn end of a log that nobody writes any more is never passed: there is no segment behind it.
      return rests.every(({ bytes, isOwn }) => bytes === 0 || (!isOwn && bytes < RECORD_MAX_BYTES && Date.now() - since > STILL_MS));
    },
    DRAIN_MS,
  );
}
