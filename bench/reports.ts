/**
 * Daily reports: how long a PDF of 150 links takes, and what becomes of S1's redirects while a node makes and sends 500 reports of 200 links each.
 * Redirects alone and beside the reports in the same run; every report has to have arrived, or there is no figure.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addFacet, addQuarter, emptyLinkDay, type Facet, type LinkDay } from '../src/core/link-day.ts';
import { encodeLinkDay } from '../src/core/link-day-codec.ts';
import { dayOf, dayToISO, quarterOf } from '../src/core/zone.ts';
import { renderDailyPdf } from '../src/jobs/tasks/daily-pdf.ts';
import type { Pool } from '../src/storage/postgres/pool.ts';
import { createReportStore } from '../src/storage/postgres/reports.ts';
import { createConfirmedUser } from '../src/storage/postgres/users.ts';
import { silentLogger } from '../test/support/logger.ts';
import { startMailServer } from '../test/support/mail-server.ts';
import { sampleReport } from '../test/support/sample-report.ts';
import { randomFrom } from '../test/support/seed.ts';
import { startTestNode } from '../test/support/test-node.ts';
import { until } from '../test/support/until.ts';
import { startBenchDatabase } from './support/database.ts';
import { type BenchRow, median, round } from './support/row.ts';
import { wrk } from './support/wrk.ts';

const PDF_LINKS = 150;
const PDFS = 20;
const MOST_CLICKS = 40_000;
const OWNERS = 500;
/** wrk asks for s0 to s99999. */
const LINKS = 100_000;
const WARM_UP_SEC = 5;
const ROUND_SEC = 15;
const ALL_SENT_MS = 600_000;
const QUARTERS_PER_DAY = 96;
const FACET_KEYS = {
  countries: ['RU', 'US', 'DE'],
  devices: ['phone', 'pc', 'tablet'],
  os: ['Android', 'Windows', 'iPhone'],
  browsers: ['Chrome', 'Safari'],
  referrers: ['t.me', 'direct'],
  languages: ['ru', 'en'],
} satisfies Record<Facet, string[]>;

export async function run(): Promise<BenchRow[]> {
  return [await pdfRow(), await besideRow()];
}

async function pdfRow(): Promise<BenchRow> {
  const report = sampleReport(PDF_LINKS, randomFrom(PDF_LINKS), MOST_CLICKS);
  const took: number[] = [];
  for (let i = 0; i < PDFS; i++) {
    const from = performance.now();
    await renderDailyPdf({ report, locale: 'ru', host: 's.example.com', madeAt: 0 });
    took.push(performance.now() - from);
  }
  return {
    name: `PDF of ${PDF_LINKS} links (the first took ${round(took[0])} ms)`,
    value: round(median(took)),
    unit: 'ms',
    must: '≤ 300 ms',
  };
}

async function besideRow(): Promise<BenchRow> {
  const database = await startBenchDatabase(silentLogger);
  const dataDir = mkdtempSync(join(tmpdir(), 'elnk-bench-reports-'));
  const smtp = await startMailServer();
  try {
    const { pool, url } = database.value;
    const yesterday = dayOf(quarterOf(Date.now()), 0) - 1;
    const owners = await makeOwners(pool, yesterday);
    const node = await startTestNode({ dataDir, settings: { DATABASE_URL: url, SMTP_URL: smtp.value.url } });
    try {
      const load = (seconds: number) => wrk(node.url(), 'slugs', seconds);
      await load(WARM_UP_SEC);
      const alone = [(await load(ROUND_SEC)).perSec];
      const from = performance.now();
      const store = createReportStore(pool);
      for (const owner of owners) await store.order(owner, yesterday);
      const beside: number[] = [];
      const isDone = () => smtp.value.received.length >= OWNERS;
      for (let n = 0; n < 3; n++) beside.push((await load(ROUND_SEC)).perSec);
      const during = smtp.value.received.length;
      await until('all reports', isDone, ALL_SENT_MS);
      const tookSec = (performance.now() - from) / 1_000;
      alone.push((await load(ROUND_SEC)).perSec);
      const receivers = new Set(smtp.value.received.flatMap(({ to }) => to));
      if (receivers.size !== OWNERS || smtp.value.received.length !== OWNERS) throw new Error('not one report for each owner');
      return {
        name: `S1 while ${OWNERS} reports are made (${during} of them within the measured time, all within ${round(tookSec)} s; baseline: without)`,
        value: round(median(beside)),
        unit: 'redirects/s',
        baseline: round((alone[0] + alone[1]) / 2),
        ratio: round(median(beside) / ((alone[0] + alone[1]) / 2)),
        must: '≥ 0.90',
      };
    } finally {
      await node.stop();
    }
  } finally {
    await smtp.stop();
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function clickedDay(day: number): LinkDay {
  const it = emptyLinkDay();
  for (let hour = 0; hour < 24; hour++) addQuarter(it, day * QUARTERS_PER_DAY + hour * 4, 10 + hour, 5, 1);
  for (const [facet, keys] of Object.entries(FACET_KEYS))
    for (const [i, key] of keys.entries()) addFacet(it, facet as Facet, key, 200 - i * 50);
  return it;
}

/** @param yesterday days since 1970 */
async function makeOwners(pool: Pool, yesterday: number): Promise<number[]> {
  const ids: number[] = [];
  for (let n = 0; n < OWNERS; n++) {
    const email = `bench${n}@example.com`;
    ids.push((await createConfirmedUser(pool, { email, passwordHash: null, isAdmin: false, plan: 'unlimited', timeZone: 'UTC' })).id);
  }
  await pool.query(
    `INSERT INTO links (slug, owner_id, target)
     SELECT 's' || i, ($1::bigint[])[1 + i % cardinality($1)], 'https://example.com/some/path/' || i FROM generate_series(0, $2::int) i`,
    [ids, LINKS - 1],
  );
  // Yesterday each was clicked in every hour.
  await pool.query('INSERT INTO link_days (link_id, day, doc) SELECT id, $1, $2 FROM links', [
    dayToISO(yesterday),
    encodeLinkDay(clickedDay(yesterday)),
  ]);
  await pool.query('ANALYZE');
  return ids;
}

if (import.meta.main) console.table(await run());
