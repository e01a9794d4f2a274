/**
 * Requests under the Hosts of quick links: each path of a shop is a product, to which a link is made or found. Nothing else of this server is
 * served under those Hosts.
 */
import type { Counters } from '../core/counters.ts';
import { Failure } from '../core/failure.ts';
import type { Throttle } from '../core/ports/accounts.ts';
import type { GuestLinks } from '../core/ports/links.ts';
import { type QuickHosts, quickTarget } from '../core/quick-links.ts';
import { checkTarget, TARGET_FAULTS } from '../core/target.ts';
import type { OtherHosts } from './exchange.ts';
import { pageReply, type Reader } from './page-shell.ts';
import { quickLinkPage, quickLinkRefusal } from './quick-link-page.ts';
import type { Exchange } from './route.ts';

export type QuickLinkDeps = {
  hosts: QuickHosts;
  guests: GuestLinks;
  throttles: { guestLinks: Throttle };
  /** Who comes, for counting tries. */
  addressOf(exchange: Exchange): string;
  /** See core/target.ts. */
  ownHosts: ReadonlySet<string>;
  /** Address of this server without a slash at the end. */
  baseUrl: string;
  counters: Counters;
};

/** What programs ask any host for, and what this server has under its own: no products. */
const NO_PRODUCT = /^\/(?:(?:api|internal|assets)(?:\/|$)|(?:healthz|readyz|metrics|openapi\.json|favicon\.ico|icon\.svg|robots\.txt)$)/;

export function quickLinkHosts(deps: QuickLinkDeps): OtherHosts {
  return {
    takes: deps.hosts.takes,
    route: {
      method: 'GET',
      path: '/*',
      maxBodyBytes: 0,
      handler: (exchange) => makeOrFind(deps, exchange),
      failed: (failure, exchange) => pageReply(quickLinkRefusal(failure, wayBack(deps, exchange), readerOf(exchange))),
    },
  };
}

async function makeOrFind(deps: QuickLinkDeps, exchange: Exchange) {
  const target = targetOf(deps, exchange);
  await deps.throttles.guestLinks.take(deps.addressOf(exchange));
  const { slug, isNew } = await deps.guests.share(target);
  if (isNew) deps.counters.add('guestLinksCreated');
  return pageReply(quickLinkPage(`${deps.baseUrl}/${slug}`, target, new URL(target).host, readerOf(exchange)));
}

/** @throws Failure not_found, malformed, invalid */
function targetOf({ hosts, ownHosts }: QuickLinkDeps, { method, path, search, headers }: Omit<Exchange, 'body'>): string {
  const shop = hosts.shopOf(headers.get('host') ?? '');
  if (shop === null || method !== 'GET' || NO_PRODUCT.test(path)) throw new Failure('not_found', 'There is no quick link to be made here');
  const made = quickTarget(shop, path, search);
  if ('fault' in made) {
    if (made.fault === 'too_long') throw invalidTarget(TARGET_FAULTS.too_long);
    throw new Failure('malformed', 'This address is not in UTF-8');
  }
  // The target stays as it is, byte for byte; it only has to pass for one that somebody might have entered.
  const judged = checkTarget(made.target, ownHosts);
  if ('fault' in judged) throw invalidTarget(TARGET_FAULTS[judged.fault]);
  return made.target;
}

const invalidTarget = (message: string) =>
  new Failure('invalid', 'No link can lead to this address', { errors: [{ path: 'url', message }] });

function wayBack(deps: QuickLinkDeps, exchange: Omit<Exchange, 'body'>): string | null {
  try {
    return targetOf(deps, exchange);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

const readerOf = ({ headers }: Pick<Exchange, 'headers'>): Reader => ({
  accept: headers.get('accept') ?? '',
  language: headers.get('accept-language') ?? '',
});
