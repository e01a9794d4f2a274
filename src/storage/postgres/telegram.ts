/** Messages to chats, which wait in the queue of jobs. The key of a message makes one of all nodes; what was sent of it is known to the next try. */
import { addJob } from './jobs.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';

export const TELEGRAM_TASK = 'telegram';
/** Tries grow apart from some seconds to six hours (e^n, n at most 10): together some 16 hours. */
const MAX_ATTEMPTS = 12;

export type ChatMessage = { chat: string; parts: string[]; sent: number; ageMs: number };

/** Queues a message for each chat that has none under the key yet. @returns how many */
export function queueMessages(pool: Pool, key: string, chats: readonly string[], parts: readonly string[]): Promise<number> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: number }>(
      `INSERT INTO telegram_messages (key, chat, parts) SELECT $1 || ':' || chat, chat, $3 FROM unnest($2::text[]) AS chat
       ON CONFLICT (key) DO NOTHING RETURNING id`,
      [key, chats, parts],
    );
    for (const { id } of rows) await queueSending(client, id, 0);
    return rows.length;
  });
}

/** @param delaySec not before so many seconds are over */
export const queueSending = (db: Queryable, id: number, delaySec: number): Promise<void> =>
  addJob(db, TELEGRAM_TASK, { message: id }, { key: `${TELEGRAM_TASK}:${id}`, maxAttempts: MAX_ATTEMPTS, delaySec });

/** Whether every chat has a message under the key. */
export async function hasMessages(db: Queryable, key: string, chats: readonly string[]): Promise<boolean> {
  const keys = chats.map((chat) => `${key}:${chat}`);
  const { rows } = await db.query<{ known: number }>('SELECT count(*)::int AS known FROM telegram_messages WHERE key = ANY($1)', [keys]);
  return rows[0].known >= new Set(keys).size;
}

/** @returns null when it is gone */
export async function messageOf(db: Queryable, id: number): Promise<ChatMessage | null> {
  const { rows } = await db.query<ChatMessage>(
    `SELECT chat, parts, sent, (extract(epoch FROM now() - created_at) * 1000)::float8 AS "ageMs" FROM telegram_messages WHERE id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

export async function markSent(db: Queryable, id: number, parts: number): Promise<void> {
  await db.query('UPDATE telegram_messages SET sent = $2 WHERE id = $1', [id, parts]);
}
