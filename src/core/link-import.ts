/** Links from a file: what becomes of a row, and what is told of it. */
import type { CreateLink, LinkRequestSchemas } from './api/links.ts';
import { fieldErrors } from './field-errors.ts';
import type { ImportState } from './import-states.ts';
import type { CsvEncoding, LinkRow } from './link-csv-reader.ts';
import type { NewLink, RefusedLink } from './ports/links.ts';

/** Rows that are imported in one transaction. */
export const IMPORT_BATCH_ROWS = 500;
/** Rows of a file that is uploaded. */
export const IMPORT_MAX_ROWS = 1_000_000;
export const IMPORT_MAX_BYTES = 64 << 20;
/** Imports of an account that are not finished. */
export const IMPORTS_OPEN_MAX = 3;
/** Faults of an import that are kept; all are counted. */
export const IMPORT_FAULTS_MAX = 100_000;

export const IMPORT_TASK = 'import-links';

/** An import as its owner sees it. `rows` are those that are done, `refused` those that made no link. */
export type LinkImport = {
  id: number;
  state: ImportState;
  isDryRun: boolean;
  encoding: CsvEncoding | null;
  bytes: number;
  bytesDone: number;
  rows: number;
  imported: number;
  refused: number;
  ignoredColumns: string[];
  reason: string | null;
  createdAt: Date;
  finishedAt: Date | null;
};
export type ImportFault = { line: number; message: string };

/** Imports in the background. Whatever belongs to somebody else is answered as if it were not there. */
export type LinkImportStore = {
  /** @returns the id of an import whose file is uploaded from now on; @throws Failure too_many_requests when as many as may be are under way */
  begin(ownerId: number, isDryRun: boolean): Promise<number>;
  /** @param number from 0, in the order of the file */
  addChunk(id: number, number: number, bytes: Uint8Array): Promise<void>;
  /** The file is there: whichever node is free takes it. @throws Failure not_found when it was deleted meanwhile */
  start(ownerId: number, id: number, encoding: CsvEncoding, bytes: number): Promise<LinkImport>;
  /** The same for who does the work itself; should it die, nodes go on with it. */
  hold(ownerId: number, id: number, encoding: CsvEncoding, bytes: number): Promise<LinkImport>;
  /** An upload that came to nothing. */
  abandon(id: number): Promise<void>;
  /** The newest first. */
  list(ownerId: number, limit: number, beforeId: number | null): Promise<LinkImport[]>;
  /** @throws Failure not_found */
  get(ownerId: number, id: number): Promise<LinkImport>;
  /** By line. Of one's own import. */
  faults(id: number, limit: number, afterLine: number): Promise<ImportFault[]>;
  /** What is imported already stays. Nothing happens to one that is over. @throws Failure not_found */
  cancel(ownerId: number, id: number): Promise<LinkImport>;
};

/** `rehearsal`: nothing is made; what would have been made of the file so far is in it. */
export type ImportMode = { rehearsal: Rehearsal | null };
export type Rehearsal = { slugs: Set<string>; made: number };

/** Notes what would have been made of the next links of the file. */
export function rehearsed(rehearsal: Rehearsal, links: readonly (NewLink | RefusedLink)[], outcomes: readonly ImportOutcome[]): void {
  for (const [i, link] of links.entries()) {
    if (outcomes[i] !== 'made') continue;
    rehearsal.made++;
    if ('slug' in link && link.slug !== undefined) rehearsal.slugs.add(link.slug);
  }
}

export type ImportOutcome = 'made' | RefusedLink;

export type ImportWork = { ownerId: number; encoding: CsvEncoding; isDryRun: boolean; rowsDone: number; imported: number };

/** Rows that come next in the file. `isLast`: there are no more. */
export type ImportStep = {
  lines: readonly number[];
  links: readonly (NewLink | RefusedLink)[];
  bytesDone: number;
  ignored: readonly string[];
  isLast: boolean;
};

export type ImportWorkStore = {
  /** @returns null when there is nothing to do for it, any more */
  begin(importId: number): Promise<ImportWork | null>;
  /** The file, piece by piece. */
  file(importId: number): AsyncIterable<Uint8Array>;
  /** @param rowsDone before the step; @returns null when the import is not where it was: cancelled, or somebody else is at it */
  advance(importId: number, rowsDone: number, step: ImportStep, mode: ImportMode): Promise<ImportOutcome[] | null>;
  fail(importId: number, reason: string): Promise<void>;
};

/** A row, checked; `line` is where it stands in the file. */
export type CheckedRow = { line: number; link: CreateLink | RefusedLink };

export function checkedRow(row: LinkRow, createLink: LinkRequestSchemas['createLink']): CheckedRow {
  const { line } = row;
  if ('fault' in row) return { line, link: { code: 'invalid', message: row.fault, errors: [] } };
  const result = createLink.safeParse(row.link);
  if (result.success) return { line, link: result.data };
  return { line, link: { code: 'invalid', message: 'is not valid', errors: fieldErrors(result.error.issues) } };
}

/** The store never sees a password. One after the other: hashing is the work of a core. */
export async function withoutPasswords(
  rows: readonly CheckedRow[],
  hash: (password: string) => Promise<string>,
): Promise<(NewLink | RefusedLink)[]> {
  const links: (NewLink | RefusedLink)[] = [];
  for (const { link } of rows) {
    if ('code' in link) links.push(link);
    else {
      const { password, ...rest } = link;
      links.push({ ...rest, passwordHash: typeof password === 'string' ? await hash(password) : password });
    }
  }
  return links;
}

const FAULTS_TOLD = 5;

/** Why a row made no link, in one line for people. */
export function refusalText(refused: RefusedLink): string {
  if (refused.code !== 'invalid' || refused.errors.length === 0) return refused.message;
  return refused.errors
    .slice(0, FAULTS_TOLD)
    .map(({ path, message }) => `${path}: ${message}`)
    .join('; ');
}
