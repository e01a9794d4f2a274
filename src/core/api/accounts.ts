/** The API of accounts, sessions and API keys. */

import { z } from 'zod';
import { EMAIL_MAX_LENGTH, LOCALES, normalizeEmail, PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH, PLANS } from '../account.ts';
import { canonicalZone } from '../zone.ts';
import { instant, line, SCOPES } from './common.ts';

export const API_KEY_NAME_MAX_LENGTH = 100;
/** Keys of one account, expired ones included. */
export const API_KEYS_MAX = 50;

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
