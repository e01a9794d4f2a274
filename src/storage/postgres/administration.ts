/** The frame of all that administrators do: one transaction, with an entry in the audit list. */
import type { AdminAct, AdminAction, AuditStore, Changes } from '../../core/administration.ts';
import { Failure } from '../../core/failure.ts';
import type { Cursor, Slice } from '../../core/slice.ts';
import { inTransaction, type Pool, type PoolClient, type Queryable } from './pool.ts';

/** `id` null: what has none. */
type Subject = { id: number | null; name: string };

export type Act = {
  client: PoolClient;
  /**
   * Written with what was done, or neither is.
   * @throws Failure forbidden when whoever acts is no administrator any more
   */
  record(action: AdminAction, subject: Subject, changes: Changes): Promise<void>;
};

/**
 * Failures that `work` expects are to be returned: one that is thrown costs the connection, see inTransaction.
 * @param adminId who acts
 * @throws the Failure that `work` returned; what it threw
 */
export async function administer<T>(pool: Pool, adminId: number, work: (act: Act) => Promise<T | Failure>): Promise<T> {
  const acting = (client: PoolClient) =>
    work({ client, record: (action, subject, changes) => recordAct(client, adminId, action, subject, changes) });
  const done = await inTransaction(pool, acting);
  if (done instanceof Failure) throw done;
  return done;
}

/** @throws Failure forbidden when that account is no administrator's */
export async function recordAct(db: Queryable, adminId: number, action: AdminAction, subject: Subject, changes: Changes): Promise<void> {
  const { rowCount } = await db.query(
    `INSERT INTO admin_acts (admin_id, admin_email, action, subject_id, subject, changes)
     SELECT id, email, $2, $3, $4, $5 FROM users WHERE id = $1 AND is_admin AND banned_at IS NULL`,
    [adminId, action, subject.id, subject.name, JSON.stringify(changes)],
  );
  if (rowCount === 0) throw new Failure('forbidden', 'This account is no longer an administrator’s');
}

/** Those fields of `to` that differ from `from`. */
export function changesOf<T extends Record<string, unknown>>(from: T, to: T): Changes {
  const changed = Object.keys(to).filter((field) => from[field] !== to[field]);
  return Object.fromEntries(changed.map((field) => [field, { from: from[field], to: to[field] }]));
}

/** @param rows one more than the page may have, when there are more */
export function sliceOf<T>(rows: T[], limit: number, cursorOf: (last: T) => Cursor): Slice<T> {
  const data = rows.slice(0, limit);
  return { data, next: rows.length > limit ? cursorOf(data[limit - 1]) : null };
}

type Row = {
  id: number;
  done_at: Date;
  admin_id: number;
  admin_email: string;
  action: AdminAction;
  subject_id: number | null;
  subject: string;
  changes: Changes;
};

const actOf = (row: Row): AdminAct => ({
  id: row.id,
  at: row.done_at,
  admin: { id: row.admin_id, email: row.admin_email },
  action: row.action,
  subject: { id: row.subject_id, name: row.subject },
  changes: row.changes,
});

export function createAuditStore(pool: Pool): AuditStore {
  return {
    async list(limit, after) {
      const { rows } = await pool.query<Row>(
        `SELECT id, done_at, admin_id, admin_email, action, subject_id, subject, changes FROM admin_acts
         WHERE $2::bigint IS NULL OR id < $2 ORDER BY id DESC LIMIT $1`,
        [limit + 1, after?.id ?? null],
      );
      return sliceOf(rows.map(actOf), limit, ({ id }) => ({ key: id, id }));
    },
  };
}
