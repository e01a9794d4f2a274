/** What the tab says. */
import { useEffect } from 'preact/hooks';

export function usePageTitle(title: string | null): void {
  useEffect(() => {
    document.title = title === null ? 'elnk' : `${title} · elnk`;
  }, [title]);
}
