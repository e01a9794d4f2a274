/** What begins with a mail: a new account, the proof of its address, a forgotten password. */
import { createHash } from 'node:crypto';
import type { AccountCredentials, MailToken, RegistrationStore } from '../../core/ports.ts';
import { ACCOUNT_COLUMNS, newPublicId } from './accounts.ts';
import { queueMail } from './mail-queue.ts';
import { inTransaction, type Pool, type PoolClient } from './pool.ts';

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

export function createRegistrationStore(pool: Pool): RegistrationStore {
  return {
    register({ email, passwordHash, timeZone, locale }, token) {
      return inTransaction(pool, async (client) => {
        const { rows } = await client.query<AccountCredentials>(
          `INSERT INTO users (email, password_hash, time_zone, locale, public_id) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT DO NOTHING RETURNING ${ACCOUNT_COLUMNS}`,
          [email, passwordHash, timeZone, locale, newPublicId()],
        );
        if (rows.length === 0) return null;
        await sendToken(client, rows[0], 'confirm', token);
        return rows[0];
      });
    },

    async confirm(token) {
      const { rowCount } = await pool.query(
        `WITH used AS (DELETE FROM mail_tokens WHERE hash = $1 AND purpose = 'confirm' AND expires_at > now() RETURNING user_id, email)
         UPDATE users u SET confirmed_at = coalesce(u.confirmed_at, now()) FROM used
         WHERE u.id = used.user_id AND u.email = used.email AND u.banned_at IS NULL`,
        [hashOf(token)],
      );
      return rowCount === 1;
    },

    async sendConfirmation(userId, token) {
      await inTransaction(pool, async (client) => {
        const { rows } = await client.query<AccountCredentials>(
          `SELECT ${ACCOUNT_COLUMNS} FROM users WHERE id = $1 AND confirmed_at IS NULL FOR NO KEY UPDATE`,
          [userId],
        );
        if (rows.length > 0) await sendToken(client, rows[0], 'confirm', token);
      });
    },

    async sendReset(email, token) {
      await inTransaction(pool, async (client) => {
        const { rows } = await client.query<AccountCredentials>(
          `SELECT ${ACCOUNT_COLUMNS} FROM users WHERE lower(email) = lower($1) AND banned_at IS NULL FOR NO KEY UPDATE`,
          [email],
        );
        if (rows.length > 0) await sendToken(client, rows[0], 'reset', token);
      });
    },

    // The mail was read, so the address is confirmed, too.
    resetPassword(token, passwordHash) {
      return inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ userId: number }>(
          `DELETE FROM mail_tokens t USING users u
           WHERE t.hash = $1 AND t.purpose = 'reset' AND t.expires_at > now() AND u.id = t.user_id AND u.email = t.email AND u.banned_at IS NULL
           RETURNING t.user_id AS "userId"`,
          [hashOf(token)],
        );
        if (rows.length === 0) return false;
        const [{ userId }] = rows;
        await client.query('DELETE FROM mail_tokens WHERE user_id = $1 AND purpose IN ($2, $3)', [userId, 'reset', 'confirm']);
        await client.query('DELETE FROM sessions WHERE user_id = $1', [userId]);
        await client.query(
          'UPDATE users SET password_hash = $2, public_id = $3, confirmed_at = coalesce(confirmed_at, now()) WHERE id = $1',
          [userId, passwordHash, newPublicId()],
        );
        return true;
      });
    },
  };
}

/** The newest token of a purpose is the only one. Its mail is queued with it, and replaces one that still waits. */
async function sendToken(client: PoolClient, user: AccountCredentials, purpose: 'confirm' | 'reset', token: MailToken): Promise<void> {
  await client.query('DELETE FROM mail_tokens WHERE user_id = $1 AND purpose = $2', [user.id, purpose]);
  await client.query(
    'INSERT INTO mail_tokens (hash, user_id, purpose, email, expires_at) VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))',
    [hashOf(token.token), user.id, purpose, user.email, token.ttlSec],
  );
  await queueMail(client, { to: user.email, kind: purpose, locale: user.locale, link: token.link, jobKey: `${purpose}:${user.id}` });
}
