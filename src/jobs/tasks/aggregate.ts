/**
 * Adds up the clicks of one fold: rows of `clicks` in COPY format go in, one LinkDay per link and day comes out.
 *
 * Millions of rows pass, so they are kept as words in one typed array and sorted by cell (link and day) by counting;
 * then each cell's rows are tallied in small arrays that stay in the CPU's cache.
 */

import * as row from '../../core/copy-row.ts';
import { browserKey, countryKey, deviceKey, languageKey, osKey, referrerKey } from '../../core/facets.ts';
import { addQuarter, emptyLinkDay, type LinkDay } from '../../core/link-day.ts';
import { trouble } from '../../core/troubles.ts';
import { CellTable } from './cell-table.ts';
import { Tally } from './tally.ts';
import { WordTable } from './word-table.ts';

/** Words a row takes in `#rows`. */
const WIDTH = 6;
const COUNTRY_LANGUAGE = 0;
const AGENT_FLAGS = 1;
const REFERRER = 2;
const QUARTER = 3;
const VISITOR_HI = 4;
const VISITOR_LO = 5;

const BOT = 1 << 24;
const SEEN = 1 << 25;
/** Set by `markUnique`: the first click of a visitor on this link and day. */
const UNIQUE = 1 << 26;

const FIRST_ROWS = 1 << 16;
const EMPTY = -1;

/** Visitors that may be new, one entry each. `row` names the click that counts as unique when it is. */
export type Candidates = { count: number; rows: Int32Array; days: Int32Array; hi: Int32Array; lo: Int32Array };

export type Cell = { linkId: number; day: number; clicks: number; uniques: number; bots: number };

export class ClickAggregate {
  #rows = new Int32Array(FIRST_ROWS * WIDTH);
  #cellOfRow = new Int32Array(FIRST_ROWS);
  #count = 0;
  readonly #cells = new CellTable();
  readonly #referrers = new WordTable();
  #rest: Uint8Array = new Uint8Array(0);
  #headerRead = false;
  /** After `sort`: the rows of cell c are order[bounds[c]] … order[bounds[c + 1] − 1]. */
  #order = new Int32Array(0);
  #bounds = new Int32Array(0);

  get rowCount(): number {
    return this.#count;
  }

  get cellCount(): number {
    return this.#cells.size;
  }

  /** Takes a piece of COPY data, cut anywhere. */
  push(chunk: Uint8Array): void {
    let bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length); // a Buffer's slice() would share memory
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    if (!this.#headerRead && bytes.length >= row.COPY_HEADER.length) {
      at = row.COPY_HEADER.length;
      this.#headerRead = true;
    }
    if (this.#headerRead) {
      while (at + row.REFERRER <= bytes.length) {
        const end = at + row.REFERRER + view.getInt32(at + row.REFERRER_LENGTH);
        if (end > bytes.length) break;
        this.#take(bytes, view, at, end);
        at = end;
      }
    }
    this.#rest = bytes.subarray(at).slice(); // a copy: the chunk's memory is the stream's
  }

  #take(bytes: Uint8Array, view: DataView, at: number, end: number): void {
    if (this.#count === this.#cellOfRow.length) this.#grow();
    const to = this.#count * WIDTH;
    const rows = this.#rows;
    rows[to + COUNTRY_LANGUAGE] = (view.getInt16(at + row.COUNTRY) << 16) | view.getInt16(at + row.LANGUAGE);
    rows[to + AGENT_FLAGS] =
      view.getUint8(at + row.DEVICE + 1) |
      (view.getUint8(at + row.OS + 1) << 8) |
      (view.getUint8(at + row.BROWSER + 1) << 16) |
      (bytes[at + row.BOT] === 1 ? BOT : 0) |
      (bytes[at + row.SEEN] === 1 ? SEEN : 0);
    rows[to + REFERRER] = this.#referrers.number(bytes, at + row.REFERRER, end);
    rows[to + QUARTER] = row.quarterOfRow(view, at);
    rows[to + VISITOR_HI] = view.getInt32(at + row.VISITOR);
    rows[to + VISITOR_LO] = view.getInt32(at + row.VISITOR + 4);
    this.#cellOfRow[this.#count++] = this.#cells.number(row.getInt64(view, at + row.LINK_ID), row.dayOfRow(view, at));
  }

  #grow(): void {
    const rows = new Int32Array(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows = rows;
    const cells = new Int32Array(this.#cellOfRow.length * 2);
    cells.set(this.#cellOfRow);
    this.#cellOfRow = cells;
  }

  /** Call once, when all rows are in. @throws when the data ends within a row */
  sort(): void {
    if (!this.#isComplete()) throw new Error(trouble('clicksCut'));
    const bounds = new Int32Array(this.#cells.size + 1);
    for (let i = 0; i < this.#count; i++) bounds[this.#cellOfRow[i] + 1]++;
    for (let c = 0; c < this.#cells.size; c++) bounds[c + 1] += bounds[c];
    const next = bounds.slice();
    const order = new Int32Array(this.#count);
    for (let i = 0; i < this.#count; i++) order[next[this.#cellOfRow[i]]++] = i;
    this.#bounds = bounds;
    this.#order = order;
  }

  /** What is left is the trailer; nothing at all came when there was nothing to read. */
  #isComplete(): boolean {
    if (!this.#headerRead) return this.#rest.length === 0;
    return this.#rest.length === row.COPY_TRAILER.length && row.COPY_TRAILER.every((byte, i) => this.#rest[i] === byte);
  }

  /** The distinct visitors whom no shard was sure to have seen; of several clicks of one, the earliest quarter's. */
  candidates(): Candidates {
    const rows = this.#rows;
    const found = new Int32Array(this.#count);
    const days = new Int32Array(this.#count);
    let count = 0;
    let slots = new Int32Array(64);
    for (let c = 0; c < this.#cells.size; c++) {
      const [start, end] = [this.#bounds[c], this.#bounds[c + 1]];
      const size = powerOfTwoAbove((end - start) * 2);
      if (slots.length < size) slots = new Int32Array(size);
      slots.fill(EMPTY, 0, size);
      const day = this.#cells.day(c);
      for (let i = start; i < end; i++) {
        const at = this.#order[i] * WIDTH;
        if ((rows[at + AGENT_FLAGS] & (BOT | SEEN)) !== 0) continue;
        let slot = (rows[at + VISITOR_LO] ^ rows[at + VISITOR_HI]) & (size - 1);
        while (slots[slot] !== EMPTY && !this.#sameVisitor(found[slots[slot]] * WIDTH, at)) slot = (slot + 1) & (size - 1);
        if (slots[slot] === EMPTY) {
          slots[slot] = count;
          days[count] = day;
          found[count++] = this.#order[i];
        } else if (rows[at + QUARTER] < rows[found[slots[slot]] * WIDTH + QUARTER]) found[slots[slot]] = this.#order[i];
      }
    }
    const hi = new Int32Array(count);
    const lo = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      hi[i] = rows[found[i] * WIDTH + VISITOR_HI];
      lo[i] = rows[found[i] * WIDTH + VISITOR_LO];
    }
    return { count, rows: found.subarray(0, count), days: days.subarray(0, count), hi, lo };
  }

  #sameVisitor(a: number, b: number): boolean {
    return this.#rows[a + VISITOR_LO] === this.#rows[b + VISITOR_LO] && this.#rows[a + VISITOR_HI] === this.#rows[b + VISITOR_HI];
  }

  /** A candidate's click is the visitor's first on this link and day. */
  markUnique(rowIndex: number): void {
    this.#rows[rowIndex * WIDTH + AGENT_FLAGS] |= UNIQUE;
  }

  /** The cells in the order of link and day, which is also the order of the tables' keys. */
  cellOrder(): Int32Array {
    return this.#cells.order();
  }

  keyOf(cell: number): { linkId: number; day: number } {
    return { linkId: this.#cells.linkId(cell), day: this.#cells.day(cell) };
  }

  readonly #tallies = { quarters: new Tally(), bots: new Tally(), uniques: new Tally(), facet: new Tally() };

  /** Adds the clicks of a cell to a document, and says how many they were. */
  addTo(doc: LinkDay, cell: number): Cell {
    const rows = this.#rows;
    const [start, end] = [this.#bounds[cell], this.#bounds[cell + 1]];
    const { quarters, bots, uniques } = this.#tallies;
    const counts = { ...this.keyOf(cell), clicks: 0, uniques: 0, bots: 0 };
    const base = rows[this.#order[start] * WIDTH + QUARTER];
    for (let i = start; i < end; i++) {
      const at = this.#order[i] * WIDTH;
      const quarter = rows[at + QUARTER] - base;
      const flags = rows[at + AGENT_FLAGS];
      if ((flags & BOT) !== 0) {
        bots.add(quarter);
        counts.bots++;
        continue;
      }
      quarters.add(quarter);
      counts.clicks++;
      if ((flags & UNIQUE) !== 0) {
        uniques.add(quarter);
        counts.uniques++;
      }
    }
    quarters.drain((quarter, n) => addQuarter(doc, base + quarter, n, 0, 0));
    uniques.drain((quarter, n) => addQuarter(doc, base + quarter, 0, n, 0));
    bots.drain((quarter, n) => addQuarter(doc, base + quarter, 0, 0, n));
    if (counts.clicks > 0) this.#addFacets(doc, start, end);
    return counts;
  }

  #addFacets({ facets }: LinkDay, start: number, end: number): void {
    this.#addFacet(facets.countries, start, end, (at) => this.#rows[at + COUNTRY_LANGUAGE] >> 16, countryKey);
    this.#addFacet(facets.languages, start, end, (at) => (this.#rows[at + COUNTRY_LANGUAGE] << 16) >> 16, languageKey);
    this.#addFacet(facets.devices, start, end, (at) => this.#rows[at + AGENT_FLAGS] & 0xff, deviceKey);
    this.#addFacet(facets.os, start, end, (at) => (this.#rows[at + AGENT_FLAGS] >> 8) & 0xff, osKey);
    this.#addFacet(facets.browsers, start, end, (at) => (this.#rows[at + AGENT_FLAGS] >> 16) & 0xff, browserKey);
    this.#addFacet(
      facets.referrers,
      start,
      end,
      (at) => this.#rows[at + REFERRER],
      (n) => referrerKey(this.#referrers.word(n)),
    );
  }

  #addFacet(into: Map<string, number>, start: number, end: number, numberAt: (at: number) => number, key: (n: number) => string): void {
    const tally = this.#tallies.facet;
    for (let i = start; i < end; i++) {
      const at = this.#order[i] * WIDTH;
      if ((this.#rows[at + AGENT_FLAGS] & BOT) === 0) tally.add(numberAt(at));
    }
    tally.drain((number, clicks) => {
      const word = key(number);
      into.set(word, (into.get(word) ?? 0) + clicks);
    });
  }

  /** The document of a cell's clicks alone. */
  linkDay(cell: number): LinkDay {
    const doc = emptyLinkDay();
    this.addTo(doc, cell);
    return doc;
  }
}

const powerOfTwoAbove = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, n)));
