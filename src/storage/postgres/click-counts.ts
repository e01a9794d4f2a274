/** Reading "as of now": in one snapshot what is folded, what is stored and not folded, and how far the logs are stored. */
import type pg from 'pg';
import { FACETS, type LinkDays, linkDayOf, mergeLinkDay, mergeLinkDays } from '../../core/link-day.ts';
import { decodeLinkDay } from '../../core/link-day-codec.ts';
import type { ClickCounter, LinkTotals, VisitorCandidate } from '../../core/ports/clicks.ts';
import { inTransaction, type Queryable } from './pool.ts';
import { addRestRow, distinctCandidates, newCandidates, notStored, OPEN, REST_COUNTS, type RestRow, restFacets, restOf } from './rest.ts';

export const SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

const READ_POSITIONS = 'SELECT front, shard, position FROM click_positions WHERE node = $1';

const READ_FOLDED = `
  SELECT link_id, day - date '1970-01-01' AS day, doc FROM link_days
  WHERE link_id = ANY($1) AND day BETWEEN date '1970-01-01' + $2::int AND date '1970-01-01' + $3::int`;

const READ_TOTALS = 'SELECT link_id, clicks, uniques, bots FROM link_totals WHERE link_id = ANY($1)';

/** @param node whose shards were asked for what is not stored */
export function createClickCounter(pool: pg.Pool, node: string): ClickCounter {
  return ({ linkIds, fromDay, toDay, facets, unstored }) =>
    inTransaction(
      pool,
      async (client) => {
        const waiting = notStored(await storedPositions(client, node), unstored);
        const candidates = distinctCandidates(waiting);
        const totals = new Map<number, LinkTotals>(linkIds.map((id) => [id, { clicks: 0, uniques: 0, bots: 0 }]));
        for (const row of (await client.query<LinkTotals & { link_id: number }>(READ_TOTALS, [linkIds])).rows) {
          totals.set(row.link_id, { clicks: row.clicks, uniques: row.uniques, bots: row.bots });
        }
        const rest = await readRest(client, linkIds, facets, candidates);
        for (const batch of waiting) mergeLinkDays(rest, batch.days);
        addToTotals(totals, rest);

        const days: LinkDays = rest;
        const folded = await client.query<{ link_id: number; day: number; doc: Buffer }>(READ_FOLDED, [linkIds, fromDay, toDay]);
        for (const { link_id, day, doc } of folded.rows) mergeLinkDay(linkDayOf(days, link_id, day), decodeLinkDay(doc));
        return { totals, days };
      },
      SNAPSHOT,
    );
}

/** How far each log of a node is stored, by name. */
export async function storedPositions(db: Queryable, node: string): Promise<Map<string, number>> {
  const { rows } = await db.query<{ front: number; shard: number; position: number }>(READ_POSITIONS, [node]);
  return new Map(rows.map(({ front, shard, position }) => [`f${front}-s${shard}`, position]));
}

export async function readRest(
  client: pg.PoolClient,
  linkIds: readonly number[],
  facets: boolean,
  candidates: VisitorCandidate[],
): Promise<LinkDays> {
  const days: LinkDays = new Map();
  const text = `WITH ${OPEN}, ${restOf('$1')} ${REST_COUNTS} ${facets ? restFacets(FACETS) : ''} ${newCandidates('$2', '$3')}`;
  const values = [linkIds, candidates.map((c) => c.day), candidates.map((c) => c.visitor)];
  for (const row of (await client.query<RestRow>(text, values)).rows) addRestRow(days, days, candidates, row);
  return days;
}

function addToTotals(totals: Map<number, LinkTotals>, days: LinkDays): void {
  for (const [linkId, byDay] of days) {
    const total = totals.get(linkId);
    if (total === undefined) continue;
    for (const { quarters } of byDay.values()) {
      for (const { clicks, uniques, bots } of quarters.values()) {
        total.clicks += clicks;
        total.uniques += uniques;
        total.bots += bots;
      }
    }
  }
}
