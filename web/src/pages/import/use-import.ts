/** How far an import is, asked again and again until it is over. */
import { useEffect, useState } from 'preact/hooks';
import type { LinkImportReply } from '../../../../src/core/api/imports.ts';
import { ask, UnreachableError } from '../../api/client.ts';

const POLL_MS = 500;
const RETRY_MS = 2_000;

export type WatchedImport = { it: LinkImportReply | null; error: unknown; put: (it: LinkImportReply) => void };

export const isOver = ({ state }: Pick<LinkImportReply, 'state'>): boolean => !['uploading', 'waiting', 'running'].includes(state);

export function useImport(id: number): WatchedImport {
  const [it, setIt] = useState<LinkImportReply | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (): Promise<void> => {
      try {
        const now = await ask<LinkImportReply>('GET', `imports/${id}`, { signal: abort.signal });
        setIt(now);
        setError(null);
        if (!isOver(now)) timer = setTimeout(read, POLL_MS);
      } catch (cause) {
        if (abort.signal.aborted) return;
        setError(cause);
        if (cause instanceof UnreachableError) timer = setTimeout(read, RETRY_MS); // it goes on meanwhile
      }
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [id]);
  return { it, error, put: setIt };
}
