/** Statistics, as of now, in one snapshot. Documents are added up as they come, so that a year of a thousand links needs no more memory than a day of one. */
import type pg from 'pg';
import { calendarMemory } from '../../core/calendar.ts';
import { POSTGRES_EPOCH_DAY } from '../../core/copy-row.ts';
import { type LinkDay, type LinkDays, linkDayOf, mergeLinkDay, mergeLinkDays } from '../../core/link-day.ts';
import { decodeLinkDay } from '../../core/link-day-codec.ts';
import type { StatsCounter, StatsQuestion } from '../../core/ports/stats.ts';
import { daysAround, StatsSum } from '../../core/stats.ts';
import { QUARTER_MS } from '../../core/zone.ts';
import { readRest, SNAPSHOT, storedPositions } from './click-counts.ts';
import { copyOut, readRows } from './copy-format.ts';
import { inTransaction, type Pool } from './pool.ts';
import { distinctCandidates, notStored } from './rest.ts';

/** Days of the owner's calendar, both included. */
type Days = { fromDay: number; toDay: number };

const calendarAt = calendarMemory();

/** How many documents a question reads at most. Days are counted where there is no link, too: the series has to be cut all the same. */
export function documentsAtMost(question: StatsQuestion): number {
  return Math.max(1, question.linkIds.length) * daysOf(question).reduce((sum, { fromDay, toDay }) => sum + toDay - fromDay + 1, 0);
}

/** Those of the range, and those of this week, which today is of. */
function daysOf({ range, timeZone, now }: StatsQuestion): Days[] {
  const { week } = calendarAt(timeZone, now);
  const ofRange = daysAround(range.from, range.to);
  const ofWeek = daysAround(week.from * QUARTER_MS, week.to * QUARTER_MS);
  if (ofRange.fromDay > ofWeek.toDay || ofWeek.fromDay > ofRange.toDay) return [ofRange, ofWeek];
  return [{ fromDay: Math.min(ofRange.fromDay, ofWeek.fromDay), toDay: Math.max(ofRange.toDay, ofWeek.toDay) }];
}

/** @param node whose shards were asked for what is not stored */
export function createStatsCounter(pool: Pool, node: string): StatsCounter {
  return (question) =>
    inTransaction(
      pool,
      async (client) => {
        const { linkIds, range, timeZone, now } = question;
        const waiting = notStored(await storedPositions(client, node), question.unstored);
        const rest = await readRest(client, linkIds, true, distinctCandidates(waiting));
        for (const batch of waiting) mergeLinkDays(rest, batch.days);
        const sum = new StatsSum(range, calendarAt(timeZone, now));
        await readDocuments(client, linkIds, daysOf(question), (linkId, day, doc) => addFolded(sum, rest, linkId, day, doc));
        for (const days of rest.values()) for (const doc of days.values()) sum.add(doc);
        return sum.figures();
      },
      SNAPSHOT,
    );
}

/** A link's day is one document: what is folded of it waits for the rest of it, where there is any. */
function addFolded(sum: StatsSum, rest: LinkDays, linkId: number, day: number, doc: LinkDay): void {
  if (rest.get(linkId)?.has(day)) mergeLinkDay(linkDayOf(rest, linkId, day), doc);
  else sum.add(doc);
}

/** By COPY: a query would hold all of them in memory before it answers. COPY knows no parameters, but these are numbers. */
async function readDocuments(
  client: pg.PoolClient,
  linkIds: readonly number[],
  days: readonly Days[],
  visit: (linkId: number, day: number, doc: LinkDay) => void,
): Promise<void> {
  if (linkIds.length === 0) return;
  const ofDays = days.map(({ fromDay, toDay }) => `day BETWEEN date '1970-01-01' + ${fromDay} AND date '1970-01-01' + ${toDay}`);
  const ofLinks = `link_id = ANY ('{${linkIds.join(',')}}'::bigint[])`;
  const rows = copyOut(
    client,
    `COPY (SELECT link_id, day, doc FROM link_days WHERE ${ofLinks} AND (${ofDays.join(' OR ')})) TO STDOUT (FORMAT binary)`,
  );
  await readRows(rows, 3, ([linkId, day, doc]) =>
    visit(Number(linkId.readBigInt64BE()), day.readInt32BE() + POSTGRES_EPOCH_DAY, decodeLinkDay(doc)),
  );
}
