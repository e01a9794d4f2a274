/** Where a list goes on, as text that clients hand back. */
import type { Cursor } from '../core/administration.ts';
import { Failure } from '../core/failure.ts';

export const cursorText = ({ key, id }: Cursor): string => Buffer.from(JSON.stringify([key, id])).toString('base64url');

/**
 * @param text undefined: from the beginning
 * @param keyType of what the list is sorted by
 * @throws Failure malformed
 */
export function cursorOf(text: string | undefined, keyType: 'string' | 'number'): Cursor | null {
  if (text === undefined) return null;
  const cursor = parsed(text);
  if (cursor === null || typeof cursor.key !== keyType || cursorText(cursor) !== text) {
    throw new Failure('malformed', 'This cursor is none that was given here for this list');
  }
  return cursor;
}

function parsed(text: string): Cursor | null {
  const [, json] = /^(\["?.*"?,\d{1,16}\])$/s.exec(Buffer.from(text, 'base64url').toString()) ?? [];
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
