/** Ports of what is counted, as of now. */
import type { StatsFigures, StatsRange } from '../stats.ts';
import type { UnstoredBatch } from './clicks.ts';

/** What a list shows of a link's clicks; `today` is the day of the owner's calendar. */
export type LinkFigures = { clicks: number; repeatClicks: number; clicksToday: number; repeatClicksToday: number };

/** As of now, for every id asked for. */
export type LinkNumbers = (ownerTimeZone: string, linkIds: readonly number[]) => Promise<Map<number, LinkFigures>>;

/** @param links whose clicks are added up; `timeZone` is the owner's: repeat clicks, hours and weekdays are by the owner's calendar */
export type StatsReader = (links: { ids: readonly number[]; timeZone: string }, range: StatsRange) => Promise<StatsFigures>;

/** Plain data: it may be answered by another thread. `timeZone` is the owner's; the shards were asked before. */
export type StatsQuestion = {
  linkIds: readonly number[];
  range: StatsRange;
  timeZone: string;
  now: number;
  unstored: readonly UnstoredBatch[];
};

/** Adds up statistics as of one moment: folded, stored and — as given — not yet stored clicks, none missing, none twice. */
export type StatsCounter = (question: StatsQuestion) => Promise<StatsFigures>;

/** All links of an owner, the newest first. */
export type OwnerLinkIds = (ownerId: number) => Promise<number[]>;
