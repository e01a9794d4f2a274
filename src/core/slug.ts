/** Slugs: the path of a short link. ASCII letters, digits, `-` and `_`; case matters. */
import { randomText } from './random-text.ts';

export const SLUG_MIN_LENGTH = 1;
export const SLUG_MAX_LENGTH = 64;
export const RANDOM_SLUG_LENGTH = 7;
/** How the slug of a guest link begins, before a random slug: its form tells whose link it is, so that only one store is asked. */
export const GUEST_SLUG_MARK = '_';

/** Letters and digits that nobody mistakes for another when reading aloud or typing from paper: no 0 O o 1 l I i. */
export const RANDOM_SLUG_ALPHABET = '23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ';

const SLUG_FORM = /^[A-Za-z0-9_-]+$/;
const GUEST_SLUG_FORM = new RegExp(`^${GUEST_SLUG_MARK}[${RANDOM_SLUG_ALPHABET}]{${RANDOM_SLUG_LENGTH}}$`);

/** First path segments that elnk itself answers, now or later, and what the API has in the place of a slug; compared without case. */
const RESERVED = new Set(
  (
    'api docs healthz readyz metrics live openapi openapi.json assets static login logout setup register confirm reset forgot ' +
    'settings admin links dashboard panel account me new create help about terms privacy robots.txt sitemap.xml ' +
    'favicon.ico index.html well-known qr stats unlock preview guest www bulk delete import'
  ).split(' '),
);

export type SlugFault = 'length' | 'characters' | 'reserved';

/** @returns what is wrong with a slug that somebody chose, or null */
export function slugFault(slug: string): SlugFault | null {
  if (slug.length < SLUG_MIN_LENGTH || slug.length > SLUG_MAX_LENGTH) return 'length';
  if (!SLUG_FORM.test(slug)) return 'characters';
  if (RESERVED.has(slug.toLowerCase()) || isGuestSlug(slug)) return 'reserved';
  return null;
}

/** For people, as part of "slug: …". */
export const SLUG_FAULTS: Record<SlugFault, string> = {
  length: `must have ${SLUG_MIN_LENGTH} to ${SLUG_MAX_LENGTH} characters`,
  characters: 'may contain only ASCII letters, digits, "-" and "_"',
  reserved: 'is reserved',
};

/** Whether a path segment could name a link at all; what cannot is answered without asking the store. */
export function isSlugForm(text: string): boolean {
  return text.length <= SLUG_MAX_LENGTH && SLUG_FORM.test(text);
}

/** Whether a slug is that of a guest link; no owner's link has one like it. */
export function isGuestSlug(slug: string): boolean {
  return GUEST_SLUG_FORM.test(slug);
}

/** @param randomBytes a cryptographic source: n → n bytes */
export const randomSlug = (randomBytes: (n: number) => Uint8Array): string =>
  randomText(RANDOM_SLUG_ALPHABET, RANDOM_SLUG_LENGTH, randomBytes);

/** A random slug for a link that is to be made. @param randomBytes as for `randomSlug` */
export function freshSlug(randomBytes: (n: number) => Uint8Array): string {
  const slug = randomSlug(randomBytes);
  return slugFault(slug) === null ? slug : freshSlug(randomBytes);
}

/** @param randomBytes as for `randomSlug` */
export const guestSlug = (randomBytes: (n: number) => Uint8Array): string => GUEST_SLUG_MARK + randomSlug(randomBytes);
