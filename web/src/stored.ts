/** Small things kept in this browser. It may refuse (private windows, full): then they last as long as the page. */

const PREFIX = 'elnk.';

/** @param read makes a value of what was stored, which anybody may have changed; undefined: it is none */
export function readStored<T>(name: string, read: (stored: unknown) => T | undefined): T | undefined {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? undefined : read(JSON.parse(text));
  } catch {
    return undefined; // not allowed to look, or not JSON: as if nothing were there
  }
}

export function store(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // not allowed, or no room: it lasts as long as the page
  }
}

export function forget(name: string): void {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // not allowed to store, so there is nothing to remove
  }
}

/** Told when another tab has forgotten it. */
export function onForgotten(name: string, then: () => void): void {
  addEventListener('storage', ({ key, newValue }) => {
    if (key === PREFIX + name && newValue === null) then();
  });
}
