/** CSV as spreadsheets and programs read it (RFC 4180). */

/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** Text that came from outside, as a cell that is only text: an apostrophe in front of what would be a formula. */
export const inertCell = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** One line with its end. Text is made inert, numbers are written as they are, null is an empty cell. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

function cellOf(cell: string | number | null): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = inertCell(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
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
