/**
 * Dashboards, as of now. A front keeps those that were asked for lately, each as long as the lifetime of what is cached, all together up to a number of bytes;
 * what is not folded is added for every answer.
 *
 * Questions for one owner's dashboard are answered in rounds: whoever asks while a round is under way is answered by the next one, which begins after all
 * of them have asked. So each answer holds every click that was answered before its question, and many who ask cost as much as one.
 */
import { type Calendar, calendarMemory } from '../../core/calendar.ts';
import type { DashboardQuestion, DashboardRest, DashboardStore } from '../../core/dashboard.ts';
import { Failure } from '../../core/failure.ts';
import type { Clock, UnstoredClicks } from '../../core/ports.ts';
import { type DashboardText, DashboardView, type ShownDashboard } from './view.ts';

/** Links of one dashboard at most. */
export const DASHBOARD_MAX_LINKS = 2_000;
/** Of one front's dashboards. */
export const DASHBOARDS_MAX_BYTES = 64 << 20;
/** Stored clicks of an owner that are added up at every question; with more of them a fold is wanted soon. */
export const FOLD_WANTED_CLICKS = 5_000;
/** How often a question is asked again because links were made meanwhile. */
const TRIES = 3;

export type DashboardOwner = { id: number; timeZone: string };
/** `isCached`: the folded figures were at hand. */
export type Dashboard = ShownDashboard & { isCached: boolean };

export type DashboardsOptions = {
  store: DashboardStore;
  unstored: UnstoredClicks;
  text: DashboardText;
  clock: Clock;
  ttlMs: () => number;
  maxBytes?: number;
  /** Asks for a fold, soon. */
  wantFold: () => void;
};

/** @throws Failure too_many_links */
export type ReadDashboard = (owner: DashboardOwner) => Promise<Dashboard>;

export function createDashboards(options: DashboardsOptions): ReadDashboard {
  const { store, unstored, text, clock, ttlMs, maxBytes = DASHBOARDS_MAX_BYTES, wantFold } = options;
  const calendarAt = calendarMemory();
  const views = boundedViews(maxBytes);

  function viewOf(key: string, { day }: Calendar, now: number): DashboardView | null {
    const view = views.get(key);
    if (view === undefined) return null;
    const age = now - view.loadedAt; // negative: the clock was set back
    return view.day === day && age >= 0 && age < ttlMs() ? view : null;
  }

  async function answer(key: string, { id: ownerId, timeZone }: DashboardOwner): Promise<Dashboard> {
    const now = clock();
    const calendar = calendarAt(timeZone, now);
    const atHand = viewOf(key, calendar, now);
    const view = atHand ?? new DashboardView(text, timeZone, calendar.day, now);
    let linkIds = atHand?.linkIds ?? (await store.linkIds(ownerId));
    for (let tries = 1; ; tries++) {
      if (linkIds.length > DASHBOARD_MAX_LINKS) throw tooManyLinks();
      const question = { ownerId, linkIds, calendar, unstored: await unstored(linkIds) };
      const rest = view.marks === null ? null : await store.rest(question, view.marks);
      const read = rest ?? (await readSnapshot(question, view, tries === TRIES, now));
      if (Array.isArray(read)) linkIds = read;
      else {
        const shown = view.show(read, now);
        views.set(key, view);
        if (read.storedClicks >= FOLD_WANTED_CLICKS) wantFold();
        return { ...shown, isCached: atHand !== null };
      }
    }
  }

  /** Brings a view up to date. @returns the links, when there are some that the shards were not asked about */
  async function readSnapshot(
    question: DashboardQuestion,
    view: DashboardView,
    isLast: boolean,
    now: number,
  ): Promise<DashboardRest | number[]> {
    const { linkIds } = question;
    const missing = view.marks === null ? [] : linkIds.filter((id) => !view.has(id));
    const { rest, folded } = await store.snapshot(question, view.marks, missing);
    const asked = new Set(linkIds);
    const links = folded.links?.filter(({ id }) => asked.has(id)) ?? null;
    const isComplete = links?.length === folded.links?.length;
    if (!isComplete && !isLast) return (folded.links ?? []).map(({ id }) => id);
    view.update(links, folded.figures, now);
    // Links that were made after the question are left out of its answer, and found by the next one.
    view.marks = isComplete ? rest.marks : { ...rest.marks, links: '' };
    return rest;
  }

  return inRounds((owner) => `${owner.id}/${owner.timeZone}`, answer);
}

const tooManyLinks = () =>
  new Failure('too_many_links', `A dashboard shows ${DASHBOARD_MAX_LINKS} links at most: ask for /api/v1/links and /api/v1/stats instead`);

/** Runs one round a key at a time; who comes meanwhile is in the next one. */
function inRounds<Owner, T>(keyOf: (owner: Owner) => string, run: (key: string, owner: Owner) => Promise<T>): (owner: Owner) => Promise<T> {
  type Rounds = { gathering: Promise<T> | null; running: Promise<unknown> | null };
  const all = new Map<string, Rounds>();

  async function round(key: string, owner: Owner, rounds: Rounds): Promise<T> {
    await rounds.running;
    await new Promise(setImmediate); // whoever asks in the same turn of the event loop is in it, too
    const running = run(key, owner);
    rounds.gathering = null;
    rounds.running = running.then(
      () => undefined,
      () => undefined, // told to whoever asked
    );
    try {
      return await running;
    } finally {
      if (rounds.gathering === null) all.delete(key);
    }
  }

  return (owner) => {
    const key = keyOf(owner);
    const rounds = all.get(key) ?? { gathering: null, running: null };
    all.set(key, rounds);
    rounds.gathering ??= round(key, owner, rounds);
    return rounds.gathering;
  };
}

/** The views that were used last, up to a number of bytes. */
function boundedViews(maxBytes: number) {
  const views = new Map<string, { view: DashboardView; bytes: number }>();
  let total = 0;

  function remove(key: string): void {
    total -= views.get(key)?.bytes ?? 0;
    views.delete(key);
  }

  return {
    get: (key: string) => views.get(key)?.view,
    set(key: string, view: DashboardView): void {
      remove(key);
      const bytes = view.sizeBytes;
      views.set(key, { view, bytes });
      total += bytes;
      for (const oldest of views.keys()) {
        if (total <= maxBytes) return;
        remove(oldest);
      }
    },
  };
}
