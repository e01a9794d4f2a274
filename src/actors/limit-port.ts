/**
 * How fronts and a shard speak about limited links: the visitors that come to a front within one turn of its loop are one message to the
 * shard, a number for each link; the shard's answers that are known at once are one message back.
 */
import type { ClickTake, ClickTaken } from '../core/messages.ts';
import type { ClickLimits } from '../core/ports/clicks.ts';
import type { Limits } from './limits.ts';

/** Visitors of a front that may wait for a shard; beyond it they are refused. */
export const MAX_WAITING_VISITORS = 20_000;
/** Nobody waits longer. The shard answers before, unless it hangs: after a wait for its turn, a connection and a statement. */
export const TAKE_DEADLINE_MS = 4_500;

/** The shard's side: what it does with a front's takes. */
export function answerTakes(limits: Limits, post: (takes: ClickTaken[]) => void): (takes: readonly ClickTake[]) => void {
  let known: ClickTaken[] = [];
  const answer = (taken: ClickTaken) => {
    if (known.push(taken) === 1) queueMicrotask(send); // behind those that became known by the same statement
  };
  const send = () => {
    post(known);
    known = [];
  };
  return (takes) => {
    for (const { id, linkId, clicks } of takes) {
      void limits.take(linkId, clicks).then((granted) => answer({ id, granted }));
    }
  };
}

/** The front's side, for one shard that is there. */
export type TakeClient = ClickLimits & {
  settle(takes: readonly ClickTaken[]): void;
  /** The shard is gone: nobody knows what became of what it was asked for. */
  fail(): void;
};

type Taken = Awaited<ReturnType<ClickLimits['take']>>;
type Visitor = (taken: Taken) => void;
/** What one message asked for: how much of it is not answered yet, and its end. */
type Message = { open: number; deadline: NodeJS.Timeout };

export function createTakeClient(post: (takes: ClickTake[]) => void, deadlineMs = TAKE_DEADLINE_MS): TakeClient {
  let gathering = new Map<number, Visitor[]>();
  const asked = new Map<number, { waiting: Visitor[]; message: Message }>();
  let visitors = 0;
  let lastId = 0;

  function send(): void {
    if (gathering.size === 0) return; // the shard has gone meanwhile
    const takes: ClickTake[] = [];
    const giveUp = () => settle(takes.map(({ id }) => ({ id, granted: null })));
    const message = { open: gathering.size, deadline: setTimeout(giveUp, deadlineMs) };
    for (const [linkId, waiting] of gathering) {
      const id = ++lastId;
      asked.set(id, { waiting, message });
      takes.push({ id, linkId, clicks: waiting.length });
    }
    gathering = new Map();
    post(takes);
  }

  function settle(takes: readonly ClickTaken[]): void {
    for (const { id, granted } of takes) {
      const take = asked.get(id);
      if (take === undefined) continue; // too late
      asked.delete(id);
      if (--take.message.open === 0) clearTimeout(take.message.deadline);
      tell(take.waiting, granted);
    }
  }

  function tell(waiting: readonly Visitor[], granted: number | null): void {
    visitors -= waiting.length;
    for (const [i, visitor] of waiting.entries()) visitor(granted === null ? 'unavailable' : i < granted ? 'granted' : 'exhausted');
  }

  return {
    take(linkId) {
      if (visitors >= MAX_WAITING_VISITORS) return Promise.resolve('unavailable');
      visitors++;
      if (gathering.size === 0) setImmediate(send);
      const { promise, resolve } = Promise.withResolvers<Taken>();
      const waiting = gathering.get(linkId);
      if (waiting === undefined) gathering.set(linkId, [resolve]);
      else waiting.push(resolve);
      return promise;
    },
    settle,
    fail() {
      for (const waiting of gathering.values()) tell(waiting, null);
      gathering = new Map();
      settle([...asked.keys()].map((id) => ({ id, granted: null })));
    },
  };
}
