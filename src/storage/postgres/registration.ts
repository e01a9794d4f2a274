/**
 * What begins with a mail: a new account, the proof of its address, a forgotten password. Any number of accounts may claim an address;
 * it is the account's that has proved it (docs/adr/0008-an-address-is-proved-not-claimed.md).
 */
import type { Account, RegistrationStore } from '../../core/ports/accounts.ts';
import { ACCOUNT_COLUMNS, newPublicId, setPassword } from './accounts.ts';
import { queueMail, queueResetRequest } from './mail-queue.ts';
import { dropTokens, sendProof, sendReset, takeToken, type UsedToken } from './mail-tokens.ts';
import { inTransaction, isUniqueViolation, type Pool, type PoolClient } from './pool.ts';

export function createRegistrationStore(pool: Pool): RegistrationStore {
  return {
    register({ email, passwordHash, timeZone, locale }, token) {
      return inTransaction(pool, async (client) => {
        const { rows } = await client.query<Account>(
          `INSERT INTO users (email, password_hash, time_zone, locale, public_id) VALUES ($1, $2, $3, $4, $5) RETURNING ${ACCOUNT_COLUMNS}`,
          [email, passwordHash, timeZone, locale, newPublicId()],
        );
        await sendProof(client, rows[0], 'confirm', token);
        return rows[0];
      });
    },

    confirm(token, accountLink) {
      const work = async (client: PoolClient) => {
        const used = await takeToken(client, token, ['confirm', 'email']);
        if (used === null) return false;
        return used.purpose === 'email' ? changeEmail(client, used, accountLink) : proveEmail(client, used);
      };
      return unlessTaken(inTransaction(pool, work), false);
    },

    async sendConfirmation(userId, token) {
      await inTransaction(pool, async (client) => {
        const { rows } = await client.query<Account>(
          `SELECT ${ACCOUNT_COLUMNS} FROM users WHERE id = $1 AND confirmed_at IS NULL FOR NO KEY UPDATE`,
          [userId],
        );
        if (rows.length > 0) await sendProof(client, rows[0], 'confirm', token);
      });
    },

    requestReset: (email) => queueResetRequest(pool, email),

    async sendReset(email, token) {
      await inTransaction(pool, async (client) => {
        const { rows } = await client.query<Account>(
          `SELECT ${ACCOUNT_COLUMNS} FROM users WHERE lower(email) = lower($1) AND banned_at IS NULL
           ORDER BY confirmed_at NULLS LAST, id DESC LIMIT 1 FOR NO KEY UPDATE`,
          [email],
        );
        if (rows.length > 0) await sendReset(client, rows[0], token);
      });
    },

    resetPassword(token, passwordHash) {
      const work = async (client: PoolClient) => {
        const used = await takeToken(client, token, ['reset']);
        return used === null ? null : resetPassword(client, used, passwordHash);
      };
      return unlessTaken(inTransaction(pool, work), null);
    },
  };
}

/** Of two accounts that prove one address at the same moment, one does. */
const unlessTaken = <T>(work: Promise<T>, otherwise: T): Promise<T> =>
  work.catch((error: unknown) => {
    if (isUniqueViolation(error, 'users_email')) return otherwise;
    throw error;
  });

const NOBODY_ELSE = 'NOT EXISTS (SELECT FROM users o WHERE lower(o.email) = lower($2) AND o.confirmed_at IS NOT NULL AND o.id <> $1)';

async function proveEmail(client: PoolClient, { userId, email }: UsedToken): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE users SET confirmed_at = coalesce(confirmed_at, now()) WHERE id = $1 AND email = $2 AND banned_at IS NULL AND ${NOBODY_ELSE}`,
    [userId, email],
  );
  return rowCount === 1;
}

/** The former address is told. @returns false when the change was given up, or somebody else has the address by now */
async function changeEmail(client: PoolClient, { userId, email }: UsedToken, accountLink: string): Promise<boolean> {
  const { rows } = await client.query<Account>(
    `SELECT ${ACCOUNT_COLUMNS} FROM users WHERE id = $1 AND pending_email = $2 AND banned_at IS NULL AND ${NOBODY_ELSE} FOR NO KEY UPDATE`,
    [userId, email],
  );
  if (rows.length === 0) return false;
  await client.query('UPDATE users SET email = $2, pending_email = NULL, confirmed_at = coalesce(confirmed_at, now()) WHERE id = $1', [
    userId,
    email,
  ]);
  // Tokens that were sent to the former address are worth nothing any more.
  await dropTokens(client, userId, ['confirm', 'reset', 'email']);
  const [{ email: former, locale }] = rows;
  await queueMail(client, { to: former, kind: 'emailChanged', locale, link: accountLink, jobKey: `changed:${userId}:${former}` });
  return true;
}

/**
 * The mail was read, so the address is proved, too. Whoever has made an account of an address that was not theirs must not come along:
 * what they may have left in it, keys and the way to another address, ends.
 */
async function resetPassword(client: PoolClient, used: UsedToken, passwordHash: string): Promise<{ endedKeys: Uint8Array[] } | null> {
  const { rows } = await client.query<{ isConfirmed: boolean }>(
    `SELECT confirmed_at IS NOT NULL AS "isConfirmed" FROM users WHERE id = $1 AND email = $2 AND banned_at IS NULL FOR NO KEY UPDATE`,
    [used.userId, used.email],
  );
  if (rows.length === 0 || !(await proveEmail(client, used))) return null;
  await setPassword(client, used.userId, passwordHash);
  await dropTokens(client, used.userId, ['confirm']);
  if (rows[0].isConfirmed) return { endedKeys: [] };
  const keys = await client.query<{ hash: Buffer }>('DELETE FROM api_keys WHERE user_id = $1 RETURNING hash', [used.userId]);
  return { endedKeys: keys.rows.map(({ hash }) => hash) };
}
