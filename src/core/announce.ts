/**
 * How a change reaches whoever has something cached. After the commit and before the answer:
 *  1. the cells of what has changed move in this node's shared memory: from then on no thread of it uses what it has cached (shared.ts);
 *  2. where there are other nodes, main tells them (bus.ts), and they move the same cells; whoever has made the change waits until they have,
 *     or until main says that it has waited long enough.
 */
import type { LinkVersions } from './shared.ts';

/** Cells that have moved; `all` also stands for more than are worth naming. */
export type Cells = readonly number[] | 'all';

export type Announcer = {
  /**
   * Effective in every thread of this node when it returns, on every node when it settles. Never rejects.
   * @param names slugs, and names of other things that are cached, such as `keyName` of a key
   */
  changed(names: Iterable<string>): Promise<void>;
  /** The same of everything that is cached, for a change that may concern any link. */
  everythingChanged(): Promise<void>;
};

/** An announcer of one thread. `settle` is for main's answers. */
export type ThreadAnnouncer = Announcer & { settle(id: number): void };

/** More cells than this are `all`: looking everything up again is little against so many edits. */
export const CELLS_MAX = 4_096;

/** Moves cells of this node, however many. */
export function moveCells(versions: LinkVersions, cells: Cells): void {
  if (cells === 'all') versions.bumpAll();
  else for (const cell of cells) versions.bumpCell(cell);
}

/** @param tellMain hands the cells on, which main answers by the id; null: there are no other nodes */
export function threadAnnouncer(versions: LinkVersions, tellMain: ((id: number, cells: Cells) => void) | null): ThreadAnnouncer {
  const waiting = new Map<number, () => void>();
  let lastId = 0;

  function announce(cells: Cells): Promise<void> {
    moveCells(versions, cells);
    if (tellMain === null || cells.length === 0) return Promise.resolve();
    const id = ++lastId;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      tellMain(id, cells);
    });
  }

  return {
    changed(names) {
      const cells = new Set<number>();
      for (const name of names) cells.add(versions.cell(name));
      return announce(cells.size > CELLS_MAX ? 'all' : [...cells]);
    },
    everythingChanged: () => announce('all'),
    settle(id) {
      waiting.get(id)?.();
      waiting.delete(id);
    },
  };
}
