/** GET /metrics for Prometheus: every counter of core/counters.ts, the node's gauges, and what prom-client says of the process. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { COUNTER_NAMES, COUNTERS, readCounters } from '../core/counters.ts';
import { Failure } from '../core/failure.ts';
import { bearerOf } from './auth.ts';
import type { Exchange, ServedRoute } from './route.ts';

export type MetricsDeps = {
  counterMemory: SharedArrayBuffer;
  /** Current values by camelCase name. */
  gauges: () => Readonly<Record<string, number>>;
  /** Who has it may read the metrics from anywhere; null: only this machine may. */
  metricsToken: string | null;
};

export function metricsRoute({ counterMemory, gauges, metricsToken }: MetricsDeps): ServedRoute {
  const process = new Registry();
  collectDefaultMetrics({ register: process });
  return {
    method: 'GET',
    path: '/metrics',
    maxBodyBytes: 0,
    handler: async (exchange) => {
      if (!isFromThisMachine(exchange) && !hasToken(exchange, metricsToken)) {
        throw new Failure('unauthenticated', 'Metrics are for this machine and for holders of the token');
      }
      const registry = Registry.merge([process, nodeMetrics(counterMemory, gauges())]);
      return { status: 200, headers: { 'Content-Type': registry.contentType }, body: await registry.metrics() };
    },
  };
}

const snake = (name: string) => `elnk_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;

function nodeMetrics(counterMemory: SharedArrayBuffer, gauges: Readonly<Record<string, number>>): Registry {
  const registry = new Registry();
  const totals = readCounters(counterMemory);
  for (const name of COUNTER_NAMES) {
    const { kind, en: help } = COUNTERS[name];
    if (kind === 'sum') new Counter({ name: `${snake(name)}_total`, help, registers: [registry] }).inc(totals[name]);
    else new Gauge({ name: snake(name), help, registers: [registry] }).set(totals[name]);
  }
  for (const [name, value] of Object.entries(gauges)) new Gauge({ name: snake(name), help: name, registers: [registry] }).set(value);
  return registry;
}

/** A request that a proxy passed on comes from loopback too, but not from this machine. */
function isFromThisMachine({ remote, headers }: Exchange): boolean {
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers.has(name));
  return !isForwarded && isLoopback(remote);
}

/** @param address 4 or 16 bytes: 127.0.0.0/8, also IPv4-mapped, or ::1 */
export function isLoopback(address: Uint8Array): boolean {
  if (address.length === 4) return address[0] === 127;
  if (address.length !== 16 || address.subarray(0, 10).some((byte) => byte !== 0)) return false;
  if (address[10] === 0xff && address[11] === 0xff) return address[12] === 127;
  return address.subarray(10, 15).every((byte) => byte === 0) && address[15] === 1;
}

function hasToken({ headers }: Exchange, token: string | null): boolean {
  const given = bearerOf(headers);
  if (token === null || given === null) return false;
  const digest = (text: string) => createHash('sha256').update(text).digest(); // equal lengths, whatever was given
  return timingSafeEqual(digest(given), digest(token));
}
