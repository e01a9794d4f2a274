/** For whoever restarts or balances: is the process up, and should it get traffic? */
import type { ServedRoute } from './route.ts';

/** @param reasons why this node should get no traffic right now (starting, draining, degraded); empty: all well */
export function healthRoutes(reasons: () => readonly string[]): ServedRoute[] {
  return [
    {
      method: 'GET',
      path: '/healthz',
      maxBodyBytes: 0,
      handler: () => ({ status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: 'ok' }),
    },
    {
      method: 'GET',
      path: '/readyz',
      maxBodyBytes: 0,
      handler: () => {
        const why = reasons();
        return why.length === 0
          ? { status: 200, body: { status: 'ready', reasons: [] } }
          : { status: 503, headers: { 'Retry-After': '1' }, body: { status: 'not ready', reasons: why } };
      },
    },
  ];
}
