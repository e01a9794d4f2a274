/**
 * The stored form of a LinkDay (link-day.ts): a few hundred bytes, made and read in microseconds, the same bytes for the same counts.
 *
 *   1 byte   version
 *   4 bytes  FNV-1a (32 bits) of all that follows, little-endian: any damaged byte is found, damage to several in all but 1 of 2^32 cases
 *   4 bytes  where the text begins, little-endian
 *   quarters count; the first one's number, zigzag; then for each in ascending order: distance from the one before (not for the first),
 *            clicks, uniques, bots
 *   facets   in the order of FACETS, each: count; for each key, as `capFacet` sorts them: word, clicks.
 *            A word is 1 + its number in the facet's closed list, or 0 and then the key's length in the text, in UTF-16 units
 *   text     UTF-8: the keys that are no words of a closed list, one behind the other
 *
 * The numbers of quarters and facets are varints: 7 bits a byte, lowest first, the top bit says that more follow; at most 2^53 − 1.
 * A facet is capped at its FACET_CAPS keys as it is written; what falls out is in `other`. A change of this layout or of what a closed list's
 * number means takes a new version; appending to a list does not.
 */
import { BROWSERS, DEVICES, OPERATING_SYSTEMS } from './agent.ts';
import { DIRECT, lettersToCode } from './click.ts';
import { countryKey, languageKey } from './facets.ts';
import { capFacet, emptyLinkDay, FACET_CAPS, FACETS, type Facet, type LinkDay, OTHER, type QuarterCounts } from './link-day.ts';
import { trouble } from './troubles.ts';
import { QUARTER_MS } from './zone.ts';

const VERSION = 1;
const CHECKSUM_AT = 1;
const TEXT_START_AT = 5;
const NUMBERS_AT = 9;
const VARINT_MAX_BYTES = 8;

/** A facet's closed list. `numberOf` answers −1, and `keyOf` undefined, for what is not in it. */
type Words = { numberOf(key: string): number; keyOf(number: number): string | undefined };

function listed(words: readonly string[]): Words {
  const numbers = new Map(words.map((word, number) => [word, number]));
  return { numberOf: (key) => numbers.get(key) ?? -1, keyOf: (number) => words[number] };
}

/** Codes of core/click.ts. The keys are made once: there are a few hundred in all. */
function lettered(keyOfCode: (code: number) => string): Words {
  const keys: (string | undefined)[] = new Array(lettersToCode('zzz') + 1);
  const keyOf = (code: number) => {
    if (code < keys.length && keys[code] === undefined) {
      const key = keyOfCode(code);
      if (lettersToCode(key) === code) keys[code] = key; // some numbers are no letters' code
    }
    return keys[code];
  };
  return {
    numberOf(key) {
      const code = lettersToCode(key);
      return keyOf(code) === key ? code : -1;
    },
    keyOf,
  };
}

const WORDS: Record<Facet, Words> = {
  countries: lettered(countryKey),
  devices: listed(DEVICES),
  os: listed(OPERATING_SYSTEMS),
  browsers: listed(BROWSERS),
  referrers: listed([DIRECT, OTHER]),
  languages: lettered(languageKey),
};

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Writer {
  bytes = new Uint8Array(4096);
  at = 0;

  /** A new document of at most `size` bytes without its text. */
  begin(size: number): void {
    if (size > this.bytes.length) this.bytes = new Uint8Array(size * 2);
    this.at = NUMBERS_AT;
  }

  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`no count: ${value}`);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest = rest <= 0x7fffffff ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.bytes[this.at++] = rest;
  }
}

/** Used again and again: nothing waits while a document is made. */
const writer = new Writer();

/**
 * @returns bytes of their own; the same for equal LinkDays, in whatever order they were counted
 * @throws RangeError when a count is no whole number ≥ 0
 */
export function encodeLinkDay({ quarters, facets }: LinkDay): Uint8Array {
  const lists = FACETS.map((facet) => capFacet(facets[facet], FACET_CAPS[facet]));
  const keys = lists.reduce((sum, list) => sum + list.length, 0);
  writer.begin(NUMBERS_AT + (1 + quarters.size * 4 + 1 + lists.length + keys * 3) * VARINT_MAX_BYTES);
  writeQuarters(quarters);
  let text = '';
  for (let i = 0; i < lists.length; i++) text += writeFacet(lists[i], WORDS[FACETS[i]]);

  const textBytes = encoder.encode(text);
  const bytes = new Uint8Array(writer.at + textBytes.length);
  bytes.set(writer.bytes.subarray(0, writer.at));
  bytes.set(textBytes, writer.at);
  bytes[0] = VERSION;
  setUint32(bytes, TEXT_START_AT, writer.at);
  setUint32(bytes, CHECKSUM_AT, checksum(bytes));
  return bytes;
}

function writeQuarters(quarters: ReadonlyMap<number, QuarterCounts>): void {
  const ascending = [...quarters].sort((a, b) => a[0] - b[0]);
  writer.varint(ascending.length);
  let before = 0;
  for (const [quarter, { clicks, uniques, bots }] of ascending) {
    const isFirst = quarter === ascending[0][0];
    writer.varint(isFirst ? zigzag(quarter) : quarter - before);
    writer.varint(clicks);
    writer.varint(uniques);
    writer.varint(bots);
    before = quarter;
  }
}

/** @returns the keys that are in no closed list, one behind the other */
function writeFacet(counts: readonly [key: string, clicks: number][], words: Words): string {
  let text = '';
  writer.varint(counts.length);
  for (const [key, clicks] of counts) {
    const number = words.numberOf(key);
    writer.varint(number + 1);
    if (number < 0) {
      writer.varint(key.length);
      text += key;
    }
    writer.varint(clicks);
  }
  return text;
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);

class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at = NUMBERS_AT;

  constructor(bytes: Uint8Array, end: number) {
    this.bytes = bytes;
    this.end = end;
  }

  varint(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
      if (factor > Number.MAX_SAFE_INTEGER) throw damaged('a number is too long');
      byte = this.byte();
      value += (byte & 0x7f) * factor;
    }
    if (value > Number.MAX_SAFE_INTEGER) throw damaged('a number is too large');
    return value;
  }

  private byte(): number {
    if (this.at >= this.end) throw damaged('it ends too early');
    return this.bytes[this.at++];
  }
}

/** @throws Error when the bytes are no document of a known version, or damaged */
export function decodeLinkDay(bytes: Uint8Array): LinkDay {
  const textStart = checkedTextStart(bytes);
  const text = decoder.decode(bytes.subarray(textStart));

  const reader = new Reader(bytes, textStart);
  const linkDay = emptyLinkDay();
  readQuarters(reader, linkDay.quarters);
  let textAt = 0;
  for (const facet of FACETS) textAt = readFacet(reader, linkDay.facets[facet], WORDS[facet], text, textAt);
  if (textAt !== text.length || reader.at !== textStart) throw damaged('something is left over');
  return linkDay;
}

/** The same, without facets: a third of the work. */
export function decodeQuarters(bytes: Uint8Array): Map<number, QuarterCounts> {
  const quarters = new Map<number, QuarterCounts>();
  readQuarters(new Reader(bytes, checkedTextStart(bytes)), quarters);
  return quarters;
}

/** @returns where the text begins */
function checkedTextStart(bytes: Uint8Array): number {
  if (bytes.length < NUMBERS_AT) throw damaged('it ends too early');
  if (bytes[0] !== VERSION) throw damaged(`its version is ${bytes[0]}, not ${VERSION}`);
  if (getUint32(bytes, CHECKSUM_AT) !== checksum(bytes)) throw damaged('its checksum does not fit');
  const textStart = getUint32(bytes, TEXT_START_AT);
  if (textStart > bytes.length) throw damaged('its text is missing');
  return textStart;
}

function readQuarters(reader: Reader, into: Map<number, QuarterCounts>): void {
  const count = reader.varint();
  let quarter = 0;
  for (let i = 0; i < count; i++) {
    const number = reader.varint();
    if (i > 0 && number === 0) throw damaged('a quarter stands twice');
    quarter = i === 0 ? unzigzag(number) : quarter + number;
    const clicks = reader.varint();
    const uniques = reader.varint();
    const bots = reader.varint();
    into.set(quarter, { clicks, uniques, bots });
  }
}

/** @returns where the next facet's text begins */
function readFacet(reader: Reader, into: Map<string, number>, words: Words, text: string, textAt: number): number {
  const count = reader.varint();
  let textEnd = textAt;
  for (let i = 0; i < count; i++) {
    const word = reader.varint();
    let key: string | undefined;
    if (word > 0) key = words.keyOf(word - 1);
    else {
      const start = textEnd;
      textEnd += reader.varint();
      if (textEnd <= text.length) key = text.slice(start, textEnd);
    }
    if (key === undefined) throw damaged('a key is in no list');
    into.set(key, reader.varint());
  }
  if (into.size !== count) throw damaged('a key stands twice');
  return textEnd;
}

const damaged = (what: string): Error => new Error(trouble('documentDamaged', { message: what }));

function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = TEXT_START_AT; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash >>> 0;
}

function setUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

const getUint32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;

/** What a document says, for people (`elnk … --json`). */
export type LinkDayJson = { quarters: ({ start: string } & QuarterCounts)[] } & Record<Facet, Record<string, number>>;

export function linkDayToJson(linkDay: LinkDay): LinkDayJson {
  const facetOf = (facet: Facet) => Object.fromEntries(capFacet(linkDay.facets[facet], FACET_CAPS[facet]));
  return {
    quarters: [...linkDay.quarters]
      .sort((a, b) => a[0] - b[0])
      .map(([quarter, counts]) => ({ start: new Date(quarter * QUARTER_MS).toISOString(), ...counts })),
    countries: facetOf('countries'),
    devices: facetOf('devices'),
    os: facetOf('os'),
    browsers: facetOf('browsers'),
    referrers: facetOf('referrers'),
    languages: facetOf('languages'),
  };
}
