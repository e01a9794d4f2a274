/**
 * What a node writes down about itself by the UTC day: counters, runs of what works in the background, warnings and errors, grouped. Everything is a total of
 * this run of the node since the day began, so that it can be written as often as one likes. Bounded: so many different texts and names a day.
 */
import { COUNTER_NAMES, COUNTERS, type CounterName } from './counters.ts';
import type { Logger } from './ports.ts';
import type { TodayBoard } from './shared.ts';
import { DAY_MS } from './zone.ts';

/** Different events of a day and node that are told apart. */
export const EVENTS_MAX = 100;
/** Different names of jobs and maintenance. */
const WORK_MAX = 100;
const MESSAGE_MAX_LENGTH = 200;
const ERROR_MAX_LENGTH = 300;
/** What does not fit any more is counted under this. */
export const OTHER_EVENTS = 'other events';

export type EventLevel = 'warn' | 'error';
/** One event, or several of the same. */
export type NodeEvent = { level: EventLevel; place: string; message: string; times: number; lastAt: number };

export type WorkKind = 'job' | 'maintenance';
/** Something that ran in the background. `error` null: it went well. */
export type WorkRun = { kind: WorkKind; name: string; ms: number; error: string | null };
export type WorkDay = {
  kind: WorkKind;
  name: string;
  runs: number;
  failures: number;
  totalMs: number;
  longestMs: number;
  lastMs: number;
  lastAt: number;
  lastFailedAt: number | null;
  lastError: string | null;
};

export type DayTotals = { counters: Record<CounterName, number>; work: WorkDay[]; events: NodeEvent[] };

type Totals = Record<CounterName, number>;

/** Counters since the day began. */
export function countsSince(start: Totals, now: Totals): Totals {
  const counts = COUNTER_NAMES.map((name) => [name, COUNTERS[name].kind === 'sum' ? now[name] - start[name] : now[name]]);
  return Object.fromEntries(counts) as Totals;
}

/** The first line, cropped, without addresses of pages: those may hold tokens. */
export const plainText = (text: string, max: number): string =>
  text
    .split('\n', 1)[0]
    .replaceAll(/https?:\/\/\S+/g, '…')
    .slice(0, max)
    .toWellFormed()
    .replaceAll('\0', '');

export const errorText = (error: unknown): string =>
  plainText(error instanceof Error ? error.message || error.name : String(error), ERROR_MAX_LENGTH);

/** Events, grouped by place and text. */
export function createEventTally(max = EVENTS_MAX) {
  const groups = new Map<string, NodeEvent>();

  function add({ level, place, message, times, lastAt }: NodeEvent): void {
    let key = `${level} ${place} ${message}`;
    const isKnown = groups.has(key);
    const text = isKnown || groups.size < max - 1 ? message : OTHER_EVENTS;
    const where = text === message ? place : '';
    if (text !== message) key = OTHER_EVENTS;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { level, place: where, message: text, times, lastAt });
    else {
      group.times += times;
      group.lastAt = Math.max(group.lastAt, lastAt);
    }
  }

  return {
    add,
    list: (): NodeEvent[] => [...groups.values()].map((group) => ({ ...group })),
    clear: () => groups.clear(),
  };
}
export type EventTally = ReturnType<typeof createEventTally>;

/** A logger that also tells of each warning and error. @param place where its lines come from, unless they name a ticker */
export function watchedLogger(logger: Logger, place: string, clock: () => number, onEvent: (event: NodeEvent) => void): Logger {
  const watched = (level: EventLevel) => (fields: object, message: string) => {
    logger[level](fields, message);
    const ticker = 'ticker' in fields ? `${place}, ${fields.ticker}` : place;
    onEvent({ level, place: ticker, message: plainText(message, MESSAGE_MAX_LENGTH), times: 1, lastAt: clock() });
  };
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: watched('warn'),
    error: watched('error'),
  };
}

type Day = { day: number; start: Totals; work: Map<string, WorkDay>; events: EventTally };

export type Journal = {
  ran(run: WorkRun): void;
  event(event: NodeEvent): void;
  /** Runs and measures; what it throws is passed on. @param isRun whether there was anything to do */
  timed<T>(kind: WorkKind, name: string, work: () => Promise<T>, isRun?: (result: T) => boolean): Promise<T>;
  /**
   * Looks at the counters: what was counted until now belongs to the day that `now` is in, or to the one before if it has just begun.
   * @returns the totals of each day that was not `settled` yet, the running one last, and of it those so far
   */
  days(now: number): { day: number; totals: DayTotals }[];
  /** That day's totals are kept; nothing is added to a day that is over. */
  settled(day: number): void;
};

export type JournalOptions = {
  readTotals(): Totals;
  /** A new day begins: see forgetMaxima. */
  forgetMaxima(): void;
  board: TodayBoard;
  clock: () => number;
};

export function createJournal({ readTotals, forgetMaxima, board, clock }: JournalOptions): Journal {
  const over = new Map<number, DayTotals>();
  let today = begin(Math.floor(clock() / DAY_MS), readTotals());

  function begin(day: number, start: Totals): Day {
    board.begin(day, start);
    return { day, start, work: new Map(), events: createEventTally() };
  }

  const totalsOf = ({ start, work, events }: Day, now: Totals): DayTotals => ({
    counters: countsSince(start, now),
    work: [...work.values()].map((it) => ({ ...it })),
    events: events.list(),
  });

  const unsettled = () => [...over].map(([day, totals]) => ({ day, totals }));

  function ran({ kind, name, ms, error }: WorkRun): void {
    const key = `${kind} ${name}`;
    const before = today.work.get(key);
    if (before === undefined && today.work.size >= WORK_MAX) return;
    const work = before ?? {
      kind,
      name,
      runs: 0,
      failures: 0,
      totalMs: 0,
      longestMs: 0,
      lastMs: 0,
      lastAt: 0,
      lastFailedAt: null,
      lastError: null,
    };
    const isFailure = error !== null;
    today.work.set(key, {
      ...work,
      runs: work.runs + 1,
      failures: work.failures + (isFailure ? 1 : 0),
      totalMs: work.totalMs + ms,
      longestMs: Math.max(work.longestMs, ms),
      lastMs: ms,
      lastAt: clock(),
      ...(isFailure ? { lastFailedAt: clock(), lastError: error } : {}),
    });
  }

  return {
    ran,
    event: (event) => today.events.add(event),
    async timed(kind, name, work, isRun = () => true) {
      const from = clock();
      try {
        const result = await work();
        if (isRun(result)) ran({ kind, name, ms: clock() - from, error: null });
        return result;
      } catch (error) {
        ran({ kind, name, ms: clock() - from, error: errorText(error) });
        throw error;
      }
    },
    days(now) {
      const day = Math.floor(now / DAY_MS);
      const totals = readTotals(); // once: the end of one day is the start of the next, while other threads count on
      if (day <= today.day) return [...unsettled(), { day: today.day, totals: totalsOf(today, totals) }];
      over.set(today.day, totalsOf(today, totals));
      forgetMaxima();
      today = begin(day, totals);
      return [...unsettled(), { day, totals: totalsOf(today, readTotals()) }];
    },
    settled: (day) => void over.delete(day),
  };
}
