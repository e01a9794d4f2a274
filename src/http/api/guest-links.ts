/** What `POST /links` does for whoever has no account: a link from a URL alone. */
import { type CreateLink, type GuestLink, guestLinkSchema, type LinkRequestSchemas } from '../../core/api/links.ts';
import type { Counters } from '../../core/counters.ts';
import { Failure } from '../../core/failure.ts';
import type { Throttle, ThrottlePolicy } from '../../core/ports/accounts.ts';
import type { GuestLinks } from '../../core/ports/links.ts';
import { checked } from '../input.ts';
import { qrDataUri } from '../qr.ts';
import { type Exchange, type GuestVariant, guestVariant } from '../route.ts';

export type GuestLinkDeps = {
  guests: GuestLinks;
  throttles: { guestLinks: Throttle };
  /** Who calls, for counting tries. */
  addressOf(exchange: Exchange): string;
  counters: Counters;
  /** Address of this server without a slash at the end. */
  baseUrl: string;
};

/** Guest links, quick ones included, from one address. */
export const GUEST_LINKS_POLICY: ThrottlePolicy = { name: 'guest-links', limit: 300, windowSec: 60 * 60 };

type GuestBody = Pick<CreateLink, 'url'>;

export function guestCreation(deps: GuestLinkDeps, { createLink, createGuestLink }: LinkRequestSchemas): GuestVariant {
  const ownersFields = Object.keys(createLink.shape).filter((field) => !(field in createGuestLink.shape));
  return guestVariant<GuestBody>({
    description:
      'Without a key or token: a guest link, from `url` alone. It has no statistics, cannot be changed, and goes when it is not used.',
    body: createGuestLink,
    read: (value) => checked(createGuestLink, withoutFields(value, ownersFields)),
    reply: guestLinkSchema,
    failures: ['too_many_requests'],
    handler: async ({ exchange, body }) => {
      await deps.throttles.guestLinks.take(deps.addressOf(exchange));
      const slug = await deps.guests.create(body.url);
      deps.counters.add('guestLinksCreated');
      const link = toGuestLink(deps, slug, body.url);
      return { status: 201, headers: { Location: link.shortUrl }, body: link };
    },
  });
}

/** What an owner may say of a link needs an owner: whoever says it has forgotten to say who he is. @throws Failure unauthenticated */
function withoutFields(value: unknown, ownersFields: readonly string[]): unknown {
  const given = typeof value === 'object' && value !== null ? ownersFields.filter((field) => field in value) : [];
  if (given.length === 0) return value;
  throw new Failure('unauthenticated', `Without an account a link has a url and nothing else: ${given.join(', ')} cannot be set`);
}

const toGuestLink = ({ baseUrl }: GuestLinkDeps, slug: string, url: string): GuestLink => {
  const shortUrl = `${baseUrl}/${slug}`;
  return { slug, shortUrl, url, qr: qrDataUri(shortUrl) };
};
