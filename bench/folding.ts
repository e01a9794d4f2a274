/** S5: folding — series, facets, visitors, totals — beside a plain GROUP BY of the same rows in Postgres. */
import { randomBytes } from 'node:crypto';
import { Batch } from '../src/actors/batch.ts';
import { dayOf, quarterOf } from '../src/core/zone.ts';
import { fold } from '../src/jobs/tasks/fold.ts';
import { createClickStore } from '../src/storage/postgres/clicks.ts';
import { createFoldStore } from '../src/storage/postgres/fold-store.ts';
import { createConfirmedUser } from '../src/storage/postgres/users.ts';
import { clickRow } from '../test/support/click-rows.ts';
import { silentLogger } from '../test/support/logger.ts';
import { randomFrom } from '../test/support/seed.ts';
import { startBenchDatabase } from './support/database.ts';
import { type BenchRow, round } from './support/row.ts';

const CLICKS = 3_000_000;
const BATCH_ROWS = 20_000;
const LINKS = 10_000;
/** Of the clicks of people, how many come from a visitor who was not there before on that day. */
const NEW_SHARE = 0.3;
const BOT_SHARE = 0.05;
const HOURS = 20;

const GROUP_BY = `SELECT count(*) FROM (SELECT link_id, floor(extract(epoch FROM clicked_at) / 900), count(*) FROM clicks GROUP BY 1, 2) g`;

export async function run(): Promise<BenchRow[]> {
  const database = await startBenchDatabase(silentLogger);
  const { pool } = database.value;
  try {
    const { id } = await createConfirmedUser(pool, {
      email: 'bench@example.com',
      passwordHash: null,
      isAdmin: false,
      plan: 'unlimited',
      timeZone: 'UTC',
    });
    await pool.query(
      `INSERT INTO links (slug, owner_id, target) SELECT 's' || i, $1, 'https://example.com/' FROM generate_series(1, $2::int) i`,
      [id, LINKS],
    );
    await fill(createClickStore({ pool, node: 'bench', randomBytes, logger: silentLogger }));
    await pool.query('VACUUM (ANALYZE) clicks'); // the baseline reads rows that are neither fresh nor of unknown number
    const groupBySec = Math.min(...(await series(3, () => pool.query(GROUP_BY))));
    const store = createFoldStore(pool);
    const [foldSec] = await series(1, () => fold(store));
    const { rows } = await pool.query('SELECT sum(clicks + bots)::int AS folded, sum(uniques)::int AS uniques FROM link_totals');
    if (rows[0].folded !== CLICKS) throw new Error(`${rows[0].folded} of ${CLICKS} clicks were folded`);
    const visitors = round(rows[0].uniques / CLICKS);
    return [
      {
        name: `S5 folding, ${LINKS} links, ${(visitors * 100).toFixed(1)} % new visitors (baseline: GROUP BY link, quarter-hour)`,
        value: round(CLICKS / foldSec),
        unit: 'rows/s',
        baseline: round(CLICKS / groupBySec),
        ratio: round(groupBySec / foldSec),
        must: '≥ 0.15',
      },
    ];
  } finally {
    await database.stop();
  }
}

async function series(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const seconds: number[] = [];
  for (let n = 0; n < times; n++) {
    const began = performance.now();
    await work();
    seconds.push((performance.now() - began) / 1000);
  }
  return seconds;
}

async function fill(store: ReturnType<typeof createClickStore>): Promise<void> {
  await store.positions([{ name: 'f0-s0', front: 0, shard: 0 }]);
  const random = randomFrom(1);
  const pick = (n: number) => Math.floor(random() * n);
  const from = Date.UTC(2026, 10, 23);
  for (let done = 0; done < CLICKS; done += BATCH_ROWS) {
    const batch = new Batch();
    for (let i = 0; i < BATCH_ROWS; i++) {
      const at = from + Math.floor(((done + i) / CLICKS) * HOURS * 3_600_000);
      const isNew = random() < NEW_SHARE;
      batch.add(
        clickRow({
          linkId: 1 + pick(LINKS),
          at,
          day: dayOf(quarterOf(at), 0),
          visitorHi: pick(2 ** 31),
          visitorLo: pick(2 ** 31),
          seen: !isNew,
          bot: random() < BOT_SHARE,
          country: 100 + pick(60),
          device: pick(4),
          os: pick(8),
          browser: pick(12),
          language: 100 + pick(12),
          referrer: random() < 0.5 ? '' : `site${pick(40)}.example`,
        }),
      );
    }
    batch.moveLog('f0-s0', 0, 0, done, done + BATCH_ROWS);
    await store.store(batch);
  }
}

if (import.meta.main) console.table(await run());
