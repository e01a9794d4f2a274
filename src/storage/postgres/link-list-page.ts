/**
 * How a page of an owner's links is found, whatever they are sorted by. An account may have a million links, and nobody knows beforehand how
 * many of them fit, so it is tried in two ways:
 *  1. a walk: in the order that is wanted, from the place where the page begins, over so many links. Quick when many fit;
 *  2. a collection: all that fit, by whatever index finds them, and then the first of those. Quick when few fit.
 * What is quick in neither way ends the page early: it holds what the walk has met, and the next one goes on from there.
 */
import pg from 'pg';
import type { LinkQuestion } from '../../core/link-list.ts';
import type { OwnedLink } from '../../core/ports/links.ts';
import type { Cursor } from '../../core/slice.ts';
import { type LinkRow, linkOf } from './link-rows.ts';
import type { Queryable } from './pool.ts';

/** A link, and what its list is sorted by. */
export type ListedLink = { link: OwnedLink; key: string | number };
export type ListedRow = LinkRow & { key: string | number };

export const listed = ({ key, ...row }: ListedRow): ListedLink => ({ link: linkOf(row), key });

/** Links in their order. `end`: those behind this place were not looked at; null: there are no more, or there are as many as were wanted. */
export type Stretch = { rows: ListedLink[]; end: Cursor | null };

export type Ways = {
  /** @param window so many links are looked at */
  walk(window: number): Promise<Stretch>;
  collect(): Promise<ListedLink[]>;
};

/**
 * What a page may cost.
 *   window        links of the walk
 *   collectionMs  how long the collection may take
 *   lastWindow    links of the walk for which the collection takes too long
 */
export type Effort = { window: number; collectionMs: number; lastWindow: number };

/** Looking for a text in 5,000 links takes some 10 ms. */
const WINDOW = 5_000;

/** Somebody waits for the first page: 50 ms for a million links (docs/adr/0013-lists-of-a-million-links.md). */
export const FIRST_PAGE: Effort = { window: WINDOW, collectionMs: 25, lastWindow: WINDOW };

/** Whoever goes on wants what there is, and has a deadline of seconds: ten such pages are a million links. */
export const LATER_PAGE: Effort = { window: WINDOW, collectionMs: 1_000, lastWindow: 100_000 };

/** @param db a transaction in which all statements see the same */
export async function findPage(db: Queryable, { walk, collect }: Ways, { limit }: LinkQuestion, effort: Effort): Promise<Stretch> {
  const { window, collectionMs, lastWindow } = effort;
  const walked = await walk(window);
  if (walked.rows.length === limit || walked.end === null) return walked;
  const rows = await within(db, collectionMs, collect);
  if (rows !== null) return { rows, end: null };
  return window === lastWindow ? walked : walk(lastWindow);
}

const QUERY_CANCELED = '57014';

/** Without JIT: its compiler hears nothing of a deadline. @returns null when it takes longer, of Postgres's time; the transaction goes on */
async function within<T>(db: Queryable, ms: number, work: () => Promise<T>): Promise<T | null> {
  await db.query(`SAVEPOINT attempt; SET LOCAL statement_timeout = ${ms}; SET LOCAL jit = off`);
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === QUERY_CANCELED)) throw error;
    await db.query('ROLLBACK TO SAVEPOINT attempt');
    return null;
  }
}
