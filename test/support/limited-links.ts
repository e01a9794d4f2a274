/** Limited links under load: how many visitors were let through, how many clicks are used, and how many are counted. */
import { randomBytes } from 'node:crypto';
import * as assert from 'uvu/assert';
import { createLinkStore } from '../../src/storage/postgres/links.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { type Load, type LoadOptions, type LoadRequest, startLoad } from './load.ts';
import { storedClicksOf } from './stored-clicks.ts';
import type { TestOwner } from './test-owner.ts';

/** `acked`: redirects that came completely, from whatever node. */
export type LimitedLink = { id: number; slug: string; maxClicks: number; acked: number };

/** So that clicks are people's. */
const HEADERS = 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n';

export async function makeLimitedLinks(pool: Pool, { userId }: TestOwner, limits: readonly number[]): Promise<LimitedLink[]> {
  const store = createLinkStore(pool, randomBytes, { regular: 0, extended: 0 }); // see makeOwner
  const links: LimitedLink[] = [];
  for (const maxClicks of limits) {
    const { id, slug } = (await store.create(userId, { url: 'https://example.com/limited', maxClicks }, null)).link;
    links.push({ id, slug, maxClicks, acked: 0 });
  }
  return links;
}

type Ask = LoadRequest & { link: LimitedLink };

type Pace = Pick<LoadOptions<Ask>, 'connections' | 'maxRequests' | 'ratePerSec'>;

/** Visitors of one link after the other. */
export function loadLinks(url: string, links: readonly LimitedLink[], pace: Pace): Load {
  let turn = 0;
  return startLoad<Ask>({
    url,
    ...pace,
    next() {
      const link = links[turn++ % links.length];
      return { path: `/${link.slug}`, headers: HEADERS, link };
    },
    onAcked({ link }) {
      link.acked++;
    },
  });
}

export type LinkUse = LimitedLink & { used: number; stored: number };

/** Once the click logs are drained. */
export async function useOf(pool: Pool, links: readonly LimitedLink[]): Promise<LinkUse[]> {
  const ids = links.map(({ id }) => id);
  const { rows } = await pool.query<{ id: number; used: number }>('SELECT id, clicks_used AS used FROM links WHERE id = ANY ($1)', [ids]);
  const used = new Map(rows.map((row) => [row.id, row.used]));
  const stored = await storedClicksOf(pool, ids);
  return links.map((link) => ({ ...link, used: used.get(link.id) ?? 0, stored: stored.get(link.id) ?? 0 }));
}

export const isUsedUp = (use: readonly LinkUse[]): boolean => use.every(({ used, maxClicks }) => used >= maxClicks);

/** What nothing that goes wrong may change: whoever was let through is counted, and nobody beyond the limit. */
export function assertNeverMore(use: readonly LinkUse[], what: string): void {
  for (const { maxClicks, acked, stored, used } of use) {
    const figures = `${what}: limit ${maxClicks}, acked ${acked}, stored ${stored}, used ${used}`;
    assert.ok(acked <= stored && stored <= used && used <= maxClicks, figures);
  }
}

export const describeUse = (use: readonly LinkUse[]): string =>
  use.map(({ maxClicks, acked, stored, used }) => `${maxClicks}: acked ${acked}, stored ${stored}, used ${used}`).join('; ');
