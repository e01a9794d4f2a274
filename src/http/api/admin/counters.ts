/** /api/v1/admin/counters: what the server counted, by the day. */

import { COUNTER_DAYS_MAX, type CounterDays, counterDaysSchema, counterQuerySchema } from '../../../core/api/operations.ts';
import { COUNTER_NAMES, COUNTERS } from '../../../core/counters.ts';
import { Failure } from '../../../core/failure.ts';
import type { CounterStore } from '../../../core/operations.ts';
import type { Clock } from '../../../core/ports.ts';
import { DAY_MS, dayToISO } from '../../../core/zone.ts';
import { type ApiRoute, apiRoute } from '../../route.ts';
import { ADMIN, COMMON } from './common.ts';

export type CounterDeps = { serverCounters: CounterStore; clock: Clock };

const LIST = COUNTER_NAMES.map((name) => ({ name, ...COUNTERS[name] }));

export const counterRoutes = ({ serverCounters, clock }: CounterDeps): ApiRoute[] => [
  apiRoute({
    ...COMMON,
    method: 'GET',
    path: `${ADMIN}/counters`,
    summary: 'What the server counted, by UTC day, over all nodes',
    query: counterQuerySchema,
    reply: { status: 200, description: 'Every counter of every day asked for', schema: counterDaysSchema, headers: [] },
    handler: async ({ query }) => {
      const range = rangeOf(query, clock());
      const body: CounterDays = { ...range, counters: LIST, days: await serverCounters.days(range) };
      return { status: 200, body };
    },
  }),
];

/** @throws Failure invalid, since the schema knows no default of what is missing */
function rangeOf({ from, to }: { from?: string | undefined; to?: string | undefined }, now: number) {
  const last = to ?? dayToISO(Math.floor(now / DAY_MS));
  const first = from ?? last;
  if (first > last) throw invalid('from', 'must not be in the future');
  if ((Date.parse(last) - Date.parse(first)) / DAY_MS >= COUNTER_DAYS_MAX)
    throw invalid('from', `must be at most ${COUNTER_DAYS_MAX} days ago`);
  return { from: first, to: last };
}

const invalid = (path: string, message: string) => new Failure('invalid', 'The query is not valid', { errors: [{ path, message }] });
