/** Links as the table has them and as their owners see them. */
import type { OwnedLink } from '../../core/ports/links.ts';

export const COLUMNS =
  'id, slug, target, title, tags, disabled, password_hash IS NOT NULL AS has_password, max_clicks, clicks_used, valid_from, expires_at, ' +
  'expired_url, version, created_at, updated_at';

export type LinkRow = {
  id: number;
  slug: string;
  target: string;
  title: string | null;
  tags: string[];
  disabled: boolean;
  has_password: boolean;
  max_clicks: number | null;
  clicks_used: number;
  valid_from: Date | null;
  expires_at: Date | null;
  expired_url: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
};

export const linkOf = ({ id, slug, title, tags, disabled, version, ...row }: LinkRow): OwnedLink => ({
  id,
  slug,
  url: row.target,
  title,
  tags,
  disabled,
  hasPassword: row.has_password,
  maxClicks: row.max_clicks,
  clicksUsed: row.clicks_used,
  validFrom: row.valid_from?.getTime() ?? null,
  expiresAt: row.expires_at?.getTime() ?? null,
  expiredUrl: row.expired_url,
  version,
  createdAt: row.created_at.getTime(),
  updatedAt: row.updated_at.getTime(),
});

export const dateOf = (ms: number | null | undefined): Date | null => (typeof ms === 'number' ? new Date(ms) : null);
