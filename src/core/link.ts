/** A link as the redirect knows it, and what becomes of a visit. */

/** What the link table holds of one link. */
export type Link = {
  id: number;
  slug: string;
  /** `URL.href`: no CR or LF can be in it, so it may be written to a header as it stands. */
  target: string;
  /** The owner's IANA zone: clicks are dated by the owner's calendar. */
  timeZone: string;
  disabled: boolean;
};

export type RefusalReason = 'unknown' | 'disabled';

export type Decision = { kind: 'redirect'; target: string } | { kind: 'refuse'; reason: RefusalReason };

const unknown: Decision = { kind: 'refuse', reason: 'unknown' };
const disabled: Decision = { kind: 'refuse', reason: 'disabled' };

/**
 * What a visitor of a link gets. Pure: rules extend the link's data and this function, never the handler.
 * @param link null when there is none with this slug
 */
export function decide(link: Link | null): Decision {
  if (link === null) return unknown;
  if (link.disabled) return disabled;
  return { kind: 'redirect', target: link.target };
}
