/** A click: as the front writes it down, and as the shard stores it. */

/** Bytes of a header that a click keeps at most (UTF-8, cut between characters). */
export const USER_AGENT_MAX_BYTES = 512;
export const REFERRER_MAX_BYTES = 512;
export const LANGUAGE_MAX_BYTES = 64;
/** Bytes of a stored referrer host at most. */
export const REFERRER_HOST_MAX_BYTES = 255;

/** The shard that owns a link: its clicks are logged there, and its limit is kept there. */
export const shardOf = (linkId: number, shards: number): number => linkId % shards;

/** One click as it stands in the log. */
export type LoggedClick = {
  /** Milliseconds since the epoch. */
  at: number;
  linkId: number;
  /** The owner's offset from UTC at that moment, in quarter-hours: the click's calendar day needs no look-up later. */
  zoneOffset: number;
  /** 16 bytes; IPv4 as IPv4-mapped IPv6. Only valid until the next record is read. */
  address: Uint8Array;
  userAgent: string;
  referrer: string;
  language: string;
};

/** One click as it is stored. Words of closed lists are kept as numbers, see agent.ts and codes below. */
export type StoredClick = {
  linkId: number;
  at: number;
  /** Day of the owner's calendar, see zone.ts. */
  day: number;
  /** Keyed hash of day salt, link, address and user agent; 0n for bots. */
  visitor: bigint;
  bot: boolean;
  /** The shard has seen this visitor before, so the click is a repeat for sure; false: the fold has to ask. */
  seen: boolean;
  country: number;
  device: number;
  os: number;
  browser: number;
  language: number;
  referrer: string;
};

/**
 * Country (ISO 3166 alpha-2) and language (ISO 639, two or three letters) as a small integer: base 27, a = 1, right-aligned.
 * 0 is "unknown". Fits a Postgres smallint.
 */
export function lettersToCode(letters: string): number {
  if (letters.length < 2 || letters.length > 3) return 0;
  let code = 0;
  for (let i = 0; i < letters.length; i++) {
    const digit = (letters.charCodeAt(i) | 0x20) - 0x60;
    if (digit < 1 || digit > 26) return 0;
    code = code * 27 + digit;
  }
  return code;
}

/** @returns lower-case letters, or `unknown` for 0 */
export function codeToLetters(code: number): string {
  let letters = '';
  for (let rest = code; rest > 0; rest = Math.floor(rest / 27)) letters = String.fromCharCode(0x60 + (rest % 27)) + letters;
  return letters === '' ? UNKNOWN : letters;
}

export const UNKNOWN = 'unknown';
/** The referrer of a click that came without one. */
export const DIRECT = 'direct';
