/** What a list of links may be asked for. */
import type { LinkState } from './link.ts';

/** `clicks` and `clicksToday` are those that are stored; `title`: without regard to capitals, links without one last. */
export const LINK_SORTS = ['created', 'title', 'clicks', 'clicksToday'] as const;
export type LinkSort = (typeof LINK_SORTS)[number];

export type LinkFilter = {
  /** A part of slug, title or target, in capitals or not; null: any. */
  search: string | null;
  /** All of them. */
  tags: readonly string[];
  /** One of them; none: any. */
  states: readonly LinkState[];
};

export type LinkQuestion = LinkFilter & {
  sort: LinkSort;
  isDescending: boolean;
  limit: number;
  /** The last link of the page before, by what the list is sorted by and its id; null: from the beginning. */
  after: { key: string | number; id: number } | null;
  /** Milliseconds since the epoch: states are those of this moment. */
  now: number;
  /** Day of the owner's calendar, since 1970. */
  today: number;
};

/** A tag, and how many links of its owner have it. */
export type TagCount = { tag: string; links: number };
