/** A link as the API writes it. */
import type { Link } from '../../core/api/links.ts';
import { showRules } from '../../core/link.ts';
import type { OwnedLink } from '../../core/ports/links.ts';
import type { LinkFigures, LinkNumbers } from '../../core/ports/stats.ts';
import type { Clock } from '../../core/ports.ts';
import type { Reply } from '../route.ts';

export type LinkJsonDeps = {
  numbers: LinkNumbers;
  /** Address of this server without a slash at the end. */
  baseUrl: string;
  clock: Clock;
};

export const NO_CLICKS: LinkFigures = { clicks: 0, repeatClicks: 0, clicksToday: 0, repeatClicksToday: 0 };

/** @param timeZone the owner's */
export async function withNumbers(deps: LinkJsonDeps, timeZone: string, links: readonly OwnedLink[]): Promise<Link[]> {
  const ids = links.map(({ id }) => id);
  const figures = ids.length === 0 ? null : await deps.numbers(timeZone, ids);
  return links.map((link) => toLink(deps, link, figures?.get(link.id) ?? NO_CLICKS));
}

export async function linkReply(deps: LinkJsonDeps, timeZone: string, owned: OwnedLink): Promise<Reply> {
  const [link] = await withNumbers(deps, timeZone, [owned]);
  return { status: 200, headers: etag(link), body: link };
}

export function toLink({ baseUrl, clock }: Pick<LinkJsonDeps, 'baseUrl' | 'clock'>, link: OwnedLink, figures: LinkFigures): Link {
  return {
    id: link.id,
    slug: link.slug,
    shortUrl: `${baseUrl}/${link.slug}`,
    url: link.url,
    title: link.title,
    tags: link.tags,
    ...showRules(link, clock()),
    version: link.version,
    createdAt: new Date(link.createdAt).toISOString(),
    updatedAt: new Date(link.updatedAt).toISOString(),
    ...figures,
  };
}

export const etag = ({ version }: Pick<Link, 'version'>) => ({ ETag: `"${version}"` });
