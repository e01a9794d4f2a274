/**
 * Dashboards, as of now. A front keeps those that were asked for lately, each as long as the lifetime of what is cached, all together up to a number of bytes;
 * what is not folded is added for every answer.
 *
 * Questions for one owner's dashboard are answered in rounds: whoever asks while a round is under way is answered by the next one, which begins after all
 * of them have asked. So each answer holds every click that was answered before its question, and many who ask cost as much as one.
 */
import { type Calendar, calendarMemory } from '../../core/calendar.ts';
import type { DashboardQuestion, DashboardStore, NewsMarks } from '../../core/dashboard.ts';
import { Failure } from '../../core/failure.ts';
import type { UnstoredClicks } from '../../core/ports/clicks.ts';
import type { Clock } from '../../core/ports.ts';
import { type DashboardText, DashboardView, type ShownDashboard } from './view.ts';

/** Of one front's dashboards. */
export const DASHBOARDS_MAX_BYTES = 64 << 20;
/** Stored clicks of an owner that are added up at every question; with more of them a fold is wanted soon. */
export const FOLD_WANTED_CLICKS = 5_000;
/** How often what is folded is read again because something was folded meanwhile. */
const TRIES = 5;
/** So many times the database hands over rows that are not counted yet; when there are more, it adds them up itself. */
const NEWS_PARTS = 5;

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
    let marks: NewsMarks | null = view.marks;
    for (let tries = 0; tries < TRIES; tries++) {
      if (marks === null || tries > 0) {
        view.update(await store.folded(ownerId, calendar, view.marks, view.linkIds), now);
        // Links that are made or edited from now on are younger than the question.
        marks = view.marks === null ? null : { ...view.marks, links: null };
      }
      const { linkIds } = view;
      const unstoredClicks = await unstored(linkIds);
      if (marks !== null && (await addNews(view, { ownerId, linkIds, calendar, unstored: unstoredClicks }, marks))) {
        const shown = view.show(now);
        views.set(key, view);
        if (view.waitingClicks >= FOLD_WANTED_CLICKS) wantFold();
        return { ...shown, isCached: atHand !== null };
      }
    }
    throw new Failure('store_away', 'Clicks are being folded all the time', { retryAfterSec: 1 });
  }

  /** @returns false when the marks have moved on */
  async function addNews(view: DashboardView, question: DashboardQuestion, marks: NewsMarks): Promise<boolean> {
    for (let part = 0; part < NEWS_PARTS; part++) {
      const news = await store.news(question, marks, view.counted);
      if (news === null) return false;
      view.add(news, question.calendar);
      if (news.kind === 'rows' && news.isComplete) return true;
    }
    const sums = await store.sums(question, marks);
    if (sums !== null) view.add(sums, question.calendar);
    return sums !== null;
  }

  return inRounds((owner) => `${owner.id}/${owner.timeZone}`, answer);
}

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
