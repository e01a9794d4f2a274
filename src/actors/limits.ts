/**
 * Grants clicks of limited links. What is asked for while a statement is under way gathers, and the next statement takes all of it, many
 * links at a time. Postgres is the only truth: nothing is counted here, so that threads, nodes and crashes change nothing. What was taken
 * and whose answer was lost stays used; it is never asked for again.
 *
 *                 statement                   answered
 *   gathering ────────────────► asked ─────────────────────► (forgotten, or gathering when more came meanwhile)
 *                                 │ locked by somebody else       ▲ answered
 *                                 └───────► contested ───► asked alone, by a statement that waits
 *
 * So a link whose row is locked for long (it is being deleted, say) holds up no other link.
 */
import type { ClickDemand, ClickLimitStore } from '../core/ports/clicks.ts';
import type { Clock, Logger } from '../core/ports.ts';

/** Links in one statement. */
const MAX_LINKS = 1_000;
/** Clicks that may wait for a statement or its answer; beyond it they are refused, so that a flood cannot fill the memory. */
export const MAX_WAITING_CLICKS = 50_000;
/** Statements at a time that wait for one locked link each. */
const MAX_ALONE = 2;
/** The quick statement's connection, and those that wait. */
export const LIMIT_CONNECTIONS = 1 + MAX_ALONE;
/** Whoever has waited longer for a statement's turn is refused instead: nothing is used for a visitor who may be gone. */
export const TURN_MS = 1_000;
/** So many statements in a row have failed when the store counts as away. */
const FAILURES_UNTIL_AWAY = 2;
/** While the store is away, one question an interval finds out when it is back; all others are refused at once. */
export const PROBE_MS = 500;

export type Limits = {
  /**
   * @param clicks how many are asked for
   * @returns how many of them are granted; null when that is not known: they may be used. Never rejects
   */
  take(linkId: number, clicks: number): Promise<number | null>;
};

export type LimitsOptions = {
  store: ClickLimitStore;
  /** Whether an error says that the store cannot be asked right now. */
  isStoreAway(error: unknown): boolean;
  clock: Clock;
  logger: Logger;
};

type Ask = { clicks: number; askedAt: number; answer(granted: number | null): void };
/** In exactly one of the states of the file's header. `asked` is what the statement under way is about. */
type LimitedLink = { id: number; waiting: Ask[]; asked: Ask[] };

export function createLimits({ store, isStoreAway, clock, logger }: LimitsOptions): Limits {
  const links = new Map<number, LimitedLink>();
  /** In the order in which they came. */
  const gathering = new Set<LimitedLink>();
  const contested = new Set<LimitedLink>();
  let isAsking = false;
  let alone = 0;
  let waitingClicks = 0;
  let failures = 0;
  let nextProbe = Number.NEGATIVE_INFINITY;

  function begin(): void {
    if (!isAsking && gathering.size > 0) void askMany();
    while (alone < MAX_ALONE && contested.size > 0) void askAlone();
  }

  async function askMany(): Promise<void> {
    const asked = takeFrom(gathering, MAX_LINKS);
    if (asked.length === 0) return;
    isAsking = true;
    const granted = await outcome(() => store.take(asked.map(demandOf)));
    isAsking = false;
    for (const link of asked) {
      const own = granted?.get(link.id);
      if (granted !== null && own === undefined) contest(link);
      else settle(link, own ?? null);
    }
    begin();
  }

  async function askAlone(): Promise<void> {
    const [link] = takeFrom(contested, 1);
    if (link === undefined) return;
    alone++;
    const granted = await outcome(() => store.takeAlone(demandOf(link)));
    alone--;
    settle(link, granted);
    begin();
  }

  /** Takes links whose turn it is out of their state; what has waited too long is refused, and links for which nobody waits any more are left out. */
  function takeFrom(state: Set<LimitedLink>, most: number): LimitedLink[] {
    const latest = clock() - TURN_MS;
    const taken: LimitedLink[] = [];
    for (const link of state) {
      if (taken.length === most) break;
      state.delete(link);
      link.asked = link.waiting.filter(({ askedAt }) => askedAt >= latest);
      refuse(link.waiting.filter(({ askedAt }) => askedAt < latest));
      link.waiting = [];
      if (link.asked.length > 0) taken.push(link);
      else links.delete(link.id);
    }
    return taken;
  }

  async function outcome<T>(statement: () => Promise<T>): Promise<T | null> {
    try {
      const result = await statement();
      if (failures > 0) logger.info({ failures }, 'clicks of limited links are granted again');
      failures = 0;
      return result;
    } catch (error) {
      if (failures++ === 0) {
        const level = isStoreAway(error) ? 'warn' : 'error';
        logger[level]({ err: error }, 'clicks of limited links cannot be granted; their visitors are asked to come again');
      }
      if (failures >= FAILURES_UNTIL_AWAY) refuseWaiting();
      return null;
    }
  }

  /** Nobody waits for a store that is away. */
  function refuseWaiting(): void {
    nextProbe = clock() + PROBE_MS;
    for (const link of links.values()) {
      refuse(link.waiting);
      link.waiting = [];
      if (link.asked.length === 0) links.delete(link.id);
    }
    gathering.clear();
    contested.clear();
  }

  /** Whether one more may wait; while the store is away, one an interval. */
  function mayWait(now: number, clicks: number): boolean {
    if (waitingClicks + clicks > MAX_WAITING_CLICKS) return false;
    if (failures < FAILURES_UNTIL_AWAY) return true;
    if (now < nextProbe) return false;
    nextProbe = now + PROBE_MS;
    return true;
  }

  function contest(link: LimitedLink): void {
    link.waiting = [...link.asked, ...link.waiting];
    link.asked = [];
    contested.add(link);
  }

  /** First come, first served. @param granted null: not known */
  function settle(link: LimitedLink, granted: number | null): void {
    if (granted === null) refuse(link.asked);
    else {
      let left = granted;
      for (const ask of link.asked) {
        const own = Math.min(left, ask.clicks);
        left -= own;
        waitingClicks -= ask.clicks;
        ask.answer(own);
      }
    }
    link.asked = [];
    if (link.waiting.length > 0) gathering.add(link);
    else links.delete(link.id);
  }

  function refuse(asks: readonly Ask[]): void {
    for (const { clicks, answer } of asks) {
      waitingClicks -= clicks;
      answer(null);
    }
  }

  return {
    take(linkId, clicks) {
      const now = clock();
      if (!mayWait(now, clicks)) return Promise.resolve(null);
      const { promise, resolve } = Promise.withResolvers<number | null>();
      let link = links.get(linkId);
      if (link === undefined) {
        link = { id: linkId, waiting: [], asked: [] };
        links.set(linkId, link);
        gathering.add(link);
      }
      link.waiting.push({ clicks, askedAt: now, answer: resolve });
      waitingClicks += clicks;
      begin();
      return promise;
    },
  };
}

const demandOf = ({ id, asked }: LimitedLink): ClickDemand => ({ linkId: id, clicks: asked.reduce((sum, { clicks }) => sum + clicks, 0) });
