/**
 * States that the live feed does not tell: it brings clicks. What a limit has left is asked for when clicks have come; where a window opens or
 * closes, the panel is read again at that moment.
 */
import { effect } from '@preact/signals';
import type { Link } from '../../../../src/core/api/links.ts';
import type { DashboardLink } from '../../../../src/core/api/stats.ts';
import { ask } from '../../api/client.ts';
import { dashboard, loadPanel, panelError, putLink } from './panel.ts';

/** Clicks of so long are asked for together. */
const GATHER_MS = 400;
/** More links than these are read with the whole panel. */
const SINGLE_READS_MAX = 5;
/** This device's clock may be ahead of the server's. */
const AGAIN_MS = 3_000;
/** Timers of browsers cannot wait for months. */
const LONGEST_WAIT_MS = 3_600_000;

let gathered = new Set<string>();

/** @param slugs of links that were clicked */
export function readLimits(slugs: readonly string[]): void {
  const limited = (dashboard.value?.links ?? []).filter(
    ({ slug, clicksLeft }) => clicksLeft !== null && clicksLeft > 0 && slugs.includes(slug),
  );
  if (limited.length === 0) return;
  if (gathered.size === 0) setTimeout(() => void readGathered(), GATHER_MS);
  for (const { slug } of limited) gathered.add(slug);
}

async function readGathered(): Promise<void> {
  const slugs = [...gathered];
  gathered = new Set();
  if (slugs.length > SINGLE_READS_MAX) return loadPanel();
  try {
    for (const link of await Promise.all(slugs.map((slug) => ask<Link>('GET', `links/${slug}`)))) putLink(link.slug, link);
  } catch (error) {
    panelError.value = error;
  }
}

/** @returns ends it */
export function watchWindows(): () => void {
  let timer = 0;
  const stop = effect(() => {
    const links = dashboard.value?.links ?? [];
    clearTimeout(timer);
    const wait = untilNextChange(links, Date.now());
    if (wait !== null) timer = setTimeout(() => void loadPanel(), wait);
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}

/** @returns milliseconds until a link's state is another one; null: none of them will be */
export function untilNextChange(links: readonly Pick<DashboardLink, 'state' | 'validFrom' | 'expiresAt'>[], now: number): number | null {
  const next = links.flatMap(({ state, validFrom, expiresAt }) => {
    const change = state === 'scheduled' ? (validFrom ?? expiresAt) : state === 'active' ? expiresAt : null;
    return change === null ? [] : [Date.parse(change)];
  });
  if (next.length === 0) return null;
  const wait = Math.min(...next) - now;
  return wait <= 0 ? AGAIN_MS : Math.min(wait, LONGEST_WAIT_MS);
}
