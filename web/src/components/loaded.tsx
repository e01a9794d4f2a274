/** What a resource has: a skeleton until it is there, a fault with a way to try again, and what was there meanwhile. */
import type { ComponentChildren } from 'preact';
import { explain } from '../api/explain.ts';
import { common } from '../common-words.ts';
import type { Resource } from '../use-resource.ts';
import { Notice } from './notice.tsx';
import { Skeleton } from './skeleton.tsx';

type LoadedProps<T> = { resource: Resource<T>; lines?: number; children: (data: T) => ComponentChildren };

export function Loaded<T>({ resource: { data, error, reload }, lines = 6, children }: LoadedProps<T>) {
  return (
    <>
      {error !== null && (
        <Notice kind="fault">
          {explain(error)}{' '}
          <button type="button" class="button" data-size="small" onClick={reload}>
            {common.value.retry}
          </button>
        </Notice>
      )}
      {data !== null ? children(data) : error === null && <Skeleton lines={lines} />}
    </>
  );
}
