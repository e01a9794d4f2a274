/**
 * The SQL of dashboards. What is at hand is checked, and what is not folded is added, by one statement; only when links or folded figures have
 * changed is there a transaction, which reads what has changed.
 */
import type pg from 'pg';
import type { Calendar } from '../../core/calendar.ts';
import {
  addDay,
  addLists,
  addRecent,
  addTotals,
  type DashboardFigures,
  type DashboardFolded,
  type DashboardMarks,
  type DashboardQuestion,
  type DashboardRest,
  type DashboardStore,
  type FiguresByLink,
  noFigures,
} from '../../core/dashboard.ts';
import { type LinkDays, mergeLinkDays, type QuarterCounts, TOTAL_FACETS } from '../../core/link-day.ts';
import { decodeLinkDay } from '../../core/link-day-codec.ts';
import type { OwnedLink } from '../../core/ports.ts';
import { daysAround } from '../../core/stats.ts';
import { QUARTER_MS } from '../../core/zone.ts';
import { SNAPSHOT } from './click-counts.ts';
import { COLUMNS, type LinkRow, linkOf } from './link-rows.ts';
import { inTransaction, type Pool } from './pool.ts';
import { addRestRow, distinctCandidates, newCandidates, notStored, OPEN, REST_COUNTS, type RestRow, restFacets, restOf } from './rest.ts';

/**
 * $1 links, $2 and $3 candidates, $4 owner, $5 node, $6 to $8 marks; $6 null: all is wanted.
 * Any change of a row gives it another `xmin`, and ids grow: count, highest id and sum together change with every change of the owner's links.
 */
const REST = `
  WITH ${OPEN},
  state AS MATERIALIZED (
    SELECT folds,
           (SELECT count(*) || ':' || coalesce(max(id), 0) FROM open) AS open,
           (SELECT count(*) || ':' || coalesce(max(id), 0) || ':' || coalesce(sum(xmin::text::bigint), 0) FROM links WHERE owner_id = $4) AS links
    FROM fold_state
  ),
  wanted AS MATERIALIZED (
    SELECT $6::bigint IS NULL OR (folds = $6 AND links = $7 AND (open <> $8 OR cardinality($2::int[]) > 0)) AS wanted FROM state
  ),
  ${restOf('$1', '(SELECT wanted FROM wanted)')}
  SELECT 'state' AS kind, 0::bigint AS link_id, 0 AS day, 0 AS number, json_build_object(
    'marks', json_build_object('folds', folds, 'open', open, 'links', links), 'wanted', (SELECT wanted FROM wanted), 'positions',
    coalesce((SELECT json_object_agg('f' || front || '-s' || shard, position) FROM click_positions WHERE node = $5), '{}')
  )::text AS word, 0 AS n FROM state
  UNION ALL ${REST_COUNTS} ${restFacets(TOTAL_FACETS)} ${newCandidates('$2', '$3')}`;

type State = { marks: DashboardMarks; wanted: boolean; positions: Record<string, number> };

const READ_LINKS = `SELECT ${COLUMNS} FROM links WHERE owner_id = $1 ORDER BY id DESC`;

const READ_TOTALS = `
  SELECT link_id, clicks, uniques, bots, facets FROM link_totals WHERE link_id = ANY ($1) AND (fold > $2 OR link_id = ANY ($3))`;

const READ_WEEK = `
  SELECT link_id, doc FROM link_days
  WHERE link_id = ANY ($1) AND day BETWEEN date '1970-01-01' + $2::int AND date '1970-01-01' + $3::int`;

const READ_ALL_DAYS = 'SELECT link_id, doc FROM link_days WHERE link_id = ANY ($1)';

/** @param node whose shards were asked for what is not stored */
export function createDashboardStore(pool: Pool, node: string): DashboardStore {
  async function readRest(db: Pick<pg.ClientBase, 'query'>, question: DashboardQuestion, marks: DashboardMarks | null) {
    const { ownerId, linkIds, calendar, unstored } = question;
    const candidates = distinctCandidates(unstored);
    const { rows } = await db.query<RestRow | { kind: 'state'; word: string }>({
      name: 'dashboard-rest',
      text: REST,
      values: [
        linkIds,
        candidates.map((c) => c.day),
        candidates.map((c) => c.visitor),
        ownerId,
        node,
        ...(marks === null ? [null, '', ''] : [marks.folds, marks.links, marks.open]),
      ],
    });
    const [stored, notYet]: LinkDays[] = [new Map(), new Map()];
    let state: State | null = null;
    for (const row of rows) {
      if (row.kind === 'state') state = JSON.parse(row.word);
      else addRestRow(stored, notYet, candidates, row);
    }
    if (state === null) throw new Error('the table fold_state is empty');
    for (const batch of notStored(new Map(Object.entries(state.positions)), unstored)) mergeLinkDays(notYet, batch.days);
    const figures = figuresOf(stored, calendar);
    return {
      marks: state.marks,
      stored: state.wanted ? figures : null,
      storedClicks: [...figures.values()].reduce((sum, { clicks, bots }) => sum + clicks + bots, 0),
      unstored: figuresOf(notYet, calendar),
    } satisfies DashboardRest;
  }

  return {
    async linkIds(ownerId) {
      const { rows } = await pool.query<{ id: number }>('SELECT id FROM links WHERE owner_id = $1', [ownerId]);
      return rows.map(({ id }) => id);
    },

    async rest(question, marks) {
      const rest = await readRest(pool, question, marks);
      return rest.marks.folds === marks.folds && rest.marks.links === marks.links ? rest : null;
    },

    snapshot: (question, since, missing) =>
      inTransaction(
        pool,
        async (client) => {
          const rest = await readRest(client, question, null);
          const links =
            rest.marks.links === since?.links ? null : (await client.query<LinkRow>(READ_LINKS, [question.ownerId])).rows.map(linkOf);
          const figures = await readFolded(client, question, since?.folds ?? -1, links, missing);
          return { rest, folded: { links, figures } satisfies DashboardFolded };
        },
        SNAPSHOT,
      ),
  };
}

function figuresOf(days: LinkDays, calendar: Calendar): FiguresByLink {
  const figures: FiguresByLink = new Map();
  for (const [linkId, byDay] of days) {
    const sum = noFigures();
    for (const doc of byDay.values()) addDay(sum, doc, calendar);
    figures.set(linkId, sum);
  }
  return figures;
}

type TotalsRow = QuarterCounts & { link_id: number; facets: Buffer | null };
type DayRow = { link_id: number; doc: Buffer };

/** @param links null: those of the question */
async function readFolded(
  client: pg.PoolClient,
  { linkIds, calendar }: DashboardQuestion,
  afterFold: number,
  links: readonly OwnedLink[] | null,
  missing: readonly number[],
): Promise<FiguresByLink> {
  const ids = links?.map(({ id }) => id) ?? linkIds;
  const totals = await client.query<TotalsRow>(READ_TOTALS, [ids, afterFold, missing]);
  const figures: FiguresByLink = new Map(missing.map((id) => [id, noFigures()]));
  const of = (linkId: number): DashboardFigures => {
    const known = figures.get(linkId) ?? noFigures();
    figures.set(linkId, known);
    return known;
  };
  const withoutLists: number[] = [];
  for (const { link_id, facets, ...counts } of totals.rows) {
    addTotals(of(link_id), counts);
    if (facets === null) withoutLists.push(link_id);
    else addLists(of(link_id), decodeLinkDay(facets).facets);
  }
  const changed = totals.rows.map((row) => row.link_id);
  if (changed.length === 0) return figures;
  const { fromDay, toDay } = daysAround(calendar.week.from * QUARTER_MS, calendar.week.to * QUARTER_MS);
  const week = await client.query<DayRow>(READ_WEEK, [changed, fromDay, toDay]);
  for (const { link_id, doc } of week.rows) addRecent(of(link_id), decodeLinkDay(doc).quarters, calendar);
  if (withoutLists.length > 0) {
    const all = await client.query<DayRow>(READ_ALL_DAYS, [withoutLists]);
    for (const { link_id, doc } of all.rows) addLists(of(link_id), decodeLinkDay(doc).facets);
  }
  return figures;
}
