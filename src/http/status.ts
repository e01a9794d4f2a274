/** GET /internal/status: what `elnk status` shows of the running node. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { CountriesAbout } from '../core/countries.ts';
import { Failure } from '../core/failure.ts';
import type { NodeCondition } from '../core/operations.ts';
import { bearerOf } from './auth.ts';
import type { ServedRoute } from './route.ts';

export type NodeStatus = NodeCondition & {
  version: string;
  /** The database that countries of visitors come from. */
  countries: CountriesAbout;
};

/** @param token who has it may ask */
export function statusRoute(token: string, status: () => NodeStatus): ServedRoute {
  const digest = (text: string) => createHash('sha256').update(text).digest(); // equal lengths, whatever was given
  return {
    method: 'GET',
    path: '/internal/status',
    maxBodyBytes: 0,
    handler: ({ headers }) => {
      if (!timingSafeEqual(digest(bearerOf(headers) ?? ''), digest(token))) throw new Failure('unauthenticated', 'The token is not right');
      return { status: 200, body: status() };
    },
  };
}
