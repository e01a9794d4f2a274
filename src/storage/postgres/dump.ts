/**
 * The content of the embedded database as one moment had it, and back. The schema is not part of it: the same migrations make it again. What they do
 * not make is told: partitions, rows, where sequences stand.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Logger } from '../../core/ports.ts';
import type { BackupTail, DatabaseEntry, TableEntry } from '../backup/spec.ts';
import { migrate } from './migrate.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** A partition that comes or goes between two questions; both are rare. */
const LOCK_ATTEMPTS = 20;
const UNDEFINED_TABLE = '42P01';

/** Ordinary tables with their columns but those that Postgres computes; partitions are tables, the partitioned ones hold nothing themselves. */
const TABLES = `
  SELECT n.nspname || '.' || c.relname AS name,
         ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN ('public', 'graphile_worker') AND c.relkind = 'r' ORDER BY 1`;

const PARTITIONS = `
  SELECT n.nspname || '.' || c.relname AS name, pn.nspname || '.' || p.relname AS parent, pg_get_expr(c.relpartbound, c.oid) AS bounds
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
  WHERE c.relkind = 'r' AND c.relispartition ORDER BY 1`;

const VERSIONS = `
  SELECT (SELECT max(version) FROM schema_versions)::int AS schema, (SELECT max(id) FROM graphile_worker.migrations)::int AS "jobsSchema"`;

const SEQUENCES = `SELECT schemaname || '.' || sequencename AS name FROM pg_sequences WHERE schemaname IN ('public', 'graphile_worker') ORDER BY 1`;

export type Dump = {
  database: DatabaseEntry;
  tables: { entry: TableEntry; rows(): Readable }[];
  /** To be asked last: they do not belong to the moment, and only ever move on. */
  sequences(): Promise<BackupTail['sequences']>;
};

/** Nodes go on as usual meanwhile; partitions are dropped afterwards. @param use is done with the dump when it settles */
export async function dumpDatabase<T>(url: string, logger: Logger, use: (dump: Dump) => Promise<T>): Promise<T> {
  return withClient(url, logger, async (client) => {
    const tables = await beginWithLocks(client);
    const [{ schema, jobsSchema }] = (await client.query<{ schema: number; jobsSchema: number }>(VERSIONS)).rows;
    const { rows: partitions } = await client.query<DatabaseEntry['partitions'][number]>(PARTITIONS);
    return use({
      database: { schema, jobsSchema, partitions },
      tables: tables.map((entry) => ({
        entry,
        rows: () => client.query(copyTo(`COPY ${entry.name} (${columnsOf(entry)}) TO STDOUT (FORMAT binary)`)),
      })),
      sequences: () => readSequences(client),
    });
  });
}

/**
 * The locks come before the snapshot, or a table that is dropped in between would be in the one and not in the other.
 * @returns all tables, within a transaction that sees one moment
 */
async function beginWithLocks(client: pg.Client): Promise<TableEntry[]> {
  for (let attempt = 1; ; attempt++) {
    const before = await listTables(client);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    try {
      await client.query(`LOCK TABLE ${before.map(({ name }) => name).join(', ')} IN ACCESS SHARE MODE`);
      const now = await listTables(client);
      if (JSON.stringify(now) === JSON.stringify(before)) return now;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== UNDEFINED_TABLE) throw error;
    }
    await client.query('ROLLBACK');
    if (attempt === LOCK_ATTEMPTS) throw new Error('the tables of the database change all the time: try again later');
  }
}

export type RestoreOptions = {
  /** Of a database without anything in it. */
  url: string;
  database: DatabaseEntry;
  logger: Logger;
};

export type Restore = {
  table(entry: TableEntry, rows: AsyncIterable<Buffer>): Promise<void>;
  sequences(sequences: BackupTail['sequences']): Promise<void>;
};

/**
 * One transaction: all of it is there afterwards, or nothing.
 * @throws an Error for people when the backup is of another schema than this elnk can make
 */
export async function restoreDatabase({ url, database, logger }: RestoreOptions, fill: (restore: Restore) => Promise<void>): Promise<void> {
  await migrate({ url, logger, version: database.schema });
  await withClient(url, logger, async (client) => {
    const [made] = (await client.query<{ schema: number; jobsSchema: number }>(VERSIONS)).rows;
    if (made.schema !== database.schema || made.jobsSchema !== database.jobsSchema) {
      throw new Error(
        `the backup has the schema ${database.schema} with jobs ${database.jobsSchema}, this elnk makes ${made.schema} with ${made.jobsSchema}: restore it with the elnk that made it`,
      );
    }
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica'); // neither triggers nor foreign keys: rows come in any order
    const missing = await emptyTables(client, database);
    await fill({
      async table(entry, rows) {
        const columns = missing.get(entry.name);
        if (columns === undefined || columns !== columnsOf(entry))
          throw new Error(`the backup has a table ${entry.name} that does not fit`);
        missing.delete(entry.name);
        await pipeline(Readable.from(rows), client.query(copyFrom(`COPY ${entry.name} (${columns}) FROM STDIN (FORMAT binary)`)));
      },
      async sequences(sequences) {
        for (const { name, last, isCalled } of sequences) await client.query('SELECT setval($1::regclass, $2, $3)', [name, last, isCalled]);
      },
    });
    if (missing.size > 0) throw new Error(`the backup lacks tables: ${[...missing.keys()].join(', ')}`);
    await client.query('COMMIT');
    await client.query('ANALYZE');
  });
}

/** Makes the partitions of the backup, and empties what the migrations have filled. @returns the columns of each table */
async function emptyTables(client: pg.Client, { partitions }: DatabaseEntry): Promise<Map<string, string>> {
  for (const { name } of (await client.query<{ name: string }>(PARTITIONS)).rows) await client.query(`DROP TABLE ${name}`);
  for (const { name, parent, bounds } of partitions) await client.query(`CREATE TABLE ${name} PARTITION OF ${parent} ${bounds}`);
  const tables = await listTables(client);
  await client.query(`TRUNCATE ${tables.map(({ name }) => name).join(', ')}`);
  return new Map(tables.map((entry) => [entry.name, columnsOf(entry)]));
}

const columnsOf = ({ columns }: TableEntry): string => columns.map((column) => `"${column}"`).join(', ');

async function listTables(client: pg.Client): Promise<TableEntry[]> {
  return (await client.query<TableEntry>(TABLES)).rows;
}

async function readSequences(client: pg.Client): Promise<BackupTail['sequences']> {
  const sequences: BackupTail['sequences'] = [];
  for (const { name } of (await client.query<{ name: string }>(SEQUENCES)).rows) {
    const { rows } = await client.query<{ last: string; isCalled: boolean }>(
      `SELECT last_value AS last, is_called AS "isCalled" FROM ${name}`,
    );
    sequences.push({ name, last: Number(rows[0].last), isCalled: rows[0].isCalled });
  }
  return sequences;
}

/** On a connection without limits of time; a transaction that is left open ends with it. */
async function withClient<T>(url: string, logger: Logger, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'elnk backup', connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', (error) => logger.debug({ reason: error.message }, 'connection lost')); // the query under way fails with it
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
