/**
 * Remembers what was made of a text: headers repeat, and reading one costs a hundred times what a look-up does.
 *
 * The texts become keys, so they must be strings of their own, as `buffer.toString` makes them: a slice of a larger string would keep
 * all of it in memory.
 */
import { GenerationMap } from '../../core/generation-map.ts';

/**
 * @param make pure; asked once for each text that is not remembered; never undefined
 * @param entries how many texts to remember at most
 */
export function textCache<T extends NonNullable<unknown>>(entries: number, make: (text: string) => T): (text: string) => T {
  const remembered = new GenerationMap<string, T>(entries);
  return (text) => {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const made = make(text);
    remembered.set(text, made);
    return made;
  };
}
