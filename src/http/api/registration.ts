/** /api/v1/auth: what begins with a mail: registering, confirming the address, setting a forgotten password. */
import { type AccountRequestSchemas, confirmSchema, forgotSchema, sessionSchema } from '../../core/api/accounts.ts';
import { Failure } from '../../core/failure.ts';
import { proofToken } from '../../core/mail.ts';
import type { RegistrationStore, Throttle, ThrottlePolicy } from '../../core/ports/accounts.ts';
import { SET_COOKIE } from '../cookie.ts';
import { type ApiRoute, apiRoute, openRoute } from '../route.ts';
import { type AuthDeps, accountOf, openSession } from './auth.ts';

export type RegistrationDeps = Omit<AuthDeps, 'throttles'> & {
  registration: RegistrationStore;
  isRegistrationOpen(): Promise<boolean>;
  /** False: nobody sends mails here, so whatever begins with one is refused. */
  canMail: boolean;
  accountSchemas: AccountRequestSchemas;
  /** 32 random bytes as base64url. */
  newMailToken(): string;
  throttles: AuthDeps['throttles'] & { register: Throttle; mail: Throttle; token: Throttle };
  /** Makes it effective everywhere that keys are gone. @param hashes SHA-256 of each */
  onKeysEnded(hashes: readonly Uint8Array[]): Promise<void>;
};

/** From one address. */
export const REGISTER_POLICY: ThrottlePolicy = { name: 'register', limit: 20, windowSec: 3600 };
/** Mails of one kind to one e-mail address, and mails that one account asks for: nobody is flooded, and nobody can keep others from theirs. */
export const MAIL_POLICY: ThrottlePolicy = { name: 'mail', limit: 5, windowSec: 3600 };
/** Tokens of mails, and forgotten passwords, from one address. */
export const TOKEN_POLICY: ThrottlePolicy = { name: 'token', limit: 60, windowSec: 3600 };

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

/** @throws Failure mail_off */
export function requireMail({ canMail }: Pick<RegistrationDeps, 'canMail'>): void {
  if (!canMail) throw new Failure('mail_off', 'This needs a mail, and this server sends none: ask whoever runs it');
}

const registerRoute = (deps: RegistrationDeps) =>
  openRoute({
    ...COMMON,
    method: 'POST',
    path: `${AUTH}/register`,
    summary: 'Register; a mail asks to confirm the address, and until then no links can be made',
    body: deps.accountSchemas.register,
    reply: { status: 201, description: 'Registered and signed in', schema: sessionSchema, headers: [SET_COOKIE] },
    failures: ['forbidden', 'mail_off', 'too_many_requests'],
    countRefusal: () => ['failedRegistrations'],
    handler: async ({ exchange, body: { email, password, timezone, locale } }) => {
      if (!(await deps.isRegistrationOpen()))
        throw new Failure('forbidden', 'Registration is closed here: ask whoever runs this server for an account');
      requireMail(deps);
      await deps.throttles.register.take(deps.addressOf(exchange));
      await deps.throttles.mail.take(`confirm ${email}`);
      const fresh = { email, passwordHash: await deps.passwords.hash(password), timeZone: timezone, locale };
      // Whether the address has an account already makes no difference here: the mail that is sent says so, to its owner.
      const account = await deps.registration.register(fresh, proofToken(deps.baseUrl, deps.newMailToken()));
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
    failures: ['mail_off', 'too_many_requests'],
    handler: async ({ caller }) => {
      requireMail(deps);
      const account = await accountOf(deps, caller);
      await deps.throttles.mail.take(`confirm ${account.email}`);
      await deps.registration.sendConfirmation(account.id, proofToken(deps.baseUrl, deps.newMailToken()));
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
    failures: ['mail_off', 'too_many_requests'],
    handler: async ({ exchange, body: { email } }) => {
      requireMail(deps);
      await deps.throttles.token.take(deps.addressOf(exchange));
      await deps.throttles.mail.take(`reset ${email}`);
      await deps.registration.requestReset(email);
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
      const reset = await deps.registration.resetPassword(token, await deps.passwords.hash(password));
      if (reset === null) throw wrongToken();
      await deps.onKeysEnded(reset.endedKeys);
      deps.counters.add('passwordChanges');
      return { status: 204 };
    },
  });
