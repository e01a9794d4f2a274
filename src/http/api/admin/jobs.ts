/** /api/v1/admin/jobs: what waits, runs and has failed in the background, and how long it takes. What jobs carry is never shown. */

import { type JobJson, type JobPage, jobPageSchema, jobQuerySchema, jobSchema } from '../../../core/api/operations.ts';
import type { Job, JobAdministration } from '../../../core/operations.ts';
import type { Clock } from '../../../core/ports.ts';
import { DAY_MS, dayToISO } from '../../../core/zone.ts';
import { cursorOf, cursorText } from '../../cursor.ts';
import { idOf } from '../../path-id.ts';
import { type ApiRoute, apiRoute } from '../../route.ts';
import { ADMIN, COMMON, iso } from './common.ts';

export type JobDeps = { jobs: JobAdministration; clock: Clock };

const WORK_DAYS = 7;
const JOBS = `${ADMIN}/jobs`;
const JOB = `${JOBS}/{id}`;

export const jobRoutes = (deps: JobDeps): ApiRoute[] => [listRoute(deps), retryRoute(deps), deleteRoute(deps)];

const listRoute = ({ jobs, clock }: JobDeps) =>
  apiRoute({
    ...COMMON,
    method: 'GET',
    path: JOBS,
    summary: 'Jobs, the newest first, and what ran in the last days',
    query: jobQuerySchema,
    reply: { status: 200, description: 'One page', schema: jobPageSchema, headers: [] },
    handler: async ({ query: { state, limit, cursor } }) => {
      const { data, next } = await jobs.list(state, limit, cursorOf(cursor, 'number'));
      const since = dayToISO(Math.floor(clock() / DAY_MS) - WORK_DAYS + 1);
      const work = cursor === undefined ? await jobs.work(since) : [];
      const body: JobPage = {
        counts: await jobs.counts(),
        data: data.map(toJson),
        nextCursor: next === null ? null : cursorText(next),
        work: work.map(({ lastAt, lastFailedAt, ...rest }) => ({
          ...rest,
          lastAt: iso(new Date(lastAt)),
          lastFailedAt: lastFailedAt === null ? null : iso(new Date(lastFailedAt)),
        })),
      };
      return { status: 200, body };
    },
  });

const retryRoute = ({ jobs }: JobDeps) =>
  apiRoute({
    ...COMMON,
    method: 'POST',
    path: `${JOB}/retry`,
    summary: 'Do a job now, with all its tries before it',
    failures: ['job_running', 'job_gone'],
    reply: { status: 200, description: 'The job, which waits', schema: jobSchema, headers: [] },
    handler: async ({ caller, exchange }) => ({ status: 200, body: toJson(await jobs.retry(caller.userId, idOf(exchange))) }),
  });

const deleteRoute = ({ jobs }: JobDeps) =>
  apiRoute({
    ...COMMON,
    method: 'DELETE',
    path: JOB,
    summary: 'Delete a job; it will not be done',
    failures: ['job_running'],
    reply: { status: 204, description: 'It is gone', schema: null, headers: [] },
    handler: async ({ caller, exchange }) => {
      await jobs.delete(caller.userId, idOf(exchange));
      return { status: 204 };
    },
  });

const toJson = ({ runAt, createdAt, lockedAt, ...job }: Job): JobJson => ({
  ...job,
  runAt: iso(runAt),
  createdAt: iso(createdAt),
  lockedAt: lockedAt === null ? null : iso(lockedAt),
});
