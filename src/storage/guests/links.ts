/**
 * How guests get links, whatever keeps them. A new link has a random slug. The slug of a shared one is derived from its target: the same
 * target finds the same link in any thread, on any node, at the same moment as another, and again after it was displaced, without an
 * index that would cost room and could be displaced on its own.
 */
import { createHash } from 'node:crypto';
import type { GuestLinks, GuestStore } from '../../core/ports/links.ts';
import { guestSlug } from '../../core/slug.ts';

/** Of 55^7 slugs some million are taken at most; so many collisions in a row mean that something else is wrong. */
const TRIES = 10;

/**
 * @param randomBytes a cryptographic source
 * @param onMade a slug leads somewhere now: threads may remember that it did not
 */
export function createGuestLinks(store: GuestStore, randomBytes: (n: number) => Uint8Array, onMade: (slug: string) => void): GuestLinks {
  async function put(slug: string, target: string) {
    const made = await store.put(slug, target);
    if (made.isNew) onMade(slug);
    return made;
  }

  return {
    async create(target) {
      for (let i = 0; i < TRIES; i++) {
        const slug = guestSlug(randomBytes);
        if ((await put(slug, target)).isNew) return slug;
      }
      throw noFreeSlug();
    },

    async share(target) {
      for (let i = 0; i < TRIES; i++) {
        const slug = sharedSlug(target, i);
        const made = await put(slug, target);
        if (made.isNew || made.target === target) return { slug, isNew: made.isNew };
      }
      throw noFreeSlug();
    },
  };
}

/** @param attempt 0, and the next one when another target has that slug */
function sharedSlug(target: string, attempt: number): string {
  let block = 0;
  return guestSlug(() => createHash('sha256').update(`${attempt} ${block++} ${target}`).digest());
}

const noFreeSlug = () => new Error(`no free guest slug in ${TRIES} tries`);
