/**
 * The memory that all threads of a node see. Six boards, each with one rule of who writes where:
 *  - counters: one lane a thread (see counters.ts);
 *  - link versions: whoever commits an edit of a link bumps the cell of its slug (atomic), here and on all nodes (announce.ts);
 *  - click logs: one row of cells a log; each cell has one writer;
 *  - today: main's, what the counters were when the UTC day began;
 *  - tuning: what main has found out of the machine's load, and when a front last wanted a fold;
 *  - live: one cell a front, how many sockets of the live feed it has open.
 */
import { COUNTER_NAMES, type CounterName, counterBytes } from './counters.ts';
import { UNTUNED } from './ttl.ts';

export type SharedMemory = Record<'counters' | 'versions' | 'logs' | 'tuning' | 'today' | 'live', SharedArrayBuffer>;

export function createSharedMemory(threads: { fronts: number; shards: number }): SharedMemory {
  const lanes = 1 + threads.fronts + threads.shards; // lane 0 is main's
  return {
    counters: new SharedArrayBuffer(counterBytes(lanes)),
    versions: new SharedArrayBuffer(VERSION_MEMORY_CELLS * Int32Array.BYTES_PER_ELEMENT),
    logs: new SharedArrayBuffer(threads.fronts * threads.shards * LOG_CELLS * Float64Array.BYTES_PER_ELEMENT),
    tuning: newTuning(),
    live: new SharedArrayBuffer(threads.fronts * Int32Array.BYTES_PER_ELEMENT),
    today: new SharedArrayBuffer((1 + COUNTER_NAMES.length) * Float64Array.BYTES_PER_ELEMENT),
  };
}

type Totals = Record<CounterName, number>;

/** What the counters were when the UTC day began, or the node if that was later. Written by main. */
export function todayBoard(memory: SharedArrayBuffer) {
  const cells = new Float64Array(memory);
  return {
    /** @param day since 1970 */
    begin(day: number, totals: Totals): void {
      cells[0] = 0; // whoever reads meanwhile finds that no day is today
      for (const [i, name] of COUNTER_NAMES.entries()) cells[1 + i] = totals[name];
      cells[0] = day;
    },
    /** @returns null while the day has not begun for main */
    read(day: number): Totals | null {
      const totals = Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, cells[1 + i]])) as Totals;
      return cells[0] === day ? totals : null;
    },
  };
}
export type TodayBoard = ReturnType<typeof todayBoard>;

/** The same on all nodes: they name cells to each other (bus.ts). */
export const VERSION_CELLS = 65_536;
const EPOCH = VERSION_CELLS;
const DEAF = VERSION_CELLS + 1;
const ABSENCE_EPOCH = VERSION_CELLS + 2;
const VERSION_MEMORY_CELLS = VERSION_CELLS + 3;

/**
 * How an edit reaches every thread before it is answered: no message, a number. A cached link remembers the cell's
 * value from before it was looked up; when the cell has moved on, the cached link is no longer valid. Slugs that share a
 * cell are looked up once more than needed, nothing worse. Other things that are cached have cells by names that no slug can have.
 *
 * Apart from that all cells have an epoch. It moves on when edits of other nodes may have been missed: what was cached before is to be looked up
 * again like something whose lifetime is over, while something whose cell has moved on is not to be used at all any more.
 */
export type LinkVersions = {
  /** The cell of a slug or name; kept beside what is cached so that the redirect only loads a number. */
  cell(name: string): number;
  read(cell: number): number;
  /** After the commit and before the answer of every create, edit and delete. An Announcer does it, and lets other nodes know. */
  bump(name: string): void;
  bumpCell(cell: number): void;
  /** The same for everything that is cached. */
  bumpAll(): void;
  epoch(): number;
  expireAll(): void;
  /** The epoch of what is not there: moves on with the other one, and when links may have been made that were not heard of. */
  absenceEpoch(): number;
  expireAbsences(): void;
  /** Whether edits of other nodes may not be heard of at the moment: then what is cached is not to be kept for long. */
  isDeaf(): boolean;
  setDeaf(isDeaf: boolean): void;
};

export function linkVersions(memory: SharedArrayBuffer): LinkVersions {
  const cells = new Int32Array(memory);
  const cell = (name: string) => {
    let hash = 0x811c9dc5; // FNV-1a, 32 bits
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return (hash ^ (hash >>> 16)) & (VERSION_CELLS - 1);
  };
  const add = (at: number) => void Atomics.add(cells, at, 1);
  return {
    cell,
    // No Atomics.load, which V8 calls out for (100 ns a click): a number of 32 bits is read whole, and who was answered after an edit comes
    // with a system call behind it, so there is nothing to order.
    read: (at) => cells[at],
    bump: (name) => add(cell(name)),
    bumpCell: add,
    bumpAll() {
      for (let at = 0; at < VERSION_CELLS; at++) add(at);
    },
    epoch: () => cells[EPOCH],
    expireAll: () => add(EPOCH),
    absenceEpoch: () => cells[EPOCH] + cells[ABSENCE_EPOCH],
    expireAbsences: () => add(ABSENCE_EPOCH),
    isDeaf: () => cells[DEAF] === 1,
    setDeaf: (isDeaf) => void Atomics.store(cells, DEAF, isDeaf ? 1 : 0),
  };
}

const LOG_CELLS = 5;
const WRITTEN = 0;
const FREED = 1;
const STORED = 2;
const ROTATE = 3;
const NEWEST = 4;

/**
 * What a click log's writer (front) and reader (shard) tell each other and the node. Positions are bytes since the log began.
 * A class, because accessors of an object literal cost twenty times as much and the writer needs them at every click.
 */
export class LogBoard {
  readonly #cells: Float64Array;

  constructor(cells: Float64Array) {
    this.#cells = cells;
  }

  /** End of what is written. The writer's. */
  get written(): number {
    return this.#cells[WRITTEN];
  }
  set written(position: number) {
    this.#cells[WRITTEN] = position;
  }

  /** Start of the newest segment's file, which may be empty yet. The writer's. */
  get newest(): number {
    return this.#cells[NEWEST];
  }
  set newest(start: number) {
    this.#cells[NEWEST] = start;
  }

  /** Start of the oldest segment still on disk. The reader's. */
  get freed(): number {
    return this.#cells[FREED];
  }
  set freed(position: number) {
    this.#cells[FREED] = position;
  }

  /** End of what Postgres has. The reader's. */
  get stored(): number {
    return this.#cells[STORED];
  }
  set stored(position: number) {
    this.#cells[STORED] = position;
  }

  /** How often the reader asked for a new segment (after a failed fsync). The reader's. */
  get rotations(): number {
    return this.#cells[ROTATE];
  }
  set rotations(count: number) {
    this.#cells[ROTATE] = count;
  }
}

/** @param log index of the log: front * shards + shard */
export const logBoard = (memory: SharedArrayBuffer, log: number): LogBoard =>
  new LogBoard(new Float64Array(memory, log * LOG_CELLS * Float64Array.BYTES_PER_ELEMENT, LOG_CELLS));

const TUNING_CELLS = 3;
const TTL = 0;
const LOAD = 1;
const FOLD_WANTED = 2;

/** What follows the load of the machine: main's (jobs/ttl-tuner.ts). A class for the same reason: a redirect reads the lifetime. */
export class TuningBoard {
  readonly #cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
  }

  /** Lifetime of what is cached. */
  get ttlMs(): number {
    return this.#cells[TTL];
  }
  set ttlMs(ttlMs: number) {
    this.#cells[TTL] = ttlMs;
  }

  /** Share of the CPU that is in use, smoothed; 0 before the first measurement. */
  get load(): number {
    return this.#cells[LOAD];
  }
  set load(load: number) {
    this.#cells[LOAD] = load;
  }

  /** When a front last wanted clicks to be folded, in milliseconds since the epoch; 0: never. Of several that write, the last is as good as any. */
  get foldWantedAt(): number {
    return this.#cells[FOLD_WANTED];
  }
  set foldWantedAt(at: number) {
    this.#cells[FOLD_WANTED] = at;
  }
}

function newTuning(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(TUNING_CELLS * Float64Array.BYTES_PER_ELEMENT);
  new TuningBoard(memory).ttlMs = UNTUNED.ttlMs;
  return memory;
}

/** Bytes of all logs that Postgres does not have yet. */
export function backlogBytes(memory: SharedArrayBuffer): number {
  let bytes = 0;
  for (let log = 0; log * LOG_CELLS * Float64Array.BYTES_PER_ELEMENT < memory.byteLength; log++) {
    const { written, stored } = logBoard(memory, log);
    bytes += Math.max(0, written - stored);
  }
  return bytes;
}

/** A front's cell of the live board. A front that has just started has none open. */
export function liveCell(memory: SharedArrayBuffer, front: number): (open: number) => void {
  const cells = new Int32Array(memory);
  cells[front] = 0;
  return (open) => {
    cells[front] = open;
  };
}

/** Open sockets of the live feed, over all fronts of the node. */
export const liveSockets = (memory: SharedArrayBuffer): number => new Int32Array(memory).reduce((sum, open) => sum + open, 0);
