/** The day salts of a shard: fetched ahead of their day, so that clicks around midnight do not wait. */
import type { ClickStore } from '../core/ports/clicks.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { firstDayOfVisitors } from '../core/retention.ts';
import { DAY_MS } from '../core/zone.ts';

/** Days at hand: the calendars of all zones, and clicks that waited in the log while Postgres was away. */
const KEPT_DAYS = 16;

export type Salts = {
  get(day: number): Uint8Array | undefined;
  /** Fetches a day's salt, once at a time; a failure is logged and the next call tries again. */
  want(day: number): void;
  /** Fetches what today and tomorrow need in every zone, and forgets what is too old to be kept. */
  fetchAhead(): void;
};

export function createSalts(store: Pick<ClickStore, 'salt'>, clock: Clock, logger: Logger): Salts {
  const salts = new Map<number, Uint8Array>();
  const wanted = new Set<number>();

  function want(day: number): void {
    if (salts.has(day) || wanted.has(day)) return;
    wanted.add(day);
    store
      .salt(day)
      .then((salt) => {
        salts.set(day, salt);
        while (salts.size > KEPT_DAYS) salts.delete(Math.min(...salts.keys()));
      })
      .catch((error) => logger.warn({ err: error, day }, 'no salt for the day yet; its clicks wait in the click log'))
      .finally(() => wanted.delete(day));
  }

  return {
    get: (day) => salts.get(day),
    want,
    fetchAhead() {
      const now = clock();
      for (const day of salts.keys()) if (day < firstDayOfVisitors(now)) salts.delete(day);
      const today = Math.floor(now / DAY_MS);
      for (const day of [today - 1, today, today + 1]) want(day);
    },
  };
}
