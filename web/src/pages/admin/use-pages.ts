/** A list that is read page by page. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../../api/client.ts';

type Page<T> = { data: T[]; nextCursor: string | null };

export type Pages<T, P = Page<T>> = {
  /** Null until the first page is there. */
  items: readonly T[] | null;
  /** What came first, with whatever else it says. */
  first: P | null;
  error: unknown;
  hasMore: boolean;
  more(): void;
  reload(): void;
  /** Shows items as they are after a change here. */
  change(items: (before: readonly T[]) => readonly T[]): void;
};

/** @param path with its query, without cursor; the list begins anew when it changes */
export function usePages<T, P extends Page<T> = Page<T>>(path: string): Pages<T, P> {
  const [first, setFirst] = useState<P | null>(null);
  const [items, setItems] = useState<readonly T[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const latest = useRef(path);
  latest.current = path;

  const read = async (after: string | null, before: readonly T[]) => {
    try {
      const page = await ask<P>('GET', after === null ? path : `${path}&cursor=${encodeURIComponent(after)}`);
      if (latest.current !== path) return; // another list is shown by now
      if (after === null) setFirst(page);
      setItems([...before, ...page.data]);
      setCursor(page.nextCursor);
      setError(null);
    } catch (refusal) {
      if (latest.current === path) setError(refusal);
    }
  };
  useEffect(() => void read(null, []), [path]);
  return {
    items,
    first,
    error,
    hasMore: cursor !== null,
    more: () => void read(cursor, items ?? []),
    reload: () => void read(null, []),
    change: (change) => setItems(change(items ?? [])),
  };
}
