/**
 * The port types that join the folders: `http`, `actors`, `storage` and `jobs` know each other only through these.
 */

import type { Locale, Plan } from './account.ts';
import type { CreateApiKey, CreateLink, EditLink, Scope } from './api.ts';
import type { BusBody, BusBodyOf } from './bus.ts';
import type { GuestLink, Link } from './link.ts';
import type { LinkDays } from './link-day.ts';
import type { LinkQuestion, TagCount } from './link-list.ts';
import type { Slice } from './slice.ts';
import type { StatsFigures, StatsRange } from './stats.ts';

/** Milliseconds since the epoch. A parameter wherever time matters, so that tests can move it. */
export type Clock = () => number;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The part of pino's interface that elnk uses; one line per event. */
export type Logger = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** Something opened: holders see `value`, whoever started it calls `stop`, once. */
export type Component<T> = { value: T; stop(): Promise<void> };

/** Asks the store for links by slug; one query for all. A slug without a link is absent from the answer. */
export type LinkLookup<L = Link> = (slugs: readonly string[]) => Promise<Map<string, L>>;

/**
 * Where guest links are kept, by their slugs: under a cap of bytes, and what was not used for the longest time goes first.
 * Everything rejects when the store is away.
 */
export type GuestStore = {
  /**
   * Makes a link when the slug is free.
   * @returns where the slug leads now (null: what it led to has just been displaced), and whether this has made it
   */
  put(slug: string, target: string): Promise<{ target: string | null; isNew: boolean }>;
  lookup: LinkLookup<GuestLink>;
  /** Says that links were used; those that are gone stay gone. */
  touch(slugs: readonly string[]): Promise<void>;
};

/** What guests do with links. Rejects when the store is away. */
export type GuestLinks = {
  /** A new link, whoever else has one to the same target. @returns its slug */
  create(target: string): Promise<string>;
  /** The one link that all quick links to a target share. @returns its slug, and whether it had to be made (again) */
  share(target: string): Promise<{ slug: string; isNew: boolean }>;
};

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

/** For whom a call is made, and what it may do: a program by its key, or a person who is signed in. */
export type ApiCaller = {
  userId: number;
  /** Of the account, as in the token; null for a key. */
  publicId: string | null;
  kind: 'key' | 'session';
  scopes: readonly string[];
  timeZone: string;
};

/** @param token an access token; @returns null when it is not valid, or the account is not there, or banned */
export type SessionLookup = (token: string) => Promise<ApiCaller | null>;

/** An account as its owner sees it. */
export type Account = {
  id: number;
  /** What tokens name it by; a new one with every password. */
  publicId: string;
  email: string;
  /** One that was entered as the new one and is not confirmed yet. */
  pendingEmail: string | null;
  isAdmin: boolean;
  plan: Plan;
  timeZone: string;
  locale: Locale;
  dailyReport: boolean;
  isConfirmed: boolean;
  createdAt: Date;
};
/** `passwordHash` is null for an account that only has API keys. */
export type AccountCredentials = Account & { passwordHash: string | null };
/** Undefined: stays as it is. `email` is the account's once it is proved by the token. */
export type AccountChanges = {
  timeZone: string | undefined;
  locale: Locale | undefined;
  dailyReport: boolean | undefined;
  passwordHash: string | undefined;
  email: { address: string; token: ProofToken } | undefined;
};
/** An account as somebody is signed in to it: with another public id it is no longer theirs to change. */
export type SignedIn = Pick<Account, 'id' | 'publicId'>;

/** Slugs of links, and SHA-256 of keys. */
export type Belongings = { slugs: string[]; keyHashes: Uint8Array[] };

/** Accounts that may sign in; one that is banned is not found. */
export type AccountStore = {
  /** Whose address it is, and the newest account that claims it and has not proved it. */
  findByEmail(email: string): Promise<{ owner: AccountCredentials | null; claim: AccountCredentials | null }>;
  findByPublicId(publicId: string): Promise<AccountCredentials | null>;
  /**
   * All of it or nothing. A new password ends all sessions and tokens of the account, and gives it another public id.
   * @returns null when it goes by another public id, or there is no such account any more
   */
  change(account: SignedIn, changes: AccountChanges): Promise<Account | null>;
  /** Another hash of the same password; nothing happens when it is no longer `before`. */
  rehash(id: number, before: string, passwordHash: string): Promise<void>;
  /** Ends all sessions and tokens of the account. */
  endTokens(id: number): Promise<void>;
  /**
   * Deletes the account with its links, keys and statistics.
   * @param onGone is told what is gone: slugs, and SHA-256 of keys
   * @returns false when it goes by another public id, or there is no such account any more
   * @throws Failure last_administrator
   */
  remove(account: SignedIn, onGone: (gone: Belongings) => Promise<void>): Promise<boolean>;
  /** What threads may have at hand of an account. */
  belongings(id: number): Promise<Belongings>;
};

/** Chains of refresh tokens, each of which may be used once. */
export type SessionStore = {
  /** The first token's generation is 1. */
  open(id: string, userId: number, ttlSec: number): Promise<void>;
  /** @returns the next token's generation; null when this is not the newest token's, or the chain has ended */
  advance(id: string, generation: number, ttlSec: number): Promise<number | null>;
  end(id: string): Promise<void>;
};

/** A token that a mail brings; `link` is where the mail leads. */
export type MailToken = { token: string; link: string; ttlSec: number };
/** One that proves an address. `signInLink` is where the mail leads when the address is an account's already. */
export type ProofToken = MailToken & { signInLink: string };
export type NewAccount = { email: string; passwordHash: string; timeZone: string; locale: Locale };

/** What begins with a mail. Tokens are good once, for their purpose, and until there is a newer one. */
export type RegistrationStore = {
  /** Also when the address is an account's already: the same happens, but that the mail is another one, and the address cannot be proved. */
  register(account: NewAccount, token: ProofToken): Promise<Account>;
  /**
   * Confirms an address, the account's or a new one, which is the account's from then on.
   * @param accountLink where a mail to the former address leads
   * @returns whether the token was good, and the address is not another account's
   */
  confirm(token: string, accountLink: string): Promise<boolean>;
  /** Nothing happens when the address is confirmed already. */
  sendConfirmation(userId: number, token: ProofToken): Promise<void>;
  /** Queues what `sendReset` does, which takes the same time whether there is such an account or not. */
  requestReset(email: string): Promise<void>;
  /** Nothing happens when there is no such account. */
  sendReset(email: string, token: MailToken): Promise<void>;
  /**
   * Ends all sessions and tokens of the account; its keys, too, when its address had never been proved.
   * @returns SHA-256 of the keys; null when the token was not good
   */
  resetPassword(token: string, passwordHash: string): Promise<{ endedKeys: Uint8Array[] } | null>;
};

/** So many tries in so much time. `name` is told to clients. */
export type ThrottlePolicy = { name: string; limit: number; windowSec: number };

export type Throttle = {
  /** Counts a try, before it is made, or several. @throws Failure too_many_requests when there were enough */
  take(key: string, points?: number): Promise<void>;
  /** A try that does not count after all. */
  giveBack(key: string): Promise<void>;
  /** All tries are forgotten. */
  forget(key: string): Promise<void>;
};

/** What was granted of the points that were asked for, what others may still have in this window, and when it ends. */
export type Lease = { granted: number; left: number; resetMs: number };

/** Gives points of a limit away beforehand; what was granted must not be used after the end of the window. */
export type PointStore = { lease(key: string, points: number): Promise<Lease> };

/** How passwords are hashed and checked (storage/passwords.ts). */
export type Passwords = {
  hash(password: string): Promise<string>;
  verify(hash: string | null, password: string): Promise<boolean>;
  isOutdated(hash: string): boolean;
};

/** For whom a key speaks; `banned` says that it speaks for nobody, as its account is. */
export type KeyHolder = ApiCaller | 'banned';
/** @param hash SHA-256 of the key; @returns null when there is no such key, or it has expired */
export type KeyLookup = (hash: Uint8Array) => Promise<KeyHolder | null>;

/** A key as its owner sees it: without the key. Times in milliseconds since the epoch. */
export type OwnedApiKey = {
  id: number;
  name: string;
  prefix: string;
  scopes: Scope[];
  createdAt: number;
  expiresAt: number | null;
  /** To about a minute; null: never. */
  lastUsedAt: number | null;
};

/** The keys of their owners. Whatever belongs to somebody else is answered as if it were not there. */
export type ApiKeyStore = {
  /**
   * Makes a key. Nobody can read `secret`, the key itself, again.
   * @throws Failure invalid when the account has as many keys as it may have, or may not give a scope
   */
  create(ownerId: number, key: CreateApiKey): Promise<{ key: OwnedApiKey; secret: string }>;
  /** The newest first. */
  list(ownerId: number): Promise<OwnedApiKey[]>;
  /** The key is dead on every node when this settles. @throws Failure not_found */
  delete(ownerId: number, id: number): Promise<void>;
};

/** A link as its owner sees it, without its clicks. Times in milliseconds since the epoch. */
export type OwnedLink = {
  id: number;
  slug: string;
  url: string;
  title: string | null;
  tags: string[];
  disabled: boolean;
  hasPassword: boolean;
  /** The rules, as in `LinkRules` (core/link.ts). */
  maxClicks: number | null;
  clicksUsed: number;
  validFrom: number | null;
  expiresAt: number | null;
  expiredUrl: string | null;
  version: number;
  createdAt: number;
  updatedAt: number;
};

/** A password comes to the store as its hash: a PHC string; null: none; undefined: as it is. */
type Hashed<T extends { password?: unknown }> = Omit<T, 'password'> & { passwordHash?: string | null | undefined };
export type NewLink = Hashed<CreateLink>;
export type LinkChanges = Hashed<EditLink>;

/** What makes a repeated request the same request: the caller's key, and SHA-256 of what was asked. */
export type Idempotency = { key: string; requestHash: Uint8Array };

/** Why one of many links is not made. */
export type Refusal =
  | { code: 'slug_taken' }
  | { code: 'quota_exceeded'; plan: Plan }
  | { code: 'invalid'; errors: readonly { path: string; message: string }[] };
/** `message` is for people. */
export type RefusedLink = Refusal & { message: string };

/** The links of their owners. Whatever belongs to somebody else is answered as if it were not there. */
export type LinkStore = {
  /**
   * Makes a link; a random slug when none is given. A repeat of an idempotent request returns the link as it was when it was made.
   * @throws Failure slug_taken, idempotency_conflict, unconfirmed, quota_exceeded (QuotaExceeded); unauthenticated when the account is gone
   */
  create(ownerId: number, link: NewLink, idempotency: Idempotency | null): Promise<OwnedLink>;
  /**
   * Makes many at once; of each its link, or why there is none. Who comes first has the room that the quota leaves.
   * @param links what is refused already is passed through, so that a repeat has the same outcomes
   * @returns `isRepeat`: of an idempotent request, with the outcomes of the first time; nothing was made
   * @throws Failure idempotency_conflict, unconfirmed; unauthenticated when the account is gone
   */
  createMany(
    ownerId: number,
    links: readonly (NewLink | RefusedLink)[],
    idempotency: Idempotency | null,
  ): Promise<{ outcomes: (OwnedLink | RefusedLink)[]; isRepeat: boolean }>;
  /**
   * Deletes links with their statistics.
   * @returns the slugs of those that there were; `isRepeat` as for createMany
   * @throws Failure idempotency_conflict
   */
  deleteMany(ownerId: number, slugs: readonly string[], idempotency: Idempotency | null): Promise<{ deleted: string[]; isRepeat: boolean }>;
  /** @throws Failure not_found */
  get(ownerId: number, slug: string): Promise<OwnedLink>;
  /** Whether some link, whoever's, has the slug. */
  isSlugTaken(slug: string): Promise<boolean>;
  /** One page. `next` continues it, for the same question. */
  list(ownerId: number, question: LinkQuestion): Promise<Slice<OwnedLink>>;
  /** The owner's tags by name. @param after the last tag of the page before; null: from the beginning */
  tags(ownerId: number, limit: number, after: string | null): Promise<TagCount[]>;
  /**
   * @param versions the edit is made only when the link's version is one of them; null: any
   * @throws Failure not_found, stale, slug_taken; invalid when the link would expire before it begins
   */
  edit(ownerId: number, slug: string, changes: LinkChanges, versions: readonly number[] | null): Promise<OwnedLink>;
  /** Deletes the link with its statistics. @throws Failure not_found, stale */
  delete(ownerId: number, slug: string, versions: readonly number[] | null): Promise<void>;
};

/** What a list shows of a link's clicks; `today` is the day of the owner's calendar. */
export type LinkFigures = { clicks: number; repeatClicks: number; clicksToday: number; repeatClicksToday: number };

/** As of now, for every id asked for. */
export type LinkNumbers = (ownerTimeZone: string, linkIds: readonly number[]) => Promise<Map<number, LinkFigures>>;

/** @param links whose clicks are added up; `timeZone` is the owner's: repeat clicks, hours and weekdays are by the owner's calendar */
export type StatsReader = (links: { ids: readonly number[]; timeZone: string }, range: StatsRange) => Promise<StatsFigures>;

/** Plain data: it may be answered by another thread. `timeZone` is the owner's; the shards were asked before. */
export type StatsQuestion = {
  linkIds: readonly number[];
  range: StatsRange;
  timeZone: string;
  now: number;
  unstored: readonly UnstoredBatch[];
};

/** Adds up statistics as of one moment: folded, stored and — as given — not yet stored clicks, none missing, none twice. */
export type StatsCounter = (question: StatsQuestion) => Promise<StatsFigures>;

/** All links of an owner, the newest first. */
export type OwnerLinkIds = (ownerId: number) => Promise<number[]>;

/** `unacknowledged`: it was sent, but not every node has said that it has taken it in; `failed`: it may not have been sent at all. */
export type Delivery = 'acknowledged' | 'unacknowledged' | 'failed';

/** Between the nodes of one database, on the main thread. What is sent while it is not up, is lost. */
export type Bus = {
  /** Takes in what comes from other nodes; one taker a kind. */
  on<T extends BusBody['type']>(type: T, take: (body: BusBodyOf<T>, from: string) => void): void;
  /** Called when it is up again (also for the first time, when that is late): something may have been missed. */
  onUp(take: () => void): void;
  onLost(take: () => void): void;
  isUp(): boolean;
  /** To every other node, without knowing whether it arrives. */
  send(body: BusBody): void;
  /** To every other node; settles when all have taken it in, or the bus has waited long enough. Never rejects. */
  deliver(body: BusBody): Promise<Delivery>;
};
