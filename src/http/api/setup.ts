/** /api/v1/auth/setup: the first administrator, by the link that a node prints at its start while there is none. */

import type { SetupStore } from '../../core/administration.ts';
import { type AccountRequestSchemas, sessionSchema } from '../../core/api/accounts.ts';
import type { Throttle } from '../../core/ports/accounts.ts';
import { SET_COOKIE } from '../cookie.ts';
import { invalid } from '../input.ts';
import { type ApiRoute, openRoute } from '../route.ts';
import { type AuthDeps, openSession } from './auth.ts';

export type SetupDeps = Omit<AuthDeps, 'throttles'> & {
  setup: SetupStore;
  accountSchemas: AccountRequestSchemas;
  throttles: AuthDeps['throttles'] & { token: Throttle };
};

export const setupRoutes = (deps: SetupDeps): ApiRoute[] => [
  openRoute({
    method: 'POST',
    path: '/api/v1/auth/setup',
    summary: 'Make the first administrator with the token of the link that the server prints, and sign in',
    query: null,
    body: deps.accountSchemas.setup,
    requestHeaders: [],
    reply: { status: 201, description: 'There is an administrator, who is signed in', schema: sessionSchema, headers: [SET_COOKIE] },
    failures: ['forbidden', 'too_many_requests'],
    countRefusal: () => [],
    handler: async ({ exchange, body: { token, email, password, timezone, locale } }) => {
      await deps.throttles.token.take(deps.addressOf(exchange));
      // Before a password is hashed for whoever comes.
      if (!(await deps.setup.isGood(token))) throw wrongToken();
      const passwordHash = await deps.passwords.hash(password);
      const account = await deps.setup.complete(token, { email, passwordHash, timeZone: timezone, locale });
      if (account === null) throw wrongToken();
      return openSession(deps, account, 201);
    },
  }),
];

const wrongToken = () =>
  invalid([
    { path: 'token', message: 'is not valid any more: restart the server for a new one, unless there is an administrator already' },
  ]);
