/** Counters of all nodes by the day; what this one has counted since it wrote last is added from its memory. */
import { COUNTER_NAMES, COUNTERS, type CounterKind, type CounterName, joinCounts, readCounters } from '../../core/counters.ts';
import { countsSince } from '../../core/journal.ts';
import type { CounterDay, CounterStore, DayRange } from '../../core/operations.ts';
import type { Clock } from '../../core/ports.ts';
import { todayBoard } from '../../core/shared.ts';
import { DAY_MS, dayToISO } from '../../core/zone.ts';
import type { Pool } from './pool.ts';

export type CounterStoreOptions = {
  pool: Pool;
  node: string;
  run: string;
  memory: { counters: SharedArrayBuffer; today: SharedArrayBuffer };
  clock: Clock;
};

type Counts = Record<CounterName, number>;
type Row = { day: string; name: string; node: string; run: string; before: number; total: number };

export function createCounterStore({ pool, node, run, memory, clock }: CounterStoreOptions): CounterStore {
  const board = todayBoard(memory.today);

  /** @returns null when this node has nothing to say of that day but what it has written */
  function unwritten(day: number): Counts | null {
    const start = board.read(day);
    return start === null ? null : countsSince(start, readCounters(memory.counters));
  }

  return {
    async days({ from, to }) {
      const { rows } = await pool.query<Row>(
        'SELECT day, name, node, run, before, total FROM server_counters WHERE day BETWEEN $1 AND $2 ORDER BY day',
        [from, to],
      );
      const today = Math.floor(clock() / DAY_MS);
      const live = unwritten(today);
      const isOwnToday = (row: Row) => live !== null && row.node === node && row.day === dayToISO(today);
      const stored = rows.filter((row) => !isOwnToday(row)).map(({ total, ...row }) => ({ ...row, value: total }));
      const own = live === null ? [] : ownRows(rows.filter(isOwnToday), live, dayToISO(today));
      return daysOf({ from, to }, [...stored, ...own]);
    },
  };

  /** What was before this run, with what this run has counted until now: it is at least what it has written. */
  function ownRows(rows: Row[], live: Counts, day: string) {
    const before = new Map(rows.map((row) => [row.name, row.run === run ? row.before : row.total]));
    return COUNTER_NAMES.map((name) => ({ day, name, value: joinCounts(COUNTERS[name].kind, before.get(name) ?? 0, live[name]) }));
  }
}

function daysOf({ from, to }: DayRange, values: { day: string; name: string; value: number }[]): CounterDay[] {
  const days = new Map<string, Map<CounterName, number>>();
  for (let day = Date.parse(from); day <= Date.parse(to); day += DAY_MS) days.set(dayToISO(day / DAY_MS), new Map());
  for (const { day, name, value } of values) {
    const known = COUNTER_NAMES.find((it) => it === name);
    const counts = days.get(day);
    if (known === undefined || counts === undefined) continue; // of another version, or a day that has just begun
    const before = counts.get(known);
    counts.set(known, before === undefined ? value : joinNodes(COUNTERS[known].kind, before, value));
  }
  return [...days].map(([day, counts]) => ({
    day,
    counters: Object.fromEntries(COUNTER_NAMES.map((name) => [name, counts.get(name) ?? 0])) as Counts,
  }));
}

const joinNodes = (kind: CounterKind, one: number, other: number): number =>
  kind === 'newest' ? Math.min(one, other) : joinCounts(kind, one, other);
