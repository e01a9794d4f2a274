/**
 * /api/v1/auth: signing in and out. The refresh token travels only in a cookie that no script can read; a request that brings it must come
 * from this server's own pages.
 */
import { loginSchema, sessionSchema, type User } from '../../core/api/accounts.ts';
import type { Counters } from '../../core/counters.ts';
import { Failure } from '../../core/failure.ts';
import type {
  Account,
  AccountCredentials,
  AccountStore,
  ApiCaller,
  Passwords,
  SessionStore,
  Throttle,
  ThrottlePolicy,
} from '../../core/ports/accounts.ts';
import { clearedRefreshCookie, refreshCookie, refreshTokenOf, SET_COOKIE } from '../cookie.ts';
import { type ApiRoute, apiRoute, type Exchange, openRoute, type Reply } from '../route.ts';
import { REFRESH_TTL_SEC, type RefreshClaims, type Tokens } from '../tokens.ts';

export type AuthDeps = {
  accounts: AccountStore;
  sessions: SessionStore;
  passwords: Passwords;
  tokens: Tokens;
  newSessionId(): string;
  throttles: { login: Throttle; loginAddress: Throttle };
  /** Who calls, for counting tries. */
  addressOf(exchange: Exchange): string;
  /** Where this server is reached, see BASE_URL. */
  baseUrl: string;
  counters: Counters;
};

/** Wrong passwords for one account from one address; and from one address for whatever accounts. */
export const LOGIN_POLICY: ThrottlePolicy = { name: 'login', limit: 10, windowSec: 15 * 60 };
export const LOGIN_ADDRESS_POLICY: ThrottlePolicy = { name: 'login-address', limit: 100, windowSec: 15 * 60 };

const AUTH = '/api/v1/auth';
const COMMON = { query: null, requestHeaders: [], countRefusal: () => [] } as const;

export const authRoutes = (deps: AuthDeps): ApiRoute[] => [loginRoute(deps), refreshRoute(deps), logoutRoute(deps), logoutAllRoute(deps)];

const loginRoute = (deps: AuthDeps) =>
  openRoute({
    ...COMMON,
    method: 'POST',
    path: `${AUTH}/login`,
    summary: 'Sign in',
    body: loginSchema,
    reply: { status: 200, description: 'Signed in', schema: sessionSchema, headers: [SET_COOKIE] },
    failures: ['unauthenticated', 'forbidden', 'too_many_requests'],
    countRefusal: ({ code }) => (code === 'unauthenticated' ? ['failedLogins'] : []),
    handler: async ({ exchange, body: { email, password } }) => {
      const address = deps.addressOf(exchange);
      const pair = `${email} ${address}`;
      await deps.throttles.loginAddress.take(address);
      await deps.throttles.login.take(pair);
      const { owner, claim } = await deps.accounts.findByEmail(email);
      if (owner === null && claim === null) deps.counters.add('unknownEmailLogins');
      // The same work and the same words, whether there are such accounts or not.
      const account = (await whose(deps, owner, password)) ?? (await whose(deps, claim, password));
      if (account === null) throw new Failure('unauthenticated', 'The e-mail address or the password is wrong');
      await deps.throttles.loginAddress.giveBack(address);
      // Anybody may make an account that claims the address: signing in to that one must not make guesses at the owner's forgotten.
      if (account === owner) await deps.throttles.login.forget(pair);
      else await deps.throttles.login.giveBack(pair);
      await renewHash(deps, account, password);
      deps.counters.add('logins');
      return openSession(deps, account, 200);
    },
  });

/** @returns the account if it is there and the password is its own; takes as long if not */
async function whose({ passwords }: AuthDeps, account: AccountCredentials | null, password: string): Promise<AccountCredentials | null> {
  return (await passwords.verify(account?.passwordHash ?? null, password)) ? account : null;
}

/** A hash of older parameters is replaced while the password is at hand. */
async function renewHash({ accounts, passwords }: AuthDeps, { id, passwordHash }: AccountCredentials, password: string): Promise<void> {
  if (passwordHash === null || !passwords.isOutdated(passwordHash)) return;
  await accounts.rehash(id, passwordHash, await passwords.hash(password));
}

/** Signs an account in: always a chain of its own, never one that a request has named. */
export async function openSession(deps: AuthDeps, account: Account, status: number): Promise<Reply> {
  const sessionId = deps.newSessionId();
  await deps.sessions.open(sessionId, account.id, REFRESH_TTL_SEC);
  return sessionReply(deps, account, { publicId: account.publicId, sessionId, generation: 1 }, status);
}

async function sessionReply({ tokens }: AuthDeps, account: Account, claims: RefreshClaims, status: number): Promise<Reply> {
  const [accessToken, refreshToken] = await Promise.all([tokens.signAccess(account.publicId), tokens.signRefresh(claims)]);
  return { status, headers: { 'Set-Cookie': refreshCookie(refreshToken) }, body: { user: toUser(account), accessToken } };
}

const refreshRoute = (deps: AuthDeps) =>
  openRoute({
    ...COMMON,
    method: 'POST',
    path: `${AUTH}/refresh`,
    summary: 'A new access token for the refresh token in the cookie, which is replaced as well',
    body: null,
    reply: { status: 200, description: 'Still signed in', schema: sessionSchema, headers: [SET_COOKIE] },
    failures: ['unauthenticated', 'forbidden'],
    countRefusal: ({ code }) => (code === 'unauthenticated' ? ['failedTokenRefreshes'] : []),
    handler: async ({ exchange }) => {
      const claims = await claimsOf(deps, exchange.headers);
      const account = claims === null ? null : await deps.accounts.findByPublicId(claims.publicId);
      if (claims === null || account === null) throw signedOut();
      const generation = await deps.sessions.advance(claims.sessionId, claims.generation, REFRESH_TTL_SEC);
      if (generation === null) {
        // A token that was used before: whoever else has it must not keep the chain.
        await deps.sessions.end(claims.sessionId);
        throw signedOut();
      }
      deps.counters.add('tokenRefreshes');
      return sessionReply(deps, account, { ...claims, generation }, 200);
    },
  });

export const signedOut = () => new Failure('unauthenticated', 'You are not signed in here any more: sign in again');

const claimsOf = async ({ tokens }: AuthDeps, headers: ReadonlyMap<string, string>): Promise<RefreshClaims | null> => {
  const token = refreshTokenOf(headers);
  return token === null ? null : tokens.readRefresh(token);
};

const logoutRoute = (deps: AuthDeps) =>
  openRoute({
    ...COMMON,
    method: 'POST',
    path: `${AUTH}/logout`,
    summary: 'Sign out here',
    body: null,
    reply: { status: 204, description: 'Signed out', schema: null, headers: [SET_COOKIE] },
    failures: ['forbidden'],
    handler: async ({ exchange }) => {
      const claims = await claimsOf(deps, exchange.headers);
      if (claims !== null) await deps.sessions.end(claims.sessionId);
      deps.counters.add('logouts');
      return { status: 204, headers: { 'Set-Cookie': clearedRefreshCookie } };
    },
  });

const logoutAllRoute = (deps: AuthDeps) =>
  apiRoute({
    ...COMMON,
    scope: 'session',
    method: 'POST',
    path: `${AUTH}/logout/everywhere`,
    summary: 'Sign out everywhere: every token of the account ends, this one too',
    body: null,
    reply: { status: 204, description: 'Signed out', schema: null, headers: [SET_COOKIE] },
    failures: [],
    handler: async ({ caller }) => {
      await deps.accounts.endTokens(caller.userId);
      deps.counters.add('logouts');
      return { status: 204, headers: { 'Set-Cookie': clearedRefreshCookie } };
    },
  });

/** @throws Failure unauthenticated when it was deleted, banned or signed out everywhere while the request was under way */
export async function accountOf({ accounts }: Pick<AuthDeps, 'accounts'>, { publicId }: ApiCaller): Promise<AccountCredentials> {
  const account = publicId === null ? null : await accounts.findByPublicId(publicId);
  if (account === null) throw signedOut();
  return account;
}

export const toUser = (account: Account): User => ({
  email: account.email,
  pendingEmail: account.pendingEmail,
  timezone: account.timeZone,
  locale: account.locale,
  plan: account.plan,
  isAdmin: account.isAdmin,
  dailyReport: account.dailyReport,
  confirmed: account.isConfirmed,
  createdAt: account.createdAt.toISOString(),
});
