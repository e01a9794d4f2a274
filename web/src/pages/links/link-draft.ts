/** What a person types about a link, and what is sent of it. */
import type { Link } from '../../../../src/core/api/links.ts';
import { fromLocalInput, toLocalInput } from '../../zoned-time.ts';
import { webAddress } from '../front/web-address.ts';

/** As it stands in the inputs; times are of the owner's zone. An empty text: not set. */
export type LinkDraft = {
  url: string;
  slug: string;
  title: string;
  tags: string;
  password: string;
  maxClicks: string;
  validFrom: string;
  expiresAt: string;
  expiredUrl: string;
};

export const EMPTY_DRAFT: LinkDraft = {
  url: '',
  slug: '',
  title: '',
  tags: '',
  password: '',
  maxClicks: '',
  validFrom: '',
  expiresAt: '',
  expiredUrl: '',
};

export const DRAFT_FIELDS = ['url', 'slug', 'title', 'tags', 'password', 'maxClicks', 'validFrom', 'expiresAt', 'expiredUrl'] as const;

/** The body of a request: null clears, what is absent stays. */
export type LinkBody = Partial<{
  url: string;
  slug: string;
  title: string | null;
  tags: string[];
  password: string | null;
  maxClicks: number | null;
  validFrom: string | null;
  expiresAt: string | null;
  expiredUrl: string | null;
}>;

/** The lines of a pasted text that are addresses; several make several links. */
export const addressesOf = (text: string): string[] =>
  text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

const tagsOf = (text: string): string[] => [...new Set(text.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '');
const addressOr = (text: string): string => webAddress(text) ?? text.trim(); // what is none the server explains
const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

function bodyOf(draft: LinkDraft, timeZone: string): LinkBody {
  const instant = (local: string) => (local === '' ? null : fromLocalInput(local, timeZone));
  return {
    url: addressOr(draft.url),
    slug: draft.slug.trim(),
    title: orNull(draft.title),
    tags: tagsOf(draft.tags),
    password: draft.password === '' ? null : draft.password,
    maxClicks: draft.maxClicks.trim() === '' ? null : Number(draft.maxClicks),
    validFrom: instant(draft.validFrom),
    expiresAt: instant(draft.expiresAt),
    expiredUrl: draft.expiredUrl.trim() === '' ? null : addressOr(draft.expiredUrl),
  };
}

/** Without what was left empty. */
export function createBody(draft: LinkDraft, timeZone: string): LinkBody {
  const given = Object.entries(bodyOf(draft, timeZone)).filter(
    ([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(given);
}

export function draftOf(link: Link, timeZone: string): LinkDraft {
  const local = (iso: string | null) => (iso === null ? '' : toLocalInput(iso, timeZone));
  return {
    url: link.url,
    slug: link.slug,
    title: link.title ?? '',
    tags: link.tags.join(', '),
    password: '',
    maxClicks: link.maxClicks === null ? '' : String(link.maxClicks),
    validFrom: local(link.validFrom),
    expiresAt: local(link.expiresAt),
    expiredUrl: link.expiredUrl ?? '',
  };
}

/**
 * Only what was changed. Compared as it stands in the inputs, so that the seconds of a time that nobody has touched are not lost.
 * @param removePassword an empty password field means that it stays; this that it goes
 */
export function editBody(link: Link, draft: LinkDraft, removePassword: boolean, timeZone: string): LinkBody {
  const before = draftOf(link, timeZone);
  const after = bodyOf(draft, timeZone);
  const changed = DRAFT_FIELDS.filter((field) => draft[field] !== before[field]);
  const body: LinkBody = Object.fromEntries(changed.map((field) => [field, after[field]]));
  return removePassword ? { ...body, password: null } : body;
}
