/** A link table whose lookups wait until the test answers them. */
import * as assert from 'uvu/assert';
import { Failure } from '../../src/core/failure.ts';
import type { Link } from '../../src/core/link.ts';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { createLinkTable } from '../../src/storage/links/table.ts';
import { thrownBy } from '../support/thrown-by.ts';

export const TTL_MS = 60_000;
export const PROBE_MS = 500;
export const away = new Error('connect ECONNREFUSED');

export const linkOf = (slug: string, target = `https://example.com/${slug}`): Link => ({
  id: 1,
  slug,
  target,
  timeZone: 'UTC',
  disabled: false,
  rules: null,
});
export const isAway = (error: unknown) => error instanceof Failure && error.code === 'store_away';

type Asked = { slug: string; answer(link: Link | null): void; fail(): void };

/** Each lookup waits until the test answers it. */
export function setUp({ entries = 100 } = {}) {
  const clock = { now: 1_000_000 };
  const versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions);
  const asked: Asked[] = [];
  const failures: unknown[] = [];
  const links = createLinkTable({
    lookup: (slug) =>
      new Promise((resolve, reject) => {
        asked.push({ slug, answer: resolve, fail: () => reject(away) });
      }),
    versions,
    entries,
    ttlMs: () => TTL_MS,
    clock: () => clock.now,
    onFailure: (error) => void failures.push(error),
  });
  /** Loads with this answer. */
  async function hold(slug: string, link: Link | null = linkOf(slug)) {
    const loaded = links.load(slug);
    asked[asked.length - 1].answer(link);
    assert.is(await loaded, link);
    return link;
  }
  /** Makes the store be away. */
  async function fail(slug = 'failing') {
    const loaded = links.load(slug);
    asked[asked.length - 1].fail();
    assert.is(await thrownBy(loaded), away);
  }
  return { links, clock, versions, asked, failures, hold, fail };
}
