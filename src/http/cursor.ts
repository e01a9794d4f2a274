/** Where a list goes on, as text that clients hand back. */

import { Failure } from '../core/failure.ts';
import type { Cursor } from '../core/slice.ts';

/** @param order which of the orders that a list may have; one without a choice has none */
export const cursorText = ({ key, id }: Cursor, order?: string): string =>
  Buffer.from(JSON.stringify(order === undefined ? [key, id] : [key, id, order])).toString('base64url');

/**
 * @param text undefined: from the beginning
 * @param keyType of what the list is sorted by
 * @param order as it was given to `cursorText`
 * @throws Failure malformed
 */
export function cursorOf(text: string | undefined, keyType: 'string' | 'number', order?: string): Cursor | null {
  if (text === undefined) return null;
  const cursor = parsed(text);
  if (cursor === null || typeof cursor.key !== keyType || cursorText(cursor, order) !== text) {
    throw new Failure('malformed', 'This cursor is none that was given here for this list');
  }
  return cursor;
}

function parsed(text: string): Cursor | null {
  const [, json] = /^(\["?.*"?,\d{1,16}(?:,"-?[A-Za-z]+")?\])$/s.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  if (json === undefined) return null;
  try {
    const [key, id]: unknown[] = JSON.parse(json);
    const isKey = typeof key === 'string' ? key.isWellFormed() && !key.includes('\0') : Number.isSafeInteger(key);
    return isKey && Number.isSafeInteger(id) ? ({ key, id } as Cursor) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
