/**
 * Which links somebody follows live, and which of these have got clicks: the shard's side of the live feed. It says only that a link has moved;
 * how far, the front asks, so that the number is the same everywhere.
 */
import type { ClickRow } from '../core/copy-row.ts';
import { browserKey, countryKey, deviceKey, osKey, referrerKey } from '../core/facets.ts';
import type { MovedClick } from '../core/live.ts';

/** How often a front is told at most. */
const TELL_MS = 100;
/** Clicks that a front is told of at a time, the newest. */
const CLICKS_MAX = 50;

type Tell = (linkIds: number[], clicks: MovedClick[]) => void;

/** What one front follows. */
export type Watcher = { watch(linkIds: readonly number[]): void; unwatch(linkIds: readonly number[]): void; close(): void };

export type LiveWatch = {
  open(tell: Tell): Watcher;
  /** A click has come. */
  note(click: ClickRow): void;
  /** Tells what has moved, when it is time to. */
  tick(now: number): void;
};

type Watching = { tell: Tell; links: Set<number>; moved: Set<number>; clicks: MovedClick[]; toldAt: number };

export function createLiveWatch(): LiveWatch {
  let all: Watching[] = [];

  return {
    open(tell) {
      const it: Watching = { tell, links: new Set(), moved: new Set(), clicks: [], toldAt: Number.NEGATIVE_INFINITY };
      all.push(it);
      return {
        watch: (linkIds) => linkIds.forEach((id) => void it.links.add(id)),
        unwatch: (linkIds) => linkIds.forEach((id) => void it.links.delete(id)),
        close() {
          all = all.filter((other) => other !== it);
        },
      };
    },
    note(click) {
      if (click.bot) return;
      for (const { links, moved, clicks } of all) {
        if (!links.has(click.linkId)) continue;
        moved.add(click.linkId);
        if (clicks.push(movedClick(click)) > CLICKS_MAX) clicks.shift();
      }
    },
    tick(now) {
      for (const it of all) {
        if (it.moved.size === 0 || now - it.toldAt < TELL_MS) continue;
        it.tell([...it.moved], it.clicks);
        it.toldAt = now;
        it.moved.clear();
        it.clicks = [];
      }
    },
  };
}

const movedClick = ({ linkId, at, country, device, os, browser, referrer, seen }: ClickRow): MovedClick => ({
  linkId,
  at,
  country: countryKey(country),
  device: deviceKey(device),
  os: osKey(os),
  browser: browserKey(browser),
  referrer: referrerKey(referrer),
  repeat: seen,
});
