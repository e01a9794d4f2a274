/** CSV as spreadsheets and programs read it (RFC 4180). */

/** What a spreadsheet takes for the beginning of a formula, and the same made inert. */
const FORMULA = /^'*[=+\-@\t\r]/;
const INERT = /^'+[=+\-@\t\r]/;

/**
 * Text that came from outside, as a cell that is only text: an apostrophe in front of what would be a formula. Also of what has one already, so
 * that `plainCell` gives back exactly what there was.
 */
export const inertCell = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** What a cell said before it was made inert. */
export const plainCell = (cell: string): string => (INERT.test(cell) ? cell.slice(1) : cell);

export type Separator = ',' | ';' | '\t';

/** One line with its end. Text is made inert, numbers are written as they are, null is an empty cell. */
export function csvLine(cells: readonly (string | number | null)[], separator: Separator = ','): string {
  return `${cells.map((cell) => cellOf(cell, separator)).join(separator)}\r\n`;
}

function cellOf(cell: string | number | null, separator: Separator): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = inertCell(cell);
  return /[",\r\n]/.test(text) || text.includes(separator) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lines gathered into pieces that are worth sending. @param pieceLength in characters, at least */
export async function* inPieces(lines: AsyncIterable<string> | Iterable<string>, pieceLength = 16_384): AsyncGenerator<string> {
  let piece = '';
  for await (const line of lines) {
    piece += line;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
