/**
 * One click as a row of the table `clicks` in Postgres' binary COPY format: what the shard writes, and what the fold reads back.
 *
 * A row is an int16 count of fields, then for each field an int32 length and the value, big-endian
 * (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"). All columns but the last have a fixed length,
 * so that every value has a fixed offset; the column order is that of the migration.
 */
import { QUARTER_MS } from './zone.ts';

export const CLICK_COLUMNS = 'batch_id, link_id, clicked_at, visitor, day, country, device, os, browser, language, bot, seen, referrer';
const FIELDS = 13;

/** "PGCOPY\n\377\r\n\0", no flags, no extension. */
export const COPY_HEADER = Uint8Array.of(0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0);
/** A field count of −1 ends the data. */
export const COPY_TRAILER = Uint8Array.of(0xff, 0xff);

export const BATCH_ID = 6;
export const LINK_ID = 18;
export const CLICKED_AT = 30;
export const VISITOR = 42;
export const DAY = 54;
export const COUNTRY = 62;
export const DEVICE = 68;
export const OS = 74;
export const BROWSER = 80;
export const LANGUAGE = 86;
export const BOT = 92;
export const SEEN = 97;
export const REFERRER_LENGTH = 98;
export const REFERRER = 102;

/** Postgres counts from 2000-01-01. */
const POSTGRES_EPOCH_MS = 946_684_800_000;
export const POSTGRES_EPOCH_DAY = 10_957;
const POSTGRES_EPOCH_QUARTER = POSTGRES_EPOCH_MS / QUARTER_MS;
const QUARTER_US = QUARTER_MS * 1000;

const TWO_32 = 4_294_967_296;

/** A click on its way into a row; reused by the writer, so nobody keeps it. */
export type ClickRow = {
  linkId: number;
  at: number;
  day: number;
  visitorHi: number;
  visitorLo: number;
  country: number;
  device: number;
  os: number;
  browser: number;
  language: number;
  bot: boolean;
  seen: boolean;
  /** Referrer host; its UTF-8 length must fit what the caller reserved. */
  referrer: string;
};

const encoder = new TextEncoder();

export function setInt64(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / TWO_32));
  view.setUint32(at + 4, value >>> 0);
}

export const getInt64 = (view: DataView, at: number): number => view.getInt32(at) * TWO_32 + view.getUint32(at + 4);

/**
 * Writes a row; the batch id is left 0 and filled in by `setBatchId` when it is known.
 * @returns the offset behind the row
 */
export function writeRow(bytes: Uint8Array, view: DataView, start: number, row: ClickRow): number {
  view.setInt16(start, FIELDS);
  for (let at = BATCH_ID; at <= VISITOR; at += 12) view.setInt32(start + at - 4, 8);
  setInt64(view, start + BATCH_ID, 0);
  setInt64(view, start + LINK_ID, row.linkId);
  setInt64(view, start + CLICKED_AT, (row.at - POSTGRES_EPOCH_MS) * 1000);
  view.setInt32(start + VISITOR, row.visitorHi);
  view.setInt32(start + VISITOR + 4, row.visitorLo);
  view.setInt32(start + DAY - 4, 4);
  view.setInt32(start + DAY, row.day - POSTGRES_EPOCH_DAY);
  for (let at = COUNTRY; at <= LANGUAGE; at += 6) view.setInt32(start + at - 4, 2);
  view.setInt16(start + COUNTRY, row.country);
  view.setInt16(start + DEVICE, row.device);
  view.setInt16(start + OS, row.os);
  view.setInt16(start + BROWSER, row.browser);
  view.setInt16(start + LANGUAGE, row.language);
  view.setInt32(start + BOT - 4, 1);
  bytes[start + BOT] = row.bot ? 1 : 0;
  view.setInt32(start + SEEN - 4, 1);
  bytes[start + SEEN] = row.seen ? 1 : 0;
  const length = writeText(bytes, start + REFERRER, row.referrer);
  view.setInt32(start + REFERRER_LENGTH, length);
  return start + REFERRER + length;
}

/** Hosts are nearly always ASCII, where a loop beats the encoder's call. */
function writeText(bytes: Uint8Array, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encoder.encodeInto(text, bytes.subarray(start)).written;
    bytes[start + i] = code;
  }
  return text.length;
}

export function setBatchId(view: DataView, row: number, batchId: number): void {
  setInt64(view, row + BATCH_ID, batchId);
}

/** The UTC quarter (see zone.ts) of a row. */
export const quarterOfRow = (view: DataView, row: number): number =>
  Math.floor(getInt64(view, row + CLICKED_AT) / QUARTER_US) + POSTGRES_EPOCH_QUARTER;

/** The owner's day of a row, in days since 1970. */
export const dayOfRow = (view: DataView, row: number): number => view.getInt32(row + DAY) + POSTGRES_EPOCH_DAY;
