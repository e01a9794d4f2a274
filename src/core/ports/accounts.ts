/** Ports of accounts: sessions, mails, throttles, passwords, keys. */
import type { Locale, Plan } from '../account.ts';
import type { CreateApiKey } from '../api/accounts.ts';
import type { Scope } from '../api/common.ts';

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
