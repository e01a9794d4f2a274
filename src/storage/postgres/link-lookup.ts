/** How the redirect finds links. */
import type { LinkRules } from '../../core/link.ts';
import type { LinkLookup } from '../../core/ports/links.ts';
import { inDomain } from './domain.ts';
import type { Pool } from './pool.ts';

type Row = {
  id: number;
  slug: string;
  target: string;
  time_zone: string;
  disabled: boolean;
  password_hash: string | null;
  max_clicks: number | null;
  clicks_used: number;
  valid_from: Date | null;
  expires_at: Date | null;
  expired_url: string | null;
};

/** One query for all slugs, with the zone that dates the clicks. */
export function createLinkLookup(pool: Pool): LinkLookup {
  return async (slugs) => {
    const { rows } = await pool.query<Row>(
      `SELECT l.id, l.slug, l.target, u.time_zone, l.disabled,
              l.password_hash, l.max_clicks, l.clicks_used, l.valid_from, l.expires_at, l.expired_url
       FROM links l JOIN users u ON u.id = l.owner_id WHERE ${inDomain('l.')} AND l.slug = ANY ($1)`,
      [slugs],
    );
    return new Map(
      rows.map((row) => {
        const { id, slug, target, time_zone: timeZone, disabled } = row;
        return [slug, { id, slug, target, timeZone, disabled, rules: rulesOf(row) }];
      }),
    );
  };
}

/** A place for latecomers alone is no rule: nobody is ever late. */
function rulesOf({ password_hash, max_clicks, clicks_used, valid_from, expires_at, expired_url }: Row): LinkRules | null {
  if (password_hash === null && max_clicks === null && valid_from === null && expires_at === null) return null;
  return {
    passwordHash: password_hash,
    maxClicks: max_clicks,
    clicksUsed: clicks_used,
    validFrom: valid_from?.getTime() ?? null,
    expiresAt: expires_at?.getTime() ?? null,
    expiredUrl: expired_url,
  };
}
