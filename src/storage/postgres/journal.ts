/** What nodes write down about themselves by the day (core/journal.ts): each its own rows, in one transaction. */
import { COUNTER_NAMES, COUNTERS, type CounterName } from '../../core/counters.ts';
import type { DayTotals, NodeEvent, WorkDay } from '../../core/journal.ts';
import type { EventStore, JournalStore } from '../../core/operations.ts';
import { dayToISO } from '../../core/zone.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';

/** @param run of the node: unlike any other, ever */
export function createJournalStore(pool: Pool, node: string, run: string): JournalStore {
  const written = { day: Number.NaN, values: new Map<CounterName, number>() };

  return {
    async write(day, { counters, work, events }) {
      const known = written.day === day ? written.values : new Map<CounterName, number>();
      const news = COUNTER_NAMES.filter((name) => counters[name] !== (known.get(name) ?? (COUNTERS[name].kind === 'newest' ? null : 0)));
      await inTransaction(pool, async (client) => {
        const row = { day: dayToISO(day), node, run };
        if (news.length > 0) await writeCounters(client, row, news, counters);
        if (work.length > 0) await writeWork(client, row, work);
        if (events.length > 0) await writeEvents(client, row, events);
      });
      written.day = day;
      written.values = new Map(COUNTER_NAMES.map((name) => [name, counters[name]]));
    },
  };
}

type RowKey = { day: string; node: string; run: string };

async function writeCounters(db: Queryable, { day, node, run }: RowKey, names: CounterName[], counters: DayTotals['counters']) {
  await db.query(
    `INSERT INTO server_counters AS it (day, node, run, name, kind, before, current)
     SELECT $1, $2, $3, name, kind, 0, value FROM unnest($4::text[], $5::text[], $6::float8[]) AS news (name, kind, value)
     ON CONFLICT (day, node, name) DO UPDATE SET
       before = CASE WHEN it.run = excluded.run THEN it.before ELSE it.total END, run = excluded.run, current = excluded.current`,
    [day, node, run, names, names.map((name) => COUNTERS[name].kind), names.map((name) => counters[name])],
  );
}

async function writeWork(db: Queryable, { day, node, run }: RowKey, work: WorkDay[]) {
  await db.query(
    `INSERT INTO work_runs
     SELECT $1, $2, $3, kind, name, runs, failures, "totalMs", "longestMs", "lastMs", to_timestamp("lastAt" / 1000.0),
            to_timestamp("lastFailedAt" / 1000.0), "lastError"
     FROM json_to_recordset($4) AS it (kind text, name text, runs bigint, failures bigint, "totalMs" float8, "longestMs" float8, "lastMs" float8,
                                       "lastAt" float8, "lastFailedAt" float8, "lastError" text)
     ON CONFLICT (day, node, run, kind, name) DO UPDATE SET
       runs = excluded.runs, failures = excluded.failures, total_ms = excluded.total_ms, longest_ms = excluded.longest_ms, last_ms = excluded.last_ms,
       last_at = excluded.last_at, last_failed_at = excluded.last_failed_at, last_error = excluded.last_error
     WHERE work_runs.runs <> excluded.runs`,
    [day, node, run, JSON.stringify(work)],
  );
}

async function writeEvents(db: Queryable, { day, node, run }: RowKey, events: NodeEvent[]) {
  await db.query(
    `INSERT INTO server_events
     SELECT $1, $2, $3, level, place, message, times, to_timestamp("lastAt" / 1000.0)
     FROM json_to_recordset($4) AS it (level text, place text, message text, times bigint, "lastAt" float8)
     ON CONFLICT (day, node, run, level, place, message) DO UPDATE SET times = excluded.times, last_at = excluded.last_at
     WHERE server_events.times <> excluded.times`,
    [day, node, run, JSON.stringify(events)],
  );
}

export const createEventStore = (pool: Pool): EventStore => ({
  async list({ from, to }, limit) {
    const { rows } = await pool.query<Omit<NodeEvent, 'lastAt'> & { lastAt: Date }>(
      `SELECT level, place, message, sum(times)::bigint AS times, max(last_at) AS "lastAt" FROM server_events WHERE day BETWEEN $1 AND $2
       GROUP BY level, place, message ORDER BY level = 'error' DESC, sum(times) DESC, place, message LIMIT $3`,
      [from, to, limit],
    );
    return rows.map((row) => ({ ...row, lastAt: row.lastAt.getTime() }));
  },
});

/** Whether any node has written of that day. */
export async function isDayWritten(db: Queryable, day: string): Promise<boolean> {
  const { rowCount } = await db.query('SELECT FROM server_counters WHERE day = $1 LIMIT 1', [day]);
  return rowCount === 1;
}
