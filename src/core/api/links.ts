/** The API of links: one, many, lists of them, guests' links. */

import { z } from 'zod';
import { LINK_STATES } from '../link.ts';
import { LINK_SORTS } from '../link-list.ts';
import { LINK_PASSWORD_MAX_LENGTH } from '../link-password.ts';
import { SLUG_FAULTS, SLUG_MAX_LENGTH, SLUG_MIN_LENGTH, slugFault } from '../slug.ts';
import { checkTarget, TARGET_FAULTS, TARGET_MAX_LENGTH } from '../target.ts';
import { component, count, cursor, instant, line, moment, PAGE_DEFAULT_LINKS, PAGE_MAX_LINKS, pageLimit, problemSchema } from './common.ts';

export const TITLE_MAX_LENGTH = 200;
export const TAGS_MAX = 20;
export const TAG_MAX_LENGTH = 50;
export const SEARCH_MAX_LENGTH = 200;
export const PAGE_MAX_TAGS = 1_000;

export const MAX_CLICKS_MAX = 1_000_000_000;

/** Links of one request that makes or deletes many. */
export const BULK_MAX_LINKS = 1_000;

const slug = z
  .string()
  .superRefine((text, context) => {
    const fault = slugFault(text);
    if (fault !== null) context.addIssue({ code: 'custom', message: SLUG_FAULTS[fault] });
  })
  .meta({
    minLength: SLUG_MIN_LENGTH,
    maxLength: SLUG_MAX_LENGTH,
    pattern: '^[A-Za-z0-9_-]+$',
    description: 'Path of the short link; case matters',
  });

export const title = line(TITLE_MAX_LENGTH).nullable().meta({ description: 'A name for the owner; visitors do not see it' });
const tags = z
  .array(line(TAG_MAX_LENGTH))
  .max(TAGS_MAX, `must be at most ${TAGS_MAX} tags`)
  .transform((all) => [...new Set(all)]);

const linkPassword = line(LINK_PASSWORD_MAX_LENGTH)
  .nullable()
  .meta({ description: 'Asked of every visitor; it cannot be read again. A new one ends what was unlocked with the old one' });
const maxClicks = z
  .int()
  .min(1, 'must be at least 1')
  .max(MAX_CLICKS_MAX, `must be at most ${MAX_CLICKS_MAX}`)
  .nullable()
  .meta({ description: 'Redirects that the link makes at most. A change keeps what was used' });
const window = {
  validFrom: moment.optional().meta({ description: 'First moment at which the link leads on' }),
  expiresAt: moment.optional().meta({ description: 'First moment at which it does not any more; later than validFrom' }),
};
type Moment = number | null | undefined;
const isWindow = ({ validFrom, expiresAt }: { validFrom?: Moment; expiresAt?: Moment }) =>
  typeof validFrom !== 'number' || typeof expiresAt !== 'number' || validFrom < expiresAt;
/** Of both fields; a time alone is compared with the stored one where that is kept. */
const WINDOW_FAULT = { path: ['expiresAt'], message: 'must be later than validFrom' };

/**
 * What a client sends about links.
 * @param ownHosts see checkTarget
 */
export function linkRequestSchemas(ownHosts: ReadonlySet<string>) {
  const url = z
    .string()
    .transform((text, context) => {
      const target = checkTarget(text, ownHosts);
      if ('href' in target) return target.href;
      context.addIssue({ code: 'custom', message: TARGET_FAULTS[target.fault] });
      return z.NEVER;
    })
    .meta({ maxLength: TARGET_MAX_LENGTH, description: 'Where the link leads: http or https' });
  const expiredUrl = url.nullable().meta({
    maxLength: TARGET_MAX_LENGTH,
    description: 'Where visitors go when the link has expired or is used up; null: they get a page',
  });
  const details = {
    slug: slug.optional(),
    title: title.optional(),
    tags: tags.optional(),
    password: linkPassword.optional(),
    maxClicks: maxClicks.optional(),
    ...window,
    expiredUrl: expiredUrl.optional(),
  };
  const createLink = z
    .strictObject({ url, ...details })
    .refine(isWindow, WINDOW_FAULT)
    .meta({ title: 'CreateLink' });
  const createGuestLink = z.strictObject({ url }).meta({ title: 'CreateGuestLink' });
  const editLink = z
    .strictObject({ url: url.optional(), ...details })
    .refine((changes) => Object.keys(changes).length > 0, 'must change at least one field')
    .refine(isWindow, WINDOW_FAULT)
    .meta({ title: 'EditLink', minProperties: 1 });
  return { createLink, createGuestLink, editLink };
}

export type LinkRequestSchemas = ReturnType<typeof linkRequestSchemas>;
/** `url` and `expiredUrl` are normalised, see checkTarget; times in milliseconds since the epoch. */
export type CreateLink = z.output<LinkRequestSchemas['createLink']>;
export type EditLink = z.output<LinkRequestSchemas['editLink']>;

export const linkSchema = z
  .object({
    id: z.int().positive(),
    slug: z.string(),
    shortUrl: z.string().meta({ format: 'uri' }),
    url: z.string().meta({ format: 'uri' }),
    title: z.string().nullable(),
    tags: z.array(z.string()),
    hasPassword: z.boolean(),
    maxClicks: count.nullable(),
    clicksLeft: count.nullable().meta({ description: 'Of maxClicks; null: any number' }),
    validFrom: instant.nullable(),
    expiresAt: instant.nullable(),
    expiredUrl: z.string().nullable(),
    state: z
      .enum(LINK_STATES)
      .meta({ description: 'At the moment of the answer. `scheduled`: before validFrom; `exhausted`: no clicks are left' }),
    version: z.int().positive().meta({ description: 'Grows with every edit; the ETag' }),
    createdAt: instant,
    updatedAt: instant,
    clicks: count.meta({ description: 'Clicks of people, as of now' }),
    repeatClicks: count.meta({ description: 'Clicks by a device that had already clicked this link that day' }),
    clicksToday: count.meta({ description: "Today is the day of the owner's calendar" }),
    repeatClicksToday: count,
  })
  .meta({ title: 'Link' });
export type Link = z.infer<typeof linkSchema>;

/** Each link is checked on its own. */
export const bulkCreateSchema = z
  .strictObject({
    links: z
      .array(z.unknown())
      .min(1, 'must be at least one link')
      .max(BULK_MAX_LINKS, `must be at most ${BULK_MAX_LINKS} links`)
      .meta({ items: component('CreateLink') }),
  })
  .meta({ title: 'BulkCreate' });
export type BulkCreate = z.output<typeof bulkCreateSchema>;

export const bulkDeleteSchema = z
  .strictObject({
    slugs: z.array(z.string()).min(1, 'must be at least one slug').max(BULK_MAX_LINKS, `must be at most ${BULK_MAX_LINKS} slugs`),
  })
  .meta({ title: 'BulkDelete' });

const bulkResult = z.object({
  status: z.int().meta({ description: 'What the request for this one alone would have been answered with' }),
  link: linkSchema.optional(),
  problem: problemSchema.optional(),
});
export const bulkResultsSchema = z
  .object({ results: z.array(bulkResult).meta({ description: 'One for each of the request, in its order' }) })
  .meta({ title: 'BulkResults' });
export type BulkResult = z.infer<typeof bulkResult>;

export const slugQuerySchema = z.strictObject({ slug: z.string().meta({ description: 'What somebody would like to have' }) });

export const slugStateSchema = z
  .object({
    slug: z.string(),
    isAvailable: z.boolean(),
    message: z.string().nullable().meta({ description: 'What is wrong with it; null: nothing, or it is taken' }),
  })
  .meta({ title: 'SlugState' });
export type SlugState = z.infer<typeof slugStateSchema>;

export const guestLinkSchema = z
  .object({
    slug: z.string(),
    shortUrl: z.string().meta({ format: 'uri' }),
    url: z.string().meta({ format: 'uri' }),
    qr: z.string().meta({ format: 'uri', description: 'A QR code of shortUrl, as a PNG in a data: URL' }),
  })
  .meta({ title: 'GuestLink' });
export type GuestLink = z.infer<typeof guestLinkSchema>;

/** Query parameters of the list of links that may be given several times. */
export const LINK_LIST_REPEATED = ['tag', 'state'] as const;
export const linkListQuerySchema = z.strictObject({
  search: z
    .string()
    .max(SEARCH_MAX_LENGTH, `must have at most ${SEARCH_MAX_LENGTH} characters`)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be text')
    .optional()
    .meta({ description: 'A part of slug, title or target, in capitals or not' }),
  tag: z.array(line(TAG_MAX_LENGTH)).max(TAGS_MAX, `must be at most ${TAGS_MAX} tags`).default([]).meta({ description: 'All of them' }),
  state: z.array(z.enum(LINK_STATES)).max(LINK_STATES.length).default([]).meta({ description: 'One of them' }),
  sort: z
    .enum(LINK_SORTS.flatMap((sort) => [sort, `-${sort}` as const]))
    .default('-created')
    .meta({ description: 'With a minus sign: the other way round' }),
  limit: pageLimit(PAGE_MAX_LINKS, PAGE_DEFAULT_LINKS),
  cursor,
});
export type LinkListQuery = z.output<typeof linkListQuerySchema>;

export const linkExportQuerySchema = z.strictObject({
  excel: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'With semicolons and a byte order mark, as Excel wants it in many countries' }),
});

export const tagListQuerySchema = z.strictObject({ limit: pageLimit(PAGE_MAX_TAGS, PAGE_MAX_TAGS), cursor });
export const tagPageSchema = z
  .object({ data: z.array(z.object({ tag: z.string(), links: count })), nextCursor: z.string().nullable() })
  .meta({ title: 'TagPage' });

export const linkPageSchema = z
  .object({
    data: z.array(linkSchema),
    nextCursor: z.string().nullable().meta({
      description:
        'null: there are no more. Searching among very many links, a page may hold fewer than the limit, even none, and go on: those behind it find the others',
    }),
  })
  .meta({ title: 'LinkPage' });
export type LinkPage = z.infer<typeof linkPageSchema>;
