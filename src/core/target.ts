/** Where a link may lead. Pure; nothing is fetched. */

/** Characters of a target at most, as given and as stored. */
export const TARGET_MAX_LENGTH = 8192;

export type TargetFault = 'too_long' | 'not_a_url' | 'scheme' | 'credentials' | 'own_host';

/** For people, as part of "url: …". */
export const TARGET_FAULTS: Record<TargetFault, string> = {
  too_long: `must be at most ${TARGET_MAX_LENGTH} characters, also after normalising`,
  not_a_url: 'must be a complete URL',
  scheme: 'must begin with http:// or https://',
  credentials: 'must not contain a user name or password: what stands before the @ disguises where the link leads',
  own_host: 'must not lead back to this shortener',
};

/**
 * What is compared when hosts are compared. `URL` has lower-cased it already, turned Unicode into punycode and every spelling of an IPv4
 * address into dots; the trailing dot of an absolute name is left.
 */
export const hostOf = (url: URL): string => url.hostname.replace(/\.+$/, '');

const isOwn = (place: string, own: ReadonlySet<string>): boolean => [...own].some((it) => place.startsWith(`${it}/`));

/**
 * Everything is judged after parsing: `java\nscript:` is parsed to a script URL.
 * @param ownHosts what this server answers itself, on any port: hosts (as `hostOf` writes them), or a host and the path below which it does.
 *   A link to it would be a loop
 * @returns `href` is what is to be stored: ASCII without spaces and control characters, so it may be written to a header as it stands
 */
export function checkTarget(text: string, ownHosts: ReadonlySet<string>): { href: string } | { fault: TargetFault } {
  if (text.length > TARGET_MAX_LENGTH) return { fault: 'too_long' };
  const url = URL.parse(text);
  if (url === null) return { fault: 'not_a_url' };
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { fault: 'scheme' };
  if (url.username !== '' || url.password !== '') return { fault: 'credentials' };
  const host = hostOf(url);
  if (host === '') return { fault: 'not_a_url' };
  if (isOwn(`${host}${url.pathname}/`, ownHosts)) return { fault: 'own_host' };
  return url.href.length > TARGET_MAX_LENGTH ? { fault: 'too_long' } : { href: url.href };
}
