/** /api/v1/auth: what begins with a mail: registering, confirming the address, setting a forgotten password. */
import { type AccountRequestSchemas, confirmSchema, forgotSchema, sessionSchema } from '../../core/api.ts';
import { Failure } from '../../core/failure.ts';
import type { Logger, MailToken, RegistrationStore, Throttle, ThrottlePolicy } from '../../core/ports.ts';
import { requireOwnOrigin } from '../cookie.ts';
import { invalid } from '../input.ts';
import { type ApiRoute, apiRoute, openRoute } from '../route.ts';
import { type AuthDeps, openSession } from './auth.ts';

export type RegistrationDeps = Omit<AuthDeps, 'throttles'> & {
  registration: RegistrationStore;
  isRegistrationOpen(): Promise<boolean>;
  accountSchemas: AccountRequestSchemas;
  /** 32 random bytes as base64url. */
  newMailToken(): string;
  throttles: AuthDeps['throttles'] & { register: Throttle; mail: Throttle; token: Throttle };
  logger: Logger;
};

/** From one address. */
export const REGISTER_POLICY: ThrottlePolicy = { name: 'register', limit: 20, windowSec: 3600 };
/** Mails to one e-mail address. */
export const MAIL_POLICY: ThrottlePolicy = { name: 'mail', limit: 5, windowSec: 3600 };
/** Tokens of mails, and forgotten passwords, from one address. */
export const TOKEN_POLICY: ThrottlePolicy = { name: 'token', limit: 60, windowSec: 3600 };

export const CONFIRM_TTL_SEC = 3 * 24 * 3600;
export const RESET_TTL_SEC = 3600;

const AUTH = '/api/v1/auth';
const COMMON = { query: null, requestHeaders: [], countRefusal: () => [] } as const;
const NOTHING = { description: 'Done', schema: null, headers: [] } as const;

export const registrationRoutes = (deps: RegistrationDeps): ApiRoute[] => [
  registerRoute(deps),
  confirmRoute(deps),
  resendRoute(deps),
  forgotRoute(deps),
  resetRoute(deps),
];

/** Links lead to this server's own pages, whatever host the request was sent to. The token stands behind #, which no server logs. */
export function mailToken(
  { baseUrl, newMailToken }: Pick<RegistrationDeps, 'baseUrl' | 'newMailToken'>,
  page: 'confirm' | 'reset',
  ttlSec: number,
): MailToken {
  const token = newMailToken();
  return { token, link: `${baseUrl}/${page}#token=${token}`, ttlSec };
}

const registerRoute = (deps: RegistrationDeps) =>
  openRoute({
    ...COMMON,
    method: 'POST',
    path: `${AUTH}/register`,
    summary: 'Register; a mail asks to confirm the address, and until then no links can be made',
    body: deps.accountSchemas.register,
    reply: { status: 201, description: 'Registered and signed in', schema: sessionSchema, headers: [] },
    failures: ['forbidden', 'too_many_requests'],
    countRefusal: () => ['failedRegistrations'],
    handler: async ({ exchange, body: { email, password, timezone, locale } }) => {
      requireOwnOrigin(exchange.headers, deps.baseUrl);
      if (!(await deps.isRegistrationOpen()))
        throw new Failure('forbidden', 'Registration is closed here: ask whoever runs this server for an account');
      await deps.throttles.register.take(deps.addressOf(exchange));
      // Before it is known whether the address is taken, so that the time does not tell.
      const passwordHash = await deps.passwords.hash(password);
      const fresh = { email, passwordHash, timeZone: timezone, locale };
      const account = await deps.registration.register(fresh, mailToken(deps, 'confirm', CONFIRM_TTL_SEC));
      if (account === null) throw invalid([{ path: 'email', message: 'has an account already: sign in, or ask for a new password' }]);
      for (const name of ['registrations', 'confirmationMails'] as const) deps.counters.add(name);
      return openSession(deps, account, 201);
    },
  });

const wrongToken = () =>
  new Failure('invalid', 'This link is not valid any more: ask for a new one', {
    errors: [{ path: 'token', message: 'is not valid any more' }],
  });

const confirmRoute = (deps: RegistrationDeps) =>
  openRoute({
    ...COMMON,
    method: 'POST',
    path: `${AUTH}/confirm`,
    summary: 'Confirm an e-mail address with the token of the mail',
    body: confirmSchema,
    reply: { status: 204, ...NOTHING },
    failures: ['too_many_requests'],
    countRefusal: () => ['failedConfirmations'],
    handler: async ({ exchange, body: { token } }) => {
      await deps.throttles.token.take(deps.addressOf(exchange));
      if (!(await deps.registration.confirm(token, deps.baseUrl))) throw wrongToken();
      deps.counters.add('confirmations');
      return { status: 204 };
    },
  });

const resendRoute = (deps: RegistrationDeps) =>
  apiRoute({
    ...COMMON,
    scope: 'session',
    method: 'POST',
    path: `${AUTH}/confirm/resend`,
    summary: 'Send the mail that confirms the address again',
    body: null,
    reply: { status: 204, ...NOTHING },
    failures: ['too_many_requests'],
    handler: async ({ caller }) => {
      await deps.throttles.mail.take(`user ${caller.userId}`);
      await deps.registration.sendConfirmation(caller.userId, mailToken(deps, 'confirm', CONFIRM_TTL_SEC));
      deps.counters.add('confirmationMails');
      return { status: 204 };
    },
  });

const forgotRoute = (deps: RegistrationDeps) =>
  openRoute({
    ...COMMON,
    method: 'POST',
    path: `${AUTH}/password/forgot`,
    summary: 'Send a mail with a link to set a new password, if there is such an account',
    body: forgotSchema,
    reply: { status: 204, ...NOTHING },
    failures: ['too_many_requests'],
    handler: async ({ exchange, body: { email } }) => {
      await deps.throttles.token.take(deps.addressOf(exchange));
      await deps.throttles.mail.take(`email ${email}`);
      // Not waited for: how long it takes would tell whether there is such an account.
      deps.registration
        .sendReset(email, mailToken(deps, 'reset', RESET_TTL_SEC))
        .catch((err) => deps.logger.error({ err }, 'the mail for a forgotten password could not be queued'));
      return { status: 204 };
    },
  });

const resetRoute = (deps: RegistrationDeps) =>
  openRoute({
    ...COMMON,
    method: 'POST',
    path: `${AUTH}/password/reset`,
    summary: 'Set a new password with the token of the mail; every session of the account ends',
    body: deps.accountSchemas.resetPassword,
    reply: { status: 204, ...NOTHING },
    failures: ['too_many_requests'],
    handler: async ({ exchange, body: { token, password } }) => {
      await deps.throttles.token.take(deps.addressOf(exchange));
      if (!(await deps.registration.resetPassword(token, await deps.passwords.hash(password)))) throw wrongToken();
      deps.counters.add('passwordChanges');
      return { status: 204 };
    },
  });
