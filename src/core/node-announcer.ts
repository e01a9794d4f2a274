/** Main's side of announcements: what its threads have changed goes to the other nodes, what others have changed moves the cells of this one. */
import { CELLS_MAX, type Cells, moveCells } from './announce.ts';
import type { Bus } from './ports/bus.ts';
import type { LinkVersions } from './shared.ts';

/** Announcements that are waited for at the same time. What comes meanwhile is gathered into the next one, so that a flood is few messages. */
const UNDER_WAY_MAX = 8;

export type NodeAnnouncer = {
  /** Settles when every other node has moved these cells, or the bus has waited long enough. Never rejects. */
  announce(cells: Cells): Promise<void>;
  /** Tells the others, as soon as they can be told again, that they have missed something. */
  tick(): void;
};

export function createNodeAnnouncer(bus: Bus, versions: LinkVersions): NodeAnnouncer {
  /** Whether something has changed that could not be said. */
  let hasKeptQuiet = false;

  versions.setDeaf(!bus.isUp());
  bus.on('changed', ({ cells }) => moveCells(versions, cells));
  bus.on('missed', () => versions.expireAll());
  bus.onLost(() => versions.setDeaf(true));
  bus.onUp(() => {
    versions.expireAll(); // the others may have said something meanwhile
    versions.setDeaf(false);
    confess();
  });

  function confess(): void {
    if (!hasKeptQuiet || !bus.isUp()) return;
    hasKeptQuiet = false;
    void bus.deliver({ type: 'missed' }).then((outcome) => {
      hasKeptQuiet ||= outcome === 'failed';
    });
  }

  return {
    announce: gathering(async (cells) => {
      const outcome = await bus.deliver({ type: 'changed', cells });
      hasKeptQuiet ||= outcome === 'failed';
    }),
    tick: confess,
  };
}

type Gathered = { cells: Cells; done: PromiseWithResolvers<void> };

/** @param deliver never rejects */
function gathering(deliver: (cells: Cells) => Promise<void>): (cells: Cells) => Promise<void> {
  let underWay = 0;
  let next: Gathered | null = null;

  function start({ cells, done }: Gathered): void {
    underWay++;
    void deliver(cells).then(() => {
      underWay--;
      done.resolve();
      if (next === null) return;
      const following = next;
      next = null;
      start(following);
    });
  }

  return (cells) => {
    if (next !== null) next.cells = together(next.cells, cells);
    else next = { cells, done: Promise.withResolvers() };
    const { done } = next;
    if (underWay < UNDER_WAY_MAX) {
      start(next);
      next = null;
    }
    return done.promise;
  };
}

function together(some: Cells, more: Cells): Cells {
  if (some === 'all' || more === 'all') return 'all';
  const cells = new Set([...some, ...more]);
  return cells.size > CELLS_MAX ? 'all' : [...cells];
}
