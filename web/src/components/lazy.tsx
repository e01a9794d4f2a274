/** A page that few visits see: it is loaded when it is opened. */
import type { ComponentType } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { common } from '../common-words.ts';
import { Notice } from './notice.tsx';
import { Skeleton } from './skeleton.tsx';

/** @param load the same function each time: `import()` of a module, and what of it is the page */
export function Lazy({ load }: { load: () => Promise<ComponentType> }) {
  const [page, setPage] = useState<{ Page: ComponentType } | 'loading' | 'failed'>('loading');
  const start = useCallback(() => {
    setPage('loading');
    load().then(
      (Page) => setPage({ Page }),
      () => setPage('failed'), // the server is away, or has another version by now
    );
  }, [load]);
  useEffect(start, [start]);
  if (page === 'loading') return <Skeleton lines={6} />;
  if (page === 'failed') {
    return (
      <Notice kind="fault">
        {common.value.unreachable}{' '}
        <button type="button" class="button" data-size="small" onClick={start}>
          {common.value.retry}
        </button>
      </Notice>
    );
  }
  return <page.Page />;
}
