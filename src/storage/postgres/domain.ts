/**
 * Links are found by domain and slug. One domain is in use, and this is the one place that knows it: the default of the column `domain`, which
 * inserts leave out. With several, it becomes a parameter of whoever asks by slug.
 */

/** @param table the alias of `links`, with its dot */
export const inDomain = (table = ''): string => `${table}domain = ''`;
