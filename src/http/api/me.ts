/** /api/v1/me: an account by its owner. */
import { deleteAccountSchema, sessionSchema, userSchema } from '../../core/api/accounts.ts';
import { proofToken } from '../../core/mail.ts';
import type { Account, AccountChanges, AccountCredentials, Belongings } from '../../core/ports/accounts.ts';
import { clearedRefreshCookie, SET_COOKIE } from '../cookie.ts';
import { invalid } from '../input.ts';
import { type ApiRoute, apiRoute } from '../route.ts';
import { accountOf, openSession, signedOut, toUser } from './auth.ts';
import { type RegistrationDeps, requireMail } from './registration.ts';

export type MeDeps = RegistrationDeps & {
  /** Makes it effective everywhere that links are gone. */
  onChanged(slugs: readonly string[]): Promise<void>;
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
      description: 'The account; with a new password also an access token and the cookie',
      schema: sessionSchema.partial(),
      headers: [SET_COOKIE],
    },
    failures: ['mail_off', 'too_many_requests'],
    countRefusal: ({ errors }) => (errors.some(({ path }) => /password$/i.test(path)) ? ['failedPasswordChanges'] : []),
    handler: async ({ caller, body: { email, password, currentPassword, timezone, locale, dailyReport } }) => {
      const account = await accountOf(deps, caller);
      if (currentPassword !== undefined) await requirePassword(deps, account, currentPassword);
      const passwordHash = password === undefined ? undefined : await deps.passwords.hash(password);
      const change = { timeZone: timezone, locale, dailyReport, passwordHash, email: await newAddress(deps, account, email) };
      const changed = await deps.accounts.change(account, change);
      if (changed === null) throw signedOut();
      // Clicks are dated by the zone that is remembered with their link, and days of a key's answers are cut by the key's.
      if (changed.timeZone !== account.timeZone) await announce(deps, await deps.accounts.belongings(account.id));
      if (passwordHash === undefined) return { status: 200, body: { user: toUser(changed) } };
      deps.counters.add('passwordChanges');
      return openSession(deps, changed, 200);
    },
  });

async function newAddress(deps: MeDeps, account: Account, address: string | undefined): Promise<AccountChanges['email']> {
  if (address === undefined || address === account.email) return undefined;
  requireMail(deps);
  await deps.throttles.mail.take(`user ${account.id}`);
  await deps.throttles.mail.take(`confirm ${address}`);
  return { address, token: proofToken(deps.baseUrl, deps.newMailToken()) };
}

const deleteRoute = (deps: MeDeps) =>
  apiRoute({
    ...SESSION,
    method: 'DELETE',
    summary: 'Delete your account with all its links, keys and statistics',
    body: deleteAccountSchema,
    reply: { status: 204, description: 'Deleted', schema: null, headers: [SET_COOKIE] },
    failures: ['last_administrator', 'too_many_requests'],
    handler: async ({ caller, body: { currentPassword } }) => {
      const account = await accountOf(deps, caller);
      await requirePassword(deps, account, currentPassword);
      if (!(await deps.accounts.remove(account, (gone) => announce(deps, gone)))) throw signedOut();
      return { status: 204, headers: { 'Set-Cookie': clearedRefreshCookie } };
    },
  });

async function announce({ onChanged, onKeysEnded }: MeDeps, { slugs, keyHashes }: Belongings): Promise<void> {
  await Promise.all([onChanged(slugs), onKeysEnded(keyHashes)]);
}

/** Guesses are counted: whoever has got hold of a session must not find out the password by it. */
async function requirePassword({ passwords, throttles }: MeDeps, { id, passwordHash }: AccountCredentials, given: string): Promise<void> {
  const key = `user ${id}`;
  await throttles.login.take(key);
  if (!(await passwords.verify(passwordHash, given))) throw invalid([{ path: 'currentPassword', message: 'is wrong' }]);
  await throttles.login.forget(key);
}
