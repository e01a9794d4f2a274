/** A page whose code is loaded when it is shown for the first time. */
import type { ComponentType } from 'preact';
import { UnreachableError } from '../api/client.ts';
import { useResource } from '../use-resource.ts';
import { Loaded } from './loaded.tsx';

/** @param load the same function each time */
export function Later({ load }: { load: () => Promise<{ Page: ComponentType }> }) {
  const code = useResource(
    () =>
      load().catch((cause) => {
        throw new UnreachableError('the code of this page cannot be loaded', { cause });
      }),
    [load],
  );
  return <Loaded resource={code}>{({ Page }) => <Page />}</Loaded>;
}
