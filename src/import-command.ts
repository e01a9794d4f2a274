/**
 * `elnk import`: goes the way of an import over the API, but the command does the work itself, so that no node is needed. If the command dies in the middle of
 * it, a node goes on, now or when it is started.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, statSync, writeFileSync } from 'node:fs';
import { linkRequestSchemas } from './core/api/links.ts';
import { csvLine } from './core/csv.ts';
import { storeImportFile } from './core/import-file.ts';
import { IMPORT_MAX_BYTES, type ImportFault, type ImportWorkStore, type LinkImport, type LinkImportStore } from './core/link-import.ts';
import type { Quotas } from './core/quota.ts';
import { importSlice, type SliceDeps } from './jobs/tasks/import-links.ts';
import type { Progress } from './progress.ts';
import { judgedLinks } from './storage/links/blocked-hosts.ts';
import { hashPassword } from './storage/passwords.ts';
import { loadBlockedHosts } from './storage/postgres/blocked-hosts.ts';
import { createImportWorkStore } from './storage/postgres/link-import-work.ts';
import { createImporter } from './storage/postgres/link-importer.ts';
import { createLinkImportStore } from './storage/postgres/link-imports.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { findUserByEmail } from './storage/postgres/users.ts';

/** Refused rows that are shown; `refusedFile` gets all of them. */
const SHOWN_FAULTS = 20;
const FAULTS_AT_ONCE = 1_000;

export type ImportCommand = {
  file: string;
  email: string;
  isDryRun: boolean;
  /** Where the refused rows go, as CSV; null: nowhere. */
  refusedFile: string | null;
  quotas: Quotas;
  /** See core/target.ts. */
  ownHosts: ReadonlySet<string>;
  progress: Progress;
  /** Lines for people, beside the result. */
  say(line: string): void;
  /** Aborted: the import is cancelled. */
  signal: AbortSignal;
};

/** @returns what is printed. @throws an Error for people */
export async function importFile(pool: Pool, command: ImportCommand): Promise<object> {
  const { file, email, isDryRun, progress, signal } = command;
  requireFile(file);
  const user = await findUserByEmail(pool, email);
  if (user === null) throw new Error(`there is no account with the e-mail ${email}`);
  const imports = createLinkImportStore(pool);
  const id = await imports.begin(user.id, isDryRun);
  const { encoding, bytes } = await storeImportFile(imports, id, createReadStream(file)).catch(async (error: unknown) => {
    await imports.abandon(id);
    throw error;
  });
  await imports.hold(user.id, id, encoding, bytes);
  const cancel = () => void imports.cancel(user.id, id).catch((error: Error) => command.say(`it could not be cancelled: ${error.message}`));
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const over = await work(pool, imports, { ownerId: user.id, id, bytes }, command).finally(() => {
    signal.removeEventListener('abort', cancel);
    progress.end();
  });
  if (over.refused > 0) await tellFaults(imports, over, command);
  if (over.state === 'failed') throw new Error(over.reason ?? 'it failed');
  if (over.state === 'cancelled') throw new Error(`cancelled; ${over.imported} links were made before, and stay`);
  return { rows: over.rows, imported: over.imported, refused: over.refused, dryRun: isDryRun };
}

/** @throws an Error for people */
function requireFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new Error(`there is no file ${file}`);
  if (!found.isFile()) throw new Error(`${file} is no file`);
  if (found.size > IMPORT_MAX_BYTES) throw new Error(`${file} is larger than ${IMPORT_MAX_BYTES} bytes; import it in parts`);
}

type Held = { ownerId: number; id: number; bytes: number };

async function work(pool: Pool, imports: LinkImportStore, { ownerId, id, bytes }: Held, command: ImportCommand): Promise<LinkImport> {
  const { quotas, ownHosts, progress } = command;
  const stored = createImportWorkStore(pool, createImporter(randomBytes, quotas));
  let rows = 0;
  let refused = 0;
  const watched: ImportWorkStore = {
    ...stored,
    async advance(importId, rowsDone, step, mode) {
      const outcomes = await stored.advance(importId, rowsDone, step, mode);
      if (outcomes !== null) {
        rows += outcomes.length;
        refused += outcomes.filter((outcome) => outcome !== 'made').length;
        progress.show(step.bytesDone, bytes, `${rows} rows, ${refused} refused`);
      }
      return outcomes;
    },
  };
  const blocked = new Set(await loadBlockedHosts(pool));
  const judge: SliceDeps['judge'] = async (links) => judgedLinks(blocked, links);
  const { createLink } = linkRequestSchemas(ownHosts);
  for (;;) {
    await importSlice({ work: watched, createLink, hash: hashPassword, judge, clock: Date.now }, id, Number.POSITIVE_INFINITY);
    const now = await imports.get(ownerId, id);
    // Else a node has taken this command for dead, and is at it as well.
    if (now.finishedAt !== null) return now;
  }
}

async function tellFaults(imports: LinkImportStore, { id, refused }: LinkImport, { refusedFile, say }: ImportCommand): Promise<void> {
  const first = await imports.faults(id, SHOWN_FAULTS, 0);
  for (const { line, message } of first) say(`line ${line}: ${message}`);
  if (refused > first.length) say(`and ${refused - first.length} more${refusedFile === null ? '; --refused FILE keeps all of them' : ''}`);
  if (refusedFile === null) return;
  writeFileSync(refusedFile, csvLine(['line', 'reason']));
  for (let after = 0; ; ) {
    const faults: ImportFault[] = await imports.faults(id, FAULTS_AT_ONCE, after);
    if (faults.length === 0) return;
    writeFileSync(refusedFile, faults.map(({ line, message }) => csvLine([line, message])).join(''), { flag: 'a' });
    after = faults[faults.length - 1].line;
  }
}
