/** Which links are listed, and in which order: it all stands in the address bar. */
import type { Link } from '../../../../src/core/api/links.ts';

export const SORTS = ['newest', 'name', 'clicks', 'today'] as const;
export type Sort = (typeof SORTS)[number];
export const STATES = ['active', 'scheduled', 'expired', 'exhausted', 'disabled'] as const satisfies readonly Link['state'][];

export type Filters = { search: string; state: Link['state'] | null; tag: string | null; sort: Sort };

export function filtersOf(query: URLSearchParams): Filters {
  return {
    search: query.get('search') ?? '',
    state: STATES.find((it) => it === query.get('state')) ?? null,
    tag: query.get('tag'),
    sort: SORTS.find((it) => it === query.get('sort')) ?? 'newest',
  };
}

export const isFiltered = ({ search, state, tag }: Filters): boolean => search !== '' || state !== null || tag !== null;

/** What a person calls a link. */
export const nameOf = ({ title, slug }: Pick<Link, 'title' | 'slug'>): string => title ?? slug;

export function listed<T extends Link>(links: readonly T[], { search, state, tag, sort }: Filters, language: string): T[] {
  const wanted = search.trim().toLocaleLowerCase(language);
  const fits = (link: T) =>
    (state === null || link.state === state) &&
    (tag === null || link.tags.includes(tag)) &&
    (wanted === '' || [link.slug, link.title ?? '', link.url].some((text) => text.toLocaleLowerCase(language).includes(wanted)));
  return links.filter(fits).sort(ORDERS[sort](new Intl.Collator(language, { numeric: true })));
}

type Compare = (a: Link, b: Link) => number;

const newest: Compare = (a, b) => b.id - a.id;

const ORDERS: Readonly<Record<Sort, (collator: Intl.Collator) => Compare>> = {
  newest: () => newest,
  name: (collator) => (a, b) => collator.compare(nameOf(a), nameOf(b)) || newest(a, b),
  clicks: () => (a, b) => b.clicks - a.clicks || newest(a, b),
  today: () => (a, b) => b.clicksToday - a.clicksToday || newest(a, b),
};

/** Every tag in use, by name. */
export const tagsOf = (links: readonly Link[]): string[] =>
  [...new Set(links.flatMap(({ tags }) => tags))].sort((a, b) => a.localeCompare(b));
