/**
 * What grows old is thrown away, or kept more briefly: visitors and salts go after three days, and after 35 days the quarter-hours of a day become one
 * number, which stands in the middle of that day. (Raw clicks: fold.ts.) Several nodes may do it at once: each step leaves done what is done.
 */
import { type LinkDay, wholeLinkDay } from '../core/link-day.ts';
import { decodeLinkDay, encodeLinkDay } from '../core/link-day-codec.ts';
import type { DocumentKey, RetentionStore } from '../core/ports/clicks.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { firstDayOfVisitors, lastWholeDay } from '../core/retention.ts';
import { dayMiddle } from '../core/zone.ts';

export type RetentionOptions = { store: RetentionStore; clock: Clock; logger: Logger };

/** @returns looks once, and does what is due */
export function createRetention({ store, clock, logger }: RetentionOptions): () => Promise<void> {
  return async () => {
    const now = clock();
    const firstDay = firstDayOfVisitors(now);
    const visitorDays = await store.dropVisitors(firstDay);
    const salts = await store.dropSalts(firstDay);
    const documents = await makeDaysWhole(store, lastWholeDay(now));
    if (documents > 0) await store.reuseSpace();
    if (visitorDays + salts + documents > 0) logger.info({ visitorDays, salts, documents }, 'what was too old to be kept is gone');
  };
}

/** @returns how many documents were replaced */
async function makeDaysWhole(store: RetentionStore, through: number): Promise<number> {
  const days = await store.beginWholeDays(through);
  if (days === null) return 0;
  const middles = middleMemory();
  const whole = (bytes: Uint8Array, day: number, timeZone: string): Uint8Array | null => {
    const doc = decodeLinkDay(bytes);
    const middle = middles(timeZone, day);
    return isWhole(doc, middle) ? null : encodeLinkDay(wholeLinkDay(doc, middle));
  };
  let documents = 0;
  let last: DocumentKey | null = null;
  do {
    const step: Awaited<ReturnType<RetentionStore['rewriteDays']>> = await store.rewriteDays(days, last, whole);
    last = step.last;
    documents += step.rewritten;
  } while (last !== null);
  await store.endWholeDays(days);
  return documents;
}

const isWhole = ({ quarters }: LinkDay, middle: number): boolean => quarters.size === 0 || (quarters.size === 1 && quarters.has(middle));

/** Few zones and days come up again and again, and each middle is some calls of Intl. */
function middleMemory(): typeof dayMiddle {
  const middles = new Map<string, number>();
  return (timeZone, day) => {
    const key = `${day} ${timeZone}`;
    const middle = middles.get(key) ?? dayMiddle(timeZone, day);
    middles.set(key, middle);
    return middle;
  };
}
