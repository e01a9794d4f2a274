/** The live feed: what its clients and the server say to each other, and what it needs of the store. All of it is described in docs/api.md. */
import type { LinkFigures } from './ports/stats.ts';

/** Links that one socket follows at most; of all links of an owner the newest. */
export const LIVE_LINKS_MAX = 1_000;
const TOKEN_MAX_LENGTH = 4_096;

export type LiveFigures = LinkFigures & { hours: number[] };

/** A click that has just come, in the words of statistics. `repeat`: certainly one; whether others are is only known with the store. */
export type LiveClick = { country: string; device: string; os: string; browser: string; referrer: string; repeat: boolean };
/** As a shard tells it. */
export type MovedClick = LiveClick & { linkId: number; at: number };

type LiveLinks = Record<string, LiveFigures>;
export type LiveMessage =
  | { type: 'snapshot'; seq: number; links: LiveLinks }
  /** `gone`: slugs that are followed no longer. */
  | { type: 'delta'; seq: number; links: LiveLinks; gone?: string[]; clicks: (LiveClick & { at: string; slug: string })[] };

/** Which links a socket follows: all of its owner's, or some by their slugs. */
export type LiveWish = 'all' | ReadonlySet<string>;
export type LiveRequest = { type: 'auth'; token: string } | { type: 'subscribe'; links: LiveWish };

/** Why the server closes a socket: RFC 6455, 7.4; from 4000 on they are this feed's own and end like the HTTP status they stand for. */
export const LIVE_CLOSE = {
  stopping: { code: 1001, reason: 'this server is stopping: connect again' },
  away: { code: 1013, reason: 'the store is away: try again later' },
  malformed: { code: 4400, reason: 'this message is none that is known here' },
  unauthenticated: { code: 4401, reason: 'the token or key is not valid, or not valid any more' },
  forbidden: { code: 4403, reason: 'the key has no scope stats:read' },
  silent: { code: 4408, reason: 'no token came in time' },
  tooMany: { code: 4429, reason: 'too many messages, or too many sockets of this account' },
} as const;
export type LiveClose = keyof typeof LIVE_CLOSE;

/** @returns null for what is no request */
export function readLiveRequest(text: string): LiveRequest | null {
  const fields = fieldsOf(text);
  if (fields === null) return null;
  const { type, token, links, since } = fields;
  if (type === 'auth') return typeof token === 'string' && token.length <= TOKEN_MAX_LENGTH ? { type, token } : null;
  if (type !== 'subscribe' || (since !== undefined && since !== null && !Number.isSafeInteger(since))) return null;
  if (links === 'all') return { type, links };
  return areSlugs(links) ? { type, links: new Set(links) } : null;
}

const areSlugs = (links: unknown): links is string[] =>
  Array.isArray(links) && links.length <= LIVE_LINKS_MAX && links.every((slug) => typeof slug === 'string' && !slug.includes('\0'));

function fieldsOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null; // no JSON
  }
}

export type LiveLink = { id: number; slug: string };

export type LiveStore = {
  /** Those of an owner's links that are wished for, LIVE_LINKS_MAX at most. */
  links(ownerId: number, wish: LiveWish): Promise<LiveLink[]>;
  /** The slugs that links have now; those that are gone are not in it. */
  slugs(linkIds: readonly number[]): Promise<Map<number, string>>;
  /** Of some owners, links that were made after the last question, perhaps some from before. The first question finds none. */
  newLinks(ownerIds: readonly number[]): Promise<(LiveLink & { ownerId: number })[]>;
  /** Accounts that are there and not banned. */
  accounts(ids: readonly number[]): Promise<Map<number, { publicId: string; timeZone: string }>>;
  /** Of some links, those with clicks that other nodes have stored since the last question. The first question finds none. */
  movedElsewhere(linkIds: readonly number[]): Promise<number[]>;
};

/** As of now, of links of any owners; `timeZone` is the owner's. */
export type ReadLiveFigures = (links: readonly { id: number; timeZone: string }[]) => Promise<Map<number, LiveFigures>>;
