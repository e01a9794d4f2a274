/** Numbers the pairs (link, day) in the order of first appearance: an open-addressing hash table in typed arrays. */
const FIRST_SIZE = 1 << 12;
const EMPTY = -1;

export class CellTable {
  size = 0;
  #slots = new Int32Array(FIRST_SIZE * 2).fill(EMPTY);
  #links = new Float64Array(FIRST_SIZE);
  #days = new Int32Array(FIRST_SIZE);

  number(linkId: number, day: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(linkId, day) & mask;
    for (let cell = this.#slots[slot]; cell !== EMPTY; cell = this.#slots[slot]) {
      if (this.#links[cell] === linkId && this.#days[cell] === day) return cell;
      slot = (slot + 1) & mask;
    }
    if (this.size === this.#links.length) {
      this.#grow();
      return this.number(linkId, day);
    }
    this.#slots[slot] = this.size;
    this.#links[this.size] = linkId;
    this.#days[this.size] = day;
    return this.size++;
  }

  linkId(cell: number): number {
    return this.#links[cell];
  }

  day(cell: number): number {
    return this.#days[cell];
  }

  /** The cells' numbers sorted by link, then day. */
  order(): Int32Array {
    return Int32Array.from({ length: this.size }, (_, i) => i).sort(
      (a, b) => this.#links[a] - this.#links[b] || this.#days[a] - this.#days[b],
    );
  }

  #grow(): void {
    const links = new Float64Array(this.#links.length * 2);
    links.set(this.#links);
    this.#links = links;
    const days = new Int32Array(links.length);
    days.set(this.#days);
    this.#days = days;
    this.#slots = new Int32Array(links.length * 2).fill(EMPTY);
    const mask = this.#slots.length - 1;
    for (let cell = 0; cell < this.size; cell++) {
      let slot = hash(links[cell], days[cell]) & mask;
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#slots[slot] = cell;
    }
  }
}

function hash(linkId: number, day: number): number {
  const mixed = Math.imul((linkId >>> 0) ^ Math.imul(day, 0x9e3779b1) ^ Math.floor(linkId / 4_294_967_296), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
