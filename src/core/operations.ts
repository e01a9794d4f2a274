/** What those who run a server see of it: the ports of counters, nodes, jobs and messages. Everything rejects when the store is away. */

import type { CounterName } from './counters.ts';
import type { DayTotals, NodeEvent, WorkDay } from './journal.ts';
import type { Cursor, Slice } from './slice.ts';

/** Where a node writes its journal. */
export type JournalStore = {
  /** In one transaction; writing it again changes nothing. @param day since 1970 */
  write(day: number, totals: DayTotals): Promise<void>;
};

/** Days are UTC's, as `YYYY-MM-DD`; both ends are included. */
export type DayRange = { from: string; to: string };

export type CounterDay = { day: string; counters: Record<CounterName, number> };

export type CounterStore = {
  /** Over all nodes, every day of the range in order; today as of now on this node, and up to a minute ago on others. */
  days(range: DayRange): Promise<CounterDay[]>;
};

/** How a node is. */
export type NodeCondition = {
  uptimeSec: number;
  /** Lifetime of a cached link. */
  ttlMs: number;
  fronts: number;
  shards: number;
  /** Bytes of click log that are not in Postgres yet. */
  backlogBytes: number;
  /** The same in clicks, reckoned with the mean size of the records that this process has written. */
  backlogClicks: number;
  clicksLost: number;
  /** Why the node is not well; empty when it is. */
  degraded: readonly string[];
};

/** What a node says of itself at each heartbeat. */
export type NodeState = NodeCondition & {
  /** How full the file system of its data folder is, 0 to 1; null: not known. */
  diskUsed: number | null;
  /** By log: bytes that were written, and that Postgres has. */
  logs: readonly { name: string; written: number; stored: number }[];
};

export type NodeHealth = 'running' | 'stopped' | 'silent';

export type NodeRow = {
  node: string;
  version: string;
  startedAt: Date;
  seenAt: Date;
  /** `stopped`: it has said so. `silent`: it has said nothing for too long. */
  health: NodeHealth;
  state: NodeState;
};

export type NodeStore = { list(): Promise<NodeRow[]> };

export const JOB_STATES = ['running', 'waiting', 'failed', 'dead'] as const;
/** `failed`: its last try has; it waits for the next one. `dead`: there will be none. */
export type JobState = (typeof JOB_STATES)[number];

export type Job = {
  id: number;
  task: string;
  state: JobState;
  attempts: number;
  maxAttempts: number;
  runAt: Date;
  createdAt: Date;
  /** Null: it has not failed yet. */
  lastError: string | null;
  /** Which worker has it. */
  lockedBy: string | null;
  lockedAt: Date | null;
  /** False: what it needed is gone, see GivenUpJob. */
  canRetry: boolean;
};

/** A day's work, over nodes. */
export type WorkSummary = WorkDay & { day: string };

/** Jobs in the hands of administrators; each act is in the audit list. What they carry is never shown. */
export type JobAdministration = {
  list(state: JobState | undefined, limit: number, after: Cursor | null): Promise<Slice<Job>>;
  counts(): Promise<Record<JobState, number>>;
  /** By day, the newest first, from a UTC day on. */
  work(from: string): Promise<WorkSummary[]>;
  /** Now, with all its tries. @throws Failure not_found; job_running; job_gone when what it needed was deleted */
  retry(adminId: number, id: number): Promise<Job>;
  /** @throws Failure not_found; job_running */
  delete(adminId: number, id: number): Promise<void>;
};

/** Of all nodes, the most frequent first. */
export type EventStore = { list(range: DayRange, limit: number): Promise<NodeEvent[]> };
