/** Hosts that no link may lead to, by administrators; what fronts hold of them is in storage/links/blocked-hosts.ts. */
import type { BlockedHost, BlockedHostStore } from '../../core/administration.ts';
import { BLOCKED_HOSTS_MAX } from '../../core/blocked-hosts.ts';
import { Failure } from '../../core/failure.ts';
import { type Act, administer } from './administration.ts';
import type { Pool } from './pool.ts';

export async function loadBlockedHosts(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ host: string }>('SELECT host FROM blocked_hosts');
  return rows.map(({ host }) => host);
}

const COLUMNS = 'host, created_at AS "createdAt"';

/**
 * @param announce makes a change effective everywhere: called after a commit, also after one whose answer was lost, and when a host was there
 *   already, for its announcement may have been lost with its node
 */
export function createBlockedHostStore(pool: Pool, announce: () => Promise<void>): BlockedHostStore {
  /** Not when nothing was committed for sure: with Postgres away, a thread would lose the links that it has at hand for nothing. */
  async function announcing<T>(adminId: number, work: (act: Act) => Promise<T | Failure>): Promise<T> {
    let mayBeCommitted = false;
    const noting = async (act: Act) => {
      const done = await work(act);
      mayBeCommitted = !(done instanceof Failure);
      return done;
    };
    try {
      return await administer(pool, adminId, noting);
    } finally {
      if (mayBeCommitted) await announce();
    }
  }

  return {
    async list(limit, after) {
      const { rows } = await pool.query<BlockedHost>(
        `SELECT ${COLUMNS} FROM blocked_hosts WHERE $2::text IS NULL OR host > $2 ORDER BY host LIMIT $1`,
        [limit, after],
      );
      return rows;
    },

    block: (adminId, host) =>
      announcing(adminId, async ({ client, record }) => {
        const there = await client.query<BlockedHost>(`SELECT ${COLUMNS} FROM blocked_hosts WHERE host = $1`, [host]);
        if (there.rows.length > 0) return there.rows[0];
        const { rows: counted } = await client.query<{ hosts: number }>('SELECT count(*) AS hosts FROM blocked_hosts');
        if (counted[0].hosts >= BLOCKED_HOSTS_MAX) return tooMany();
        const { rows } = await client.query<BlockedHost & { isNew: boolean }>(
          `INSERT INTO blocked_hosts (host) VALUES ($1)
           ON CONFLICT (host) DO UPDATE SET host = excluded.host RETURNING ${COLUMNS}, xmax = 0 AS "isNew"`,
          [host],
        );
        const [{ createdAt, isNew }] = rows;
        if (isNew) await record('host.block', { id: null, name: host }, {});
        return { host, createdAt };
      }),

    unblock: (adminId, host) =>
      announcing(adminId, async ({ client, record }) => {
        const { rowCount } = await client.query('DELETE FROM blocked_hosts WHERE host = $1', [host]);
        if (rowCount === 0) return new Failure('not_found', 'This host is not blocked');
        await record('host.unblock', { id: null, name: host }, {});
        return undefined;
      }),
  };
}

const tooMany = () =>
  new Failure('invalid', 'One field is not valid', {
    errors: [{ path: 'host', message: `${BLOCKED_HOSTS_MAX} hosts are blocked, which is as many as may be` }],
  });
