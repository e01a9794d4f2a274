/**
 * Links as CSV: what is exported, and what can be imported. An export can be imported again: what it has beside the columns of an import is left
 * out then. Tags are separated by `|`; a `|` or `\` in a tag, and white space at its ends, has a `\` before it.
 */
import type { Link } from './api/links.ts';
import { csvLine, plainCell, type Separator } from './csv.ts';
import { Failure } from './failure.ts';

/** Columns of an import, by the names of the API; `url` is needed. */
export const IMPORT_COLUMNS = ['url', 'slug', 'title', 'tags', 'password', 'maxClicks', 'validFrom', 'expiresAt', 'expiredUrl'] as const;
type ImportColumn = (typeof IMPORT_COLUMNS)[number];

/** Also a column that an import looks at: a password is in no export. */
const HAS_PASSWORD = 'hasPassword';

export const EXPORT_COLUMNS = [
  'slug',
  'url',
  'title',
  'tags',
  HAS_PASSWORD,
  'maxClicks',
  'validFrom',
  'expiresAt',
  'expiredUrl',
  'state',
  'clicksLeft',
  'createdAt',
  'updatedAt',
  'clicks',
  'repeatClicks',
  'clicksToday',
  'repeatClicksToday',
  'shortUrl',
] as const;

export const exportHeader = (separator: Separator): string => csvLine(EXPORT_COLUMNS, separator);

export const exportLine = (link: Link, separator: Separator): string =>
  csvLine(
    EXPORT_COLUMNS.map((column) => {
      const value = link[column];
      if (Array.isArray(value)) return value.map((tag) => tag.replace(/[\\|]|^\s|\s$/g, '\\$&')).join('|');
      return typeof value === 'boolean' ? (value ? 'true' : null) : value;
    }),
    separator,
  );

/** Where the columns of an import stand in its records. `ignored` are names that mean nothing here. */
export type Columns = { at: ReadonlyMap<ImportColumn | typeof HAS_PASSWORD, number>; count: number; ignored: string[] };

/** @param cells the first record; capitals do not matter; @throws Failure invalid */
export function columnsOf(cells: readonly string[]): Columns {
  const names = [...IMPORT_COLUMNS, HAS_PASSWORD] as const;
  const known = new Map(names.map((name) => [name.toLowerCase(), name]));
  const at = new Map<ImportColumn | typeof HAS_PASSWORD, number>();
  const ignored: string[] = [];
  for (const [index, cell] of cells.entries()) {
    const name = known.get(cell.trim().toLowerCase());
    if (name === undefined) ignored.push(cell.trim());
    else if (at.has(name)) throw badHeader(`has the column ${name} twice`);
    else at.set(name, index);
  }
  if (!at.has('url')) throw badHeader('must name the columns in its first line, among them url');
  return { at, count: cells.length, ignored };
}

const badHeader = (message: string): Failure =>
  new Failure('invalid', `The file ${message}`, { errors: [{ path: 'header', message: `The file ${message}` }] });

/** What an import would send to make a link; to be checked like a request. */
export type ImportedLink = Partial<Record<ImportColumn, unknown>>;

/** @param cells of one record; @returns a text for people when they make no link */
export function linkOfCells({ at, count }: Columns, cells: readonly string[]): ImportedLink | string {
  if (cells.length > count) return `has ${cells.length} cells, and there are ${count} columns`;
  const link: ImportedLink = {};
  for (const column of IMPORT_COLUMNS) {
    const cell = cellAt(at.get(column), cells, column);
    if (cell !== '') link[column] = meantBy(column, cell);
  }
  const hadPassword = /^(true|1|yes|да)$/i.test(cellAt(at.get(HAS_PASSWORD), cells, HAS_PASSWORD));
  if (hadPassword && link.password === undefined)
    return 'password: this link had one, which is in no export; give it one, or empty hasPassword';
  return link;
}

/** White space around these may be meant. */
const AS_IT_IS: ReadonlySet<string> = new Set(['password', 'title', 'tags']);

function cellAt(index: number | undefined, cells: readonly string[], column: string): string {
  const cell = plainCell(index === undefined ? '' : (cells[index] ?? ''));
  return AS_IT_IS.has(column) ? cell : cell.trim();
}

function meantBy(column: ImportColumn, cell: string): unknown {
  if (column === 'tags') return tagsOf(cell);
  if (column === 'maxClicks' && /^\d+$/.test(cell)) return Number(cell);
  return cell;
}

/** White space around a tag is left out, unless it has a `\\` before it. */
function tagsOf(cell: string): string[] {
  return [...cell.matchAll(/(?:\\.|[^|\\])+/gs)]
    .map(([piece]) => {
      const characters = piece.match(/\\.|./gs) ?? [];
      const isMeant = (character: string) => !/^\s$/.test(character);
      const kept = characters.slice(Math.max(0, characters.findIndex(isMeant)), characters.findLastIndex(isMeant) + 1);
      return kept.map((character) => (character.length > 1 && character[0] === '\\' ? character.slice(1) : character)).join('');
    })
    .filter((tag) => tag !== '');
}
