/** Ports of links: looked up by slug, kept for their owners, made by guests. */
import type { Plan } from '../account.ts';
import type { CreateLink, EditLink } from '../api/links.ts';
import type { GuestLink, Link } from '../link.ts';
import type { LinkQuestion, TagCount } from '../link-list.ts';
import type { Slice } from '../slice.ts';

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
   * @returns `isRepeat`: it was made before
   * @throws Failure slug_taken, idempotency_conflict, unconfirmed, quota_exceeded (QuotaExceeded); unauthenticated when the account is gone
   */
  create(ownerId: number, link: NewLink, idempotency: Idempotency | null): Promise<{ link: OwnedLink; isRepeat: boolean }>;
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
  /** One page, which may be short of `limit`. `next` continues it, for the same question; null: there are no more. */
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
