/**
 * The one document that statistics are made of: the clicks of one link on one day of its owner's calendar. Clicks that are folded,
 * stored or still in a shard's memory all become LinkDays, and are added up by `mergeLinkDay`.
 *
 * `clicks` counts people; bots are apart and in no facet. Quarters are absolute (UTC, see zone.ts), so a series in any
 * zone can be cut from them; a day that is long past has all its clicks in one quarter (retention.ts). A facet keeps at most FACET_CAPS keys; what falls out is counted in `other`, exactly.
 */

export const FACETS = ['countries', 'devices', 'os', 'browsers', 'referrers', 'languages'] as const;
export type Facet = (typeof FACETS)[number];

/** What is kept of a link for all time, besides its documents. All of them are closed lists: nothing of them falls out. */
export const TOTAL_FACETS = ['countries', 'devices', 'os'] as const satisfies Facet[];
export type TotalFacet = (typeof TOTAL_FACETS)[number];

/** Of what visitors may say at will, a document holds so many keys. */
const FREE_CAP = 100;
/** Keys that one facet of a stored document holds at most. Closed lists are kept as a whole: there are 676 pairs of letters, and `unknown`. */
export const FACET_CAPS: Readonly<Record<Facet, number>> = {
  countries: 677,
  devices: FREE_CAP,
  os: FREE_CAP,
  browsers: FREE_CAP,
  referrers: FREE_CAP,
  languages: FREE_CAP,
};
/** The key of what a facet does not list. Only `capFacet` and readers of a top list make it. */
export const OTHER = 'other';

export type QuarterCounts = { clicks: number; uniques: number; bots: number };
export type LinkDay = { quarters: Map<number, QuarterCounts>; facets: Record<Facet, Map<string, number>> };

/** link id → day → its document */
export type LinkDays = Map<number, Map<number, LinkDay>>;

export function emptyLinkDay(): LinkDay {
  return {
    quarters: new Map(),
    facets: { countries: new Map(), devices: new Map(), os: new Map(), browsers: new Map(), referrers: new Map(), languages: new Map() },
  };
}

/** The document of a link and day, made when absent. */
export function linkDayOf(days: LinkDays, linkId: number, day: number): LinkDay {
  let ofLink = days.get(linkId);
  if (ofLink === undefined) {
    ofLink = new Map();
    days.set(linkId, ofLink);
  }
  let it = ofLink.get(day);
  if (it === undefined) {
    it = emptyLinkDay();
    ofLink.set(day, it);
  }
  return it;
}

export function addQuarter(into: LinkDay, quarter: number, clicks: number, uniques: number, bots: number): void {
  const counts = into.quarters.get(quarter);
  if (counts === undefined) into.quarters.set(quarter, { clicks, uniques, bots });
  else {
    counts.clicks += clicks;
    counts.uniques += uniques;
    counts.bots += bots;
  }
}

export function addFacet(into: LinkDay, facet: Facet, key: string, clicks: number): void {
  const counts = into.facets[facet];
  counts.set(key, (counts.get(key) ?? 0) + clicks);
}

export function mergeLinkDay(into: LinkDay, from: LinkDay): void {
  for (const [quarter, { clicks, uniques, bots }] of from.quarters) addQuarter(into, quarter, clicks, uniques, bots);
  for (const facet of FACETS) for (const [key, clicks] of from.facets[facet]) addFacet(into, facet, key, clicks);
}

/** The same clicks, all of them in one quarter: what is kept of a day that is long past. Lists stay as they are. */
export function wholeLinkDay({ quarters, facets }: LinkDay, quarter: number): LinkDay {
  const whole: LinkDay = { quarters: new Map(), facets };
  for (const { clicks, uniques, bots } of quarters.values()) addQuarter(whole, quarter, clicks, uniques, bots);
  return whole;
}

/** Adds what is kept for all time. */
export function mergeTotalFacets(into: LinkDay, from: LinkDay): void {
  for (const facet of TOTAL_FACETS) for (const [key, clicks] of from.facets[facet]) addFacet(into, facet, key, clicks);
}

export function mergeLinkDays(into: LinkDays, from: LinkDays): void {
  for (const [linkId, days] of from) for (const [day, it] of days) mergeLinkDay(linkDayOf(into, linkId, day), it);
}

/**
 * The keys with the most clicks (ties by key, so that the same clicks always give the same list); the rest added up under `other`.
 * @param cap how many keys to list besides `other`
 */
export function capFacet(counts: ReadonlyMap<string, number>, cap: number): [key: string, clicks: number][] {
  let other = counts.get(OTHER) ?? 0;
  const listed = [...counts].filter(([key]) => key !== OTHER).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  for (const [, clicks] of listed.splice(cap)) other += clicks;
  return other > 0 ? [...listed, [OTHER, other]] : listed;
}
