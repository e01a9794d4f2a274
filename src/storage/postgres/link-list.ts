/** Pages of an owner's links: searched, filtered, and sorted by a column or by clicks. */
import type { LinkQuestion } from '../../core/link-list.ts';
import { type ClickQuestion, waysByClicks } from './link-list-by-clicks.ts';
import { type ColumnQuestion, waysByColumn } from './link-list-by-column.ts';
import { type Effort, FIRST_PAGE, findPage, LATER_PAGE, type Stretch, type Ways } from './link-list-page.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';

/** No statement of a page sees what happens meanwhile: a link that came or went between two of them would shift where the page ends. */
export const SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

export function listLinks(
  pool: Pool,
  ownerId: number,
  question: LinkQuestion,
  effort: Effort = question.after === null ? FIRST_PAGE : LATER_PAGE,
): Promise<Stretch> {
  return inTransaction(pool, async (db) => findPage(db, await waysOf(db, ownerId, question), question, effort), SNAPSHOT);
}

/** @param db a transaction of SNAPSHOT; exported for the test that goes each of them alone */
export async function waysOf(db: Queryable, ownerId: number, question: LinkQuestion): Promise<Ways> {
  return isByClicks(question) ? await waysByClicks(db, ownerId, question) : waysByColumn(db, ownerId, question as ColumnQuestion);
}

const isByClicks = (question: LinkQuestion): question is ClickQuestion => question.sort === 'clicks' || question.sort === 'clicksToday';
