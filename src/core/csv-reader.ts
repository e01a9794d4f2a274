/**
 * Reads CSV piece by piece, in bounded memory (RFC 4180; lines may end with CR, LF or both). A reader of our own, because of what is wrong: when a
 * quotation mark is not closed, others take the rest of the file for one cell, or leave it out. Here that line is bad, and reading goes on
 * with the next one.
 */
import type { Separator } from './csv.ts';

/** `line`: where the record begins, from 1. */
export type CsvRecord = { line: number } & ({ cells: string[] } | { fault: string });

/** Characters of a record at most, quotation marks and all: eight times the longest target. */
export const CSV_RECORD_MAX_LENGTH = 65_536;

export const CSV_FAULTS = {
  unclosed: 'has a quotation mark that is not closed',
  behind: 'has text behind a closing quotation mark',
  long: `is longer than ${CSV_RECORD_MAX_LENGTH} characters`,
} as const;

/** `end`: where the next record begins. */
type Found = { end: number } & ({ cells: string[] } | { fault: string });

export class CsvReader {
  readonly #separator: Separator;
  /** What is not read yet; begins with a record. */
  #text = '';
  #line = 1;
  /** Inside a line that is too long: what comes up to its end belongs to it. */
  #isSkipping = false;

  constructor(separator: Separator) {
    this.#separator = separator;
  }

  /** @param isEnd nothing comes any more; empty lines are no records */
  *read(text: string, isEnd = false): Generator<CsvRecord> {
    this.#text += text;
    let at = 0;
    while (at < this.#text.length) {
      if (this.#isSkipping) {
        const end = lineEnd(this.#text, at, isEnd);
        at = end ?? this.#text.length;
        if (end === null) break;
        this.#isSkipping = false;
        this.#line++;
        continue;
      }
      const found = this.#recordAt(at, isEnd);
      if (found === null) break;
      const line = this.#line;
      this.#line += lineEnds(this.#text, at, found.end);
      at = found.end;
      if ('fault' in found) yield { line, fault: found.fault };
      else if (found.cells.length > 1 || found.cells[0] !== '') yield { line, cells: found.cells };
    }
    this.#text = this.#text.slice(at);
  }

  /** @returns null when the end of the record is not there yet */
  #recordAt(start: number, isEnd: boolean): Found | null {
    const text = this.#text;
    const cells: string[] = [];
    for (let at = start; ; ) {
      const cell = text[at] === '"' ? quotedCell(text, at, isEnd) : plainTextCell(text, at, this.#separator);
      if (cell === null) return this.#unfinished(start, isEnd, CSV_FAULTS.unclosed);
      const { value, end } = cell;
      const behind = text[end];
      if (behind === undefined && !isEnd) return this.#unfinished(start, isEnd, CSV_FAULTS.long);
      if (behind === '\r' && end + 1 === text.length && !isEnd) return null; // a LF may follow
      if (end - start > CSV_RECORD_MAX_LENGTH) return this.#bad(start, isEnd, CSV_FAULTS.long);
      cells.push(value);
      if (behind === undefined) return { cells, end };
      if (behind === '\n') return { cells, end: end + 1 };
      if (behind === '\r') return { cells, end: text[end + 1] === '\n' ? end + 2 : end + 1 };
      if (behind !== this.#separator) return this.#bad(start, isEnd, CSV_FAULTS.behind);
      at = end + 1;
      if (at === text.length && !isEnd) return this.#unfinished(start, isEnd, CSV_FAULTS.long);
    }
  }

  #unfinished(start: number, isEnd: boolean, fault: string): Found | null {
    return isEnd || this.#text.length - start > CSV_RECORD_MAX_LENGTH ? this.#bad(start, isEnd, fault) : null;
  }

  /** The line is bad, not what follows it. */
  #bad(start: number, isEnd: boolean, fault: string): Found | null {
    const end = lineEnd(this.#text, start, isEnd);
    if (end !== null) return { fault, end };
    if (this.#text.length - start <= CSV_RECORD_MAX_LENGTH) return null;
    this.#isSkipping = true;
    return { fault, end: this.#text.length };
  }
}

/** @returns where the next line begins; null: that cannot be said yet */
function lineEnd(text: string, start: number, isEnd: boolean): number | null {
  const match = /\r\n|\n|\r/g;
  match.lastIndex = start;
  const found = match.exec(text);
  if (found === null) return isEnd ? text.length : null;
  const end = found.index + found[0].length;
  return found[0] === '\r' && end === text.length && !isEnd ? null : end;
}

function lineEnds(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) {
    const character = text[at];
    if (character === '\n' || (character === '\r' && text[at + 1] !== '\n')) count++;
  }
  return count;
}

type Cell = { value: string; end: number };

/** @returns null when it is not closed */
function quotedCell(text: string, start: number, isEnd: boolean): Cell | null {
  for (let at = start + 1; ; ) {
    const mark = text.indexOf('"', at);
    if (mark < 0 || (mark + 1 === text.length && !isEnd)) return null; // one more may follow
    if (text[mark + 1] !== '"') return { value: text.slice(start + 1, mark).replaceAll('""', '"'), end: mark + 1 };
    at = mark + 2;
  }
}

function plainTextCell(text: string, start: number, separator: Separator): Cell {
  let end = start;
  while (end < text.length) {
    const character = text[end];
    if (character === separator || character === '\n' || character === '\r') break;
    end++;
  }
  return { value: text.slice(start, end), end };
}
