/**
 * Places that all threads of the process share, such as those where passwords are checked: so many work at once, so many wait for so long, the
 * others are refused. Who waits in a thread comes in order; threads compete for the places.
 *
 * Memory: one cell a place (0: free, else the lane that has it + 1), one that moves whenever a place is left, and one a lane: how many wait there.
 */

export type PlacesShape = { places: number; lanes: number };
/** `waitingMax` is over all threads. Whoever waits longer than `patienceMs` would not hear the answer any more: nothing is done for them. */
export type QueueLimits = { waitingMax: number; patienceMs: number };

export type Places = {
  /** @returns null, without calling `work`, when too many wait, or for too long */
  run<T>(work: () => Promise<T>): Promise<{ result: T } | null>;
};

/** Should the word that a place was left ever be missed. */
const LOOK_AGAIN_MS = 1_000;

export const placesMemory = ({ places, lanes }: PlacesShape): SharedArrayBuffer =>
  new SharedArrayBuffer((places + 1 + lanes) * Int32Array.BYTES_PER_ELEMENT);

/** @param lane this thread's own; a thread that starts again with it takes back what its former self had */
export function sharePlaces(
  memory: SharedArrayBuffer,
  { places, lanes }: PlacesShape,
  lane: number,
  { waitingMax, patienceMs }: QueueLimits,
): Places {
  const cells = new Int32Array(memory);
  const [left, firstLane, mine] = [places, places + 1, lane + 1];
  const queue: ((place: number | null) => void)[] = [];
  let isPumping = false;

  for (let place = 0; place < places; place++) {
    if (Atomics.compareExchange(cells, place, mine, 0) === mine) announceLeft();
  }
  sayWaiting();

  function announceLeft(): void {
    Atomics.add(cells, left, 1);
    Atomics.notify(cells, left);
  }

  function take(): number | null {
    for (let place = 0; place < places; place++) {
      if (Atomics.compareExchange(cells, place, 0, mine) === 0) return place;
    }
    return null;
  }

  function sayWaiting(): void {
    Atomics.store(cells, firstLane + lane, queue.length);
  }

  function waiting(): number {
    let sum = 0;
    for (let i = 0; i < lanes; i++) sum += Atomics.load(cells, firstLane + i);
    return sum;
  }

  /** Gives places to who waits, as long as anybody does. */
  async function pump(): Promise<void> {
    if (isPumping) return;
    isPumping = true;
    while (queue.length > 0) {
      const before = Atomics.load(cells, left); // before the look: a place that is left after it moves the cell
      const place = take();
      if (place === null) {
        await Atomics.waitAsync(cells, left, before, LOOK_AGAIN_MS).value;
        continue;
      }
      queue.shift()?.(place);
      sayWaiting();
    }
    isPumping = false;
  }

  async function enter(): Promise<number | null> {
    const place = queue.length === 0 ? take() : null;
    if (place !== null) return place;
    if (waiting() >= waitingMax) return null;
    return new Promise((resolve) => {
      const admit = (given: number | null) => {
        clearTimeout(impatience);
        resolve(given);
      };
      const impatience = setTimeout(() => {
        queue.splice(queue.indexOf(admit), 1);
        sayWaiting();
        resolve(null);
      }, patienceMs);
      queue.push(admit);
      sayWaiting();
      void pump();
    });
  }

  return {
    async run(work) {
      const place = await enter();
      if (place === null) return null;
      try {
        return { result: await work() };
      } finally {
        Atomics.store(cells, place, 0);
        announceLeft();
      }
    },
  };
}
