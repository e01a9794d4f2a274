/**
 * One owner's dashboard as a front has it at hand: the folded figures of each link, packed, and the JSON of each link as it was shown last. Showing it anew
 * makes JSON only of links that have changed, and nothing at all when none has.
 */
import { createHash } from 'node:crypto';
import { Packr } from 'msgpackr';
import type { Calendar } from '../../core/calendar.ts';
import {
  addFigures,
  type CountedBatches,
  type DashboardFigures,
  type DashboardFolded,
  type DashboardMarks,
  type DashboardNews,
  type FiguresByLink,
  noFigures,
} from '../../core/dashboard.ts';
import { DashboardRest } from '../../core/dashboard-rest.ts';
import type { OwnedLink } from '../../core/ports/links.ts';

/** How a dashboard is written, as JSON. */
export type DashboardText = {
  link(link: OwnedLink, figures: DashboardFigures, now: number): string;
  /** All before the links and all behind them. */
  frame(timeZone: string, day: number, total: DashboardFigures): [string, string];
};

export type ShownDashboard = { body: Uint8Array; etag: string };

/** Of a link besides what is counted, in memory. */
const LINK_OVERHEAD_BYTES = 1_000;
/** Of a link's figures that are not packed. */
const FIGURES_BYTES = 2_000;
const VISITOR_BYTES = 100;

type Part = { link: OwnedLink; folded: Uint8Array | null; json: Uint8Array | null };

const packr = new Packr({ structures: [] });
const encoder = new TextEncoder();

/** A copy: what the packer gives is a piece of memory that it shares with others. */
const pack = (figures: DashboardFigures): Uint8Array => new Uint8Array(packr.pack(figures));
const unpack = (bytes: Uint8Array | null): DashboardFigures => (bytes === null ? noFigures() : packr.unpack(bytes));

/** What of a part is still right for the link as it is now. */
function unchanged(part: Part | undefined, link: OwnedLink): Partial<Part> {
  if (part === undefined) return {};
  return JSON.stringify(part.link) === JSON.stringify(link) ? part : { folded: part.folded };
}

export class DashboardView {
  readonly timeZone: string;
  /** The owner's day that hours and week are of. */
  readonly day: number;
  readonly loadedAt: number;
  /** Of what is at hand. */
  marks: DashboardMarks | null = null;
  readonly #text: DashboardText;
  /** By link id, the newest first. */
  #parts = new Map<number, Part>();
  #total: Uint8Array | null = null;
  #rest = new DashboardRest();
  /** What is stored and not folded: the rest's, or sums of the database's. */
  #stored: FiguresByLink = new Map();
  #unstored: FiguresByLink = new Map();
  /** When a window of time begins or ends next: then a link's state is another one. */
  #stateChangesAt = Number.POSITIVE_INFINITY;
  #shown: ShownDashboard | null = null;

  constructor(text: DashboardText, timeZone: string, day: number, loadedAt: number) {
    this.#text = text;
    this.timeZone = timeZone;
    this.day = day;
    this.loadedAt = loadedAt;
  }

  get linkIds(): number[] {
    return [...this.#parts.keys()];
  }

  /** What is counted of what is not folded. */
  get counted(): CountedBatches {
    return this.#rest.batches;
  }

  /** Stored clicks, bots included, that are not folded. */
  get waitingClicks(): number {
    let sum = 0;
    for (const { clicks, bots } of this.#stored.values()) sum += clicks + bots;
    return sum;
  }

  get sizeBytes(): number {
    let size =
      (this.#shown?.body.length ?? 0) + (this.#stored.size + this.#unstored.size) * FIGURES_BYTES + this.#rest.visitorCount * VISITOR_BYTES;
    for (const { folded, json } of this.#parts.values()) size += LINK_OVERHEAD_BYTES + (folded?.length ?? 0) + (json?.length ?? 0);
    return size;
  }

  /** Takes what has changed of what is folded, and of the links. */
  update({ marks, links, figures: folded }: DashboardFolded, now: number): void {
    const hasNewLinks = links?.some(({ id }) => !this.#parts.has(id)) ?? false;
    // Batches were counted without the clicks of a new link, and may be among those that are folded now.
    if (hasNewLinks || marks.folds !== this.marks?.folds) this.#setRest(new DashboardRest(), new Map(), new Map());
    this.marks = marks;
    if (links !== null) this.#setLinks(links, now);
    for (const [linkId, figures] of folded) {
      const part = this.#parts.get(linkId);
      if (part === undefined) continue;
      part.folded = pack(figures);
      part.json = null;
    }
    const total = noFigures();
    for (const { folded: packed } of this.#parts.values()) if (packed !== null) addFigures(total, unpack(packed));
    this.#total = pack(total);
    this.#shown = null;
  }

  #setLinks(links: readonly OwnedLink[], now: number): void {
    const before = this.#parts;
    this.#parts = new Map(links.map((link) => [link.id, { link, folded: null, json: null, ...unchanged(before.get(link.id), link) }]));
    this.#findStateChange(now);
  }

  #findStateChange(now: number): void {
    const times = [...this.#parts.values()].flatMap(({ link: { validFrom, expiresAt } }) => [validFrom, expiresAt]);
    this.#stateChangesAt = times.reduce<number>((next, at) => (at !== null && at > now && at < next ? at : next), Number.POSITIVE_INFINITY);
  }

  /** Takes what is not folded. @param calendar of this view's zone and day */
  add(news: DashboardNews, calendar: Calendar): void {
    if (news.kind === 'sums') {
      this.#setRest(new DashboardRest(), news.stored, news.unstored);
      return;
    }
    if (news.isAll) this.#setRest(new DashboardRest(), new Map(), new Map());
    const rest = this.#rest;
    rest.add(news.rows, calendar);
    rest.batches = news.batches;
    this.#outdate(news.rows.linkIds);
    this.#setRest(rest, rest.figures, rest.unstored(news.unstored, news.candidates, calendar));
  }

  #setRest(rest: DashboardRest, stored: FiguresByLink, unstored: FiguresByLink): void {
    if (stored !== this.#stored) {
      this.#outdate(this.#stored.keys());
      this.#outdate(stored.keys());
    }
    this.#outdate(this.#unstored.keys());
    this.#outdate(unstored.keys());
    this.#rest = rest;
    this.#stored = stored;
    this.#unstored = unstored;
  }

  /** All that was taken. */
  show(now: number): ShownDashboard {
    if (now >= this.#stateChangesAt) {
      this.#outdate(this.#parts.keys());
      this.#findStateChange(now);
    }
    this.#shown ??= this.#write(now);
    return this.#shown;
  }

  #outdate(linkIds: Iterable<number>): void {
    for (const linkId of linkIds) {
      const part = this.#parts.get(linkId);
      if (part === undefined) continue;
      part.json = null;
      this.#shown = null;
    }
  }

  #write(now: number): ShownDashboard {
    const total = unpack(this.#total);
    const links: Uint8Array[] = [];
    for (const [linkId, part] of this.#parts) {
      const rest = [this.#stored.get(linkId), this.#unstored.get(linkId)].filter((it) => it !== undefined);
      for (const figures of rest) addFigures(total, figures);
      part.json ??= this.#writeLink(part, rest, now);
      links.push(part.json);
    }
    const body = joined(this.#text.frame(this.timeZone, this.day, total), links);
    return { body, etag: `"${createHash('sha1').update(body).digest('base64url')}"` };
  }

  #writeLink({ link, folded }: Part, rest: readonly DashboardFigures[], now: number): Uint8Array {
    const figures = unpack(folded);
    for (const it of rest) addFigures(figures, it);
    return encoder.encode(this.#text.link(link, figures, now));
  }
}

const COMMA = ','.charCodeAt(0);

function joined(frame: readonly [string, string], parts: readonly Uint8Array[]): Uint8Array {
  const [head, tail] = frame.map((text) => encoder.encode(text));
  const commas = Math.max(0, parts.length - 1);
  const body = new Uint8Array(parts.reduce((sum, part) => sum + part.length, head.length + commas + tail.length));
  body.set(head);
  let at = head.length;
  for (const [i, part] of parts.entries()) {
    if (i > 0) body[at++] = COMMA;
    body.set(part, at);
    at += part.length;
  }
  body.set(tail, at);
  return body;
}
