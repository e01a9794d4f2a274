/** Accounts in the hands of administrators. */
import type { AdminUser, UserAdministration, UserChanges } from '../../core/administration.ts';
import { Failure } from '../../core/failure.ts';
import type { Belongings } from '../../core/ports/accounts.ts';
import { endTokens, removeLocked } from './accounts.ts';
import { listUsers, USER_COLUMNS } from './admin-user-list.ts';
import { type Act, administer, changesOf } from './administration.ts';
import { whyLastStays } from './administrators.ts';
import { isUniqueViolation, type Pool, type PoolClient, type Queryable } from './pool.ts';

/**
 * @param announce makes it known everywhere that links and keys have ended, or may do less. Called after the commit, also after one whose answer
 *   was lost
 */
export function createUserAdministration(pool: Pool, announce: (ended: Belongings) => Promise<void>): UserAdministration {
  /** @param work says what it ends before it is committed */
  async function announcing<T>(adminId: number, work: (act: Act, ends: (ended: Belongings) => void) => Promise<T | Failure>): Promise<T> {
    let ended: Belongings = { slugs: [], keyHashes: [] };
    try {
      return await administer(pool, adminId, (act) =>
        work(act, (it) => {
          ended = it;
        }),
      );
    } finally {
      await announce(ended);
    }
  }

  return {
    list: (filter, sort, limit, after) => listUsers(pool, filter, sort, limit, after),

    async get(id) {
      const user = await find(pool, id);
      if (user === null) throw notFound();
      return user;
    },

    async edit(adminId, id, wanted) {
      try {
        return await announcing(adminId, (act, ends) => edit(act, adminId, id, wanted, ends));
      } catch (error) {
        if (isUniqueViolation(error, 'users_email')) throw addressTaken();
        throw error;
      }
    },

    delete: (adminId, id) =>
      announcing(adminId, async ({ client, record }, ends) => {
        const user = await find(client, id, 'FOR UPDATE');
        if (user === null) return notFound();
        const why = await whyNot(client, adminId, user, null);
        if (why !== null) return why;
        await record('user.delete', { id, name: user.email }, {});
        ends(await removeLocked(client, id));
        return undefined;
      }),
  };
}

async function find(db: Queryable, id: number, lock = ''): Promise<AdminUser | null> {
  const { rows } = await db.query<AdminUser>(
    `SELECT ${USER_COLUMNS}, (SELECT count(*) FROM links l WHERE l.owner_id = u.id) AS links FROM users u WHERE u.id = $1 ${lock}`,
    [id],
  );
  return rows[0] ?? null;
}

/** What can be edited, by the names of the API. */
type State = { plan: string; banned: boolean; dailyReport: boolean; isAdmin: boolean; confirmed: boolean };
const stateOf = ({ plan, bannedAt, dailyReport, isAdmin, isConfirmed }: AdminUser): State => ({
  plan,
  banned: bannedAt !== null,
  dailyReport,
  isAdmin,
  confirmed: isConfirmed,
});
const isAdministrator = ({ isAdmin, banned }: State): boolean => isAdmin && !banned;

async function edit(
  { client, record }: Act,
  adminId: number,
  id: number,
  wanted: UserChanges,
  ends: (ended: Belongings) => void,
): Promise<AdminUser | Failure> {
  const user = await find(client, id, 'FOR NO KEY UPDATE OF u');
  if (user === null) return notFound();
  const before = stateOf(user);
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const after: State = { ...before, ...given };
  const changes = changesOf(before, after);
  if (Object.keys(changes).length === 0) return user;
  const why = await whyNot(client, adminId, user, after);
  if (why !== null) return why;
  await record('user.edit', { id, name: user.email }, changes);
  await client.query(
    `UPDATE users SET plan = $2, daily_report = $3, is_admin = $4,
       banned_at = CASE WHEN $5 THEN coalesce(banned_at, now()) END, confirmed_at = CASE WHEN $6 THEN coalesce(confirmed_at, now()) END
     WHERE id = $1`,
    [id, after.plan, after.dailyReport, after.isAdmin, after.banned, after.confirmed],
  );
  if (before.banned !== after.banned) await endTokens(client, id);
  if (before.isAdmin && !after.isAdmin)
    await client.query(`UPDATE api_keys SET scopes = array_remove(scopes, 'admin') WHERE user_id = $1`, [id]);
  if (before.banned !== after.banned || before.isAdmin !== after.isAdmin) ends({ slugs: [], keyHashes: await keysOf(client, id) });
  return (await find(client, id)) ?? notFound();
}

async function keysOf(client: PoolClient, userId: number): Promise<Uint8Array[]> {
  const { rows } = await client.query<{ hash: Buffer }>('SELECT hash FROM api_keys WHERE user_id = $1', [userId]);
  return rows.map(({ hash }) => hash);
}

/** @param after null: the account is deleted */
async function whyNot(client: PoolClient, adminId: number, user: AdminUser, after: State | null): Promise<Failure | null> {
  if (after?.confirmed && !user.isConfirmed && (await isAddressTaken(client, user))) return addressTaken();
  if (!isAdministrator(stateOf(user)) || (after !== null && isAdministrator(after))) return null;
  if (user.id === adminId) return new Failure('own_account', 'Nobody bans, demotes or deletes themselves: ask another administrator');
  return whyLastStays(client, user.id);
}

async function isAddressTaken(client: PoolClient, { id, email }: AdminUser): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM users WHERE lower(email) = lower($1) AND confirmed_at IS NOT NULL AND id <> $2', [
    email,
    id,
  ]);
  return rowCount !== 0;
}

const addressTaken = () =>
  new Failure('invalid', 'One field is not valid', { errors: [{ path: 'confirmed', message: 'another account has proved this address' }] });
const notFound = () => new Failure('not_found', 'There is no such account');
