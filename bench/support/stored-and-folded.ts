/**
 * Known clicks through the product's own writer (a batch is a transaction: position, number, COPY) and its own folding on a pool thread, three times:
 *
 *   background   folds begin by the rules of jobs/fold.ts; nobody asks
 *   dashboards   folds begin only because somebody opens dashboards of the real HTTP API
 *   both         at once
 *
 * each with a third of the clicks and of the owners. Whoever opens a dashboard checks that no number goes down, and that each lies between what
 * was stored before the question and what was begun to be stored before the answer. In the end every figure is compared with what was made.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Batch } from '../../src/actors/batch.ts';
import { recentVisitors } from '../../src/actors/enrich/recent-visitors.ts';
import { counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import type { ClickStore, EpochStore } from '../../src/core/ports/clicks.ts';
import { FOLD_WANTED_CLICKS } from '../../src/http/dashboard/dashboards.ts';
import { createFolding, type Folding } from '../../src/jobs/fold.ts';
import { startTaskPool } from '../../src/jobs/pool.ts';
import { startTicker } from '../../src/jobs/ticker.ts';
import type { PoolTasks } from '../../src/pool-thread.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createEpochStore } from '../../src/storage/postgres/epochs.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { entryUrl } from '../../src/threads.ts';
import { startApi } from '../../test/support/api-server.ts';
import { silentLogger } from '../../test/support/logger.ts';
import { compareAll, type KnownOwner } from './compare-all.ts';
import { KnownClicks, ownerOf, type Plan, rangeOf, zoneOf } from './known-clicks.ts';

const BATCH_ROWS = 20_000;
const VISITORS_REMEMBERED = 2 ** 20;
const QUERY_TIMEOUT_MS = 600_000;
const TICK_MS = 250;
/** Between two dashboards that are opened. */
const OPEN_EVERY_MS = 200;
const TELL_EVERY_MS = 5_000;
/** Longer than folding ever rests: then what is left is due. */
const REST_MS = 120_000;
const WAYS = ['background', 'dashboards', 'both'] as const;
type Way = (typeof WAYS)[number];

export type PhaseFigures = {
  way: Way;
  clicks: number;
  storedSec: number;
  foldedSec: number;
  folds: number;
  dashboards: number;
  refused: number;
};
export type Figures = { phases: PhaseFigures[]; comparedSec: number; compared: { links: number; documents: number; owners: number } };

export type Options = Plan & { clicks: number; url: string; tell(line: string): void };

/** @throws when any figure is another than what was made, or was ever told wrongly */
export async function storeAndFold({ clicks, url, tell, ...plan }: Options): Promise<Figures> {
  const pool = await createPool({ url, name: 'known clicks', max: 4, logger: silentLogger, queryTimeoutMs: QUERY_TIMEOUT_MS });
  const api = await startApi({ value: { url }, stop: async () => undefined });
  const tasks = startTaskPool<PoolTasks>(entryUrl('pool-thread').href, { databaseUrl: url, logLevel: 'warn' }, { threads: 1 });
  try {
    const { owners, ids } = await makeOwners(pool.value, plan);
    const known = new KnownClicks(plan, ids);
    const run = { known, owners, pool: pool.value, api: api.value, tasks: tasks.value, tell };
    api.value.clock.now = rangeOf(plan).to - 1;
    const writer = await openWriter(run);
    const phases: PhaseFigures[] = [];
    for (const [n, way] of WAYS.entries()) {
      const share = Math.floor((clicks * (n + 1)) / WAYS.length) - Math.floor((clicks * n) / WAYS.length);
      phases.push(await phase(run, writer, way, share));
    }
    const began = performance.now();
    const compared = await compareAll({ known, ids, owners, pool: pool.value, api: api.value });
    return { phases, compared, comparedSec: (performance.now() - began) / 1000 };
  } finally {
    await tasks.stop();
    await api.stop();
    await pool.stop();
  }
}

type Api = Awaited<ReturnType<typeof startApi>>['value'];
type Run = {
  known: KnownClicks;
  owners: KnownOwner[];
  pool: Pool;
  api: Api;
  tasks: ReturnType<typeof startTaskPool<PoolTasks>>['value'];
  tell(line: string): void;
};

async function makeOwners(pool: Pool, plan: Plan): Promise<{ owners: KnownOwner[]; ids: number[] }> {
  const owners: KnownOwner[] = [];
  for (let n = 0; n < plan.owners; n++) {
    const account = { email: `known${n}@example.com`, passwordHash: null, isAdmin: false, plan: 'unlimited', timeZone: zoneOf(n) } as const;
    const { id } = await createConfirmedUser(pool, account);
    owners.push({ id, key: await createApiKey(pool, { userId: id, name: 'known', scopes: ['links:read', 'stats:read'] }), links: [] });
  }
  const ofLinks = Array.from({ length: plan.links }, (_, link) => owners[ownerOf(plan, link)].id);
  const { rows } = await pool.query<{ id: number; link: number }>(
    `INSERT INTO links (slug, owner_id, target) SELECT 'known' || link, owner, 'https://example.com/' FROM unnest($1::bigint[]) WITH ORDINALITY AS l (owner, link)
     ORDER BY link RETURNING id, substr(slug, 6)::int AS link`,
    [ofLinks],
  );
  const ids = new Array<number>(plan.links);
  for (const { id, link } of rows) {
    ids[link - 1] = id;
    owners[ownerOf(plan, link - 1)].links.push(link - 1);
  }
  return { owners, ids };
}

type Writer = {
  /** Clicks of owners that were begun to be stored, and that are stored. */
  begun: Float64Array;
  stored: Float64Array;
  write(owners: readonly number[], clicks: number, onStored: (rows: number) => void): Promise<void>;
};

/** One batch is made while the one before is being stored, as a shard does. */
async function openWriter({ known, owners, pool }: Run): Promise<Writer> {
  const store: ClickStore = createClickStore({ pool, node: 'known', randomBytes, logger: silentLogger });
  await store.positions([{ name: 'f0-s0', front: 0, shard: 0 }]);
  const seenBefore = recentVisitors(VISITORS_REMEMBERED);
  const { from, to } = rangeOf(known.plan);
  const begun = new Float64Array(owners.length);
  const stored = new Float64Array(owners.length);
  let position = 0;

  function fill(batch: Batch, picks: Int32Array, done: number, count: number, all: number): void {
    batch.clear();
    for (let i = 0; i < count; i++) {
      known.next(picks, from + Math.floor(((done + i) / all) * (to - from)));
      known.row.seen = !known.row.bot && seenBefore(known.row.visitorHi, known.row.visitorLo);
      batch.add(known.row);
    }
    batch.moveLog('f0-s0', 0, 0, position, position + count);
    position += count;
  }

  return {
    begun,
    stored,
    async write(ofOwners, clicks, onStored) {
      const picks = known.picks(ofOwners.flatMap((owner) => owners[owner].links));
      let storing: Promise<unknown> = Promise.resolve();
      const batches = [new Batch(), new Batch()];
      for (let done = 0, n = 0; done < clicks; n++) {
        const count = Math.min(BATCH_ROWS, clicks - done);
        const batch = batches[n % 2];
        fill(batch, picks, done, count, clicks);
        const made = known.ofOwner.slice();
        await storing;
        begun.set(made);
        storing = store.store(batch).then(() => {
          stored.set(made);
          onStored(count);
        });
        storing.catch(() => undefined); // awaited with the next batch, or at the end
        done += count;
      }
      await storing;
    },
  };
}

async function phase(run: Run, writer: Writer, way: Way, clicks: number): Promise<PhaseFigures> {
  const { owners, tell } = run;
  const ofPhase = owners.flatMap((_, owner) => (owner % WAYS.length === WAYS.indexOf(way) ? [owner] : []));
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  const folding = startFolding(run, way);
  const visits = way === 'background' ? null : startVisits(run, writer, ofPhase);
  let storedRows = 0;
  const telling = setInterval(() => {
    const perSec = Math.round(storedRows / since());
    tell(
      `${way}: ${storedRows.toLocaleString('en')} of ${clicks.toLocaleString('en')} stored, ${folding.folded().toLocaleString('en')} folded, ${perSec.toLocaleString('en')} rows/s`,
    );
  }, TELL_EVERY_MS);
  try {
    await writer.write(ofPhase, clicks, (rows) => {
      storedRows += rows;
    });
    const storedSec = since();
    await folding.finish(ofPhase.length);
    const opened = (await visits?.stop()) ?? { dashboards: 0, refused: 0 };
    return { way, clicks, storedSec, foldedSec: since(), folds: folding.folds(), ...opened };
  } finally {
    clearInterval(telling);
    await visits?.stop();
    await folding.stop();
  }
}

/** Folding as a node does it; what begins a fold is of one kind only, or of both. */
function startFolding({ pool, tasks, api }: Run, way: Way) {
  const memory = new SharedArrayBuffer(counterBytes(1));
  const epochs = createEpochStore(pool);
  const ahead = { ms: 0 };
  const wanted = { count: api.foldsWanted.count, at: 0 };
  let failure: unknown = null;
  const folding: Folding = createFolding({
    epochs: { ...epochs, state: async () => noted(await epochs.state()) },
    runFold: () => tasks.run('foldClicks', null),
    wantedAt() {
      if (way === 'background') return 0;
      if (api.foldsWanted.count > wanted.count) wanted.at = Date.now() + ahead.ms;
      wanted.count = api.foldsWanted.count;
      return wanted.at;
    },
    rawClickDays: 0,
    clock: () => Date.now() + ahead.ms,
    counters: countersOf(memory, 0),
    logger: silentLogger,
  });

  /** When only dashboards may begin folds, neither age nor number does: what waits looks as if it were one click that has just come. */
  function noted(state: Awaited<ReturnType<EpochStore['state']>>) {
    return way === 'dashboards' ? { ...state, unfoldedRows: Math.min(1, state.unfoldedRows), oldestAgeMs: 0 } : state;
  }

  const ticker = startTicker(
    'folding',
    TICK_MS,
    async () => {
      await folding.tick().catch((error) => {
        failure = error;
      });
    },
    silentLogger,
  );
  return {
    folds: () => readCounters(memory).folds,
    folded: () => readCounters(memory).clicksFolded,
    /**
     * Waits until nothing is left to fold, without the rests that spare a node; where only dashboards begin folds, until there is less left than would
     * make one of them want a fold.
     */
    async finish(owners: number) {
      const enough = way === 'dashboards' ? owners * FOLD_WANTED_CLICKS : 1;
      do {
        if (way !== 'dashboards') ahead.ms += REST_MS; // again and again: a fold under way seems to take that long, and would rest for it
        await sleep(TICK_MS);
        if (failure !== null) throw failure;
      } while ((await epochs.state()).unfoldedRows >= enough);
    },
    stop: ticker.stop,
  };
}

/** Opens one dashboard after the other. */
function startVisits({ owners, api }: Run, writer: Writer, ofPhase: readonly number[]) {
  const last = new Float64Array(owners.length);
  let isOver = false;
  let opened = 0;
  let refused = 0;

  async function open(owner: number): Promise<void> {
    const stored = writer.stored[owner];
    const { status, json } = await api.send('GET', '/api/v1/dashboard', { key: owners[owner].key });
    if (status === 503) {
      refused++; // no answer in time: the machine has other work
      return;
    }
    if (status !== 200) throw new Error(`the dashboard of owner ${owner} is ${status}: ${JSON.stringify(json)}`);
    const told = json.total.clicks + json.total.botClicks;
    const [least, most] = [Math.max(stored, last[owner]), writer.begun[owner]];
    if (told < least || told > most) throw new Error(`owner ${owner} is told ${told} clicks, between ${least} and ${most} are right`);
    last[owner] = told;
    opened++;
  }

  const visiting = (async () => {
    for (let n = 0; !isOver; n++) {
      await open(ofPhase[n % ofPhase.length]);
      await sleep(OPEN_EVERY_MS);
    }
  })();
  visiting.catch(() => undefined); // told by `stop`
  return {
    async stop() {
      isOver = true;
      await visiting;
      return { dashboards: opened, refused };
    },
  };
}
