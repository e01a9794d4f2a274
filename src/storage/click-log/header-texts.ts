/**
 * The header texts of records as strings. Visitors share browsers and come from the same pages, so the same bytes come again and again: they
 * give the same string objects, without a call out of JavaScript, and as keys of a Map these have their hash already.
 *
 * A direct-mapped table: bytes that fall on a taken place take it over.
 */
import type { Bytes } from './bytes.ts';

/** A power of two. At most 1,088 bytes and their strings each. */
const PLACES = 4096;

export type HeaderTexts = { userAgent: string; referrer: string; language: string };
type Known = HeaderTexts & { bytes: DataView; userAgentBytes: number; referrerBytes: number };

export class HeaderTextTable {
  readonly #places = new Array<Known | undefined>(PLACES).fill(undefined);

  /** @param start of the three texts in `record`, one behind the other; `end` is that of the last, the language */
  read(record: Bytes, start: number, end: number, userAgentBytes: number, referrerBytes: number): HeaderTexts {
    const { view } = record;
    let hash = end - start;
    for (let at = start; at + 4 <= end; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1) ^ (hash >>> 15);
    if (end - start >= 4) hash = Math.imul(hash ^ view.getInt32(end - 4, true), 0x9e3779b1); // what the steps leave at the end
    const place = (hash ^ (hash >>> 16)) & (PLACES - 1);
    const known = this.#places[place];
    const isKnown =
      known !== undefined &&
      known.userAgentBytes === userAgentBytes &&
      known.referrerBytes === referrerBytes &&
      isSame(known.bytes, view, start, end);
    if (isKnown) return known;
    const texts = {
      ...decode(record, start, end, userAgentBytes, referrerBytes),
      ...copy(record, start, end),
      userAgentBytes,
      referrerBytes,
    };
    this.#places[place] = texts;
    return texts;
  }
}

function isSame(known: DataView, view: DataView, start: number, end: number): boolean {
  const length = end - start;
  if (known.byteLength !== length) return false;
  let at = 0;
  for (; at + 4 <= length; at += 4) if (known.getInt32(at) !== view.getInt32(start + at)) return false;
  for (; at < length; at++) if (known.getInt8(at) !== view.getInt8(start + at)) return false;
  return true;
}

function copy({ buffer }: Bytes, start: number, end: number): { bytes: DataView } {
  const bytes = Uint8Array.prototype.slice.call(buffer, start, end); // Buffer's own slice would share memory
  return { bytes: new DataView(bytes.buffer) };
}

function decode({ buffer }: Bytes, start: number, end: number, userAgentBytes: number, referrerBytes: number): HeaderTexts {
  const referrer = start + userAgentBytes;
  const language = referrer + referrerBytes;
  return {
    userAgent: buffer.toString('utf8', start, referrer),
    referrer: buffer.toString('utf8', referrer, language),
    language: buffer.toString('utf8', language, end),
  };
}
