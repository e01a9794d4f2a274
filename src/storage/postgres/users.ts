/** Accounts. */
import type { Plan } from '../../core/account.ts';
import { Failure } from '../../core/failure.ts';
import { isUniqueViolation, type Queryable } from './pool.ts';

export type User = {
  id: number;
  email: string;
  isAdmin: boolean;
  plan: Plan;
  timeZone: string;
  /** Null until the address is confirmed. */
  confirmedAt: Date | null;
};

export type NewUser = {
  /** As `normalizeEmail` makes it. */
  email: string;
  /** Null for an account that only has API keys. */
  passwordHash: string | null;
  isAdmin: boolean;
  plan: Plan;
  timeZone: string;
};

const COLUMNS = `id, email, is_admin AS "isAdmin", plan, time_zone AS "timeZone", confirmed_at AS "confirmedAt"`;

/**
 * An account that is confirmed at once.
 * @throws Failure `invalid` when a confirmed account has the e-mail
 */
export async function createConfirmedUser(db: Queryable, user: NewUser): Promise<User> {
  try {
    const { rows } = await db.query<User>(
      `INSERT INTO users (email, password_hash, is_admin, plan, time_zone, confirmed_at) VALUES ($1, $2, $3, $4, $5, now()) RETURNING ${COLUMNS}`,
      [user.email, user.passwordHash, user.isAdmin, user.plan, user.timeZone],
    );
    if (user.isAdmin) await db.query('DELETE FROM setup_token'); // the way to the first administrator ends, see setup.ts
    return rows[0];
  } catch (error) {
    if (isUniqueViolation(error, 'users_email')) {
      throw new Failure('invalid', `there is an account with the e-mail ${user.email} already`, {
        errors: [{ path: 'email', message: 'is taken' }],
        cause: error,
      });
    }
    throw error;
  }
}

/** Whose address it is; where nobody has proved that, the newest account that claims it. @param email as `normalizeEmail` makes it */
export async function findUserByEmail(db: Queryable, email: string): Promise<User | null> {
  const { rows } = await db.query<User>(
    `SELECT ${COLUMNS} FROM users WHERE lower(email) = lower($1) ORDER BY confirmed_at NULLS LAST, id DESC LIMIT 1`,
    [email],
  );
  return rows[0] ?? null;
}
