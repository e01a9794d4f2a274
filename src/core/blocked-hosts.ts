/** Hosts that no link may lead to. One that is blocked is blocked with all its subdomains. */
import { hostOf } from './target.ts';

/** RFC 1035, 2.3.4: characters of a name at most. */
export const HOST_MAX_LENGTH = 253;
/** Hosts that may be blocked: every front holds all of them in memory, some 100 bytes each. */
export const BLOCKED_HOSTS_MAX = 100_000;

/** The blocked hosts as they are now: no older than the newest change that was answered. Rejects when the store has to be asked and cannot be. */
export type BlockedHosts = { current(): Promise<ReadonlySet<string>> };

/** For people, as part of "url: …". */
export const BLOCKED_TARGET = 'must not lead to a host that is blocked here';

/** An IPv4 address inside an IPv6 one (RFC 4291, 2.5.5.2), as `URL` writes it. */
const MAPPED_IPV4 = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

/** What is compared and stored: one form for all spellings of a host. */
function comparedHost(url: URL): string {
  const host = hostOf(url);
  const mapped = MAPPED_IPV4.exec(host);
  if (mapped === null) return host;
  const [high, low] = [Number.parseInt(mapped[1], 16), Number.parseInt(mapped[2], 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * The form of a host that somebody wrote: a name in any alphabet, or an address in any spelling.
 * @returns null for what is no host, such as a URL, a host with a port, or a pattern
 */
export function blockedHostOf(text: string): string | null {
  const given = text.trim();
  if (given === '' || /[/?#@\\*%\s]/.test(given)) return null;
  const isBareIpv6 = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(given);
  const url = URL.parse(`http://${isBareIpv6 ? `[${given}]` : given}/`);
  if (url === null || url.port !== '' || (!given.endsWith(']') && !isBareIpv6 && given.includes(':'))) return null;
  const host = comparedHost(url);
  return host.length > HOST_MAX_LENGTH || host.split('.').includes('') ? null : host;
}

/**
 * Whether a target leads to a blocked host or a subdomain of one.
 * @param target a URL as it is stored
 * @param blocked hosts in the form of `blockedHostOf`
 */
export function leadsToBlockedHost(target: string, blocked: ReadonlySet<string>): boolean {
  if (blocked.size === 0) return false;
  const url = URL.parse(target);
  if (url === null) return false;
  // Of an address, too: what follows one of its dots is the form of no other host.
  for (let host = comparedHost(url); ; ) {
    if (blocked.has(host)) return true;
    const dot = host.indexOf('.');
    if (dot === -1) return false;
    host = host.slice(dot + 1);
  }
}
