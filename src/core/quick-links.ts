/**
 * Quick links: who puts `ee` before a shop's name in the address bar gets a short link to the product. Pure: which Host asks for one, and
 * where it leads.
 */
import { TARGET_MAX_LENGTH } from './target.ts';

const HOST_MARK = 'ee';
/** The host of a shop, and of its quick links, is this behind its name. */
const ZONE = 'ru';
/** Of a shop's name, so that with the mark it is still a label of a host name. */
export const SHOP_MAX_LENGTH = 61;

/** Whether this is a name that a host can be made of: lower-case letters, digits and inner hyphens. */
export const isShopName = (text: string): boolean => text.length <= SHOP_MAX_LENGTH && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(text);

/** Hosts that quick links of a shop are made under. */
export const quickHosts = (shop: string): string[] => [`${HOST_MARK}${shop}.${ZONE}`, `www.${HOST_MARK}${shop}.${ZONE}`];

export type QuickHosts = {
  /**
   * Whether a request under this Host belongs to the quick links and to nothing else: also under other subdomains and zones of these
   * names, where there are none, so that they do not show the rest of the server.
   */
  takes(host: string): boolean;
  /** The shop whose quick links are made under this Host; null when it is none of `quickHosts`. */
  shopOf(host: string): string | null;
};

/**
 * Hosts are as they stand in a request: in any case, with or without a port and the dot of an absolute name.
 * @param ownHost that of the server's own address, with its port where it has one; it is never taken
 */
export function quickHostsOf(shops: readonly string[], ownHost: string): QuickHosts {
  const shopByHost = new Map(shops.flatMap((shop) => quickHosts(shop).map((host) => [host, shop] as const)));
  const ownName = nameOf(ownHost);
  // One test for all names: it is made at every redirect that does not come under the server's own Host.
  const anywhere = new RegExp(`(?:^|\\.)${HOST_MARK}(?:${shops.join('|')})(?:[.:]|$)`, 'i');
  return {
    takes: (host) => host !== ownHost && anywhere.test(host) && nameOf(host) !== ownName,
    shopOf: (host) => shopByHost.get(nameOf(host)) ?? null,
  };
}

const nameOf = (host: string): string => host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');

export type QuickTarget = { target: string } | { fault: 'unreadable' | 'too_long' };

/** What no address may have as it is; and a raw #, which would end the query where the request had not ended it. */
const ENCODED = /[^\x21-\x22\x24-\x7e]/gu;

/**
 * The product's address at its shop: path and query stay as they came, byte for byte; raw bytes that no address may have are
 * percent-encoded. The host stands before a slash that is written here, so nothing behind it can be taken for a host.
 * @param path as it stands in the request, from its slash on, read as UTF-8
 * @param search the query with its question mark; '' when there is none
 */
export function quickTarget(shop: string, path: string, search: string): QuickTarget {
  if (!path.startsWith('/')) return { fault: 'unreadable' };
  const text = path + search;
  if (text.includes('\u{fffd}')) return { fault: 'unreadable' }; // bytes that are no UTF-8: which ones they were nobody knows any more
  const target = `https://www.${shop}.${ZONE}${text.replaceAll(ENCODED, encodeURIComponent)}`;
  return target.length > TARGET_MAX_LENGTH ? { fault: 'too_long' } : { target };
}
