/** Numbers texts by their UTF-8 bytes, without making a string for one that was there before. */
const FIRST_SIZE = 1 << 10;
const EMPTY = -1;
const decoder = new TextDecoder();

export class WordTable {
  #slots = new Int32Array(FIRST_SIZE * 2).fill(EMPTY);
  readonly #hashes: number[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #words: string[] = [];

  number(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5; // FNV-1a
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    let slot = hash & (this.#slots.length - 1);
    for (let word = this.#slots[slot]; word !== EMPTY; word = this.#slots[slot]) {
      if (this.#hashes[word] === hash && this.#isSame(word, bytes, start, end)) return word;
      slot = (slot + 1) & (this.#slots.length - 1);
    }
    const copy = bytes.slice(start, end);
    this.#slots[slot] = this.#words.length;
    this.#hashes.push(hash);
    this.#bytes.push(copy);
    this.#words.push(decoder.decode(copy));
    if (this.#words.length * 2 > this.#slots.length) this.#grow();
    return this.#words.length - 1;
  }

  word(number: number): string {
    return this.#words[number];
  }

  #isSame(word: number, bytes: Uint8Array, start: number, end: number): boolean {
    const known = this.#bytes[word];
    if (known.length !== end - start) return false;
    for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
    return true;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(EMPTY);
    for (let word = 0; word < this.#words.length; word++) {
      let slot = this.#hashes[word] & (this.#slots.length - 1);
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & (this.#slots.length - 1);
      this.#slots[slot] = word;
    }
  }
}
