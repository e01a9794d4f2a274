/**
 * One slice of an import. The file is read from its beginning each time, which takes a fraction of a second, and what is done is passed over: so how far it
 * is, is a number of rows, and nothing of the reader has to be kept.
 */
import type { LinkRequestSchemas } from '../../core/api/links.ts';
import type { CounterName } from '../../core/counters.ts';
import { Failure } from '../../core/failure.ts';
import { LinkCsvReader, type LinkRow } from '../../core/link-csv-reader.ts';
import {
  type CheckedRow,
  checkedRow,
  IMPORT_BATCH_ROWS,
  IMPORT_MAX_ROWS,
  type ImportMode,
  type ImportOutcome,
  type ImportWork,
  type ImportWorkStore,
  rehearsed,
  withoutPasswords,
} from '../../core/link-import.ts';
import type { NewLink, RefusedLink } from '../../core/ports/links.ts';
import type { Clock } from '../../core/ports.ts';
import { refusalCounters } from '../../core/refused-links.ts';

/** Then others have the thread. */
const SLICE_MS = 3_000;
/** Read at once, so that how far it is does not move in leaps. */
const READ_BYTES = 8 << 10;
/** Of one transaction: hashing one takes some 30 ms. */
const BATCH_PASSWORDS = 20;

export type SliceResult = { isOver: boolean; counted: Partial<Record<CounterName, number>> };

export type SliceDeps = {
  work: ImportWorkStore;
  createLink: LinkRequestSchemas['createLink'];
  hash(password: string): Promise<string>;
  /** Refuses those that lead to blocked hosts. */
  judge(links: readonly (NewLink | RefusedLink)[]): Promise<(NewLink | RefusedLink)[]>;
  clock: Clock;
};

/** @throws when the store is away; then the slice is to be tried again */
export async function importSlice(deps: SliceDeps, importId: number, sliceMs = SLICE_MS): Promise<SliceResult> {
  const work = await deps.work.begin(importId);
  if (work === null) return { isOver: true, counted: {} };
  const slice = new Slice(deps, importId, work, sliceMs);
  try {
    return { isOver: await slice.run(), counted: slice.counted };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    await deps.work.fail(importId, error.message); // no file of links, or an account that may not make any
    return { isOver: true, counted: slice.counted };
  }
}

async function* inSmallPieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += READ_BYTES) yield piece.subarray(at, at + READ_BYTES);
  }
}

class Slice {
  readonly counted: Partial<Record<CounterName, number>> = {};
  readonly #deps: SliceDeps;
  readonly #importId: number;
  readonly #work: ImportWork;
  readonly #sliceMs: number;
  readonly #mode: ImportMode;
  #rowsDone: number;
  /** Known with the first batch: passing over what is done must not use up the time of a long file. */
  #deadline: number | null = null;
  #batch: CheckedRow[] = [];

  constructor(deps: SliceDeps, importId: number, work: ImportWork, sliceMs: number) {
    this.#deps = deps;
    this.#importId = importId;
    this.#work = work;
    this.#sliceMs = sliceMs;
    this.#rowsDone = work.rowsDone;
    this.#mode = { rehearsal: work.isDryRun ? { slugs: new Set(), made: work.imported } : null };
  }

  /** @returns whether the import is over */
  async run(): Promise<boolean> {
    const reader = new LinkCsvReader(this.#work.encoding);
    let bytes = 0;
    let rows = 0;
    const take = async (row: LinkRow): Promise<'go on' | 'stop' | 'over'> => {
      if (++rows > IMPORT_MAX_ROWS)
        throw new Failure('too_large', `The file has more than ${IMPORT_MAX_ROWS} rows; what is beyond is not imported`);
      if (rows <= this.#work.rowsDone) this.#passOver(row);
      else this.#batch.push(checkedRow(row, this.#deps.createLink));
      if (!this.#isBatchFull()) return 'go on';
      this.#deadline ??= this.#deps.clock() + this.#sliceMs;
      if (!(await this.#step(bytes, reader, false))) return 'over';
      return this.#deps.clock() >= this.#deadline ? 'stop' : 'go on';
    };
    for await (const piece of inSmallPieces(this.#deps.work.file(this.#importId))) {
      bytes += piece.length;
      for (const row of reader.read(piece)) {
        const next = await take(row);
        if (next !== 'go on') return next === 'over';
      }
    }
    for (const row of reader.end()) {
      const next = await take(row);
      if (next !== 'go on') return next === 'over';
    }
    await this.#step(bytes, reader, true);
    return true;
  }

  /** In a rehearsal its slug counts as taken. */
  #passOver(row: LinkRow): void {
    const { rehearsal } = this.#mode;
    if (rehearsal !== null && 'link' in row && typeof row.link.slug === 'string') rehearsal.slugs.add(row.link.slug);
  }

  #isBatchFull(): boolean {
    const passwords = this.#batch.filter(({ link }) => !('code' in link) && typeof link.password === 'string').length;
    return this.#batch.length >= IMPORT_BATCH_ROWS || passwords >= BATCH_PASSWORDS;
  }

  /** @returns false when the import is not ours any more */
  async #step(bytesDone: number, reader: LinkCsvReader, isLast: boolean): Promise<boolean> {
    const batch = this.#batch;
    this.#batch = [];
    const links = await this.#deps.judge(await withoutPasswords(batch, this.#deps.hash));
    const step = { lines: batch.map(({ line }) => line), links, bytesDone, ignored: reader.ignored, isLast };
    const outcomes = await this.#deps.work.advance(this.#importId, this.#rowsDone, step, this.#mode);
    if (outcomes === null) return false;
    this.#rowsDone += batch.length;
    if (this.#mode.rehearsal === null) for (const outcome of outcomes) this.#count(outcome);
    else rehearsed(this.#mode.rehearsal, links, outcomes);
    return true;
  }

  #count(outcome: ImportOutcome): void {
    const names: CounterName[] = outcome === 'made' ? ['linksCreated'] : refusalCounters(outcome);
    for (const name of names) this.counted[name] = (this.counted[name] ?? 0) + 1;
  }
}
