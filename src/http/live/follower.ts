/**
 * One socket of the live feed, beside uWebSockets:
 *
 *   new ──auth──► known ──subscribe──► awaiting ──all figures are there──► live        each may be closed
 *                                         ▲                                  │
 *                                         └───────────── subscribe ──────────┘
 *
 * What it has to be told waits here as link ids, not as messages: a reader that is slow is told the newest figures when it reads again, and costs no
 * memory meanwhile.
 */
import type { LiveClose, LiveMessage, LiveWish } from '../../core/live.ts';
import type { ApiCaller } from '../../core/ports/accounts.ts';

/** Clicks in one delta at most, the newest. */
const DELTA_CLICKS_MAX = 50;

/** Links by id, as they stand in a message: `"slug":{figures}`; '' when the figures were not read yet. Made once for all sockets. */
export type FiguresAtHand = { get(id: number): { json: string } | undefined };

export type Line = {
  /** Puts a message on the wire. */
  send(text: string): void;
  /** Whether something is still on its way, so that nothing more should be sent. */
  isBusy(): boolean;
  close(why: LiveClose): void;
};

export class Follower {
  readonly line: Line;
  readonly caller: ApiCaller;
  /** An access token's end; null: a key, or one that does not end by itself. */
  readonly endsAt: number | null;
  readonly credential: string;
  readonly links = new Set<number>();
  wish: LiveWish = new Set();
  #awaitingSince: number | null = null;
  #seq = 0;
  readonly #pending = new Set<number>();
  #gone: string[] = [];
  #clicks: string[] = [];

  constructor(line: Line, caller: ApiCaller, credential: string, endsAt: number | null) {
    this.line = line;
    this.caller = caller;
    this.credential = credential;
    this.endsAt = endsAt;
  }

  get ownerId(): number {
    return this.caller.userId;
  }

  /** Since when it waits for its snapshot; null: it does not. */
  get awaitingSince(): number | null {
    return this.#awaitingSince;
  }

  /** The next message is a snapshot. */
  restart(wish: LiveWish, now: number): void {
    this.wish = wish;
    this.#awaitingSince = now;
    this.#forget();
  }

  /** @param clicks as they stand in a message */
  changed(id: number, clicks: readonly string[]): void {
    if (this.#awaitingSince !== null) return;
    this.#pending.add(id);
    this.#clicks.push(...clicks);
    if (this.#clicks.length > DELTA_CLICKS_MAX) this.#clicks.splice(0, this.#clicks.length - DELTA_CLICKS_MAX);
  }

  left(slug: string): void {
    if (this.#awaitingSince === null) this.#gone.push(slug);
  }

  /** Sends what there is to say, if it can be sent. @returns whether something was sent */
  tell(links: FiguresAtHand): boolean {
    if (this.line.isBusy()) return false;
    const message = this.#awaitingSince === null ? this.#delta(links) : this.#snapshot(links);
    if (message === null) return false;
    this.line.send(message);
    return true;
  }

  #snapshot(links: FiguresAtHand): string | null {
    const figures = figuresOf(this.links, links);
    if (figures === null) return null;
    this.#awaitingSince = null;
    this.#forget();
    return `${this.#head('snapshot')},"links":{${figures}}}`;
  }

  #delta(links: FiguresAtHand): string | null {
    if (this.#pending.size === 0 && this.#gone.length === 0) return null;
    const figures = figuresOf(this.#pending, links) ?? '';
    const gone = this.#gone.length > 0 ? `,"gone":${JSON.stringify(this.#gone)}` : '';
    const clicks = this.#clicks.join();
    this.#forget();
    return `${this.#head('delta')},"links":{${figures}}${gone},"clicks":[${clicks}]}`;
  }

  #head(type: LiveMessage['type']): string {
    return `{"type":"${type}","seq":${++this.#seq}`;
  }

  #forget(): void {
    this.#pending.clear();
    this.#gone = [];
    this.#clicks = [];
  }
}

/** @returns null when some have not been read yet */
function figuresOf(ids: Iterable<number>, links: FiguresAtHand): string | null {
  const figures: string[] = [];
  for (const id of ids) {
    const it = links.get(id);
    if (it === undefined) continue; // left meanwhile
    if (it.json === '') return null;
    figures.push(it.json);
  }
  return figures.join();
}
