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

    confirm(token, accountLink) {
      return inTransaction(pool, async (client) => {
        const { rows } = await client.query<UsedToken>(
          `DELETE FROM mail_tokens WHERE hash = $1 AND purpose IN ('confirm', 'email') AND expires_at > now()
           RETURNING user_id AS "userId", email, purpose`,
          [hashOf(token)],
        );
        if (rows.length === 0) return false;
        return rows[0].purpose === 'email' ? changeEmail(client, rows[0], accountLink) : confirmEmail(client, rows[0]);
      });
    },

    async sendEmailChange(userId, email, token) {
      await inTransaction(pool, async (client) => {
        const { rows } = await client.query<AccountCredentials>(
          `UPDATE users SET pending_email = $2 WHERE id = $1 RETURNING ${ACCOUNT_COLUMNS}`,
          [userId, email],
        );
        // Whether somebody else has the address is nobody's business: then there is just no mail.
        const taken = await client.query('SELECT FROM users WHERE lower(email) = lower($1)', [email]);
        if (rows.length > 0 && taken.rowCount === 0) await sendToken(client, { ...rows[0], email }, 'email', token);
      });
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

type UsedToken = { userId: number; email: string; purpose: 'confirm' | 'email' };

async function confirmEmail(client: PoolClient, { userId, email }: UsedToken): Promise<boolean> {
  const { rowCount } = await client.query(
    'UPDATE users SET confirmed_at = coalesce(confirmed_at, now()) WHERE id = $1 AND email = $2 AND banned_at IS NULL',
    [userId, email],
  );
  return rowCount === 1;
}

/** The former address is told. @returns false when the change was given up, or somebody else has the address by now */
async function changeEmail(client: PoolClient, { userId, email }: UsedToken, accountLink: string): Promise<boolean> {
  const { rows } = await client.query<AccountCredentials>(
    `SELECT ${ACCOUNT_COLUMNS} FROM users WHERE id = $1 AND pending_email = $2 AND banned_at IS NULL FOR UPDATE`,
    [userId, email],
  );
  if (rows.length === 0) return false;
  const changed = await client.query(
    `UPDATE users SET email = $2, pending_email = NULL, confirmed_at = coalesce(confirmed_at, now())
     WHERE id = $1 AND NOT EXISTS (SELECT FROM users WHERE lower(email) = lower($2))`,
    [userId, email],
  );
  if (changed.rowCount === 0) return false;
  // Tokens that were sent to the former address are worth nothing any more.
  await client.query('DELETE FROM mail_tokens WHERE user_id = $1', [userId]);
  const [{ email: former, locale }] = rows;
  await queueMail(client, { to: former, kind: 'emailChanged', locale, link: accountLink, jobKey: `changed:${userId}:${former}` });
  return true;
}

const MAIL_OF = { confirm: 'confirm', reset: 'reset', email: 'emailChange' } as const;

/** The newest token of a purpose is the only one. Its mail is queued with it, and replaces one that still waits. */
async function sendToken(client: PoolClient, user: AccountCredentials, purpose: keyof typeof MAIL_OF, token: MailToken): Promise<void> {
  await client.query('DELETE FROM mail_tokens WHERE user_id = $1 AND purpose = $2', [user.id, purpose]);
  await client.query(
    'INSERT INTO mail_tokens (hash, user_id, purpose, email, expires_at) VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))',
    [hashOf(token.token), user.id, purpose, user.email, token.ttlSec],
  );
  await queueMail(client, {
    to: user.email,
    kind: MAIL_OF[purpose],
    locale: user.locale,
    link: token.link,
    jobKey: `${purpose}:${user.id}`,
  });
}
