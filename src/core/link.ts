/**
 * A link as the redirect knows it, and what becomes of a visit. The rules are asked in a fixed order:
 * switched off → window → clicks left → password → a click is taken from the limit (by whoever keeps the count: `ClickLimits` in ports.ts).
 * So a visitor never types a password for a link that leads nowhere, and a wrong one never costs a click.
 */

/** What the link table holds of one link. */
export type Link = {
  id: number;
  slug: string;
  /** `URL.href`: no CR or LF can be in it, so it may be written to a header as it stands. */
  target: string;
  /** The owner's IANA zone: clicks are dated by the owner's calendar. */
  timeZone: string;
  disabled: boolean;
  /** Null for a plain link, which most are: nothing more is asked then. */
  rules: LinkRules | null;
  /** It leads to a host that is blocked; then it counts as disabled, too, so that the redirect has one thing less to ask. */
  blocked?: true;
};

/** At least one of password, limit and window is set. Times in milliseconds since the epoch. */
export type LinkRules = {
  /** A PHC string. A new password has a new one, even when it is the same word: what was unlocked with the old one is locked again. */
  passwordHash: string | null;
  maxClicks: number | null;
  /** As far as is known (see `noteUsedUp`). It only grows: a link that was used up still is, until an edit raises the limit. */
  clicksUsed: number;
  /** First moment at which the link leads on. */
  validFrom: number | null;
  /** First moment at which it does not any more. */
  expiresAt: number | null;
  /** Where visitors go who come too late, as `URL.href`; null: they get a page. Those who come too early always get a page. */
  expiredUrl: string | null;
};

/** A link that somebody made without an account: no owner, no statistics, no rules. `target` as in `Link`. */
export type GuestLink = { slug: string; target: string };

/** The id of every guest link: no row of the store has it. */
export const GUEST_ID = 0;

/** A guest link as the link table holds it: one without rules, whose clicks nobody asks for. */
export const linkOfGuest = ({ slug, target }: GuestLink): Link => ({
  id: GUEST_ID,
  slug,
  target,
  timeZone: 'UTC',
  disabled: false,
  rules: null,
});

export type Visit = {
  /** The visitor has given the link's password, in this request or not long ago. */
  isUnlocked: boolean;
  /** Only looks at where the link leads (HEAD, a program that draws previews of links): takes no click of a limit. */
  isPreview: boolean;
};

export type Decision =
  | Settled
  /** To `target` if the link's limit grants a click. @param otherwise what the visitor gets when none is left */
  | { kind: 'limited'; link: Link; target: string; otherwise: Settled };

export type Settled =
  | { kind: 'redirect'; target: string }
  /** A look at a link with a limit: it is told that there is one, not where it leads. */
  | { kind: 'preview' }
  | { kind: 'password' }
  /** Too late, and the owner has a place for those. */
  | { kind: 'elsewhere'; target: string; reason: 'expired' | 'exhausted' }
  /** @param at when the link begins or ended, in milliseconds since the epoch */
  | { kind: 'outside'; reason: 'scheduled' | 'expired'; at: number }
  | { kind: 'refuse'; reason: RefusalReason };

export type RefusalReason = 'unknown' | 'disabled' | 'blocked' | 'exhausted';

const unknown: Settled = { kind: 'refuse', reason: 'unknown' };
const disabled: Settled = { kind: 'refuse', reason: 'disabled' };
const blocked: Settled = { kind: 'refuse', reason: 'blocked' };

/**
 * What a visitor of a link gets. Pure: rules extend the link's data and this function, never the handler.
 * @param link null when there is none with this slug
 * @param now milliseconds since the epoch
 */
export function decide(link: Link | null, visit: Visit, now: number): Decision {
  if (link === null) return unknown;
  if (link.blocked) return blocked;
  if (link.disabled) return disabled;
  const { rules, target } = link;
  if (rules === null) return { kind: 'redirect', target };
  if (rules.validFrom !== null && now < rules.validFrom) return { kind: 'outside', reason: 'scheduled', at: rules.validFrom };
  if (rules.expiresAt !== null && now >= rules.expiresAt) return expired(rules.expiresAt, rules.expiredUrl);
  if (rules.maxClicks !== null && rules.clicksUsed >= rules.maxClicks) return usedUp(rules.expiredUrl);
  if (rules.passwordHash !== null && !visit.isUnlocked) return { kind: 'password' };
  if (rules.maxClicks === null) return { kind: 'redirect', target };
  return visit.isPreview ? { kind: 'preview' } : { kind: 'limited', link, target, otherwise: usedUp(rules.expiredUrl) };
}

const expired = (at: number, expiredUrl: string | null): Settled =>
  expiredUrl === null ? { kind: 'outside', reason: 'expired', at } : { kind: 'elsewhere', target: expiredUrl, reason: 'expired' };

const usedUp = (expiredUrl: string | null): Settled =>
  expiredUrl === null ? { kind: 'refuse', reason: 'exhausted' } : { kind: 'elsewhere', target: expiredUrl, reason: 'exhausted' };

/**
 * No click was left for a visitor of this link: it is remembered with the link, so that the next ones need not be asked for. An edit makes the
 * link be looked up again.
 */
export function noteUsedUp({ rules }: Link): void {
  if (rules !== null && rules.maxClicks !== null) rules.clicksUsed = Math.max(rules.clicksUsed, rules.maxClicks);
}

/** A link as its owner is shown it. */
export const LINK_STATES = ['active', 'scheduled', 'expired', 'exhausted', 'disabled'] as const;
export type LinkState = (typeof LINK_STATES)[number];

/** What an owner is shown of a link's rules: never the password. */
export type RulesShown = {
  hasPassword: boolean;
  maxClicks: number | null;
  clicksLeft: number | null;
  /** ISO 8601 in UTC, as `expiresAt`. */
  validFrom: string | null;
  expiresAt: string | null;
  expiredUrl: string | null;
  state: LinkState;
};

type OwnedRules = Omit<LinkRules, 'passwordHash'> & { hasPassword: boolean; disabled: boolean };

/** @param now milliseconds since the epoch: the state is that of this moment */
export const showRules = (rules: OwnedRules, now: number): RulesShown => ({
  hasPassword: rules.hasPassword,
  maxClicks: rules.maxClicks,
  clicksLeft: rules.maxClicks === null ? null : Math.max(0, rules.maxClicks - rules.clicksUsed),
  validFrom: rules.validFrom === null ? null : new Date(rules.validFrom).toISOString(),
  expiresAt: rules.expiresAt === null ? null : new Date(rules.expiresAt).toISOString(),
  expiredUrl: rules.expiredUrl,
  state: stateOf(rules, now),
});

/** What `decide` would find first. */
function stateOf({ disabled, validFrom, expiresAt, maxClicks, clicksUsed }: OwnedRules, now: number): LinkState {
  if (disabled) return 'disabled';
  if (validFrom !== null && now < validFrom) return 'scheduled';
  if (expiresAt !== null && now >= expiresAt) return 'expired';
  return maxClicks !== null && clicksUsed >= maxClicks ? 'exhausted' : 'active';
}
