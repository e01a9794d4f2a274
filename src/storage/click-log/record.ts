/** A click to bytes and back; the layout is in spec.ts. Nothing here touches a file. */
import { LANGUAGE_MAX_BYTES, type LoggedClick, REFERRER_MAX_BYTES, USER_AGENT_MAX_BYTES } from '../../core/click.ts';
import type { Bytes } from './bytes.ts';
import { crc32c } from './crc32c.ts';
import type { HeaderTextTable } from './header-texts.ts';
import { ADDRESS_BYTES, FORMAT_VERSION, RECORD, RECORD_MAX_BYTES, RECORD_MIN_BYTES } from './spec.ts';

/** Where an IPv4 address stands, behind ::ffff. */
const IPV4 = RECORD.address + ADDRESS_BYTES - 4;

/**
 * Writes one record to the beginning of `into`, which has room for RECORD_MAX_BYTES. Text is cropped and cleaned here.
 * @param zoneOffset quarter-hours
 * @param address 4 or 16 bytes as the socket gives them; anything else is written as zeros
 * @returns bytes of the record
 */
export function encodeRecord(
  into: Bytes,
  at: number,
  linkId: number,
  zoneOffset: number,
  address: ArrayBuffer,
  userAgent: string,
  referrer: string,
  language: string,
): number {
  const { buffer, view } = into;
  const userAgentBytes = putText(buffer, RECORD.text, userAgent, USER_AGENT_MAX_BYTES);
  const referrerBytes = putText(buffer, RECORD.text + userAgentBytes, referrer, REFERRER_MAX_BYTES);
  const languageBytes = putText(buffer, RECORD.text + userAgentBytes + referrerBytes, language, LANGUAGE_MAX_BYTES);
  const size = RECORD.text + userAgentBytes + referrerBytes + languageBytes;
  view.setUint32(RECORD.length, size - RECORD.payload, true);
  view.setUint8(RECORD.version, FORMAT_VERSION);
  view.setUint8(RECORD.flags, 0);
  view.setInt8(RECORD.zoneOffset, zoneOffset);
  view.setUint8(RECORD.languageBytes, languageBytes);
  view.setUint16(RECORD.userAgentBytes, userAgentBytes, true);
  view.setUint16(RECORD.referrerBytes, referrerBytes, true);
  view.setFloat64(RECORD.at, at, true);
  view.setFloat64(RECORD.linkId, linkId, true);
  putAddress(view, address);
  view.setUint32(RECORD.crc, recordCrc(view, 0, size), true);
  return size;
}

/**
 * Buffer.write does what is asked of text: lone surrogates become U+FFFD and only whole characters are written. It is also
 * the fastest way (110 ASCII characters: 20 ns; latin1 9 ns, but then a check for ASCII costs 45 more; a charCodeAt loop 176 ns).
 */
function putText(buffer: Buffer, offset: number, text: string, maxBytes: number): number {
  return buffer.write(text.includes('\0') ? text.replaceAll('\0', '') : text, offset, maxBytes, 'utf8');
}

/** Byte by byte: for so few a loop beats Buffer.fill, Buffer.set and a DataView (60 ns less behind a system call, when all is cold). */
function putAddress(view: DataView, address: ArrayBuffer): void {
  const from = new Uint8Array(address);
  const isWhole = from.length === ADDRESS_BYTES;
  const isIpv4 = from.length === 4;
  for (let i = 0; i < ADDRESS_BYTES; i += 4) view.setUint32(RECORD.address + i, 0);
  if (isIpv4) view.setUint16(IPV4 - 2, 0xffff);
  const offset = isIpv4 ? IPV4 : RECORD.address;
  if (isWhole || isIpv4) for (let i = 0; i < from.length; i++) view.setUint8(offset + i, from[i]);
}

const recordCrc = (view: DataView, offset: number, end: number): number =>
  crc32c(view, offset + RECORD.payload, end, crc32c(view, offset + RECORD.length, offset + RECORD.crc));

/** A length field that a record can have. */
export const isRecordLength = (length: number): boolean =>
  length >= RECORD_MIN_BYTES - RECORD.payload && length <= RECORD_MAX_BYTES - RECORD.payload;

/**
 * Cheap refusals first: the search behind a damaged stretch asks for every single byte.
 * @returns bytes of the whole, valid record at `offset`; 0 if none ends by `end`
 */
export function recordSize(view: DataView, offset: number, end: number): number {
  if (offset + RECORD_MIN_BYTES > end) return 0;
  const length = view.getUint32(offset, true);
  if (!isRecordLength(length)) return 0;
  const size = RECORD.payload + length;
  if (offset + size > end || view.getUint8(offset + RECORD.version) !== FORMAT_VERSION) return 0;
  const languageBytes = view.getUint8(offset + RECORD.languageBytes);
  const userAgentBytes = view.getUint16(offset + RECORD.userAgentBytes, true);
  const referrerBytes = view.getUint16(offset + RECORD.referrerBytes, true);
  if (RECORD.text + userAgentBytes + referrerBytes + languageBytes !== size) return 0;
  return view.getUint32(offset + RECORD.crc, true) === recordCrc(view, offset, offset + size) ? size : 0;
}

/** Fills `click` from the record at `offset`, which recordSize has found valid with `size` bytes. */
export function decodeRecord(record: Bytes, offset: number, size: number, texts: HeaderTextTable, click: LoggedClick): void {
  const { buffer, view } = record;
  click.at = view.getFloat64(offset + RECORD.at, true);
  click.linkId = view.getFloat64(offset + RECORD.linkId, true);
  click.zoneOffset = view.getInt8(offset + RECORD.zoneOffset);
  for (let i = 0; i < ADDRESS_BYTES; i++) click.address[i] = buffer[offset + RECORD.address + i];
  const userAgentBytes = view.getUint16(offset + RECORD.userAgentBytes, true);
  const referrerBytes = view.getUint16(offset + RECORD.referrerBytes, true);
  const { userAgent, referrer, language } = texts.read(record, offset + RECORD.text, offset + size, userAgentBytes, referrerBytes);
  click.userAgent = userAgent;
  click.referrer = referrer;
  click.language = language;
}
