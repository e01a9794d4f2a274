/**
 * A map that forgets what is not asked for, bounded by two generations: what is asked for moves to the young one; when that is
 * full it becomes the old one, and what nobody asked for during a whole generation is gone.
 * A hit in the young generation writes nothing (an LRU in a Map deletes and sets at every hit).
 */
/** What of a Map a generation needs. */
export type GenerationStore<K, V> = {
  readonly size: number;
  has(key: K): boolean;
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
  delete(key: K): unknown;
};

export class GenerationMap<K, V> {
  readonly #generation: number;
  readonly #makeStore: () => GenerationStore<K, V>;
  #young: GenerationStore<K, V>;
  #old: GenerationStore<K, V>;

  /**
   * @param entries how many to hold at most, at least 2
   * @param makeStore what holds a generation
   */
  constructor(entries: number, makeStore: () => GenerationStore<K, V> = () => new Map()) {
    this.#generation = Math.max(1, entries >>> 1);
    this.#makeStore = makeStore;
    this.#young = makeStore();
    this.#old = makeStore();
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#renew(key);
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#generation && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = this.#makeStore();
    }
    this.#young.set(key, value);
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Entries at hand; one that stands in both generations is counted twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #renew(key: K): V | undefined {
    const value = this.#old.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }
}
