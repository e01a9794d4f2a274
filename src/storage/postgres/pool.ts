/**
 * Connections to Postgres, and what all queries agree on:
 * int8 is a number (a value beyond 2^53 is an error, not a rounded number), date is `YYYY-MM-DD`, timestamptz is a Date. A sum of int8 is
 * `numeric`, which stays text: cast it to int8.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Component, Logger } from '../../core/ports.ts';
import { trouble } from '../../core/troubles.ts';

export type Pool = pg.Pool;
export type PoolClient = pg.PoolClient;
/** What a single query needs; inside a transaction the client, else the pool. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 15_000;
/** Postgres ends a query first, so that the connection stays good; this is for a Postgres that does not answer at all. */
const SILENCE_MS = 1_000;
const IDLE_TIMEOUT_MS = 60_000;
const KEEPALIVE_AFTER_MS = 10_000;

export type PoolOptions = {
  url: string;
  /** Shown in pg_stat_activity, after `elnk `. */
  name: string;
  /** Connections at most. */
  max: number;
  logger: Logger;
  /** Of every query; COPY streams are only bound by it on the side of Postgres. */
  queryTimeoutMs?: number;
  connectTimeoutMs?: number;
  /** Of every session, by name. */
  settings?: Readonly<Record<string, string>>;
};

/** How long `stop` waits for connections to close: a Postgres that hangs closes none. */
const GOODBYE_MS = 500;

/** Connects only when asked, so it starts although Postgres is away. `stop` waits for the clients that are in use. */
export async function createPool(options: PoolOptions): Promise<Component<Pool>> {
  const { url, name, max, logger, queryTimeoutMs = QUERY_TIMEOUT_MS, connectTimeoutMs = CONNECT_TIMEOUT_MS, settings = {} } = options;
  const pool = new pg.Pool({
    connectionString: url,
    application_name: `elnk ${name}`,
    max,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: queryTimeoutMs,
    query_timeout: queryTimeoutMs + SILENCE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
    types: { getTypeParser },
  });
  pool.on('error', (error) => logger.warn({ pool: name, reason: error.message }, 'an idle connection to Postgres was lost'));
  // The pool only listens to idle clients. One that is cut between two queries of a transaction would end the process; so its next query fails.
  pool.on('connect', (client) => client.on('error', (error) => logger.debug({ pool: name, reason: error.message }, 'connection lost')));
  const setUp = Object.entries(settings).map(([setting, value]) => `SET ${setting} = '${value}'`);
  // Before the first query of whoever has asked for the connection; if it fails, that one fails as well.
  if (setUp.length > 0)
    pool.on(
      'connect',
      (client) =>
        void client
          .query(setUp.join('; '))
          .catch((error) => logger.warn({ pool: name, reason: error.message }, 'a session could not be set up')),
    );
  const open = new Set<Promise<unknown>>();
  pool.on('connect', (client) => {
    const closed = new Promise((resolve) => client.once('end', resolve)).finally(() => open.delete(closed));
    open.add(closed);
  });
  return {
    value: pool,
    async stop() {
      await pool.end(); // only says goodbye: Postgres may be stopped next, and would complain about connections that are still open
      await Promise.race([Promise.all(open), sleep(GOODBYE_MS, undefined, { ref: false })]);
    },
  };
}

/** Each statement sees what was committed before it, whatever the database has for a default: what is read behind a lock has to be as of then. */
const READ_COMMITTED = 'BEGIN ISOLATION LEVEL READ COMMITTED';

/** Postgres finds a deadlock after a second; an answer of the API may take five. */
const TRIES_MAX = 3;

/**
 * Runs `work` in a transaction of its own; anew when Postgres has undone it for the sake of another one, so what it does beside the transaction
 * must bear to be done twice. Whatever goes wrong, the connection is closed, and with it the transaction: a client whose state is not known must
 * not go back to the pool.
 * @param begin the statement that begins it, where another isolation level is needed
 * @throws what `work` threw, or why it could not be committed
 */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>, begin = READ_COMMITTED): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await tryTransaction(pool, work, begin);
    } catch (error) {
      if (tries === TRIES_MAX || !isUndone(error)) throw error;
    }
  }
}

async function tryTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>, begin: string): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(begin);
    const result = await work(client);
    // After a failed statement that `work` has swallowed, COMMIT succeeds as a rollback.
    const { command } = await client.query('COMMIT');
    if (command !== 'COMMIT') throw new Error(trouble('transactionUndone'));
    client.release();
    return result;
  } catch (error) {
    client.release(error instanceof Error ? error : true);
    throw error;
  }
}

/** deadlock_detected, serialization_failure. */
const UNDONE_STATES = ['40P01', '40001'];

/** Whether Postgres has undone a transaction because another one was in its way: nothing of it has happened. */
const isUndone = (error: unknown): boolean => error instanceof pg.DatabaseError && UNDONE_STATES.includes(error.code ?? '');

/** Classes of SQLSTATE: connection exceptions, insufficient resources, operator intervention (which a cancelled statement is, too). */
const AWAY_CLASSES = ['08', '53', '57'];
/** read_only_sql_transaction: what a standby says. */
const AWAY_STATES = ['25006'];
const AWAY_ERRNOS = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
];
/** pg's own errors have no code. */
const AWAY_MESSAGES = [
  'connect ENOENT', // a socket file that is not there; any other missing file is not the store's fault
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query read timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
];

/** Whether a query failed because Postgres cannot be asked right now, or not beside the others, so that the same query may succeed later. */
export function isStoreAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  if (error instanceof pg.DatabaseError) return AWAY_CLASSES.includes(code.slice(0, 2)) || AWAY_STATES.includes(code) || isUndone(error);
  if (AWAY_ERRNOS.includes(code) || AWAY_MESSAGES.some((message) => error.message.startsWith(message))) return true;
  if (error instanceof AggregateError) return error.errors.some(isStoreAway); // one for each address of the host
  return isStoreAway(error.cause);
}

export const UNIQUE_VIOLATION = '23505';

/** Whether a statement failed because a row like it is there already. @param index of the rows in question; absent: whichever */
export const isUniqueViolation = (error: unknown, index?: string): boolean =>
  error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION && (index === undefined || error.constraint === index);

const FOREIGN_KEY_VIOLATION = '23503';
/** What refers to an account, or to an import, which only goes with its account while it is uploaded. */
const OF_ACCOUNT = /_(?:user_id|owner_id|import_id)_fkey$/;

/** Whether a statement failed because the account that it writes for has just been deleted. */
export const isAccountGone = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === FOREIGN_KEY_VIOLATION && OF_ACCOUNT.test(error.constraint ?? '');

/** Of pg_type; they never change. */
const OIDS = { int8: 20, date: 1082, int8Array: 1016, dateArray: 1182 };

function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (format !== 'binary') {
    if (oid === OIDS.int8) return toNumber;
    if (oid === OIDS.date) return asText;
    if (oid === OIDS.int8Array) return arrayOf(toNumber);
    if (oid === OIDS.dateArray) return arrayOf(asText);
  }
  return pg.types.getTypeParser(oid, format);
}

function toNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large for a number`);
  return value;
}

const asText = (text: string): string => text;

/** pg reads arrays of int8 as arrays of strings, which is what is wanted of dates, too. */
const parseTexts: (text: string) => (string | null)[] = pg.types.getTypeParser(OIDS.int8Array);

const arrayOf =
  <T>(parse: (text: string) => T) =>
  (text: string): (T | null)[] =>
    parseTexts(text).map((item) => (item === null ? null : parse(item)));
