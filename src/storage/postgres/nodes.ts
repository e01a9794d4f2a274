/** The nodes on this database: each says at every heartbeat that it lives, and how it is. */
import type { NodeHealth, NodeRow, NodeState, NodeStore } from '../../core/operations.ts';
import type { Pool, Queryable } from './pool.ts';

/** A node that has said nothing for so long is silent: several heartbeats were missed. */
export const SILENT_AFTER_SEC = 60;

export type Heartbeat = { node: string; version: string; startedAt: number; state: NodeState };

/** By the clock of Postgres, so that nodes with clocks of their own can be compared. */
export async function writeHeartbeat(db: Queryable, { node, version, startedAt, state }: Heartbeat): Promise<void> {
  await db.query(
    `INSERT INTO nodes (node, version, started_at, state) VALUES ($1, $2, to_timestamp($3 / 1000.0), $4)
     ON CONFLICT (node) DO UPDATE SET version = $2, started_at = excluded.started_at, seen_at = now(), stopped_at = NULL, state = $4`,
    [node, version, startedAt, JSON.stringify(state)],
  );
}

/** A clean stop. */
export async function writeGoodbye(db: Queryable, node: string): Promise<void> {
  await db.query('UPDATE nodes SET stopped_at = now(), seen_at = now() WHERE node = $1', [node]);
}

type Row = { node: string; version: string; startedAt: Date; seenAt: Date; health: NodeHealth; state: NodeState };

export const createNodeStore = (pool: Pool): NodeStore => ({
  async list() {
    const { rows } = await pool.query<Row>(
      `SELECT node, version, started_at AS "startedAt", seen_at AS "seenAt", state,
              CASE WHEN stopped_at IS NOT NULL THEN 'stopped' WHEN seen_at < now() - make_interval(secs => $1) THEN 'silent' ELSE 'running' END AS health
       FROM nodes ORDER BY started_at, node`,
      [SILENT_AFTER_SEC],
    );
    return rows satisfies NodeRow[];
  },
});
