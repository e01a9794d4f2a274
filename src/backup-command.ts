/**
 * `elnk backup` and `elnk restore`. A click is in the copy of the click logs, in the copy of the database, or in both: the logs are copied first, so whatever they lack
 * was stored before the database's moment or answered after the backup had begun; and the positions in the database say which clicks of the logs it has, as at any start of a node.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Logger } from './core/ports.ts';
import { lowerPriority } from './priority.ts';
import { folderFiles, restoreFile } from './storage/backup/folder-files.ts';
import { type BackupPart, BackupUnreadable, checkBackup, readBackup } from './storage/backup/reader.ts';
import type { BackupHead } from './storage/backup/spec.ts';
import { writeBackup } from './storage/backup/writer.ts';
import { claimDataFolder } from './storage/data-folder.ts';
import { storedPositions } from './storage/postgres/click-counts.ts';
import { openForCommand } from './storage/postgres/command-access.ts';
import { dumpDatabase, type Restore, restoreDatabase } from './storage/postgres/dump.ts';
import { startEmbedded } from './storage/postgres/embedded.ts';
import { serverAccount } from './storage/postgres/embedded-account.ts';
import { findBinaries } from './storage/postgres/embedded-binaries.ts';
import { createPool } from './storage/postgres/pool.ts';
import { readIfPresent } from './storage/private-file.ts';
import { beginRestore, commitRestore, dropRestore, folderBefore, hasData } from './storage/restored-folder.ts';
import { VERSION } from './version.ts';

type OwnData = { dataDir: string; logger: Logger };

/** @returns what is printed. @throws an Error for people */
export async function makeBackup(file: string, { dataDir, logger }: OwnData): Promise<object> {
  if (!existsSync(join(dataDir, 'postgres'))) throw new Error(`${dataDir} has no database of elnk: is DATA_DIR right?`);
  lowerPriority('storing'); // visitors come first
  const madeAt = new Date().toISOString();
  const database = await openForCommand({ databaseUrl: null, dataDir, logger });
  let bytes = 0;
  try {
    const { url } = database.value;
    const positions = await positionsOf(dataDir, url, logger);
    await writeBackup(file, async (writer) => {
      await writer.head({ version: VERSION, madeAt });
      for await (const { entry, content } of folderFiles(dataDir, positions)) await writer.file(entry, content);
      await dumpDatabase(url, logger, async (dump) => {
        await writer.database(dump.database);
        for (const { entry, rows } of dump.tables) await writer.table(entry, rows());
        bytes = await writer.tail({ sequences: await dump.sequences() });
      });
    });
  } finally {
    await database.stop();
  }
  return { file: resolve(file), bytes, madeAt };
}

async function positionsOf(dataDir: string, url: string, logger: Logger): Promise<Map<string, number>> {
  const node = readIfPresent(join(dataDir, 'node-id'))?.trim();
  if (node === undefined) throw new Error(`${dataDir} has no node-id: it is not a whole data folder`);
  const pool = await createPool({ url, name: 'backup', max: 1, logger });
  return await storedPositions(pool.value, node).finally(pool.stop);
}

/** @returns what is printed. @throws an Error for people; then the data folder is as it was */
export async function restoreBackup(file: string, { dataDir, force, logger }: OwnData & { force: boolean }): Promise<object> {
  const head = await checkBackup(file); // nothing is begun with a file that cannot be restored from
  const { path, lock } = await claimDataFolder(dataDir);
  try {
    const isOverwriting = hasData(path);
    if (isOverwriting) refuseToOverwrite(path, force);
    await fillFolder(file, head, path, logger).catch((error) => {
      dropRestore(path);
      throw error;
    });
    commitRestore(path);
    return { dataDir: path, madeAt: head.madeAt, before: isOverwriting ? folderBefore(path) : null };
  } finally {
    lock.release();
  }
}

function refuseToOverwrite(path: string, force: boolean): void {
  if (!force)
    throw new Error(`${path} has data: name an empty folder in DATA_DIR, or say --force, which moves the data to ${folderBefore(path)}`);
  if (existsSync(folderBefore(path)))
    throw new Error(`${folderBefore(path)} has data of before an earlier restore: move it away or delete it first`);
}

async function fillFolder(file: string, { version }: BackupHead, path: string, logger: Logger): Promise<void> {
  serverAccount(path, null, findBinaries().postgres); // lets Postgres' user pass the folder above the new one
  const folder = beginRestore(path);
  mkdirSync(join(folder, 'click-log'), { mode: 0o700 });
  const embedded = await startEmbedded({ dir: folder, logger, announced: false });
  try {
    await fill(folder, embedded.value.url, readBackup(file), logger);
  } catch (error) {
    if (error instanceof BackupUnreadable) throw error;
    throw new Error(`${file}, made by elnk ${version}, could not be restored: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  } finally {
    await embedded.stop();
  }
}

/** Files first, then the database, as they stand in the backup. */
async function fill(folder: string, url: string, parts: AsyncGenerator<BackupPart>, logger: Logger): Promise<void> {
  try {
    for (let next = await parts.next(); !next.done; next = await parts.next()) {
      const part = next.value;
      if (part.kind === 'file') await restoreFile(folder, part.file, part.data);
      if (part.kind === 'table') throw new Error('it has a table before it has a database');
      if (part.kind === 'database') {
        if (!existsSync(join(folder, 'node-id'))) throw new Error('it has no node-id, and clicks would be counted twice');
        await restoreDatabase({ url, database: part.database, logger }, (restore) => fillDatabase(parts, restore));
        return;
      }
    }
    throw new Error('it has no database');
  } finally {
    await parts.return(undefined);
  }
}

async function fillDatabase(parts: AsyncGenerator<BackupPart>, restore: Restore): Promise<void> {
  for await (const part of parts) {
    if (part.kind === 'table') await restore.table(part.table, part.data);
    if (part.kind === 'tail') await restore.sequences(part.tail.sequences);
  }
}
