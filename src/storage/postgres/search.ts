/** Searching for a part of a text, in capitals or not. The conditions fit the trigram indexes of migrations/0003. */

/** The pattern of ILIKE that finds a text anywhere, taken literally. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Whether a row of `links` has the pattern in its slug or target. @param pattern a placeholder, such as $1 */
export const linkHas = (pattern: string): string => `(slug ILIKE ${pattern} OR target ILIKE ${pattern})`;
