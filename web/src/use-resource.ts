/** What a page reads from the server: not there yet, there, or refused; what was there stays while it is read again. */
import { useCallback, useEffect, useState } from 'preact/hooks';

export type Resource<T> = { data: T | null; error: unknown; reload: () => void };

/** @param deps read again when one of them changes */
export function useResource<T>(read: (signal: AbortSignal) => Promise<T>, deps: readonly unknown[]): Resource<T> {
  const [state, setState] = useState<{ data: T | null; error: unknown }>({ data: null, error: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    read(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setState({ data, error: null });
      },
      (error) => {
        if (!abort.signal.aborted) setState((before) => ({ ...before, error }));
      },
    );
    return () => abort.abort();
  }, [...deps, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { ...state, reload };
}
