/** Accounts as their owners sign in to them and change them. */
import { randomBytes } from 'node:crypto';
import type { Account, AccountCredentials, AccountStore, Belongings } from '../../core/ports.ts';
import { inTransaction, type Pool } from './pool.ts';

/** Of an `Account`. */
export const ACCOUNT_COLUMNS = `id, public_id AS "publicId", email, pending_email AS "pendingEmail", is_admin AS "isAdmin", plan, time_zone AS "timeZone", locale,
  daily_report AS "dailyReport", confirmed_at IS NOT NULL AS "isConfirmed", created_at AS "createdAt"`;

/** Ten characters, 50 bits: a new one tells nothing about the one before. */
const PUBLIC_ID_LENGTH = 10;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
export const newPublicId = () => Array.from(randomBytes(PUBLIC_ID_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('');

export function createAccountStore(pool: Pool): AccountStore {
  return {
    async findByEmail(email) {
      const { rows } = await pool.query<AccountCredentials>(
        `SELECT ${ACCOUNT_COLUMNS}, password_hash AS "passwordHash" FROM users WHERE lower(email) = lower($1) AND banned_at IS NULL`,
        [email],
      );
      return rows[0] ?? null;
    },

    async findByPublicId(publicId) {
      const { rows } = await pool.query<AccountCredentials>({
        name: 'account-by-public-id',
        text: `SELECT ${ACCOUNT_COLUMNS}, password_hash AS "passwordHash" FROM users WHERE public_id = $1 AND banned_at IS NULL`,
        values: [publicId],
      });
      return rows[0] ?? null;
    },

    async edit(id, { timeZone, locale, dailyReport }) {
      const { rows } = await pool.query<Account>(
        `UPDATE users SET time_zone = coalesce($2, time_zone), locale = coalesce($3, locale), daily_report = coalesce($4, daily_report)
         WHERE id = $1 RETURNING ${ACCOUNT_COLUMNS}`,
        [id, timeZone ?? null, locale ?? null, dailyReport ?? null],
      );
      return rows[0] ?? null;
    },

    async rehash(id, before, passwordHash) {
      await pool.query('UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2', [id, before, passwordHash]);
    },

    async changePassword(id, passwordHash) {
      const { rows } = await pool.query<{ publicId: string }>(
        `WITH ended AS (DELETE FROM sessions WHERE user_id = $1)
         UPDATE users SET password_hash = coalesce($2, password_hash), public_id = $3 WHERE id = $1 RETURNING public_id AS "publicId"`,
        [id, passwordHash, newPublicId()],
      );
      return rows[0].publicId;
    },

    async belongings(id) {
      const { rows } = await pool.query<Belongings>(
        `SELECT coalesce((SELECT array_agg(slug) FROM links WHERE owner_id = $1), '{}') AS slugs,
                coalesce((SELECT array_agg(hash) FROM api_keys WHERE user_id = $1), '{}') AS "keyHashes"`,
        [id],
      );
      return rows[0];
    },

    async remove(id) {
      return inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ id: number; slug: string }>('DELETE FROM links WHERE owner_id = $1 RETURNING id, slug', [id]);
        const linkIds = rows.map((link) => link.id);
        // Totals first and then days by link and day, as a fold under way locks them.
        await client.query('SELECT FROM link_totals WHERE link_id = ANY($1) ORDER BY link_id FOR UPDATE', [linkIds]);
        await client.query('DELETE FROM link_totals WHERE link_id = ANY($1)', [linkIds]);
        await client.query('SELECT FROM link_days WHERE link_id = ANY($1) ORDER BY link_id, day FOR UPDATE', [linkIds]);
        await client.query('DELETE FROM link_days WHERE link_id = ANY($1)', [linkIds]);
        const keys = await client.query<{ hash: Buffer }>('DELETE FROM api_keys WHERE user_id = $1 RETURNING hash', [id]);
        await client.query('DELETE FROM users WHERE id = $1', [id]);
        return { slugs: rows.map(({ slug }) => slug), keyHashes: keys.rows.map(({ hash }) => hash) };
      });
    },
  };
}
