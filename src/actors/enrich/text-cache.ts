/**
 * Remembers what was made of a text: headers repeat, and reading one costs a hundred times what a look-up does.
 *
 * Bounded by two generations: what is asked for moves to the young one; when that is full it becomes the old one, and what nobody asked for
 * during a whole generation is gone. A hit in the young generation writes nothing (an LRU in a Map deletes and sets at every hit).
 *
 * The texts become keys, so they must be strings of their own, as `buffer.toString` makes them: a slice of a larger string would keep
 * all of it in memory.
 */

/**
 * @param make pure; asked once for each text that is not remembered
 * @param entries how many texts to remember at most
 */
export function textCache<T>(entries: number, make: (text: string) => T): (text: string) => T {
  const generation = Math.max(1, entries >>> 1);
  let young = new Map<string, T>();
  let old = new Map<string, T>();

  function renew(text: string): T {
    const remembered = old.get(text);
    const value = remembered === undefined ? make(text) : remembered;
    if (young.size >= generation) {
      old = young;
      young = new Map();
    }
    young.set(text, value);
    return value;
  }

  return (text) => {
    const value = young.get(text);
    return value === undefined ? renew(text) : value;
  };
}
