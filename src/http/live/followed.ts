/** The links that sockets of this front follow, each once, with the figures that were read last. */
import type { LiveLink, MovedClick } from '../../core/live.ts';
import type { LinkVersions } from '../../core/shared.ts';
import type { Follower } from './follower.ts';

/** Clicks of a link that are kept until its figures have been read. */
const CLICKS_MAX = 20;

export type Followed = {
  readonly id: number;
  readonly ownerId: number;
  slug: string;
  /** The figures as they stand in a message, with the slug; '': not read yet. */
  json: string;
  readAt: number;
  /** Where edits of the link are noticed (core/shared.ts). */
  cell: number;
  version: number;
  followers: Set<Follower>;
  /** Clicks since the figures were read. */
  clicks: MovedClick[];
};

/** Tells the shards which links are followed. */
export type ShardWatch = { watch(linkIds: readonly number[]): void; unwatch(linkIds: readonly number[]): void };

export type FollowedLinks = {
  /** What is to be read. */
  due: Set<number>;
  get(id: number): Followed | undefined;
  ids(): number[];
  follow(follower: Follower, links: readonly LiveLink[]): void;
  unfollow(follower: Follower, ids: Iterable<number>): void;
  moved(ids: readonly number[], clicks: readonly MovedClick[]): void;
  allMoved(): void;
  /** Makes those due that were edited, or were read before a moment. */
  look(before: number): void;
};

export function createFollowedLinks(versions: LinkVersions, shards: ShardWatch): FollowedLinks {
  const links = new Map<number, Followed>();
  const due = new Set<number>();

  function add({ id, slug }: LiveLink, ownerId: number): Followed {
    const cell = versions.cell(slug);
    const version = versions.read(cell);
    const it: Followed = { id, ownerId, slug, json: '', readAt: 0, cell, version, followers: new Set(), clicks: [] };
    links.set(id, it);
    due.add(id);
    return it;
  }

  return {
    due,
    get: (id) => links.get(id),
    ids: () => [...links.keys()],
    follow(follower, wanted) {
      const added = wanted.filter(({ id }) => !links.has(id)).map(({ id }) => id);
      for (const link of wanted) {
        (links.get(link.id) ?? add(link, follower.ownerId)).followers.add(follower);
        follower.links.add(link.id);
      }
      if (added.length > 0) shards.watch(added); // before the figures are asked for, on the same way: nothing is missed in between
    },
    unfollow(follower, ids) {
      const left: number[] = [];
      for (const id of ids) {
        follower.links.delete(id);
        const it = links.get(id);
        it?.followers.delete(follower);
        if (it?.followers.size !== 0) continue;
        links.delete(id);
        due.delete(id);
        left.push(id);
      }
      if (left.length > 0) shards.unwatch(left);
    },
    moved(ids, clicks) {
      for (const id of ids) if (links.has(id)) due.add(id);
      for (const click of clicks) {
        const kept = links.get(click.linkId)?.clicks;
        if (kept !== undefined && kept.push(click) > CLICKS_MAX) kept.shift();
      }
    },
    allMoved() {
      for (const id of links.keys()) due.add(id);
    },
    look(before) {
      for (const it of links.values()) {
        const version = versions.read(it.cell);
        if (version === it.version && it.readAt >= before) continue;
        it.version = version;
        due.add(it.id);
      }
    },
  };
}
