/** A resource that is read again by itself, some time after each answer, while the page is looked at. */
import { useEffect } from 'preact/hooks';
import { type Resource, useResource } from './use-resource.ts';

/** @param deps as of `useResource` */
export function usePolled<T>(read: (signal: AbortSignal) => Promise<T>, deps: readonly unknown[], everyMs: number): Resource<T> {
  const resource = useResource(read, deps);
  const { data, error, reload } = resource;
  useEffect(() => {
    const readIfSeen = () => {
      if (!document.hidden) reload();
    };
    const timer = setTimeout(readIfSeen, everyMs);
    document.addEventListener('visibilitychange', readIfSeen);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', readIfSeen);
    };
  }, [data, error, reload, everyMs]);
  return resource;
}
