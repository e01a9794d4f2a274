/**
 * A shard: reads its click logs, enriches each click, hands it to the actor of its link, and has batches stored.
 * The order of a click: read → enrich → seen before? → batch → (stored) → log released.
 */
import type { LoggedClick } from '../core/click.ts';
import type { ClickRow } from '../core/copy-row.ts';
import type { Counters } from '../core/counters.ts';
import type { UnstoredBatch } from '../core/ports/clicks.ts';
import type { Clock } from '../core/ports.ts';
import type { Batch } from './batch.ts';
import type { Enricher } from './enrich/enrich.ts';
import type { Flusher } from './flusher.ts';

/** Log bytes read in one go, about a millisecond: in between, the batch under way is fed to Postgres, which else runs dry. */
const READ_BYTES = 1 << 17;

/** The reading end of one click log (storage/click-log). */
export type ShardLog = {
  readonly name: string;
  readonly front: number;
  readonly shard: number;
  /** Behind the last click that was taken. */
  readonly position: number;
  /** Reads complete records; `visit` answers false to stop before a click, which is then read again next time. @returns clicks taken */
  read(maxBytes: number, visit: (click: LoggedClick, end: number) => boolean): number;
  /** Deletes what lies wholly below a position. */
  release(upTo: number): void;
};

export type Shard = {
  /** Reads on, and has a batch stored if one is due. @returns whether there may be more to read at once */
  tick(): boolean;
  /** What of some links may not be in Postgres yet, complete up to this moment. @throws when that cannot be said before `deadline` */
  unstored(linkIds: readonly number[], deadline: number): Promise<UnstoredBatch[]>;
};

export type ShardOptions = {
  logs: readonly ShardLog[];
  flusher: Flusher;
  enrich: Enricher;
  /** True when this visitor was here before; remembers it. May forget, never errs. */
  seenBefore: (hi: number, lo: number) => boolean;
  /** Called when a day's salt is missing; ticks go on meanwhile. */
  wantSalt: (day: number) => void;
  /** Called with each click that was taken; it is reused afterwards. */
  onClick: (click: ClickRow) => void;
  clock: Clock;
  counters: Counters;
};

/** How long to wait before looking again whether the shard has read far enough. */
const CATCH_UP_POLL_MS = 2;

export function createShard(options: ShardOptions): Shard {
  const { logs, flusher, enrich, seenBefore, wantSalt, onClick, clock, counters } = options;
  const click: ClickRow = {
    linkId: 0,
    at: 0,
    day: 0,
    visitorHi: 0,
    visitorLo: 0,
    country: 0,
    device: 0,
    os: 0,
    browser: 0,
    language: 0,
    bot: false,
    seen: false,
    referrer: '',
  };
  let batch: Batch = flusher.gathering();
  /** A click could not be taken: the batch is full, or its day's salt is not here yet. It waits in the log. */
  let stalled = false;

  function stall(): false {
    stalled = true;
    return false;
  }

  function take(logged: LoggedClick): boolean {
    if (flusher.isFull()) return stall();
    if (!enrich(logged, click)) {
      wantSalt(click.day);
      return stall();
    }
    click.seen = !click.bot && seenBefore(click.visitorHi, click.visitorLo);
    if (click.bot) counters.add('botClicks');
    else if (click.seen) counters.add('repeatClicks');
    if (click.country === 0) counters.add('unknownCountries');
    batch.add(click);
    onClick(click);
    return true;
  }

  /** Takes what a log has, up to READ_BYTES. @returns whether the log moved */
  function readOn(log: ShardLog): boolean {
    const from = log.position;
    stalled = false;
    batch = flusher.gathering();
    if (batch.rows === 0 && batch.moves.size === 0) batch.openedAt = clock();
    log.read(READ_BYTES, take);
    if (log.position === from) return false;
    batch.moveLog(log.name, log.front, log.shard, from, log.position);
    return true;
  }

  function tick(): boolean {
    let moved = false;
    for (const log of logs) moved = readOn(log) || moved;
    flusher.tick();
    return moved && !stalled;
  }

  /** Every click answered before now is in its log already, so reading to the end once makes the answer complete. */
  async function readToEnd(deadline: number): Promise<void> {
    for (const log of logs) {
      while (readOn(log) || stalled) {
        if (!stalled) continue;
        if (clock() > deadline) throw new Error('the shard cannot read on: its clicks cannot be stored');
        await new Promise((resolve) => setTimeout(resolve, CATCH_UP_POLL_MS));
        flusher.tick();
      }
    }
  }

  return {
    tick,
    async unstored(linkIds, deadline) {
      await readToEnd(deadline);
      return flusher.unstored().map((it) => it.unstored(linkIds));
    },
  };
}
