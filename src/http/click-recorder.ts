/** How a decided click is written down. */
import type { Counters } from '../core/counters.ts';
import type { Link } from '../core/link.ts';
import type { ClickWriter } from '../core/ports/clicks.ts';
import type { Clock } from '../core/ports.ts';
import { quarterOf } from '../core/zone.ts';

export type ClickRecorderDeps = {
  clicks: ClickWriter;
  /** A zone's offset in quarter-hours in a quarter (core/zone.ts, `offsetMemory`). */
  offsetOf: (timeZone: string, quarter: number) => number;
  clock: Clock;
  counters: Counters;
};

/** Headers as they came, '' for none. */
export type ClickRecorder = (link: Link, address: ArrayBuffer, userAgent: string, referrer: string, language: string) => void;

/** The click is in the log when this returns; one that could not be written is counted as lost by the log. */
export function clickRecorder({ clicks, offsetOf, clock, counters }: ClickRecorderDeps): ClickRecorder {
  const countRedirects = counters.adder('redirects');
  return (link, address, userAgent, referrer, language) => {
    const now = clock();
    clicks.append(now, link.id, offsetOf(link.timeZone, quarterOf(now)), address, userAgent, referrer, language);
    countRedirects(1);
  };
}
