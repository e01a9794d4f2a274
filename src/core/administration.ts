/** What administrators do, and the ports of it. Every act is written to the audit list in the transaction that does it. */
import type { Locale, Plan } from './account.ts';
import type { Account } from './ports/accounts.ts';
import type { Cursor, Slice } from './slice.ts';

/** Where the audit list says what was done. */
export const ADMIN_ACTIONS = [
  'setup', // the first administrator came by the one-time link
  'user.edit',
  'user.delete',
  'link.edit',
  'link.delete',
  'host.block',
  'host.unblock',
  'settings.edit',
  'job.retry',
  'job.delete',
] as const;
export type AdminAction = (typeof ADMIN_ACTIONS)[number];

/** Fields that were changed, by their names in the API. Nothing secret: no passwords, no keys, no targets. */
export type Changes = Record<string, { from: unknown; to: unknown }>;

export type AdminAct = {
  id: number;
  at: Date;
  admin: { id: number; email: string };
  action: AdminAction;
  /** Of an account its e-mail address, of a link its slug, of a host the host. `id` null: it has none. */
  subject: { id: number | null; name: string };
  changes: Changes;
};

export type AuditStore = {
  /** The newest first. */
  list(limit: number, after: Cursor | null): Promise<Slice<AdminAct>>;
};

export type NewAdministrator = { email: string; passwordHash: string; timeZone: string; locale: Locale };

/** The way to the first administrator. */
export type SetupStore = {
  /** Whether the token could be used now. */
  isGood(token: string): Promise<boolean>;
  /**
   * Makes a confirmed account, and uses the token up.
   * @returns null when the token is none, was used, or there is an administrator
   * @throws Failure invalid when the address is another account's; the token stays good
   */
  complete(token: string, administrator: NewAdministrator): Promise<Account | null>;
};

/** An account as administrators see it. */
export type AdminUser = {
  id: number;
  email: string;
  pendingEmail: string | null;
  plan: Plan;
  isAdmin: boolean;
  isConfirmed: boolean;
  dailyReport: boolean;
  timeZone: string;
  locale: Locale;
  createdAt: Date;
  bannedAt: Date | null;
  links: number;
};

export const USER_SORTS = ['-createdAt', 'createdAt', 'email', '-email', '-links', 'links'] as const;
export type UserSort = (typeof USER_SORTS)[number];

/** Undefined: whatever it is. */
export type UserFilter = {
  /** A part of the e-mail address. */
  search: string | undefined;
  plan: Plan | undefined;
  isBanned: boolean | undefined;
  isConfirmed: boolean | undefined;
  isAdmin: boolean | undefined;
  dailyReport: boolean | undefined;
};

/** Undefined: stays as it is. */
export type UserChanges = {
  plan?: Plan | undefined;
  banned?: boolean | undefined;
  dailyReport?: boolean | undefined;
  isAdmin?: boolean | undefined;
  confirmed?: true | undefined;
};

/**
 * Accounts in the hands of administrators; `adminId` is who acts. What ends by an act (sessions, tokens, keys, links) has ended everywhere when
 * it settles.
 * @throws Failure not_found; forbidden when whoever acts is no administrator any more
 */
export type UserAdministration = {
  list(filter: UserFilter, sort: UserSort, limit: number, after: Cursor | null): Promise<Slice<AdminUser>>;
  get(id: number): Promise<AdminUser>;
  /** @throws Failure own_account, last_administrator */
  edit(adminId: number, id: number, changes: UserChanges): Promise<AdminUser>;
  /** With links, keys and statistics. @throws Failure own_account, last_administrator */
  delete(adminId: number, id: number): Promise<void>;
};

/** A link as administrators see it. */
export type AdminLink = {
  id: number;
  slug: string;
  url: string;
  disabled: boolean;
  owner: { id: number; email: string };
  createdAt: Date;
  updatedAt: Date;
};

/** Undefined: whatever it is. */
export type LinkFilter = {
  /** A part of slug or target. */
  search: string | undefined;
  disabled: boolean | undefined;
  ownerId: number | undefined;
};

/** @throws Failure not_found; forbidden when whoever acts is no administrator any more */
export type LinkAdministration = {
  /** The newest first. */
  list(filter: LinkFilter, limit: number, after: Cursor | null): Promise<Slice<AdminLink>>;
  setDisabled(adminId: number, slug: string, disabled: boolean): Promise<AdminLink>;
  delete(adminId: number, slug: string): Promise<void>;
};

export type BlockedHost = { host: string; createdAt: Date };

/** Hosts in the form of `blockedHostOf`. @throws Failure forbidden when whoever acts is no administrator any more */
export type BlockedHostStore = {
  /** In the order of their names. @param after the last one of the page before */
  list(limit: number, after: string | null): Promise<BlockedHost[]>;
  /** Nothing changes when it is blocked already. @throws Failure invalid when there are as many as there may be */
  block(adminId: number, host: string): Promise<BlockedHost>;
  /** @throws Failure not_found */
  unblock(adminId: number, host: string): Promise<void>;
};

export type ServerSettings = { registrationOpen: boolean };

export type SettingsStore = {
  read(): Promise<ServerSettings>;
  /** @throws Failure forbidden when whoever acts is no administrator any more */
  edit(adminId: number, changes: ServerSettings): Promise<ServerSettings>;
};
