/**
 * The visitors that a shard has seen lately, in fixed memory: most repeats are known here and never asked of Postgres.
 *
 * A set-associative table: a visitor's number picks one set of WAYS places, the one used longest ago makes room. It may forget, and then
 * says "not seen"; it never says "seen" wrongly, because all 64 bits are compared, and link and day are part of the number (visitor.ts).
 * Numbers are keyed hashes, so nobody can aim at one set.
 */

/** A set is 64 bytes: one line of the processor's cache. */
const WAYS = 8;
const CELLS = WAYS * 2;

/**
 * @param capacity visitors to remember, a power of two ≥ 8; each takes 8 bytes
 * @returns (hi, lo) → true when this visitor was here before; remembers it
 * @throws RangeError when the capacity is no such power of two
 */
export function recentVisitors(capacity: number): (hi: number, lo: number) => boolean {
  if (capacity < WAYS || !Number.isInteger(Math.log2(capacity))) throw new RangeError(`no power of two ≥ ${WAYS}: ${capacity}`);
  const cells = new Int32Array(capacity * 2);
  const setMask = capacity / WAYS - 1;

  return (hi, lo) => {
    if ((hi | lo) === 0) return false; // what an empty place looks like; such a visitor is asked of Postgres each time
    const first = (lo & setMask) * CELLS;
    let at = first;
    const last = first + CELLS - 2;
    while (at < last && (cells[at] !== hi || cells[at + 1] !== lo)) at += 2;
    const seen = cells[at] === hi && cells[at + 1] === lo;
    // The set is in the order of last use: this visitor to the front, those before it one place back.
    for (; at > first; at -= 2) {
      cells[at] = cells[at - 2];
      cells[at + 1] = cells[at - 1];
    }
    cells[first] = hi;
    cells[first + 1] = lo;
    return seen;
  };
}
