/** Requests that ask for what has changed only (RFC 9110, 13.1.2). */
import type { Exchange } from './route.ts';

/** Whether the client has this representation already, so that 304 is the answer. @param etag in its quotes */
export function isKnown({ headers }: Pick<Exchange, 'headers'>, etag: string): boolean {
  const text = headers.get('if-none-match');
  if (text === undefined) return false;
  return text.trim() === '*' || [...text.matchAll(/(?:W\/)?("[^"]*")/g)].some(([, tag]) => tag === etag);
}
