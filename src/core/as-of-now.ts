/**
 * The number, as of now. The shards are asked first, then the store: what a shard still held and has stored meanwhile is recognised by its
 * position and left out, what came later is in the store's snapshot. So every log is counted up to one point, and none twice.
 */
import { calendarMemory } from './calendar.ts';
import type { ReadLiveFigures } from './live.ts';
import { liveFigures } from './live-figures.ts';
import type { ClickCounter, UnstoredClicks } from './ports/clicks.ts';
import type { LinkNumbers, StatsCounter, StatsReader } from './ports/stats.ts';
import type { Clock } from './ports.ts';
import { countSpan, daysAround } from './stats.ts';
import { QUARTER_MS } from './zone.ts';

export type AsOfNow = { numbers: LinkNumbers; stats: StatsReader; live: ReadLiveFigures };

export function createAsOfNow(options: { count: ClickCounter; sum: StatsCounter; unstored: UnstoredClicks; clock: Clock }): AsOfNow {
  const { count, sum, unstored, clock } = options;
  const calendarAt = calendarMemory();
  return {
    async numbers(ownerTimeZone, linkIds) {
      if (linkIds.length === 0) return new Map();
      const { today } = calendarAt(ownerTimeZone, clock());
      const batches = await unstored(linkIds);
      const span = daysAround(today.from * QUARTER_MS, today.to * QUARTER_MS);
      const { totals, days } = await count({ linkIds, ...span, facets: false, unstored: batches });
      return new Map(
        linkIds.map((id) => {
          const { clicks, uniques } = totals.get(id) ?? { clicks: 0, uniques: 0 };
          const now = countSpan(days.get(id)?.values() ?? [], today);
          return [id, { clicks, repeatClicks: clicks - uniques, clicksToday: now.clicks, repeatClicksToday: now.clicks - now.uniques }];
        }),
      );
    },

    async stats({ ids, timeZone }, range) {
      const now = clock();
      return sum({ linkIds: ids, range, timeZone, now, unstored: await unstored(ids) });
    },

    async live(links) {
      if (links.length === 0) return new Map();
      const now = clock();
      const calendars = links.map((link) => calendarAt(link.timeZone, now));
      const from = calendars.reduce((earliest, { today }) => Math.min(earliest, today.from), Number.POSITIVE_INFINITY) * QUARTER_MS;
      const to = calendars.reduce((latest, { today }) => Math.max(latest, today.to), Number.NEGATIVE_INFINITY) * QUARTER_MS;
      const linkIds = links.map(({ id }) => id);
      const batches = await unstored(linkIds);
      const { totals, days } = await count({ linkIds, ...daysAround(from, to), facets: false, unstored: batches });
      const none = { clicks: 0, uniques: 0, bots: 0 };
      return new Map(links.map(({ id }, i) => [id, liveFigures(totals.get(id) ?? none, days.get(id)?.values() ?? [], calendars[i])]));
    },
  };
}
