/** What the threads of a node say to each other: two closed sets. Everything else they share is in shared.ts. */
import type { Cells } from './announce.ts';
import type { Countries, CountriesAbout } from './countries.ts';
import type { NodeEvent } from './journal.ts';
import type { Limits } from './limits.ts';
import type { MovedClick } from './live.ts';
import type { ClickDemand, UnstoredBatch } from './ports/clicks.ts';
import type { LogLevel } from './ports.ts';
import type { Quotas } from './quota.ts';
import type { SharedMemory } from './shared.ts';
import type { Trouble } from './troubles.ts';

/** A worker thread's MessagePort; `core` names no module of Node's. */
export type Port = InstanceType<typeof MessagePort>;

/** Between main and a thread. */
export type FromMain =
  | { type: 'stop' }
  /** Other nodes know of these changes now, or have been waited for long enough. */
  | { type: 'announced'; id: number }
  /** Why the node is not well, over all its threads; said whenever it changes. */
  | { type: 'health'; reasons: readonly Trouble[] }
  /** Another node has stored clicks. Sent to fronts. */
  | { type: 'storedElsewhere' }
  /** Another country database; what is read in it from now on counts. */
  | { type: 'countries'; countries: Countries }
  /** A shard thread has started (again); the port leads to it. Sent to fronts and, as the other end, to the shard. */
  | { type: 'connect'; peer: number; port: Port }
  /** The port leads to the pool of threads. Sent to fronts. */
  | { type: 'pool'; port: Port };

export type ToMain =
  | { type: 'ready' }
  /** What has changed, for other nodes; answered by `announced`. */
  | { type: 'changed'; id: number; cells: Cells }
  /** A shard has stored clicks: other nodes may count them. */
  | { type: 'stored' }
  /** Warnings and errors of the thread's log, grouped. */
  | { type: 'events'; events: NodeEvent[] }
  /** The reasons why the thread is not well right now, said whenever they change; empty: all well. */
  | { type: 'health'; reasons: Trouble[] };

/** A task of a front for the pool; every one is answered. */
export type PoolTask = { id: number; name: string; input: unknown };
export type PoolAnswer = { type: 'done'; id: number; result: unknown } | { type: 'busy' | 'failed'; id: number; reason: string };

/** Between a front and a shard. Every question, and every take of one, is answered, in any order. */
export type ShardQuestion =
  | { type: 'unstored'; id: number; linkIds: readonly number[] }
  | { type: 'take'; takes: readonly ClickTake[] }
  /** The front wants to hear of these links' clicks, or no longer. */
  | { type: 'watch' | 'unwatch'; linkIds: readonly number[] };
export type ShardAnswer =
  | { type: 'unstored'; id: number; batches: UnstoredBatch[] }
  | { type: 'failed'; id: number; reason: string }
  | { type: 'taken'; takes: readonly ClickTaken[] }
  /** Links that the front watches and that have got clicks; the newest of them. */
  | { type: 'moved'; linkIds: readonly number[]; clicks: readonly MovedClick[] };

/** A limited link and how many of the front's visitors wait for it. */
export type ClickTake = ClickDemand & { id: number };
/** `granted`: how many of those may go on; null: it is not known. */
export type ClickTaken = { id: number; granted: number | null };

/** What a front thread is started with. */
export type FrontSetup = {
  index: number;
  fronts: number;
  shards: number;
  node: string;
  /** Of this run of the node. */
  run: string;
  version: string;
  startedAt: number;
  host: string;
  port: number;
  /** What short links begin with, without the slash before the slug. */
  baseUrl: string;
  databaseUrl: string;
  isRegistrationOpen: boolean;
  canMail: boolean;
  /** Where throttles are counted; null: in Postgres, and there are no other nodes that main would tell what has changed. */
  redisUrl: string | null;
  limits: Limits;
  /** Secrets that keys are derived from; the first signs, all verify. */
  secrets: readonly [string, ...string[]];
  /** CIDRs. */
  trustedProxies: readonly string[];
  linkCacheEntries: number;
  /** Null: guest links are in Postgres. */
  redisGuestUrl: string | null;
  guestCacheBytes: number;
  quickLinkShops: readonly string[];
  quotas: Quotas;
  /** Places where passwords are checked, shared by all fronts. */
  passwords: SharedArrayBuffer;
  clickLog: ClickLogSetup;
  /** Stored position of each shard's log of this front: where the log goes on at least. */
  startAtLeast: readonly number[];
  /** At the start of the thread. */
  countries: CountriesAbout;
  /** Bearer token of /internal/status. */
  statusToken: string;
  logLevel: LogLevel;
  shared: SharedMemory;
};

export type ClickLogSetup = { dir: string; fsync: 'everysec' | 'always' | 'no'; maxBytes: number };

/** What a shard thread is started with. */
export type ShardSetup = {
  index: number;
  fronts: number;
  shards: number;
  node: string;
  /** Whether there are other nodes that main would tell what has changed. */
  hasOthers: boolean;
  databaseUrl: string;
  clickLog: ClickLogSetup;
  quarantineDir: string;
  flushRows: number;
  flushMs: number;
  /** Hosts that short links are served under. */
  ownHosts: readonly string[];
  countries: SharedArrayBuffer;
  logLevel: LogLevel;
  shared: SharedMemory;
};

/** What pool threads are started with. */
export type PoolSetup = { node: string; databaseUrl: string; logLevel: LogLevel };
