/**
 * How long something that is cached lives: the more loaded the machine, the longer, so that looking things up again takes nothing from the
 * redirects when they need it. Between the ends a lifetime grows by the same factor for each bit of load:
 *
 *   load   ≤ 0.15   0.3     0.45    0.6     ≥ 0.75
 *   TTL    10 s     44 s    3 min   14 min  1 h
 *
 * The load is smoothed first: quickly upwards, because a busy machine is to be relieved, slowly downwards. And a lifetime stays as it is while the one
 * that is due is not far from it, so that it does not move with every breath of the machine.
 */

export const TTL_MIN_MS = 10_000;
export const TTL_MAX_MS = 3_600_000;
/** Until the load is known: none of the ends. */
export const TTL_FIRST_MS = 600_000;

const IDLE_LOAD = 0.15;
const BUSY_LOAD = 0.75;
/** Of a new measurement in the smoothed load. */
const RISE_WEIGHT = 0.6;
const FALL_WEIGHT = 0.25;
/** A lifetime moves when the one that is due is so many times as long, or as short. */
const HYSTERESIS = 2;

/** `load`: smoothed, 0 to 1; null before the first measurement. */
export type Tuning = { readonly load: number | null; readonly ttlMs: number };

export const UNTUNED: Tuning = { load: null, ttlMs: TTL_FIRST_MS };

/** @param load share of the CPU time that was used since the last measurement, of all that may be used */
export function tune(before: Tuning, load: number): Tuning {
  const measured = Math.min(1, Math.max(0, load));
  const smoothed = before.load === null ? measured : before.load + (measured - before.load) * weightOf(before.load, measured);
  const due = ttlFor(smoothed);
  const isFar = Math.max(due / before.ttlMs, before.ttlMs / due) >= HYSTERESIS;
  const isEnd = due === TTL_MIN_MS || due === TTL_MAX_MS;
  return { load: smoothed, ttlMs: isFar || isEnd ? due : before.ttlMs };
}

const weightOf = (before: number, now: number): number => (now > before ? RISE_WEIGHT : FALL_WEIGHT);

/** The lifetime of a steady load, in whole seconds. */
export function ttlFor(load: number): number {
  const share = Math.min(1, Math.max(0, (load - IDLE_LOAD) / (BUSY_LOAD - IDLE_LOAD)));
  return Math.round((TTL_MIN_MS * (TTL_MAX_MS / TTL_MIN_MS) ** share) / 1_000) * 1_000;
}
