/** What every list of the administration has: skeleton, fault, nothing found, more. */
import type { ComponentChildren } from 'preact';
import { explain } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { Notice } from '../../components/notice.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import type { Pages } from './use-pages.ts';
import { admin } from './words.ts';

export function PageList<T>({ pages, empty, children }: { pages: Pages<T>; empty: string; children: ComponentChildren }) {
  if (pages.error !== null) {
    return (
      <Notice kind="fault">
        {explain(pages.error)}{' '}
        <button type="button" class="button" data-size="small" onClick={pages.reload}>
          {common.value.retry}
        </button>
      </Notice>
    );
  }
  if (pages.items === null) return <Skeleton lines={6} />;
  if (pages.items.length === 0) return <p class="card soft">{empty}</p>;
  return (
    <>
      {children}
      {pages.hasMore && (
        <button type="button" class="button admin-more" onClick={pages.more}>
          {admin.value.more}
        </button>
      )}
    </>
  );
}
