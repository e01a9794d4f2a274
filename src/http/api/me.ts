/** /api/v1/me: an account by its owner. */
import { deleteAccountSchema, sessionSchema, userSchema } from '../../core/api.ts';
import { Failure } from '../../core/failure.ts';
import type { Account, AccountCredentials, ApiCaller, Belongings } from '../../core/ports.ts';
import { clearedRefreshCookie } from '../cookie.ts';
import { invalid } from '../input.ts';
import { type ApiRoute, apiRoute } from '../route.ts';
import { openSession, toUser } from './auth.ts';
import { CONFIRM_TTL_SEC, mailToken, type RegistrationDeps } from './registration.ts';

export type MeDeps = RegistrationDeps & {
  /** Makes it effective everywhere that links are gone. */
  onChanged(slugs: readonly string[]): Promise<void>;
  /** The same for keys. @param hashes SHA-256 of each */
  onKeysEnded(hashes: readonly Uint8Array[]): Promise<void>;
};

const ME = '/api/v1/me';
const SESSION = { scope: 'session', path: ME, query: null, requestHeaders: [], countRefusal: () => [] } as const;

export const meRoutes = (deps: MeDeps): ApiRoute[] => [readRoute(deps), editRoute(deps), deleteRoute(deps)];

const readRoute = (deps: MeDeps) =>
  apiRoute({
    ...SESSION,
    method: 'GET',
    summary: 'Your account',
    body: null,
    reply: { status: 200, description: 'The account', schema: userSchema, headers: [] },
    failures: [],
    handler: async ({ caller }) => ({ status: 200, body: toUser(await accountOf(deps, caller)) }),
  });

const editRoute = (deps: MeDeps) =>
  apiRoute({
    ...SESSION,
    method: 'PATCH',
    summary: 'Edit your account; a new password ends every session but the new one that the answer brings',
    body: deps.accountSchemas.editAccount,
    reply: {
      status: 200,
      description: 'The account; with a new password also an access token',
      schema: sessionSchema.partial(),
      headers: [],
    },
    failures: ['too_many_requests'],
    countRefusal: ({ errors }) => (errors.some(({ path }) => /password$/i.test(path)) ? ['failedPasswordChanges'] : []),
    handler: async ({ caller, body: { email, password, currentPassword, timezone, locale, dailyReport } }) => {
      const account = await accountOf(deps, caller);
      if (currentPassword !== undefined) await requirePassword(deps, account, currentPassword);
      if (email !== undefined && email !== account.email) {
        await deps.throttles.mail.take(`user ${account.id}`);
        await deps.registration.sendEmailChange(account.id, email, mailToken(deps, 'confirm', CONFIRM_TTL_SEC));
      }
      const edited = await deps.accounts.edit(account.id, { timeZone: timezone, locale, dailyReport });
      if (edited === null) throw gone();
      // Clicks are dated by the zone that is remembered with their link, and days of a key's answers are cut by the key's.
      if (edited.timeZone !== account.timeZone) await announce(deps, await deps.accounts.belongings(account.id));
      if (password === undefined) return { status: 200, body: { user: toUser(edited) } };
      const publicId = await deps.accounts.changePassword(account.id, await deps.passwords.hash(password));
      deps.counters.add('passwordChanges');
      return openSession(deps, { ...edited, publicId }, 200);
    },
  });

const deleteRoute = (deps: MeDeps) =>
  apiRoute({
    ...SESSION,
    method: 'DELETE',
    summary: 'Delete your account with all its links, keys and statistics',
    body: deleteAccountSchema,
    reply: { status: 204, description: 'Deleted', schema: null, headers: [] },
    failures: ['too_many_requests'],
    handler: async ({ caller, body: { currentPassword } }) => {
      const account = await accountOf(deps, caller);
      await requirePassword(deps, account, currentPassword);
      await announce(deps, await deps.accounts.remove(account.id));
      return { status: 204, headers: { 'Set-Cookie': clearedRefreshCookie } };
    },
  });

async function accountOf({ accounts }: MeDeps, { publicId }: ApiCaller): Promise<AccountCredentials> {
  const account = publicId === null ? null : await accounts.findByPublicId(publicId);
  if (account === null) throw gone();
  return account;
}

async function announce({ onChanged, onKeysEnded }: MeDeps, { slugs, keyHashes }: Belongings): Promise<void> {
  await Promise.all([onChanged(slugs), onKeysEnded(keyHashes)]);
}

const gone = () => new Failure('unauthenticated', 'This account is no longer there');

async function requirePassword({ passwords }: MeDeps, { passwordHash }: Account & { passwordHash: string | null }, given: string) {
  if (await passwords.verify(passwordHash, given)) return;
  throw invalid([{ path: 'currentPassword', message: 'is wrong' }]);
}
