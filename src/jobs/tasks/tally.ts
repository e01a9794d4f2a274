/** Counts small integers (negative ones too) in typed arrays, and forgets them in time proportional to how many there were. */
const FIRST_SIZE = 1024;

export class Tally {
  /** Number n is counted at 2n, or at −2n − 1 when negative. */
  #counts = new Int32Array(FIRST_SIZE);
  #touched = new Int32Array(FIRST_SIZE);
  #distinct = 0;

  add(n: number): void {
    const at = n >= 0 ? n * 2 : -n * 2 - 1;
    if (at >= this.#counts.length) this.#grow(at);
    if (this.#counts[at]++ === 0) this.#touched[this.#distinct++] = n;
  }

  /** Hands out every number with its count, in the order of first appearance, and starts anew. */
  drain(visit: (n: number, count: number) => void): void {
    for (let i = 0; i < this.#distinct; i++) {
      const n = this.#touched[i];
      const at = n >= 0 ? n * 2 : -n * 2 - 1;
      visit(n, this.#counts[at]);
      this.#counts[at] = 0;
    }
    this.#distinct = 0;
  }

  #grow(at: number): void {
    const size = Math.max(this.#counts.length * 2, at + 1);
    const counts = new Int32Array(size);
    counts.set(this.#counts);
    this.#counts = counts;
    const touched = new Int32Array(size);
    touched.set(this.#touched.subarray(0, this.#distinct));
    this.#touched = touched;
  }
}
