/**
 * The JSON of the HTTP API. One schema each gives the type, the check of what comes in and the description in the OpenAPI document.
 * Unknown fields are refused: a misspelt name must not look like success. A schema with a title is a component of the document.
 */
import { z } from 'zod';
import { EMAIL_MAX_LENGTH, LOCALES, normalizeEmail, PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH, PLANS } from './account.ts';
import { IMPORT_STATES } from './import-states.ts';
import { LINK_STATES } from './link.ts';
import { LINK_SORTS } from './link-list.ts';
import { LINK_PASSWORD_MAX_LENGTH } from './link-password.ts';
import { colourOf, QR_FORMATS, QR_LEVELS, QR_MAX_SIZE_PX, QR_MIN_SIZE_PX } from './qr.ts';
import { SLUG_FAULTS, SLUG_MAX_LENGTH, SLUG_MIN_LENGTH, slugFault } from './slug.ts';
import { STATS_UNITS } from './stats.ts';
import { checkTarget, TARGET_FAULTS, TARGET_MAX_LENGTH } from './target.ts';
import { canonicalZone } from './zone.ts';

export const TITLE_MAX_LENGTH = 200;
export const TAGS_MAX = 20;
export const TAG_MAX_LENGTH = 50;
export const PAGE_MAX_LINKS = 100;
export const PAGE_DEFAULT_LINKS = 50;
/** A cursor may hold a title. */
export const CURSOR_MAX_LENGTH = 2_000;
export const SEARCH_MAX_LENGTH = 200;
export const PAGE_MAX_TAGS = 1_000;
export const PAGE_MAX_FAULTS = 1_000;
export const API_KEY_NAME_MAX_LENGTH = 100;
/** Keys of one account, expired ones included. */
export const API_KEYS_MAX = 50;

export const MAX_CLICKS_MAX = 1_000_000_000;
/** What a time that somebody sends may be: within the years that ISO 8601 and Postgres both write with four digits. */
const INSTANT_MIN_MS = Date.UTC(1970, 0);
const INSTANT_MAX_MS = Date.UTC(10_000, 0);

/** Links of one request that makes or deletes many. */
export const BULK_MAX_LINKS = 1_000;

/** What an API key may be allowed to do. */
export const SCOPES = ['links:read', 'links:write', 'stats:read', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** One line of well-formed Unicode. Lengths are code points, as in JSON Schema. */
const line = (max: number) =>
  z
    .string()
    .refine((text) => text !== '', 'must not be empty')
    .refine((text) => text.length <= max || [...text].length <= max, `must have at most ${max} characters`)
    .refine((text) => text.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text), 'must not contain control characters or line breaks')
    .meta({ minLength: 1, maxLength: max });

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

const title = line(TITLE_MAX_LENGTH).nullable().meta({ description: 'A name for the owner; visitors do not see it' });
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
const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .refine((at) => at >= INSTANT_MIN_MS && at < INSTANT_MAX_MS, 'must be in the years 1970 to 9999')
  .nullable();
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

export const count = z.int().nonnegative();
export const instant = z.iso.datetime();

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable name of what went wrong' }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'With 422: every fault found' }),
  })
  .meta({ title: 'Problem', description: 'RFC 9457' });
export type Problem = z.infer<typeof problemSchema>;

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

const component = (title: string) => ({ $ref: `#/components/schemas/${title}` });

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

const pageLimit = (max: number, byDefault: number) =>
  z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(max, `must be at most ${max}`)
    .default(byDefault);
const cursor = z.string().max(CURSOR_MAX_LENGTH).optional().meta({ description: 'nextCursor of the page before' });

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

export const importQuerySchema = z.strictObject({
  dryRun: z.enum(['true', 'false']).default('false').meta({ description: 'Only looks: nothing is made' }),
});

const importFault = z.object({ line: z.int().positive(), message: z.string() });
export const linkImportSchema = z
  .object({
    id: z.int().positive(),
    state: z.enum(IMPORT_STATES).meta({ description: '`done`, `failed` and `cancelled` are final' }),
    dryRun: z.boolean(),
    encoding: z.string().nullable(),
    bytes: count,
    bytesDone: count.meta({ description: 'Of `bytes`: how far it is' }),
    rows: count.meta({ description: 'That are done' }),
    imported: count.meta({ description: 'In a dry run: that would be' }),
    refused: count.meta({ description: 'Rows that made no link' }),
    ignoredColumns: z.array(z.string()),
    reason: z.string().nullable().meta({ description: 'Why it failed' }),
    createdAt: instant,
    finishedAt: instant.nullable(),
    faults: z.array(importFault).meta({ description: 'The first refused rows; all of them: `/imports/{id}/faults`' }),
  })
  .meta({ title: 'LinkImport' });
export type LinkImportReply = z.infer<typeof linkImportSchema>;

export const importListQuerySchema = z.strictObject({ limit: pageLimit(PAGE_MAX_LINKS, PAGE_DEFAULT_LINKS), cursor });
export const importPageSchema = z
  .object({ data: z.array(linkImportSchema.omit({ faults: true })), nextCursor: z.string().nullable() })
  .meta({ title: 'LinkImportPage' });
export type LinkImportPage = z.infer<typeof importPageSchema>;
export const importFaultQuerySchema = z.strictObject({ limit: pageLimit(PAGE_MAX_FAULTS, PAGE_MAX_FAULTS), cursor });
export const importFaultPageSchema = z
  .object({ data: z.array(importFault), nextCursor: z.string().nullable() })
  .meta({ title: 'ImportFaultPage' });
export type ImportFaultPage = z.infer<typeof importFaultPageSchema>;

export const tagListQuerySchema = z.strictObject({ limit: pageLimit(PAGE_MAX_TAGS, PAGE_MAX_TAGS), cursor });
export const tagPageSchema = z
  .object({ data: z.array(z.object({ tag: z.string(), links: count })), nextCursor: z.string().nullable() })
  .meta({ title: 'TagPage' });

export const linkPageSchema = z.object({ data: z.array(linkSchema), nextCursor: z.string().nullable() }).meta({ title: 'LinkPage' });
export type LinkPage = z.infer<typeof linkPageSchema>;

const colour = z
  .string()
  .transform((text, context) => {
    const form = colourOf(text);
    if (form !== null) return form;
    context.addIssue({ code: 'custom', message: 'must be a colour as rrggbb or rgb in hexadecimal digits' });
    return z.NEVER;
  })
  .meta({ pattern: '^#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$' });

export const qrQuerySchema = z.strictObject({
  format: z.enum(QR_FORMATS).default('png'),
  size: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(QR_MIN_SIZE_PX, `must be at least ${QR_MIN_SIZE_PX}`)
    .max(QR_MAX_SIZE_PX, `must be at most ${QR_MAX_SIZE_PX}`)
    .default(256)
    .meta({ description: 'Pixels of a side, the quiet zone of four modules included' }),
  dark: colour.default('#000000').meta({ description: 'Must be darker than `light`, with a contrast (WCAG 2.2) of 4.5 at least' }),
  light: colour.default('#ffffff'),
  level: z.enum(QR_LEVELS).default('M').meta({ description: 'How much may be covered or dirty: some 7, 15, 25 or 30 percent' }),
});

const queryInstant = z.iso.datetime({ offset: true });
export const statsQuerySchema = z.strictObject({
  from: queryInstant
    .optional()
    .meta({ description: 'Rounded down to a quarter-hour; default: the start of the day of `to` in `timezone`' }),
  to: queryInstant.optional().meta({ description: 'Rounded up to a quarter-hour; default: now' }),
  timezone: z.string().max(64).optional().meta({ description: "IANA zone that cuts the series; default: the owner's" }),
  unit: z.enum(STATS_UNITS).default('hour'),
});
export type StatsQuery = z.output<typeof statsQuerySchema>;

export const reportQuerySchema = z.strictObject({
  day: z.string().max(10).optional().meta({ description: 'YYYY-MM-DD in your calendar; default: yesterday' }),
});
export type ReportQuery = z.output<typeof reportQuerySchema>;
export const unsubscribeQuerySchema = z.strictObject({ token: z.string().max(100).meta({ description: 'From the mail' }) });

const facet = z
  .array(z.object({ key: z.string(), clicks: count }))
  .meta({ description: 'The ten keys with the most clicks, then "other"' });

export const statsSchema = z
  .object({
    slug: z.string(),
    timezone: z.string(),
    from: instant,
    to: instant,
    clicks: count.meta({ description: 'Clicks of people; bots are apart' }),
    uniqueClicks: count,
    repeatClicks: count,
    botClicks: count,
    series: z.array(z.object({ start: instant, clicks: count, uniqueClicks: count })),
    hours: z.array(count).length(24).meta({ description: "Clicks by hour of the owner's day" }),
    week: z.array(count).length(7).meta({ description: "Clicks by day of the owner's week, Monday first" }),
    countries: facet,
    devices: facet,
    os: facet,
    browsers: facet,
    referrers: facet,
    languages: facet,
  })
  .meta({ title: 'Stats' });
export type Stats = z.infer<typeof statsSchema>;

export const ownerStatsSchema = statsSchema.omit({ slug: true }).meta({ title: 'OwnerStats' });
export type OwnerStats = z.infer<typeof ownerStatsSchema>;

const list = facet.meta({ description: 'Of all time: the ten keys with the most clicks, then "other"' });
const dashboardFigures = {
  clicks: count.meta({ description: 'Clicks of people, of all time and as of now' }),
  repeatClicks: count,
  clicksToday: count,
  repeatClicksToday: count,
  botClicks: count,
  hours: count.array().length(24).meta({ description: "Clicks by hour of the owner's today" }),
  week: count.array().length(7).meta({ description: "Clicks by day of the owner's current week, Monday first" }),
  devices: list,
  os: list,
  countries: list,
};

export const dashboardLinkSchema = linkSchema.extend(dashboardFigures).meta({ title: 'DashboardLink' });
export type DashboardLink = z.infer<typeof dashboardLinkSchema>;

export const dashboardSchema = z
  .object({
    timezone: z.string(),
    day: z.iso.date().meta({ description: "The owner's today" }),
    total: z.object(dashboardFigures).meta({ description: 'All links together' }),
    links: z.array(dashboardLinkSchema).meta({ description: 'All of them, the newest first' }),
  })
  .meta({ title: 'Dashboard' });
export type Dashboard = z.infer<typeof dashboardSchema>;

/**
 * What a client sends about API keys.
 * @param now milliseconds since the epoch
 */
export function apiKeyRequestSchemas(now: () => number) {
  const scopes = z
    .array(z.enum(SCOPES))
    .min(1, 'must name at least one scope')
    .max(SCOPES.length, `must be at most ${SCOPES.length} scopes`)
    .transform((all) => [...new Set(all)]);
  const expiresAt = instant
    .transform((text) => Date.parse(text))
    .refine((at) => at > now(), 'must be in the future')
    .nullable()
    .meta({ description: 'The key is refused from then on; null: it stays until it is deleted' });
  const createApiKey = z
    .strictObject({ name: line(API_KEY_NAME_MAX_LENGTH), scopes, expiresAt: expiresAt.optional() })
    .meta({ title: 'CreateApiKey' });
  return { createApiKey };
}

/** `expiresAt` in milliseconds since the epoch. */
export type CreateApiKey = z.output<ReturnType<typeof apiKeyRequestSchemas>['createApiKey']>;

const apiKey = {
  id: z.int().positive(),
  name: z.string(),
  prefix: z.string().meta({ description: 'How the key begins, to tell it from others' }),
  scopes: z.array(z.enum(SCOPES)),
  createdAt: instant,
  expiresAt: instant.nullable(),
  lastUsedAt: instant.nullable().meta({ description: 'To about a minute' }),
};

export const apiKeySchema = z.object(apiKey).meta({ title: 'ApiKey' });
export type ApiKey = z.infer<typeof apiKeySchema>;

export const newApiKeySchema = z
  .object({ ...apiKey, key: z.string().meta({ description: 'The key itself, shown this once' }) })
  .meta({ title: 'NewApiKey' });
export type NewApiKey = z.infer<typeof newApiKeySchema>;

export const apiKeyListSchema = z.object({ data: z.array(apiKeySchema) }).meta({ title: 'ApiKeyList' });
export type ApiKeyList = z.infer<typeof apiKeyListSchema>;

const email = z
  .string()
  .transform((text, context) => {
    const form = normalizeEmail(text);
    if (form !== null) return form;
    context.addIssue({ code: 'custom', message: 'must be an e-mail address' });
    return z.NEVER;
  })
  .meta({ maxLength: EMAIL_MAX_LENGTH, format: 'email' });
const timezone = z
  .string()
  .max(64)
  .refine((text) => canonicalZone(text) !== null, 'must be a zone of the IANA database, such as Europe/Moscow');
const locale = z.enum(LOCALES);
/** Code points, as in JSON Schema. */
const charactersOf = (text: string): number => [...text].length;
/** One that is sent to be compared. Longer than any password can be is wrong without hashing. */
const givenPassword = z
  .string()
  .refine((text) => text !== '', 'must not be empty')
  .refine((text) => charactersOf(text) <= PASSWORD_MAX_LENGTH, `has at most ${PASSWORD_MAX_LENGTH} characters`)
  .meta({ minLength: 1, maxLength: PASSWORD_MAX_LENGTH });

const mailToken = z.string().min(1, 'must not be empty').max(200).meta({ description: 'From the link in the mail' });
export const confirmSchema = z.strictObject({ token: mailToken }).meta({ title: 'Confirm' });
export const forgotSchema = z.strictObject({ email }).meta({ title: 'ForgotPassword' });

export const loginSchema = z.strictObject({ email, password: givenPassword }).meta({ title: 'Login' });

/** @param isCommon whether a password is one of those that everybody tries first */
export function accountRequestSchemas(isCommon: (password: string) => boolean) {
  const password = z
    .string()
    .refine((text) => charactersOf(text) >= PASSWORD_MIN_LENGTH, `must have at least ${PASSWORD_MIN_LENGTH} characters`)
    .refine((text) => charactersOf(text) <= PASSWORD_MAX_LENGTH, `must have at most ${PASSWORD_MAX_LENGTH} characters`)
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
    .refine((text) => !isCommon(text), 'is one of the passwords that are tried first: choose another one')
    .meta({ minLength: PASSWORD_MIN_LENGTH, maxLength: PASSWORD_MAX_LENGTH });
  const editAccount = z
    .strictObject({
      email: email.optional().meta({ description: 'Takes effect when the mail to the new address was followed' }),
      timezone: timezone.optional(),
      locale: locale.optional(),
      dailyReport: z.boolean().optional(),
      password: password.optional(),
      currentPassword: givenPassword.optional().meta({ description: 'Needed to change the password or the e-mail address' }),
    })
    .refine(({ currentPassword, ...changes }) => Object.keys(changes).length > 0, 'must change at least one field')
    .refine(({ password: fresh, email: other, currentPassword }) => (fresh ?? other) === undefined || currentPassword !== undefined, {
      path: ['currentPassword'],
      message: 'is needed to change the password or the e-mail address',
    })
    .meta({ title: 'EditAccount', minProperties: 1 });
  const register = z
    .strictObject({ email, password, timezone: timezone.default('UTC'), locale: locale.default('en') })
    .meta({ title: 'Register' });
  const setup = z
    .strictObject({ token: mailToken, email, password, timezone: timezone.default('UTC'), locale: locale.default('en') })
    .meta({ title: 'Setup' });
  const resetPassword = z.strictObject({ token: mailToken, password }).meta({ title: 'ResetPassword' });
  return { register, setup, editAccount, resetPassword };
}
export type AccountRequestSchemas = ReturnType<typeof accountRequestSchemas>;

export const deleteAccountSchema = z.strictObject({ currentPassword: givenPassword }).meta({ title: 'DeleteAccount' });

export const userSchema = z
  .object({
    email: z.string(),
    pendingEmail: z.string().nullable().meta({ description: 'A new address that is not confirmed yet' }),
    timezone: z.string(),
    locale,
    plan: z.enum(PLANS),
    isAdmin: z.boolean(),
    dailyReport: z.boolean(),
    confirmed: z.boolean().meta({ description: 'Until the e-mail address is confirmed, no links can be made' }),
    createdAt: instant,
  })
  .meta({ title: 'User' });
export type User = z.infer<typeof userSchema>;

export const sessionSchema = z
  .object({ user: userSchema, accessToken: z.string().meta({ description: 'Bearer token, valid for 15 minutes' }) })
  .meta({ title: 'Session' });
export type Session = z.infer<typeof sessionSchema>;
