/** What stands above the title of a page: drawings, which tell people more than the number of a status. */
const drawn = (shapes: string): string =>
  '<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" aria-hidden="true">' +
  `${shapes}</svg>`;

export const LOCK = drawn('<rect x="3" y="7" width="10" height="7" rx="1.5"/><path d="M5 7V5a3 3 0 0 1 6 0v2"/>');
export const CLOCK = drawn('<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>');
/** There was a way here. */
export const NO_WAY = drawn('<circle cx="8" cy="8" r="6"/><path d="m3.8 3.8 8.4 8.4"/>');
