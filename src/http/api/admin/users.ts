/** /api/v1/admin/users: everybody's accounts. */

import type { AdminUser as StoredUser, UserAdministration, UserChanges, UserFilter } from '../../../core/administration.ts';
import {
  type AdminUser,
  type AdminUserQuery,
  adminUserPageSchema,
  adminUserQuerySchema,
  adminUserSchema,
  type BulkUsers,
  type BulkUsersResult,
  bulkUsersResultSchema,
  bulkUsersSchema,
  editUserSchema,
} from '../../../core/api/admin.ts';
import { Failure } from '../../../core/failure.ts';
import type { Clock } from '../../../core/ports.ts';
import { cursorOf, cursorText } from '../../cursor.ts';
import { idOf } from '../../path-id.ts';
import { PROBLEMS, problemOf } from '../../problem.ts';
import { type ApiRoute, apiRoute } from '../../route.ts';
import { ADMIN, COMMON, iso } from './common.ts';

export type AdminUserDeps = {
  adminUsers: UserAdministration;
  isStoreAway(error: unknown): boolean;
  clock: Clock;
  /** How long a request may take. */
  deadlineMs: number;
};

const USERS = `${ADMIN}/users`;
const USER = `${ADMIN}/users/{id}`;
/** Of a request's time, how much a list of accounts may take until the rest of it is left undone. */
const BULK_SHARE = 0.7;
const REFUSALS = ['own_account', 'last_administrator'] as const;

export const adminUserRoutes = (deps: AdminUserDeps): ApiRoute[] => [
  listRoute(deps),
  readRoute(deps),
  editRoute(deps),
  deleteRoute(deps),
  bulkRoute(deps),
];

const listRoute = ({ adminUsers }: AdminUserDeps) =>
  apiRoute({
    ...COMMON,
    method: 'GET',
    path: USERS,
    summary: 'List accounts, with the number of their links',
    query: adminUserQuerySchema,
    reply: { status: 200, description: 'One page', schema: adminUserPageSchema, headers: [] },
    handler: async ({ query }) => {
      const cursor = cursorOf(query.cursor, query.sort.endsWith('email') ? 'string' : 'number');
      const { data, next } = await adminUsers.list(filterOf(query), query.sort, query.limit, cursor);
      return { status: 200, body: { data: data.map(toAdminUser), nextCursor: next === null ? null : cursorText(next) } };
    },
  });

const filterOf = ({ search, plan, banned, confirmed, admin, dailyReport }: AdminUserQuery): UserFilter => ({
  search,
  plan,
  isBanned: banned,
  isConfirmed: confirmed,
  isAdmin: admin,
  dailyReport,
});

const readRoute = ({ adminUsers }: AdminUserDeps) =>
  apiRoute({
    ...COMMON,
    method: 'GET',
    path: USER,
    summary: 'Read an account',
    reply: { status: 200, description: 'The account', schema: adminUserSchema, headers: [] },
    handler: async ({ exchange }) => ({ status: 200, body: toAdminUser(await adminUsers.get(idOf(exchange))) }),
  });

const editRoute = ({ adminUsers }: AdminUserDeps) =>
  apiRoute({
    ...COMMON,
    method: 'PATCH',
    path: USER,
    summary: 'Edit an account; effective at once',
    body: editUserSchema,
    reply: { status: 200, description: 'The account as it is now', schema: adminUserSchema, headers: [] },
    failures: REFUSALS,
    handler: async ({ caller, exchange, body }) => ({
      status: 200,
      body: toAdminUser(await adminUsers.edit(caller.userId, idOf(exchange), body)),
    }),
  });

const deleteRoute = ({ adminUsers }: AdminUserDeps) =>
  apiRoute({
    ...COMMON,
    method: 'DELETE',
    path: USER,
    summary: 'Delete an account with its links, keys and statistics',
    reply: { status: 204, description: 'It is gone', schema: null, headers: [] },
    failures: REFUSALS,
    handler: async ({ caller, exchange }) => {
      await adminUsers.delete(caller.userId, idOf(exchange));
      return { status: 204 };
    },
  });

const bulkRoute = (deps: AdminUserDeps) =>
  apiRoute({
    ...COMMON,
    method: 'POST',
    path: `${USERS}/bulk`,
    summary: 'Do one thing to many accounts, each on its own',
    body: bulkUsersSchema,
    reply: { status: 200, description: 'What became of each', schema: bulkUsersResultSchema, headers: [] },
    handler: async ({ caller, body }) => {
      const until = deps.clock() + deps.deadlineMs * BULK_SHARE;
      const results: BulkUsersResult['results'] = [];
      for (const id of body.ids) results.push(await resultOf(deps, caller.userId, id, body, until));
      return { status: 200, body: { results } };
    },
  });

type Result = BulkUsersResult['results'][number];

/** @param until when there is no time left, in milliseconds since the epoch */
async function resultOf(deps: AdminUserDeps, adminId: number, id: number, bulk: BulkUsers, until: number): Promise<Result> {
  try {
    if (deps.clock() >= until) throw new Failure('deadline', 'There was no time left for this one: send it again');
    if (bulk.action === 'delete') {
      await deps.adminUsers.delete(adminId, id);
      return { id, status: 204 };
    }
    return { id, status: 200, user: toAdminUser(await deps.adminUsers.edit(adminId, id, changesOf(bulk))) };
  } catch (error) {
    const failure = deps.isStoreAway(error) ? new Failure('store_away', 'The store cannot be asked right now', { cause: error }) : error;
    if (!(failure instanceof Failure)) throw failure;
    return { id, status: PROBLEMS[failure.code].status, problem: problemOf(failure) };
  }
}

function changesOf({ action, plan }: BulkUsers): UserChanges {
  switch (action) {
    case 'plan':
      return { plan };
    case 'ban':
    case 'unban':
      return { banned: action === 'ban' };
    default:
      return { dailyReport: action === 'reportsOn' };
  }
}

const toAdminUser = ({ isConfirmed, timeZone, bannedAt, createdAt, ...user }: StoredUser): AdminUser => ({
  ...user,
  confirmed: isConfirmed,
  banned: bannedAt !== null,
  bannedAt: bannedAt === null ? null : iso(bannedAt),
  timezone: timeZone,
  createdAt: iso(createdAt),
});
