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

/** What entries of the history hold that were added here: Back from them stays in the app. */
const ADDED = 'added';
let isGoingBack = false;

addEventListener('popstate', () => {
  isGoingBack = false;
  follow();
});

/** The address of a path of the app, for `href`. */
export const hrefOf = (to: string): string => base + to.slice(1);

/** @param replace the present entry of the history is replaced: for corrections that Back should not undo */
export function navigate(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(history.state, '', hrefOf(to));
  else history.pushState(ADDED, '', hrefOf(to));
  follow();
  if (!replace) scrollTo(0, 0);
}

/** Path and query, for `navigate`. */
export function here(): string {
  const text = query.value.toString();
  return path.value + (text === '' ? '' : `?${text}`);
}

/**
 * Leaves a dialog that has an address of its own: back to where it was opened, so that Back does not open it once more.
 * @param below what it stands over, for whoever came by its address
 */
export function leaveDialog(below: string): void {
  if (isGoingBack) return; // a second Escape must not lead further
  if (history.state !== ADDED) {
    navigate(below, { replace: true });
    return;
  }
  isGoingBack = true;
  history.back();
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

/**
 * Lets clicks on links of the app (`data-app`) stay in the app; those that mean a new tab or a download are left to the browser.
 * `data-app="instead"`: of a dialog that is left by it, whose address Back should not find.
 */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (!link.hasAttribute('data-app')) return;
  event.preventDefault();
  navigate(`/${link.pathname.slice(base.length)}${link.search}`, { replace: link.dataset.app === 'instead' });
}
