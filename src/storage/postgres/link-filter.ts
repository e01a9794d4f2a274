/** Which links a list is about, as conditions on the columns of `links`. */
import type { LinkState } from '../../core/link.ts';
import type { LinkFilter } from '../../core/link-list.ts';
import { ownLinkHas, type Parameter } from './search.ts';

/** @param now milliseconds since the epoch; @returns null when any link will do */
export function filterSql({ search, tags, states }: LinkFilter, now: number, add: Parameter): string | null {
  const conditions = [
    ...(search === null ? [] : [ownLinkHas(search, add)]),
    ...(tags.length === 0 ? [] : [`tags @> ${add(tags)}::text[] AND tags <> '{}'`]),
    ...(states.length === 0 ? [] : [statesSql(states, now, add)]),
  ];
  return conditions.length === 0 ? null : conditions.map((condition) => `(${condition})`).join(' AND ');
}

/** As `showRules` of core/link.ts has them: the first that holds. */
function statesSql(states: readonly LinkState[], nowMs: number, add: Parameter): string {
  const now = states.every((state) => state === 'disabled') ? 'now()' : `${add(new Date(nowMs))}::timestamptz`;
  const isOpen = `(valid_from IS NULL OR valid_from <= ${now})`;
  const isNotOver = `(expires_at IS NULL OR expires_at > ${now})`;
  const conditions: Readonly<Record<LinkState, string>> = {
    disabled: 'disabled',
    scheduled: `NOT disabled AND valid_from > ${now}`,
    expired: `NOT disabled AND ${isOpen} AND expires_at <= ${now}`,
    exhausted: `NOT disabled AND ${isOpen} AND ${isNotOver} AND clicks_used >= max_clicks`,
    active: `NOT disabled AND ${isOpen} AND ${isNotOver} AND (max_clicks IS NULL OR clicks_used < max_clicks)`,
  };
  return states.map((state) => `(${conditions[state]})`).join(' OR ');
}
