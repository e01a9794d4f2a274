/**
 * Who is asking. X-Forwarded-For is believed only from proxies that the operator named, and read from right to left: each trusted
 * proxy vouches for the address that it wrote, the first that is not trusted is the client.
 */

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { type BlockList, isIP } from 'node:net';
import type { Exchange } from './route.ts';

/** 4 or 16 bytes. */
export type ClientAddress = (res: HttpResponse, req: HttpRequest) => ArrayBuffer;

/** Characters of an X-Forwarded-For header that are read, from its end. */
const FORWARDED_MAX_LENGTH = 1024;

/** @param trusted null: no proxy stands in front */
export function clientAddress(trusted: BlockList | null): ClientAddress {
  if (trusted === null) return (res) => res.getRemoteAddress();
  return (res, req) => {
    const remote = res.getRemoteAddress();
    return isTrusted(remote, trusted) ? clientOf(remote, forwardedFor(req), trusted) : remote;
  };
}

/** The same for a request that was copied. */
export function exchangeClient(trusted: BlockList | null): (exchange: Pick<Exchange, 'remote' | 'headers'>) => ArrayBuffer {
  return ({ remote, headers }) => {
    const peer = remote.slice().buffer;
    const isProxy = trusted !== null && isTrusted(peer, trusted);
    return isProxy ? clientOf(peer, headers.get('x-forwarded-for') ?? '', trusted) : peer;
  };
}

/** As text to count tries by: an IPv4 address, or the network of an IPv6 address (a customer has at least a /64). */
export function exchangeAddress(trusted: BlockList | null): (exchange: Pick<Exchange, 'remote' | 'headers'>) => string {
  const client = exchangeClient(trusted);
  return (exchange) => {
    const bytes = new Uint8Array(client(exchange));
    if (bytes.length === 4) return bytes.join('.');
    return isMapped(bytes) ? bytes.subarray(12).join('.') : `${v6Text(bytes).split(':').slice(0, 4).join(':')}::/64`;
  };
}

/** All lines as one list (RFC 9110, 5.3): a proxy may add a line of its own, and `getHeader` would give the first, which is the client's. */
function forwardedFor(req: HttpRequest): string {
  let list = '';
  req.forEach((name, value) => {
    if (name === 'x-forwarded-for') list = list === '' ? value : `${list},${value}`;
  });
  return list;
}

/** @param forwarded the header as it came: addresses separated by commas, the nearest proxy's last */
export function clientOf(remote: ArrayBuffer, forwarded: string, trusted: BlockList): ArrayBuffer {
  let client = remote;
  const hops = forwarded.slice(-FORWARDED_MAX_LENGTH).split(',');
  if (forwarded.length > FORWARDED_MAX_LENGTH) hops.shift(); // cut: what is left of an address may be another address
  for (let i = hops.length - 1; i >= 0 && isTrusted(client, trusted); i--) {
    const bytes = addressBytes(hops[i].trim());
    if (bytes === null) break;
    client = bytes;
  }
  return client;
}

function isTrusted(address: ArrayBuffer, trusted: BlockList): boolean {
  const bytes = new Uint8Array(address);
  const v4 = bytes.length === 4 ? bytes : isMapped(bytes) ? bytes.subarray(12) : null;
  return v4 === null ? trusted.check(v6Text(bytes), 'ipv6') : trusted.check(v4.join('.'), 'ipv4');
}

const isMapped = (bytes: Uint8Array): boolean =>
  bytes.length === 16 && bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);

function v6Text(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] << 8) | bytes[i + 1]).toString(16));
  return groups.join(':');
}

/** @returns 4 or 16 bytes, or null for what is no address; a port or brackets around it are allowed */
export function addressBytes(text: string): ArrayBuffer | null {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  const version = isIP(bare);
  if (version === 4) return Uint8Array.from(bare.split('.'), Number).buffer;
  if (version !== 6) return null;
  return v6Bytes(bare.split('%', 1)[0]);
}

/** @param text a valid IPv6 address without zone */
function v6Bytes(text: string): ArrayBuffer {
  // URL writes the address out in its canonical form, with IPv4 tails turned into groups.
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [head, tail] = canonical.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const groups = tail === undefined ? head : [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const bytes = new Uint8Array(16);
  groups.forEach((group, i) => {
    const value = Number.parseInt(group, 16);
    bytes[i * 2] = value >> 8;
    bytes[i * 2 + 1] = value & 0xff;
  });
  return bytes.buffer;
}
