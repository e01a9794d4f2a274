/** Links of a file, some at a time, within what the account may have. */
import { Failure } from '../../core/failure.ts';
import type { ImportMode, ImportOutcome } from '../../core/link-import.ts';
import type { NewLink, OwnedLink, RefusedLink } from '../../core/ports/links.ts';
import type { Quotas } from '../../core/quota.ts';
import { roomFor } from './allowance.ts';
import { announceLinks } from './link-news.ts';
import { insertLinks, judgeLinks } from './links-bulk.ts';
import type { PoolClient } from './pool.ts';

export type Importer = {
  /** @returns a Failure when the account may not make links at all */
  importInto(
    client: PoolClient,
    ownerId: number,
    links: readonly (NewLink | RefusedLink)[],
    mode: ImportMode,
  ): Promise<ImportOutcome[] | Failure>;
};

/** @param randomBytes a cryptographic source */
export function createImporter(randomBytes: (n: number) => Uint8Array, quotas: Quotas): Importer {
  return {
    async importInto(client, ownerId, links, { rehearsal }) {
      const room = await roomFor(client, ownerId, quotas);
      if (room instanceof Failure) return room;
      if (rehearsal !== null) return judgeLinks(client, links, room, rehearsal);
      const outcomes = await insertLinks(client, ownerId, links, room, randomBytes);
      const made = outcomes.filter((outcome): outcome is OwnedLink => !('code' in outcome));
      await announceLinks(
        client,
        made.map(({ slug }) => slug),
      );
      return outcomes.map((outcome) => ('code' in outcome ? outcome : 'made'));
    },
  };
}
