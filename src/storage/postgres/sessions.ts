/** Who is signed in where: one row a chain of refresh tokens (migrations/0002). */
import type { SessionStore } from '../../core/ports/accounts.ts';
import type { Pool } from './pool.ts';

export function createSessionStore(pool: Pool): SessionStore {
  return {
    async open(id, userId, ttlSec) {
      await pool.query(`INSERT INTO sessions (id, user_id, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))`, [
        id,
        userId,
        ttlSec,
      ]);
    },

    // One statement: of two who use the same token at the same moment, one finds the generation moved on.
    async advance(id, generation, ttlSec) {
      const { rows } = await pool.query<{ generation: number }>(
        `UPDATE sessions SET generation = generation + 1, last_used_at = now(), expires_at = now() + make_interval(secs => $3)
         WHERE id = $1 AND generation = $2 AND expires_at > now() RETURNING generation`,
        [id, generation, ttlSec],
      );
      return rows[0]?.generation ?? null;
    },

    async end(id) {
      await pool.query('DELETE FROM sessions WHERE id = $1', [id]);
    },
  };
}
