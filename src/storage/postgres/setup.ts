/** The way to the first administrator: a token that is good once, until there is one. It is kept as SHA-256, and a newer one takes its place. */
import type { NewAdministrator, SetupStore } from '../../core/administration.ts';
import { Failure } from '../../core/failure.ts';
import type { Account } from '../../core/ports/accounts.ts';
import { ACCOUNT_COLUMNS, newPublicId } from './accounts.ts';
import { recordAct } from './administration.ts';
import { hasAdministrator, lockAdministrators } from './administrators.ts';
import { tokenHash } from './mail-tokens.ts';
import { inTransaction, isUniqueViolation, type Pool, type PoolClient } from './pool.ts';

/** @returns false when there is an administrator: then no token is good any more */
export function keepSetupToken(pool: Pool, token: string): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    await lockAdministrators(client);
    await client.query('DELETE FROM setup_token');
    if (await hasAdministrator(client)) return false;
    await client.query('INSERT INTO setup_token (hash) VALUES ($1)', [tokenHash(token)]);
    return true;
  });
}

export function createSetupStore(pool: Pool): SetupStore {
  return {
    async isGood(token) {
      const { rowCount } = await pool.query('SELECT FROM setup_token WHERE hash = $1', [tokenHash(token)]);
      return rowCount === 1 && !(await hasAdministrator(pool));
    },

    async complete(token, administrator) {
      try {
        return await inTransaction(pool, (client) => complete(client, token, administrator));
      } catch (error) {
        if (!isUniqueViolation(error, 'users_email')) throw error;
        const errors = [{ path: 'email', message: 'is that of an account already: take another one' }];
        throw new Failure('invalid', 'One field is not valid', { errors, cause: error });
      }
    },
  };
}

async function complete(
  client: PoolClient,
  token: string,
  { email, passwordHash, timeZone, locale }: NewAdministrator,
): Promise<Account | null> {
  await lockAdministrators(client);
  const { rowCount } = await client.query('DELETE FROM setup_token WHERE hash = $1', [tokenHash(token)]);
  if (rowCount === 0 || (await hasAdministrator(client))) return null;
  const { rows } = await client.query<Account>(
    `INSERT INTO users (email, password_hash, is_admin, plan, time_zone, locale, public_id, confirmed_at)
     VALUES ($1, $2, true, 'unlimited', $3, $4, $5, now()) RETURNING ${ACCOUNT_COLUMNS}`,
    [email, passwordHash, timeZone, locale, newPublicId()],
  );
  await recordAct(client, rows[0].id, 'setup', { id: rows[0].id, name: email }, {});
  return rows[0];
}
