/**
 * The owner's links as the pages show them: read once by GET /dashboard, then kept up by what this page changes and by the live feed.
 *
 *   nothing ──► loaded ──► loaded (read again, live, edited here)
 *      └──────► failed ──► loaded
 */

import { computed, effect, signal } from '@preact/signals';
import type { Link } from '../../../../src/core/api/links.ts';
import type { Dashboard, DashboardLink } from '../../../../src/core/api/stats.ts';
import { ask, user } from '../../api/client.ts';

export const dashboard = signal<Dashboard | null>(null);
export const panelError = signal<unknown>(null);
/** Slugs that are being deleted: hidden, but not gone before the time to take it back is over. */
export const leaving = signal<ReadonlySet<string>>(new Set());

export const panelLinks = computed(() => (dashboard.value?.links ?? []).filter(({ slug }) => !leaving.value.has(slug)));

/** Whoever signs in here next must not see the links of who signed out. */
effect(() => {
  if (user.value !== null) return;
  dashboard.value = null;
  panelError.value = null;
  leaving.value = new Set();
});

export async function loadPanel(): Promise<void> {
  try {
    dashboard.value = await ask<Dashboard>('GET', 'dashboard');
    panelError.value = null;
  } catch (error) {
    panelError.value = error;
  }
}

export function putLink(slug: string, changed: Link): void {
  changeLinks((links) => links.map((link) => (link.slug === slug ? { ...link, ...changed } : link)));
}

/** Links that were just made have no clicks. */
export function addLinks(made: readonly Link[]): void {
  changeLinks((links) => [...made.map((link) => ({ ...link, ...NO_FIGURES })), ...links]);
}

export function dropLinks(slugs: ReadonlySet<string>): void {
  changeLinks((links) => links.filter(({ slug }) => !slugs.has(slug)));
}

const NO_FIGURES: Omit<DashboardLink, keyof Link> = {
  botClicks: 0,
  hours: new Array<number>(24).fill(0),
  week: new Array<number>(7).fill(0),
  devices: [],
  os: [],
  countries: [],
};

function changeLinks(change: (links: DashboardLink[]) => DashboardLink[]): void {
  if (dashboard.value !== null) dashboard.value = { ...dashboard.value, links: change(dashboard.value.links) };
}
