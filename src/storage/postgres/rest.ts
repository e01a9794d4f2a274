/**
 * What is stored and not folded, as part of a larger question: pieces of SQL that count it, and readers of their rows. All pieces of one question
 * are of one statement, so of one snapshot.
 */
import { browserKey, countryKey, deviceKey, languageKey, osKey, referrerKey } from '../../core/facets.ts';
import { addFacet, addQuarter, type Facet, type LinkDays, linkDayOf } from '../../core/link-day.ts';
import type { UnstoredBatch, VisitorCandidate } from '../../core/ports/clicks.ts';

/** Batches that no fold has taken. */
export const OPEN = 'open AS MATERIALIZED (SELECT id FROM click_batches WHERE NOT folded)';

/**
 * Clicks of these batches; needs OPEN.
 * @param links an array of link ids, such as `$1`
 * @param condition none are read when it is not true
 */
export const restOf = (links: string, condition = 'true'): string => `
  rest AS MATERIALIZED (
    SELECT link_id, day AS date, day - date '1970-01-01' AS day, floor(extract(epoch FROM clicked_at) / 900)::int AS quarter,
           visitor, bot, seen, country, device, os, browser, language, referrer
    FROM clicks_between(CASE WHEN ${condition} THEN (SELECT min(id) FROM open) END, (SELECT max(id) FROM open), ${links})
    WHERE batch_id IN (SELECT id FROM open)
  )`;

export const REST_COUNTS = `
  SELECT 'clicks' AS kind, link_id, day, quarter AS number, NULL AS word, count(*)::int AS n FROM rest WHERE NOT bot GROUP BY 2, 3, 4
  UNION ALL
  SELECT 'bots', link_id, day, quarter, NULL, count(*)::int FROM rest WHERE bot GROUP BY 2, 3, 4
  UNION ALL
  SELECT 'uniques', link_id, day, quarter, NULL, count(*)::int FROM (
    SELECT DISTINCT ON (link_id, day, visitor) link_id, date, day, visitor, quarter FROM rest
    WHERE NOT bot AND NOT seen ORDER BY link_id, day, visitor, quarter
  ) first WHERE NOT EXISTS (SELECT FROM click_visitors v WHERE v.day = first.date AND v.visitor = first.visitor) GROUP BY 2, 3, 4`;

const FACET_COLUMNS: Record<Facet, { column: string; key: (number: number, word: string) => string }> = {
  countries: { column: 'country', key: countryKey },
  devices: { column: 'device', key: deviceKey },
  os: { column: 'os', key: osKey },
  browsers: { column: 'browser', key: browserKey },
  languages: { column: 'language', key: languageKey },
  referrers: { column: 'referrer', key: (_, word) => referrerKey(word) },
};

export const restFacets = (facets: readonly Facet[]): string =>
  facets
    .map((facet) => {
      const { column } = FACET_COLUMNS[facet];
      const [number, word] = facet === 'referrers' ? ['0', column] : [`${column}::int`, 'NULL'];
      return `UNION ALL SELECT '${facet}', link_id, day, ${number}, ${word}, count(*)::int FROM rest WHERE NOT bot GROUP BY 2, 3, 4, 5`;
    })
    .join('\n');

/**
 * Which of the asked visitors nobody has stored yet; `number` is the place in the question.
 * @param days an array of days since 1970, `visitors` one of the visitors on them
 */
export const newCandidates = (days: string, visitors: string): string => `
  UNION ALL
  SELECT 'candidate', 0, 0, c.i::int, NULL, 1
  FROM unnest(${days}::int[], ${visitors}::bigint[]) WITH ORDINALITY AS c (day, visitor, i)
  WHERE NOT EXISTS (SELECT FROM click_visitors v WHERE v.day = date '1970-01-01' + c.day AND v.visitor = c.visitor)
    AND NOT EXISTS (SELECT FROM rest r WHERE r.day = c.day AND r.visitor = c.visitor AND NOT r.bot)`;

export type RestRow = {
  kind: 'clicks' | 'bots' | 'uniques' | 'candidate' | Facet;
  link_id: number;
  day: number;
  number: number;
  word: string | null;
  n: number;
};

/** Adds a row of a question to the days of what is stored, or to those of what is not. */
export function addRestRow(stored: LinkDays, unstored: LinkDays, candidates: readonly VisitorCandidate[], row: RestRow): void {
  const { kind, link_id, day, number, word, n } = row;
  if (kind === 'candidate') {
    const candidate = candidates[number - 1];
    addQuarter(linkDayOf(unstored, candidate.linkId, candidate.day), candidate.quarter, 0, 1, 0);
  } else if (kind === 'clicks') addQuarter(linkDayOf(stored, link_id, day), number, n, 0, 0);
  else if (kind === 'uniques') addQuarter(linkDayOf(stored, link_id, day), number, 0, n, 0);
  else if (kind === 'bots') addQuarter(linkDayOf(stored, link_id, day), number, 0, 0, n);
  else addFacet(linkDayOf(stored, link_id, day), kind, FACET_COLUMNS[kind].key(number, word ?? ''), n);
}

/**
 * The batches that are not in a snapshot. A batch is one transaction, so any one of its logs tells.
 * @param positions how far each log is stored there
 */
export function notStored(positions: ReadonlyMap<string, number>, batches: readonly UnstoredBatch[]): UnstoredBatch[] {
  return batches.filter(({ ends }) => Object.entries(ends).some(([log, end]) => (positions.get(log) ?? 0) < end));
}

/**
 * One entry a visitor and day, with the earliest quarter. Those of batches that turn out to be stored do no harm: their visitors are found
 * among what is stored or folded.
 */
export function distinctCandidates(batches: readonly UnstoredBatch[]): VisitorCandidate[] {
  const distinct = new Map<string, VisitorCandidate>();
  for (const candidate of batches.flatMap((batch) => batch.candidates)) {
    const key = `${candidate.day}/${candidate.visitor}`;
    const known = distinct.get(key);
    if (known === undefined || candidate.quarter < known.quarter) distinct.set(key, candidate);
  }
  return [...distinct.values()];
}
