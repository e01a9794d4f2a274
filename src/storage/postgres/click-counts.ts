/** Reading "as of now": in one snapshot what is folded, what is stored and not folded, and how far the logs are stored. */
import type pg from 'pg';
import { browserKey, countryKey, deviceKey, languageKey, osKey, referrerKey } from '../../core/facets.ts';
import { addFacet, addQuarter, FACETS, type Facet, type LinkDays, linkDayOf, mergeLinkDay, mergeLinkDays } from '../../core/link-day.ts';
import { decodeLinkDay } from '../../core/link-day-codec.ts';
import type { ClickCounter, LinkTotals, UnstoredBatch, VisitorCandidate } from '../../core/ports.ts';
import { inTransaction, type Queryable } from './pool.ts';

const SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

const READ_POSITIONS = 'SELECT front, shard, position FROM click_positions WHERE node = $1';

const READ_FOLDED = `
  SELECT link_id, day - date '1970-01-01' AS day, doc FROM link_days
  WHERE link_id = ANY($1) AND day BETWEEN date '1970-01-01' + $2::int AND date '1970-01-01' + $3::int`;

const READ_TOTALS = 'SELECT link_id, clicks, uniques, bots FROM link_totals WHERE link_id = ANY($1)';

/** Clicks of the links that no fold has taken. */
const REST = `
  open AS MATERIALIZED (SELECT id FROM click_batches WHERE NOT folded),
  rest AS MATERIALIZED (
    SELECT link_id, day AS date, day - date '1970-01-01' AS day, floor(extract(epoch FROM clicked_at) / 900)::int AS quarter,
           visitor, bot, seen, country, device, os, browser, language, referrer
    FROM clicks_between((SELECT min(id) FROM open), (SELECT max(id) FROM open), $1) WHERE batch_id IN (SELECT id FROM open)
  )`;

const REST_COUNTS = `
  SELECT 'clicks' AS kind, link_id, day, quarter AS number, NULL AS word, count(*)::int AS n FROM rest WHERE NOT bot GROUP BY 2, 3, 4
  UNION ALL
  SELECT 'bots', link_id, day, quarter, NULL, count(*)::int FROM rest WHERE bot GROUP BY 2, 3, 4
  UNION ALL
  SELECT 'uniques', link_id, day, quarter, NULL, count(*)::int FROM (
    SELECT DISTINCT ON (link_id, day, visitor) link_id, date, day, visitor, quarter FROM rest
    WHERE NOT bot AND NOT seen ORDER BY link_id, day, visitor, quarter
  ) first WHERE NOT EXISTS (SELECT FROM click_visitors v WHERE v.day = first.date AND v.visitor = first.visitor) GROUP BY 2, 3, 4`;

/** Which of the asked visitors nobody has stored yet; `number` is the place in the question. */
const NEW_CANDIDATES = `
  UNION ALL
  SELECT 'candidate', 0, 0, c.i::int, NULL, 1
  FROM unnest($2::int[], $3::bigint[]) WITH ORDINALITY AS c (day, visitor, i)
  WHERE NOT EXISTS (SELECT FROM click_visitors v WHERE v.day = date '1970-01-01' + c.day AND v.visitor = c.visitor)
    AND NOT EXISTS (SELECT FROM rest r WHERE r.day = c.day AND r.visitor = c.visitor AND NOT r.bot)`;

const FACET_COLUMNS: Record<Facet, { column: string; key: (number: number, word: string) => string }> = {
  countries: { column: 'country', key: countryKey },
  devices: { column: 'device', key: deviceKey },
  os: { column: 'os', key: osKey },
  browsers: { column: 'browser', key: browserKey },
  languages: { column: 'language', key: languageKey },
  referrers: { column: 'referrer', key: (_, word) => referrerKey(word) },
};

const REST_FACETS = FACETS.map((facet) => {
  const { column } = FACET_COLUMNS[facet];
  const [number, word] = facet === 'referrers' ? ['0', column] : [`${column}::int`, 'NULL'];
  return `UNION ALL SELECT '${facet}', link_id, day, ${number}, ${word}, count(*)::int FROM rest WHERE NOT bot GROUP BY 2, 3, 4, 5`;
}).join('\n');

type RestRow = {
  kind: 'clicks' | 'bots' | 'uniques' | 'candidate' | Facet;
  link_id: number;
  day: number;
  number: number;
  word: string | null;
  n: number;
};

/** @param node whose shards were asked for what is not stored */
export function createClickCounter(pool: pg.Pool, node: string): ClickCounter {
  return ({ linkIds, fromDay, toDay, facets, unstored }) =>
    inTransaction(
      pool,
      async (client) => {
        const waiting = await notStored(client, node, unstored);
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

/** The batches that are not in this snapshot. A batch is one transaction, so any one of its logs tells. */
async function notStored(client: pg.PoolClient, node: string, batches: readonly UnstoredBatch[]): Promise<UnstoredBatch[]> {
  const stored = await storedPositions(client, node);
  return batches.filter(({ ends }) => Object.entries(ends).some(([log, end]) => (stored.get(log) ?? 0) < end));
}

/** One entry a visitor and day, with the earliest quarter. */
function distinctCandidates(batches: readonly UnstoredBatch[]): VisitorCandidate[] {
  const distinct = new Map<string, VisitorCandidate>();
  for (const candidate of batches.flatMap((batch) => batch.candidates)) {
    const key = `${candidate.day}/${candidate.visitor}`;
    const known = distinct.get(key);
    if (known === undefined || candidate.quarter < known.quarter) distinct.set(key, candidate);
  }
  return [...distinct.values()];
}

async function readRest(
  client: pg.PoolClient,
  linkIds: readonly number[],
  facets: boolean,
  candidates: VisitorCandidate[],
): Promise<LinkDays> {
  const days: LinkDays = new Map();
  const text = `WITH ${REST} ${REST_COUNTS} ${facets ? REST_FACETS : ''} ${NEW_CANDIDATES}`;
  const values = [linkIds, candidates.map((c) => c.day), candidates.map((c) => c.visitor)];
  for (const { kind, link_id, day, number, word, n } of (await client.query<RestRow>(text, values)).rows) {
    if (kind === 'candidate') {
      const { linkId, day: candidateDay, quarter } = candidates[number - 1];
      addQuarter(linkDayOf(days, linkId, candidateDay), quarter, 0, 1, 0);
    } else if (kind === 'clicks') addQuarter(linkDayOf(days, link_id, day), number, n, 0, 0);
    else if (kind === 'uniques') addQuarter(linkDayOf(days, link_id, day), number, 0, n, 0);
    else if (kind === 'bots') addQuarter(linkDayOf(days, link_id, day), number, 0, 0, n);
    else addFacet(linkDayOf(days, link_id, day), kind, FACET_COLUMNS[kind].key(number, word ?? ''), n);
  }
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
