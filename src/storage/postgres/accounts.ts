/** Accounts as their owners sign in to them and change them. */
import { randomBytes } from 'node:crypto';
import type { Account, AccountChanges, AccountCredentials, AccountStore, Belongings } from '../../core/ports/accounts.ts';
import { randomText } from '../../core/random-text.ts';
import { whyLastStays } from './administrators.ts';
import { deleteFigures } from './link-deletion.ts';
import { dropTokens, sendProof } from './mail-tokens.ts';
import { inTransaction, type Pool, type PoolClient, type Queryable } from './pool.ts';

/** Of an `Account`. */
export const ACCOUNT_COLUMNS = `id, public_id AS "publicId", email, pending_email AS "pendingEmail", is_admin AS "isAdmin", plan, time_zone AS "timeZone", locale,
  daily_report AS "dailyReport", confirmed_at IS NOT NULL AS "isConfirmed", created_at AS "createdAt"`;
const CREDENTIALS = `${ACCOUNT_COLUMNS}, password_hash AS "passwordHash"`;

/** Ten characters, 50 bits: a new one tells nothing about the one before. */
const PUBLIC_ID_LENGTH = 10;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
export const newPublicId = () => randomText(ALPHABET, PUBLIC_ID_LENGTH, randomBytes);

export function createAccountStore(pool: Pool): AccountStore {
  return {
    async findByEmail(email) {
      const { rows } = await pool.query<AccountCredentials>(
        `(SELECT ${CREDENTIALS} FROM users WHERE lower(email) = lower($1) AND confirmed_at IS NOT NULL AND banned_at IS NULL)
         UNION ALL
         (SELECT ${CREDENTIALS} FROM users WHERE lower(email) = lower($1) AND confirmed_at IS NULL AND banned_at IS NULL ORDER BY id DESC LIMIT 1)`,
        [email],
      );
      return { owner: rows.find((it) => it.isConfirmed) ?? null, claim: rows.find((it) => !it.isConfirmed) ?? null };
    },

    async findByPublicId(publicId) {
      const { rows } = await pool.query<AccountCredentials>({
        name: 'account-by-public-id',
        text: `SELECT ${CREDENTIALS} FROM users WHERE public_id = $1 AND banned_at IS NULL`,
        values: [publicId],
      });
      return rows[0] ?? null;
    },

    change({ id, publicId }, changes) {
      return inTransaction(pool, async (client) => {
        const account = await lockAs(client, id, publicId);
        return account === null ? null : changeLocked(client, account, changes);
      });
    },

    async rehash(id, before, passwordHash) {
      await pool.query('UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2', [id, before, passwordHash]);
    },

    async endTokens(id) {
      await inTransaction(pool, (client) => renewPublicId(client, id));
    },

    async belongings(id) {
      const { rows } = await pool.query<Belongings>(
        `SELECT coalesce((SELECT array_agg(slug) FROM links WHERE owner_id = $1), '{}') AS slugs,
                coalesce((SELECT array_agg(hash) FROM api_keys WHERE user_id = $1), '{}') AS "keyHashes"`,
        [id],
      );
      return rows[0];
    },

    async remove({ id, publicId }, onGone) {
      let gone: Belongings | null = null;
      try {
        return await inTransaction(pool, async (client) => {
          const account = await lockAs(client, id, publicId, 'FOR UPDATE');
          if (account === null) return false;
          const why = account.isAdmin ? await whyLastStays(client, id) : null;
          if (why !== null) throw why;
          gone = await removeLocked(client, id);
          return true;
        });
      } finally {
        if (gone !== null) await onGone(gone); // also when it failed: a commit whose answer was lost has happened all the same
      }
    },
  };
}

/** @returns null when the account is gone, banned, or goes by another public id: then whoever asks was signed out meanwhile */
async function lockAs(client: PoolClient, id: number, publicId: string, lock = 'FOR NO KEY UPDATE'): Promise<Account | null> {
  const { rows } = await client.query<Account>(
    `SELECT ${ACCOUNT_COLUMNS} FROM users WHERE id = $1 AND public_id = $2 AND banned_at IS NULL ${lock}`,
    [id, publicId],
  );
  return rows[0] ?? null;
}

async function changeLocked(client: PoolClient, { id }: Account, changes: AccountChanges): Promise<Account> {
  const { timeZone, locale, dailyReport, passwordHash, email } = changes;
  if (passwordHash !== undefined) await setPassword(client, id, passwordHash);
  const { rows } = await client.query<Account>(
    `UPDATE users SET time_zone = coalesce($2, time_zone), locale = coalesce($3, locale), daily_report = coalesce($4, daily_report),
       pending_email = coalesce($5, pending_email)
     WHERE id = $1 RETURNING ${ACCOUNT_COLUMNS}`,
    [id, timeZone ?? null, locale ?? null, dailyReport ?? null, email?.address ?? null],
  );
  if (email !== undefined) await sendProof(client, { ...rows[0], email: email.address }, 'email', email.token);
  return rows[0];
}

/** Ends whatever somebody may have begun who had the former password: sessions, tokens, the way to another address. */
export async function setPassword(client: PoolClient, id: number, passwordHash: string): Promise<void> {
  await client.query('UPDATE users SET password_hash = $2, pending_email = NULL WHERE id = $1', [id, passwordHash]);
  await dropTokens(client, id, ['reset', 'email']);
  await renewPublicId(client, id);
}

/** Nobody is signed in any more, and no token is worth anything, those of mails neither. */
export async function endTokens(client: PoolClient, id: number): Promise<void> {
  await dropTokens(client, id, ['confirm', 'reset', 'email']);
  await renewPublicId(client, id);
}

/** Every older token of the account is worthless from now on. */
async function renewPublicId(client: Queryable, id: number): Promise<void> {
  await client.query('UPDATE users SET public_id = $2 WHERE id = $1', [id, newPublicId()]);
  await client.query('DELETE FROM sessions WHERE user_id = $1', [id]);
}

/** The row of the account is locked, so nobody adds a link meanwhile. */
export async function removeLocked(client: PoolClient, id: number): Promise<Belongings> {
  const { rows } = await client.query<{ id: number; slug: string }>('DELETE FROM links WHERE owner_id = $1 RETURNING id, slug', [id]);
  await deleteFigures(
    client,
    rows.map((link) => link.id),
  );
  const keys = await client.query<{ hash: Buffer }>('DELETE FROM api_keys WHERE user_id = $1 RETURNING hash', [id]);
  await client.query('DELETE FROM users WHERE id = $1', [id]);
  return { slugs: rows.map(({ slug }) => slug), keyHashes: keys.rows.map(({ hash }) => hash) };
}
