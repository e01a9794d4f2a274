/** The node's database for a command, which works beside a running node as well as without one. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Component, Logger } from '../../core/ports.ts';
import { type DataFolder, FolderTaken, openDataFolder } from '../data-folder.ts';
import { embeddedAddress, startEmbedded } from './embedded.ts';
import { isStoreAway } from './pool.ts';

/** How long a node that is just starting may take until its Postgres answers, or other commands until they are done. */
const PATIENCE_MS = 30_000;
const POLL_MS = 50;

export type CommandAccessOptions = {
  /** Null: the embedded Postgres of the data folder. */
  databaseUrl: string | null;
  dataDir: string;
  logger: Logger;
};

/**
 * With an embedded Postgres: the one that is running, or one that is started for the command and takes the data folder meanwhile.
 * @throws FolderTaken when a process has the folder, but its Postgres does not answer
 */
export async function openForCommand({ databaseUrl, dataDir, logger }: CommandAccessOptions): Promise<Component<{ url: string }>> {
  if (databaseUrl !== null) return { value: { url: databaseUrl }, stop: async () => undefined };
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await startBriefly(await openDataFolder(dataDir, 0), logger);
    } catch (error) {
      if (!(error instanceof FolderTaken)) throw error;
      const url = embeddedAddress(dataDir);
      if (url !== null && (await answers(url))) return { value: { url }, stop: async () => undefined };
      if (Date.now() > deadline) throw error;
    }
    await sleep(POLL_MS);
  }
}

async function startBriefly(folder: Component<DataFolder>, logger: Logger): Promise<Component<{ url: string }>> {
  try {
    const { value, stop } = await startEmbedded({ dir: folder.value.path, logger, announced: false });
    return { value, stop: () => stop().finally(folder.stop) };
  } catch (error) {
    await folder.stop();
    throw error;
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: PATIENCE_MS });
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (!isStoreAway(error)) throw error;
    return false;
  } finally {
    await client.end();
  }
}
