/**
 * Who is asking. X-Forwarded-For is believed only from proxies that the operator named, and read from right to left: each trusted
 * proxy vouches for the address that it wrote, the first that is not trusted is the client.
 */

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { addressBytes, isMapped, v6Text } from './ip-address.ts';
import type { Exchange } from './route.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

/** 4 or 16 bytes. */
export type ClientAddress = (res: HttpResponse, req: HttpRequest) => ArrayBuffer;

/** Characters of an X-Forwarded-For header that are read, from its end. */
const FORWARDED_MAX_LENGTH = 1024;

/** @param isTrusted null: no proxy stands in front */
export function clientAddress(isTrusted: TrustedProxies | null): ClientAddress {
  if (isTrusted === null) return (res) => res.getRemoteAddress();
  return (res, req) => {
    const remote = res.getRemoteAddress();
    return isTrusted(remote) ? clientOf(remote, forwardedFor(req), isTrusted) : remote;
  };
}

/** The same for a request that was copied. */
export function exchangeClient(isTrusted: TrustedProxies | null): (exchange: Pick<Exchange, 'remote' | 'headers'>) => ArrayBuffer {
  return ({ remote, headers }) => {
    const peer = remote.slice().buffer;
    if (!isTrusted?.(peer)) return peer;
    return clientOf(peer, headers.get('x-forwarded-for') ?? '', isTrusted);
  };
}

/** As text to count tries by: an IPv4 address, or the network of an IPv6 address (a customer has at least a /64). */
export function exchangeAddress(isTrusted: TrustedProxies | null): (exchange: Pick<Exchange, 'remote' | 'headers'>) => string {
  const client = exchangeClient(isTrusted);
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
export function clientOf(remote: ArrayBuffer, forwarded: string, isTrusted: TrustedProxies): ArrayBuffer {
  let client = remote;
  const hops = forwarded.slice(-FORWARDED_MAX_LENGTH).split(',');
  if (forwarded.length > FORWARDED_MAX_LENGTH) hops.shift(); // cut: what is left of an address may be another address
  for (let i = hops.length - 1; i >= 0 && isTrusted(client); i--) {
    const bytes = addressBytes(hops[i].trim());
    if (bytes === null) break;
    client = bytes;
  }
  return client;
}
