/** Lists that are read page by page. */

/** Some of a list: `next` continues it, see `Cursor`. */
export type Slice<T> = { data: T[]; next: Cursor | null };
/** The last of a page, by what the list is sorted by and the id. */
export type Cursor = { key: string | number; id: number };
