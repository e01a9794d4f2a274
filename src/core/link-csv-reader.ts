/**
 * A file of links, read piece by piece: its encoding, what separates its cells, its header, its rows.
 *
 * Encodings: UTF-8, with or without a byte order mark; UTF-16 (little-endian, with one: what Excel calls Unicode text); and what is no UTF-8 is taken for
 * windows-1251, as Excel saves CSV in Russian. Separators: comma, semicolon or tab, whichever the first line has most of.
 */

import type { Separator } from './csv.ts';
import { CSV_RECORD_MAX_LENGTH, CsvReader } from './csv-reader.ts';
import { type Columns, columnsOf, type ImportedLink, linkOfCells } from './link-csv.ts';

export const CSV_ENCODINGS = ['utf-8', 'windows-1251', 'utf-16le'] as const;
export type CsvEncoding = (typeof CSV_ENCODINGS)[number];

/** `line` from 1; `fault` is for people. */
export type LinkRow = { line: number } & ({ link: ImportedLink } | { fault: string });

/** Finds out the encoding of a file, all of which it has to be shown. */
export class EncodingProbe {
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  #begin: number[] = [];
  #isUtf8 = true;

  push(bytes: Uint8Array): void {
    if (this.#begin.length < 2) this.#begin.push(...bytes.subarray(0, 2));
    this.#decode(bytes);
  }

  end(): CsvEncoding {
    this.#decode(undefined);
    if (this.#begin[0] === 0xff && this.#begin[1] === 0xfe) return 'utf-16le';
    return this.#isUtf8 ? 'utf-8' : 'windows-1251';
  }

  #decode(bytes: Uint8Array | undefined): void {
    if (!this.#isUtf8) return;
    try {
      this.#utf8.decode(bytes, { stream: bytes !== undefined });
    } catch {
      this.#isUtf8 = false;
    }
  }
}

export class LinkCsvReader {
  readonly #decoder: InstanceType<typeof TextDecoder>;
  #reader: CsvReader | null = null;
  #columns: Columns | null = null;
  /** Before the first line is whole. */
  #begin = '';

  constructor(encoding: CsvEncoding) {
    this.#decoder = new TextDecoder(encoding); // leaves out the byte order mark
  }

  /** Names of the header that mean nothing. */
  get ignored(): readonly string[] {
    return this.#columns?.ignored ?? [];
  }

  /** @throws Failure invalid when the header makes no sense */
  read(bytes: Uint8Array): Generator<LinkRow> {
    return this.#rows(this.#decoder.decode(bytes, { stream: true }), false);
  }

  /** What is left when there are no bytes any more. @throws Failure invalid, also for a file without a header */
  *end(): Generator<LinkRow> {
    yield* this.#rows(this.#decoder.decode(), true);
    if (this.#columns === null) columnsOf([]);
  }

  *#rows(text: string, isEnd: boolean): Generator<LinkRow> {
    const ready = this.#reader === null ? this.#opened(text, isEnd) : text;
    if (ready === null || this.#reader === null) return;
    for (const record of this.#reader.read(ready, isEnd)) {
      const { line } = record;
      if (this.#columns === null) this.#columns = columnsOf('fault' in record ? [] : record.cells);
      else if ('fault' in record) yield record;
      else {
        const made = linkOfCells(this.#columns, record.cells);
        yield typeof made === 'string' ? { line, fault: made } : { line, link: made };
      }
    }
  }

  /** @returns what to read, once the separator is known */
  #opened(text: string, isEnd: boolean): string | null {
    this.#begin += text;
    const first =
      /^[\r\n]*([^\r\n]+)[\r\n]/.exec(this.#begin)?.[1] ?? (isEnd || this.#begin.length > CSV_RECORD_MAX_LENGTH ? this.#begin : null);
    if (first === null) return null;
    this.#reader = new CsvReader(separatorOf(first));
    return this.#begin;
  }
}

const SEPARATORS: readonly Separator[] = [',', ';', '\t'];

function separatorOf(line: string): Separator {
  const outside = line.replaceAll(/"[^"]*"/g, '');
  const countOf = (separator: Separator) => outside.split(separator).length;
  return SEPARATORS.reduce((best, separator) => (countOf(separator) > countOf(best) ? separator : best));
}
