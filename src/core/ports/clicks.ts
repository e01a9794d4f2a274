/** Ports of the way of a click: written down, stored, counted, folded, thrown away. */
import type { LinkDays } from '../link-day.ts';

/** What a front thread does with a decided click: write it down, before the answer. Never throws. */
export type ClickWriter = {
  /**
   * Appends one click to the log of the link's shard, synchronously.
   * @returns false when it could not be written (already counted as lost)
   */
  append(
    at: number,
    linkId: number,
    zoneOffset: number,
    address: ArrayBuffer,
    userAgent: string,
    referrer: string,
    language: string,
  ): boolean;
};

/**
 * Who keeps count of limited links (core/link.ts, `LinkRules.maxClicks`). A click that was granted is used up whatever becomes of it, so that
 * there are never more than the limit; when that cannot be known for sure, nothing is granted.
 */
export type ClickLimits = {
  /** Takes one click of the link's limit. Never rejects. */
  take(linkId: number): Promise<'granted' | 'exhausted' | 'unavailable'>;
};

/** So many clicks of a link are asked for. */
export type ClickDemand = { linkId: number; clicks: number };

/** Where it is kept how many clicks of limited links are used. */
export type ClickLimitStore = {
  /**
   * Takes what is left of each link, up to what is asked for, in one transaction.
   * @param demands one a link
   * @returns how many were taken, by link id; a link that somebody else keeps locked is not in it, and has to be asked for alone
   * @throws when it is not known how many were taken: count them as used
   */
  take(demands: readonly ClickDemand[]): Promise<Map<number, number>>;
  /** The same for one link, waiting until nobody keeps it locked. @returns 0 also when there is no such link any more */
  takeAlone(demand: ClickDemand): Promise<number>;
};

/** A visitor whose first click of the owner's day may lie in clicks that are not stored yet. */
export type VisitorCandidate = { linkId: number; day: number; visitor: bigint; quarter: number };

/** Clicks that one shard holds in one batch and Postgres may not have yet. */
export type UnstoredBatch = {
  /** Log name → position behind the last click of that log in this batch. Stored when Postgres has reached any of them: a batch is one transaction. */
  ends: Record<string, number>;
  /** Counts without uniques; those are decided from `candidates` against the store. */
  days: LinkDays;
  candidates: VisitorCandidate[];
};

/** How far a batch moves one log. */
export type LogMove = { front: number; shard: number; from: number; to: number };

/** Clicks ready to be stored: rows in COPY format (core/copy-row.ts), without header and trailer. */
export type StorableBatch = {
  readonly rows: number;
  readonly bytes: Uint8Array;
  /** Row i is bytes[starts[i], starts[i + 1]). */
  readonly starts: Int32Array;
  readonly moves: ReadonlyMap<string, LogMove>;
  setBatchId(batchId: number): void;
};

/** Where a shard stores clicks. */
export type ClickStore = {
  /**
   * Stores a batch in one transaction with the positions it moves: `stored` for now, `already` when an earlier try had got through.
   * Rows that Postgres refuses are put into quarantine, the others are stored.
   * @throws when Postgres is away (try again with the same batch) or when the positions are neither before nor behind the batch
   */
  store(batch: StorableBatch): Promise<{ outcome: 'stored' | 'already'; quarantined: number }>;
  /** Stored positions of this node's logs by name; logs that are not known yet begin at 0. */
  positions(logs: readonly { name: string; front: number; shard: number }[]): Promise<Map<string, number>>;
  /** The salt of a day of any owner's calendar (days since 1970); the first to ask makes it. 16 bytes. */
  salt(day: number): Promise<Uint8Array>;
};

/** Everything that was ever counted of a link. `clicks` are people's. */
export type LinkTotals = { clicks: number; uniques: number; bots: number };

export type ClickCounts = { totals: Map<number, LinkTotals>; days: LinkDays };

/**
 * Counts links as of one moment: folded, stored and — as given — not yet stored clicks, none missing, none twice.
 * `days` holds the documents of the asked days and of all days with clicks that are not folded; facets only when asked for.
 */
export type ClickCounter = (question: {
  linkIds: readonly number[];
  /** Days of the owners' calendars, both included. */
  fromDay: number;
  toDay: number;
  facets: boolean;
  unstored: readonly UnstoredBatch[];
}) => Promise<ClickCounts>;

/** The partitions of the stored clicks. */
export type EpochStore = {
  state(): Promise<{ unfoldedRows: number; oldestAgeMs: number; epochRows: number; epochAgeMs: number }>;
  /** Begins a new partition; batches that are stored from now on go there. */
  advance(): Promise<void>;
  /** After folds: lets questions pass over what is folded. */
  settle(): Promise<void>;
  /** Drops partitions whose clicks are all folded and older than `keepDays`. @returns how many */
  dropFolded(keepDays: number): Promise<number>;
};

/** Counts that one link gets from a fold. */
export type FoldedDay = { linkId: number; day: number; doc: Uint8Array; clicks: number; uniques: number; bots: number };

/** A link's facets of all time, as a document without quarters. */
export type FoldedTotal = { linkId: number; facets: Uint8Array };

/** The store's side of one fold, within its transaction. */
export type FoldTransaction = {
  /** Streams the clicks of the batches that are folded, in COPY format. */
  readClicks(push: (chunk: Uint8Array) => void): Promise<void>;
  /** Remembers visitors; calls `isNew` with the index of each who was not known on that day. No two entries may be alike. */
  addVisitors(visitors: { count: number; days: Int32Array; hi: Int32Array; lo: Int32Array }, isNew: (index: number) => void): Promise<void>;
  /** The stored documents of links and days, where there are any. */
  readDays(keys: readonly { linkId: number; day: number }[]): Promise<Map<string, Uint8Array>>;
  /** The facets of all time of links that have totals; null: they were never made. */
  readTotals(linkIds: readonly number[]): Promise<Map<number, Uint8Array | null>>;
  /** Every document of a link. */
  readAllDays(linkId: number): Promise<Uint8Array[]>;
  /** Replaces documents and facets of all time, and adds to the counts of totals; links that are gone are left out. */
  writeDays(days: readonly FoldedDay[], totals: readonly FoldedTotal[]): Promise<void>;
};

export type FoldResult = { rows: number; batches: number; days: number };

/** Folds what is stored and not folded, up to `maxRows`. Null when another fold is under way or there is nothing to do. */
export type FoldStore = {
  fold(maxRows: number, work: (transaction: FoldTransaction) => Promise<{ days: number }>): Promise<FoldResult | null>;
};

/** Days whose documents are to hold one number instead of quarter-hours: those behind `after`, up to `through`. */
export type WholeDays = { after: number; through: number; lateFolds: number };
export type DocumentKey = { linkId: number; day: number };

/** What retention needs of the store. Whatever has to lock a table gives up when somebody keeps it: it is tried again the next time. */
export type RetentionStore = {
  /** Drops the visitors of days before this one. @returns how many days */
  dropVisitors(beforeDay: number): Promise<number>;
  /** Deletes the salts of days before this one. @returns how many */
  dropSalts(beforeDay: number): Promise<number>;
  /** Begins to make days whole. @returns null when all of them are */
  beginWholeDays(through: number): Promise<WholeDays | null>;
  /**
   * Replaces some documents, in one transaction.
   * @param after the last document of the step before; null: begins
   * @param whole makes the new document; null: it stays
   * @returns the last document that was looked at, null when there are no more; and how many were replaced
   */
  rewriteDays(
    days: WholeDays,
    after: DocumentKey | null,
    whole: (doc: Uint8Array, day: number, timeZone: string) => Uint8Array | null,
  ): Promise<{ last: DocumentKey | null; rewritten: number }>;
  /** Notes that the days are whole, unless a fold has put quarter-hours into one of them meanwhile. */
  endWholeDays(days: WholeDays): Promise<void>;
  /** Lets the space of documents that were replaced be used again. */
  reuseSpace(): Promise<void>;
};

/** Key of `FoldTransaction.readDays`. */
export const dayKey = (linkId: number, day: number): string => `${linkId}/${day}`;

/** Asks every shard of this node for the clicks that may not be stored yet, complete up to the moment of asking. */
export type UnstoredClicks = (linkIds: readonly number[]) => Promise<UnstoredBatch[]>;
