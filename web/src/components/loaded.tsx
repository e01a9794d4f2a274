/** What a resource has: a skeleton until it is there, a fault with a way to try again, and what was there meanwhile. */
import type { ComponentChildren } from 'preact';
import type { Resource } from '../use-resource.ts';
import { Fault } from './fault.tsx';
import { Skeleton } from './skeleton.tsx';

type LoadedProps<T> = { resource: Resource<T>; lines?: number; kind?: string; children: (data: T) => ComponentChildren };

export function Loaded<T>({ resource: { data, error, reload }, lines = 6, kind, children }: LoadedProps<T>) {
  return (
    <>
      {error !== null && <Fault error={error} onRetry={reload} />}
      {data !== null ? children(data) : error === null && <Skeleton lines={lines} {...(kind === undefined ? {} : { kind })} />}
    </>
  );
}
