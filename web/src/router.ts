/** Where one is: the address bar is the only state of navigation. Paths are below the folder that the app is served under. */
import { signal } from '@preact/signals';

/** Path of the app's folder, with a slash at its end. */
const base = new URL(document.baseURI).pathname;

const currentPath = (): string => `/${location.pathname.slice(base.length)}`;

export const path = signal(currentPath());
export const query = signal(new URLSearchParams(location.search));

function follow(): void {
  path.value = currentPath();
  query.value = new URLSearchParams(location.search);
}

addEventListener('popstate', follow);

/** The address of a path of the app, for `href`. */
export const hrefOf = (to: string): string => base + to.slice(1);

/** @param replace the present entry of the history is replaced: for corrections that Back should not undo */
export function navigate(to: string, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', hrefOf(to));
  follow();
  if (!replace) scrollTo(0, 0);
}

/** Changes the query and stays on the page; a parameter without a value is left out. */
export function setQuery(changes: Readonly<Record<string, string | null>>): void {
  const next = new URLSearchParams(query.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  navigate(path.value + (text === '' ? '' : `?${text}`), { replace: true });
}

/** Lets clicks on links of the app stay in the app; those that mean a new tab or a download are left to the browser. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (!link.hasAttribute('data-app')) return;
  event.preventDefault();
  navigate(`/${link.pathname.slice(base.length)}${link.search}`);
}
