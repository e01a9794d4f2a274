/**
 * A batch of clicks on its way into Postgres, and the actors of its links.
 *
 * The rows stand in COPY format from the moment they are enriched, so that storing them is one write, and as fixed-offset rows they can
 * be read again when somebody asks for what is not stored yet. An actor holds that of one link: it is born with the first click of
 * the link in the batch and dies with the batch, when its clicks are in Postgres.
 */
import { REFERRER_HOST_MAX_BYTES } from '../core/click.ts';
import * as row from '../core/copy-row.ts';
import { addClickFacets } from '../core/facets.ts';
import { addQuarter, type LinkDays, linkDayOf } from '../core/link-day.ts';
import type { LogMove, StorableBatch, UnstoredBatch, VisitorCandidate } from '../core/ports/clicks.ts';

const FIRST_ROWS = 4096;
const ROW_MAX_BYTES = row.REFERRER + REFERRER_HOST_MAX_BYTES;
const TYPICAL_ROW_BYTES = 128;
const NONE = -1;

/** What of one link lies in one batch. */
export type LinkActor = { clicks: number; bots: number; lastRow: number };

export class Batch implements StorableBatch {
  rows = 0;
  bytes = new Uint8Array(FIRST_ROWS * TYPICAL_ROW_BYTES);
  starts = new Int32Array(FIRST_ROWS + 1);
  moves = new Map<string, LogMove>();
  /** When its first click was read; FLUSH_MS counts from here. */
  openedAt = 0;
  readonly actors = new Map<number, LinkActor>();
  #view = new DataView(this.bytes.buffer);
  /** Row → the row before it of the same link. */
  #previous = new Int32Array(FIRST_ROWS);

  /** @param move where the click stands: the log's position moves to `move.to` with it */
  add(click: row.ClickRow): void {
    const start = this.starts[this.rows];
    if (start + ROW_MAX_BYTES > this.bytes.length) this.#growBytes();
    if (this.rows === this.#previous.length) this.#growRows();
    this.starts[this.rows + 1] = row.writeRow(this.bytes, this.#view, start, click);

    let actor = this.actors.get(click.linkId);
    if (actor === undefined) {
      actor = { clicks: 0, bots: 0, lastRow: NONE };
      this.actors.set(click.linkId, actor);
    }
    if (click.bot) actor.bots++;
    else actor.clicks++;
    this.#previous[this.rows] = actor.lastRow;
    actor.lastRow = this.rows++;
  }

  /** Notes that everything of a log up to `to` is in this batch or before it. */
  moveLog(name: string, front: number, shard: number, from: number, to: number): void {
    const move = this.moves.get(name);
    if (move === undefined) this.moves.set(name, { front, shard, from, to });
    else move.to = to;
  }

  setBatchId(batchId: number): void {
    for (let i = 0; i < this.rows; i++) row.setBatchId(this.#view, this.starts[i], batchId);
  }

  /** What of some links is in this batch, in the words of statistics. */
  unstored(linkIds: readonly number[]): UnstoredBatch {
    const days: LinkDays = new Map();
    const candidates: VisitorCandidate[] = [];
    for (const linkId of linkIds) {
      for (let at = this.actors.get(linkId)?.lastRow ?? NONE; at !== NONE; at = this.#previous[at])
        this.#count(at, linkId, days, candidates);
    }
    const ends = Object.fromEntries([...this.moves].map(([name, { to }]) => [name, to]));
    return { ends, days, candidates };
  }

  #count(index: number, linkId: number, days: LinkDays, candidates: VisitorCandidate[]): void {
    const view = this.#view;
    const at = this.starts[index];
    const day = row.dayOfRow(view, at);
    const quarter = row.quarterOfRow(view, at);
    const into = linkDayOf(days, linkId, day);
    if (this.bytes[at + row.BOT] === 1) {
      addQuarter(into, quarter, 0, 0, 1);
      return;
    }
    addQuarter(into, quarter, 1, 0, 0);
    const referrer = decoder.decode(this.bytes.subarray(at + row.REFERRER, this.starts[index + 1]));
    const number = (column: number) => view.getInt16(at + column);
    addClickFacets(
      into,
      {
        country: number(row.COUNTRY),
        device: number(row.DEVICE),
        os: number(row.OS),
        browser: number(row.BROWSER),
        language: number(row.LANGUAGE),
      },
      referrer,
    );
    if (this.bytes[at + row.SEEN] === 0) candidates.push({ linkId, day, visitor: view.getBigInt64(at + row.VISITOR), quarter });
  }

  /** Empties the batch for its next use; its memory stays. */
  clear(): void {
    this.rows = 0;
    this.moves.clear();
    this.actors.clear();
  }

  #growBytes(): void {
    const bytes = new Uint8Array(this.bytes.length * 2);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #growRows(): void {
    const previous = new Int32Array(this.#previous.length * 2);
    previous.set(this.#previous);
    this.#previous = previous;
    const starts = new Int32Array(previous.length + 1);
    starts.set(this.starts);
    this.starts = starts;
  }
}

const decoder = new TextDecoder();
