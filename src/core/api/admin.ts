/** The JSON of the routes of administrators; see common.ts. */
import { z } from 'zod';
import { EMAIL_MAX_LENGTH, LOCALES, PLANS } from '../account.ts';
import { ADMIN_ACTIONS, USER_SORTS } from '../administration.ts';
import { blockedHostOf, HOST_MAX_LENGTH } from '../blocked-hosts.ts';
import { TARGET_MAX_LENGTH } from '../target.ts';
import { count, instant, PAGE_DEFAULT_LINKS, PAGE_MAX_LINKS, problemSchema } from './common.ts';

/** Holds what the list is sorted by, which may be an address. */
export const ADMIN_CURSOR_MAX_LENGTH = 1_000;
/** Accounts in one request: each is a transaction, and together they have one request's time. */
export const BULK_MAX_USERS = 100;

export const page = {
  limit: z.coerce.number().int().min(1).max(PAGE_MAX_LINKS).default(PAGE_DEFAULT_LINKS),
  cursor: z.string().max(ADMIN_CURSOR_MAX_LENGTH).optional().meta({ description: 'nextCursor of the page before' }),
};
const nextCursor = z.string().nullable();
const id = z.int().positive();
/** In a query. */
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const search = (max: number, what: string) =>
  z
    .string()
    .max(max)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be text')
    .optional()
    .meta({ description: what });

export const adminUserQuerySchema = z.strictObject({
  ...page,
  search: search(EMAIL_MAX_LENGTH, 'A part of the e-mail address'),
  plan: z.enum(PLANS).optional(),
  banned: flag.optional(),
  confirmed: flag.optional(),
  admin: flag.optional(),
  dailyReport: flag.optional(),
  sort: z.enum(USER_SORTS).default('-createdAt').meta({ description: 'With "-" downwards' }),
});
export type AdminUserQuery = z.output<typeof adminUserQuerySchema>;

export const adminUserSchema = z
  .object({
    id,
    email: z.string(),
    pendingEmail: z.string().nullable(),
    plan: z.enum(PLANS),
    isAdmin: z.boolean(),
    confirmed: z.boolean(),
    banned: z.boolean(),
    bannedAt: instant.nullable(),
    dailyReport: z.boolean(),
    timezone: z.string(),
    locale: z.enum(LOCALES),
    createdAt: instant,
    links: count.meta({ description: 'How many there are' }),
  })
  .meta({ title: 'AdminUser' });
export type AdminUser = z.infer<typeof adminUserSchema>;

export const adminUserPageSchema = z.object({ data: z.array(adminUserSchema), nextCursor }).meta({ title: 'AdminUserPage' });
export type AdminUserPage = z.infer<typeof adminUserPageSchema>;

export const editUserSchema = z
  .strictObject({
    plan: z.enum(PLANS).optional(),
    banned: z.boolean().optional().meta({ description: 'Ends every session and token at once, and keys for as long as it lasts' }),
    dailyReport: z.boolean().optional(),
    isAdmin: z
      .boolean()
      .optional()
      .meta({ description: 'Whoever is none any more has no scope `admin` from then on, nor have their keys' }),
    confirmed: z.literal(true).optional().meta({ description: 'The e-mail address counts as confirmed; it stays so' }),
  })
  .refine((changes) => Object.keys(changes).length > 0, 'must change at least one field')
  .meta({ title: 'EditUser', minProperties: 1 });

export const BULK_ACTIONS = ['plan', 'ban', 'unban', 'reportsOn', 'reportsOff', 'delete'] as const;

export const bulkUsersSchema = z
  .strictObject({
    ids: z.array(id).min(1, 'must name at least one account').max(BULK_MAX_USERS, `must be at most ${BULK_MAX_USERS} accounts`),
    action: z.enum(BULK_ACTIONS),
    plan: z.enum(PLANS).optional().meta({ description: 'With the action `plan`' }),
  })
  .refine(({ action, plan }) => (action === 'plan') === (plan !== undefined), {
    path: ['plan'],
    message: 'belongs to the action plan, which needs it',
  })
  .meta({ title: 'BulkUsers' });
export type BulkUsers = z.output<typeof bulkUsersSchema>;

export const bulkUsersResultSchema = z
  .object({
    results: z
      .array(z.object({ id, status: z.int(), user: adminUserSchema.optional(), problem: problemSchema.optional() }))
      .meta({ description: 'One for each id, in their order, with the status that it would have had on its own' }),
  })
  .meta({ title: 'BulkUsersResult' });
export type BulkUsersResult = z.infer<typeof bulkUsersResultSchema>;

export const adminLinkQuerySchema = z.strictObject({
  ...page,
  search: search(TARGET_MAX_LENGTH, 'A part of the slug or of the target, in capitals or not'),
  disabled: flag.optional(),
  owner: z.coerce.number().int().positive().optional().meta({ description: 'Id of an account' }),
});

export const adminLinkSchema = z
  .object({
    id,
    slug: z.string(),
    shortUrl: z.string().meta({ format: 'uri' }),
    url: z.string().meta({ format: 'uri' }),
    disabled: z.boolean(),
    blocked: z.boolean().meta({ description: 'Its target is on a blocked host' }),
    owner: z.object({ id, email: z.string() }),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ title: 'AdminLink' });
export type AdminLink = z.infer<typeof adminLinkSchema>;

export const adminLinkPageSchema = z.object({ data: z.array(adminLinkSchema), nextCursor }).meta({ title: 'AdminLinkPage' });
export type AdminLinkPage = z.infer<typeof adminLinkPageSchema>;

export const switchLinkSchema = z.strictObject({ disabled: z.boolean() }).meta({ title: 'SwitchLink' });

export const blockHostSchema = z
  .strictObject({
    host: z
      .string()
      .transform((text, context) => {
        const host = blockedHostOf(text);
        if (host !== null) return host;
        context.addIssue({ code: 'custom', message: 'must be the name or the address of a host, without scheme, port, path or "*"' });
        return z.NEVER;
      })
      .meta({ maxLength: HOST_MAX_LENGTH, description: 'Its subdomains are blocked along' }),
  })
  .meta({ title: 'BlockHost' });

export const blockedHostSchema = z.object({ host: z.string(), createdAt: instant }).meta({ title: 'BlockedHost' });
export type BlockedHost = z.infer<typeof blockedHostSchema>;

export const blockedHostQuerySchema = z.strictObject(page);
export const blockedHostPageSchema = z.object({ data: z.array(blockedHostSchema), nextCursor }).meta({ title: 'BlockedHostPage' });
export type BlockedHostPage = z.infer<typeof blockedHostPageSchema>;

export const serverSettingsSchema = z
  .object({
    registrationOpen: z.boolean().meta({ description: 'The switch' }),
    registrationClosedBySetting: z.boolean().meta({ description: 'REGISTRATION=closed, which is stronger than the switch' }),
  })
  .meta({ title: 'ServerSettings' });
export type ServerSettings = z.infer<typeof serverSettingsSchema>;

export const editSettingsSchema = z.strictObject({ registrationOpen: z.boolean() }).meta({ title: 'EditSettings' });

export const auditQuerySchema = z.strictObject(page);
export const adminActSchema = z
  .object({
    id,
    at: instant,
    admin: z.object({ id, email: z.string() }).meta({ description: 'As the account was called then' }),
    action: z.enum(ADMIN_ACTIONS),
    subject: z.object({ id: id.nullable(), name: z.string().meta({ description: 'E-mail address, slug or host' }) }),
    changes: z.record(z.string(), z.object({ from: z.unknown(), to: z.unknown() })),
  })
  .meta({ title: 'AdminAct' });
export type AdminAct = z.infer<typeof adminActSchema>;

export const auditPageSchema = z.object({ data: z.array(adminActSchema), nextCursor }).meta({ title: 'AuditPage' });
export type AuditPage = z.infer<typeof auditPageSchema>;
