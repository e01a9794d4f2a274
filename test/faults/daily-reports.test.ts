/**
 * A simulated day of daily reports: owners in 38 zones, two nodes that tick every quarter-hour, one of ten mails refused, and each node killed once: right after
 * a whole mail was handed over, and while one is made. Everybody gets one report, within 15 minutes after midnight. On the day that clocks are put back in America,
 * with a midnight that comes twice. Time stands still within a quarter-hour until all of its mails are gone, so how long that takes in truth is measured apart, without the
 * making of PDFs, which has its own figures (bench, daily-pdf.test.ts). SOAK=1: ten thousand owners.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { QUARTER_MS } from '../../src/core/zone.ts';
import { tidyMailQueue } from '../../src/storage/postgres/mail-queue.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { IS_SOAK } from '../support/soak.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';
import type { WorkerOrder } from './fixtures/report-worker.ts';

const OWNERS = IS_SOAK ? 10_000 : 304;
const BEGIN = Date.UTC(2026, 10, 1);
const TICKS = 96;
const PATIENCE_MS = 300_000;
const ZONES = [
  ['UTC', 'Europe/London', 'Europe/Berlin', 'Europe/Moscow', 'Europe/Samara', 'Asia/Yekaterinburg', 'Asia/Omsk', 'Asia/Krasnoyarsk'],
  ['Asia/Irkutsk', 'Asia/Yakutsk', 'Asia/Vladivostok', 'Asia/Magadan', 'Asia/Kamchatka', 'Asia/Tehran', 'Asia/Kabul', 'Asia/Karachi'],
  [
    'Asia/Kolkata',
    'Asia/Kathmandu',
    'Asia/Dhaka',
    'Asia/Yangon',
    'Asia/Tokyo',
    'Australia/Eucla',
    'Australia/Adelaide',
    'Australia/Lord_Howe',
  ],
  [
    'Pacific/Auckland',
    'Pacific/Chatham',
    'Pacific/Apia',
    'Pacific/Kiritimati',
    'Pacific/Marquesas',
    'Pacific/Honolulu',
    'America/Anchorage',
  ],
  [
    'America/Los_Angeles',
    'America/Denver',
    'America/New_York',
    'America/Havana',
    'America/St_Johns',
    'America/Sao_Paulo',
    'Atlantic/Azores',
  ],
].flat();

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const file = join(temporaryFolder(), 'mails');
const random = randomFrom(seed);
const workers = new Set<ChildProcess>();

type Mail = { to: string; now: number };
const mails = (): Mail[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

async function startWorker(): Promise<ChildProcess> {
  const worker = fork(join(import.meta.dirname, 'fixtures', 'report-worker.ts'), [
    database.value.url,
    file,
    String(Math.floor(random() * 2 ** 31)),
  ]);
  workers.add(worker);
  await once(worker, 'message');
  return worker;
}

/** Settles when the worker has ticked, or is dead. */
async function order(worker: ChildProcess, message: WorkerOrder): Promise<void> {
  const over = new AbortController();
  const answer = Promise.race(['message', 'exit'].map((event) => once(worker, event, { signal: over.signal })));
  worker.send(message);
  await answer;
  over.abort();
}

const isDead = (worker: ChildProcess) => worker.signalCode !== null;

/** Time that passes for the queue alone: failed jobs are due, and jobs of the dead are freed. */
async function letTimePass(dead: boolean): Promise<boolean> {
  await pool.query('UPDATE graphile_worker._private_jobs SET run_at = now() WHERE locked_at IS NULL AND run_at > now()');
  if (dead) {
    await pool.query(
      `UPDATE graphile_worker._private_jobs SET locked_at = now() - interval '6 minutes' WHERE locked_at < now() - interval '3 seconds'`,
    );
    await tidyMailQueue(pool);
  }
  const { rows } = await pool.query<{ left: number }>('SELECT count(*)::int AS left FROM graphile_worker.jobs');
  return rows[0].left === 0;
}

/** @returns the e-mail addresses of those who are to get one, with their zones */
async function makeOwners(): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ id: number; email: string; zone: string; i: number }>(
    `INSERT INTO users (email, password_hash, time_zone, locale, confirmed_at, daily_report, banned_at)
     SELECT 'owner' || i || '@example.com', null, ($1::text[])[1 + i % $2], CASE WHEN i % 2 = 0 THEN 'ru' ELSE 'en' END,
            CASE WHEN i % 50 = 1 THEN NULL ELSE now() END, i % 50 <> 2, CASE WHEN i % 50 = 3 THEN now() END
     FROM generate_series(0, $3::int - 1) AS i RETURNING id, email, time_zone AS zone, substring(email FROM '[0-9]+')::int AS i`,
    [ZONES, ZONES.length, OWNERS],
  );
  const withLinks = rows.filter(({ i }) => i % 50 !== 4);
  await pool.query(
    `INSERT INTO links (owner_id, slug, target, created_at) SELECT id, 'slug' || id, 'https://example.com/', $2 FROM unnest($1::bigint[]) AS id`,
    [withLinks.map(({ id }) => id), new Date(BEGIN)],
  );
  return new Map(withLinks.filter(({ i }) => ![1, 2, 3].includes(i % 50)).map(({ email, zone }) => [email, zone]));
}

/** By another library. @returns the moments within the simulated day when a day has just ended */
function midnights(zone: string): number[] {
  const first = DateTime.fromMillis(BEGIN, { zone }).startOf('day');
  return [0, 1, 2]
    .map((days) => first.plus({ days }).startOf('day').toMillis())
    .filter((at) => at > BEGIN && at <= BEGIN + TICKS * QUARTER_MS);
}

const it = suite('a day of daily reports');

it.after(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await closePool();
  await database.stop();
});

it('brings each owner one, right after midnight', async () => {
  writeFileSync(file, '');
  const expected = await makeOwners();
  const nodes = [await startWorker(), await startWorker()];
  const deaths = new Map<number, WorkerOrder['dies']>([
    [16 + Math.floor(random() * 16), 'whole'],
    [48 + Math.floor(random() * 16), 'early'],
  ]);
  let due: WorkerOrder['dies'] = 'never';
  let killed = 0;
  let longestMs = 0;
  for (let tick = 0; tick <= TICKS; tick++) {
    const now = BEGIN + tick * QUARTER_MS;
    due = deaths.get(tick) ?? due;
    const victim = killed % nodes.length;
    const from = performance.now();
    await Promise.all(nodes.map((node, i) => order(node, { now, dies: i === victim ? due : 'never' })));
    await until('an empty queue', () => letTimePass(nodes.some(isDead)), PATIENCE_MS);
    longestMs = Math.max(longestMs, performance.now() - from);
    for (const [i, node] of nodes.entries()) {
      if (!isDead(node)) continue;
      assert.is(node.signalCode, 'SIGKILL');
      killed++;
      due = 'never';
      nodes[i] = await startWorker();
    }
  }
  assert.is(killed, 2);
  const got = Map.groupBy(mails(), ({ to }) => to);
  assert.equal([...got.keys()].sort(), [...expected.keys()].sort());
  for (const [email, zone] of expected) {
    const times = (got.get(email) ?? []).map(({ now }) => now);
    const due = midnights(zone);
    assert.is(due.length, 1, zone);
    assert.is(times.length, 1, `${email} in ${zone}: ${times.length} mails`);
    assert.ok(times[0] >= due[0] && times[0] < due[0] + QUARTER_MS, `${email} in ${zone} at ${new Date(times[0]).toISOString()}`);
  }
  assert.is(new Set(ZONES).size, 38);
  assert.ok(longestMs < QUARTER_MS);
  say(
    `${got.size} owners of ${OWNERS} in ${ZONES.length} zones, one mail each; the fullest quarter-hour was done in ${(longestMs / 1_000).toFixed(1)} s`,
  );
});

it.run();
