/**
 * Brings a database up to this elnk. Migrations are files `NNNN.do.name.sql`, numbered without gaps; one that was released is never
 * edited. A run is one transaction: it happens as a whole or not at all. After it comes the schema of graphile-worker, which has migrations of
 * its own (it is not counted here): jobs can be queued as soon as `migrate` is done, whether a worker runs or not.
 */
import { basename, join } from 'node:path';
import { runMigrations, Logger as WorkerLogger } from 'graphile-worker';
import pg from 'pg';
import Postgrator from 'postgrator';
import type { Logger } from '../../core/ports.ts';
import { ADVISORY_LOCKS } from './locks.ts';
import { createPool } from './pool.ts';

const FOLDER = join(import.meta.dirname, 'migrations');
const VERSION_TABLE = 'schema_versions';
const CONNECT_TIMEOUT_MS = 5_000;

/** A migration could not be applied; nothing of it was. Its message is for people. */
export class MigrationFailed extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'MigrationFailed';
  }
}

export type MigrateOptions = {
  url: string;
  logger: Logger;
  /** The last migration to be applied; without, all are. Those of graphile-worker are applied in any case. */
  version?: number;
  /** Where the migrations are, for tests. */
  folder?: string;
};

/**
 * Nodes that start together wait for each other; all but the first find nothing to do.
 * @returns the names of the files that were applied, in order
 * @throws an Error for people: no connection, a newer database, an edited migration, one that failed (nothing is applied then)
 */
export async function migrate({ url, logger, version, folder = FOLDER }: MigrateOptions): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'elnk migrate', connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', (error) => logger.debug({ reason: error.message }, 'connection lost')); // the query under way fails with it
  await client.connect().catch((cause: Error) => {
    throw new Error(`cannot connect to Postgres at ${client.host}:${client.port}: ${reasonOf(cause)}`, { cause });
  });
  try {
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCKS.migrate]); // of the session: gone with it
    await client.query('BEGIN');
    const applied = await run(client, folder, version);
    await client.query('COMMIT');
    await migrateJobs(url, logger);
    if (applied.length > 0) logger.info({ applied }, 'database migrated');
    return applied;
  } finally {
    await client.end();
  }
}

/** On a connection of its own, while the lock is held: graphile-worker begins and commits each of its migrations itself. */
async function migrateJobs(url: string, logger: Logger): Promise<void> {
  const pool = await createPool({ url, name: 'migrate', max: 1, logger });
  const workerLogger = new WorkerLogger(() => (level, message) => logger.debug({ level }, message));
  try {
    await runMigrations({ pgPool: pool.value, logger: workerLogger });
  } catch (cause) {
    throw new MigrationFailed(
      `the schema graphile_worker could not be brought up to date: ${cause instanceof Error ? cause.message : cause}`,
      cause,
    );
  } finally {
    await pool.stop();
  }
}

/** A host with several addresses fails with one error for each, and no message. */
function reasonOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(({ message }: Error) => message).join(', ') : error.message;
}

async function run(client: pg.Client, folder: string, version?: number): Promise<string[]> {
  const postgrator = new Postgrator({
    driver: 'pg',
    migrationPattern: join(escapeGlob(folder), '*.sql'),
    schemaTable: VERSION_TABLE,
    newline: 'LF', // the checksum of a file does not depend on how it was checked out
    execQuery: (query) => client.query(query),
  });
  const [has, knows] = [Number(await postgrator.getDatabaseVersion()), await postgrator.getMaxVersion()];
  if (knows < 0) throw new Error(`there are no migrations in ${folder}: elnk is not installed whole`);
  if (has > knows) throw new Error(`the database has schema version ${has}, this elnk knows ${knows}: run the newer elnk that migrated it`);
  if (version !== undefined && version > knows)
    throw new Error(`schema version ${version} is asked for, this elnk knows ${knows}: use the newer elnk that has it`);
  let current = '';
  postgrator.on('validation-started', ({ filename }) => {
    current = basename(filename);
  });
  postgrator.on('migration-started', ({ filename }) => {
    current = basename(filename);
  });
  try {
    return (await postgrator.migrate(version?.toString())).map(({ filename }) => basename(filename));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (reason.startsWith('MD5')) {
      throw new MigrationFailed(
        `migration ${current} is not what was applied to this database: files of applied migrations must not change`,
        cause,
      );
    }
    throw new MigrationFailed(`migration ${current} failed, nothing was changed: ${reason}`, cause);
  }
}

/** The pattern is a glob, and a folder may be called `[elnk]`. */
const escapeGlob = (path: string): string => path.replace(/[?*()[\]{}!+@\\]/g, '\\$&');
