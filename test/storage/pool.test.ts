import pg from 'pg';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool, inTransaction, isStoreAway } from '../../src/storage/postgres/pool.ts';
import { recordingLogger, silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const QUERY_TIMEOUT_MS = 300;

const database = await testDatabase();
const { url } = database.value;
const { value: pool, stop } = await createPool({ url, name: 'test', max: 2, logger: silentLogger });

const it = suite('pool');
it.after(async () => {
  await stop();
  await database.stop();
});

async function one(sql: string): Promise<unknown> {
  const { rows } = await pool.query<{ it: unknown }>(`SELECT ${sql} AS it`);
  return rows[0].it;
}

/** Ends the server's side of every connection of a pool. */
async function cutConnections(name: string): Promise<void> {
  await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [name]);
}

it('reads int8 as a number, and refuses to round one', async () => {
  assert.is(await one('9007199254740991::int8'), Number.MAX_SAFE_INTEGER);
  assert.is(await one('(-7)::int8'), -7);
  assert.equal(await one('ARRAY[1, NULL, 9007199254740991]::int8[]'), [1, null, Number.MAX_SAFE_INTEGER]);
  assert.is(await one('NULL::int8'), null);
  assert.match((await thrownBy(one('9007199254740993::int8'))).message, '9007199254740993 is too large for a number');
});

it('reads a date as it stands, whatever the zone of the machine, and an instant as a Date', async () => {
  assert.is(await one(`'2024-02-29'::date`), '2024-02-29');
  assert.equal(await one(`ARRAY['2024-02-29', NULL]::date[]`), ['2024-02-29', null]);
  assert.equal(await one(`'2024-02-29 12:00:00.5+03'::timestamptz`), new Date('2024-02-29T09:00:00.500Z'));
});

it('names itself', async () => {
  assert.is(await one(`current_setting('application_name')`), 'elnk test');
});

it('commits, and gives the result', async () => {
  await pool.query('CREATE TABLE t (n int)');
  assert.is(await inTransaction(pool, async (client) => (await client.query('INSERT INTO t VALUES (1)')).rowCount), 1);
  assert.is(await one('(SELECT count(*) FROM t)'), 1);
});

it('leaves nothing of a transaction that failed, and no client outside the pool', async () => {
  for (let i = 0; i < 5; i++) {
    const error = await thrownBy(
      inTransaction(pool, async (client) => {
        await client.query('INSERT INTO t VALUES (2)');
        throw new Error('changed my mind');
      }),
    );
    assert.is(error.message, 'changed my mind');
  }
  assert.is(await one('(SELECT count(*) FROM t WHERE n = 2)'), 0);
  assert.is(pool.waitingCount, 0);
});

it('does not take a rollback for a commit', async () => {
  const error = await thrownBy(
    inTransaction(pool, async (client) => {
      await client.query('INSERT INTO t VALUES (3)');
      await client.query('SELECT 1 / 0').catch(() => undefined);
    }),
  );
  assert.match(error.message, 'was rolled back');
  assert.is(await one('(SELECT count(*) FROM t WHERE n = 3)'), 0);
});

it('begins anew what Postgres has undone for a deadlock: of two that wait for each other both get through', async () => {
  await pool.query('CREATE TABLE rows (id int PRIMARY KEY, n int)');
  await pool.query('INSERT INTO rows VALUES (1, 0), (2, 0)');
  let locked = 0;
  const both = Promise.withResolvers<void>();
  let tries = 0;
  const inOrder = (first: number, second: number) =>
    inTransaction(pool, async (client) => {
      tries++;
      await client.query('UPDATE rows SET n = n + 1 WHERE id = $1', [first]);
      if (++locked === 2) both.resolve();
      await both.promise;
      await client.query('UPDATE rows SET n = n + 1 WHERE id = $1', [second]);
    });
  await Promise.all([inOrder(1, 2), inOrder(2, 1)]);
  assert.is(tries, 3);
  assert.equal((await pool.query('SELECT n FROM rows')).rows, [{ n: 2 }, { n: 2 }]);
});

it('gives up after three tries, and says that it may succeed later', async () => {
  await pool.query('UPDATE rows SET n = 0');
  let tries = 0;
  const beaten = inTransaction(
    pool,
    async (client) => {
      tries++;
      await client.query('SELECT FROM rows');
      await pool.query('UPDATE rows SET n = n + 1 WHERE id = 1');
      await client.query('UPDATE rows SET n = 99 WHERE id = 1');
    },
    'BEGIN ISOLATION LEVEL REPEATABLE READ',
  );
  const error = await thrownBy(beaten);
  assert.ok(error instanceof pg.DatabaseError && error.code === '40001' && isStoreAway(error), error.message);
  assert.equal([tries, await one('(SELECT n FROM rows WHERE id = 1)')], [3, 3]);
  assert.equal((await pool.query('SELECT 1 AS n')).rows, [{ n: 1 }]);
});

it('survives a connection that is cut between two queries of a transaction', async () => {
  const cut = await createPool({ url, name: 'cut', max: 1, logger: silentLogger });
  const error = await thrownBy(
    inTransaction(cut.value, async (client) => {
      const ended = new Promise((resolve) => client.once('end', resolve));
      await cutConnections('elnk cut');
      await ended;
      await client.query('SELECT 1');
    }),
  );
  assert.ok(isStoreAway(error), error.message);
  assert.equal((await cut.value.query('SELECT 1 AS n')).rows, [{ n: 1 }], 'the next connection is a new one');
  await cut.stop();
});

it('survives the loss of an idle connection, and says so', async () => {
  const { logger, lines } = recordingLogger();
  const idle = await createPool({ url, name: 'idle', max: 1, logger });
  await idle.value.query('SELECT 1');
  await cutConnections('elnk idle');
  await until('a warning', () => lines.some(({ level }) => level === 'warn'));
  assert.equal((await idle.value.query('SELECT 1 AS n')).rows, [{ n: 1 }]);
  await idle.stop();
});

it('has closed its connections when it has stopped', async () => {
  const closing = await createPool({ url, name: 'closing', max: 3, logger: silentLogger });
  await Promise.all([1, 2, 3].map(() => closing.value.query('SELECT pg_sleep(0.05)')));
  const count = `(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'elnk closing')`;
  assert.is(await one(count), 3);
  await closing.stop();
  assert.is(await one(count), 0);
});

it('gives up on a query that takes too long, and on a connection that nobody takes', async () => {
  const hasty = await createPool({
    url,
    name: 'hasty',
    max: 1,
    logger: silentLogger,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
    connectTimeoutMs: 200,
  });
  const slow = await thrownBy(hasty.value.query('SELECT pg_sleep(60)'));
  assert.ok(slow instanceof pg.DatabaseError && isStoreAway(slow), 'ended by Postgres, so that nothing goes on there');
  const busy = hasty.value.query('SELECT pg_sleep(0.25)');
  assert.ok(isStoreAway(await thrownBy(hasty.value.query('SELECT 1'))));
  await busy;
  assert.equal((await hasty.value.query('SELECT 1 AS n')).rows, [{ n: 1 }]);
  await hasty.stop();
});

it('starts although Postgres is away, and tells that from a mistake', async () => {
  const away = await createPool({ url: 'postgres://u:p@127.0.0.1:1/d', name: 'away', max: 1, logger: silentLogger });
  assert.ok(isStoreAway(await thrownBy(away.value.query('SELECT 1'))));
  await away.stop();
  const nowhere = await createPool({ url: 'postgres://u:p@/d?host=/nowhere', name: 'nowhere', max: 1, logger: silentLogger });
  assert.ok(isStoreAway(await thrownBy(nowhere.value.query('SELECT 1'))));
  await nowhere.stop();
  for (const sql of ['SELEC 1', 'SELECT 1 / 0', 'SELECT * FROM nowhere', 'INSERT INTO users (email) VALUES (NULL)']) {
    assert.not(isStoreAway(await thrownBy(pool.query(sql))), sql);
  }
});

it('knows that a store is away by its error alone', () => {
  const withCode = (code: string) => Object.assign(new pg.DatabaseError('x', 1, 'error'), { code });
  for (const code of ['57P01', '57P02', '57P03', '57014', '53300', '53100', '08006', '25006', '40P01', '40001'])
    assert.ok(isStoreAway(withCode(code)), code);
  for (const code of ['23505', '40002', '42601', '22P02', 'XX000']) assert.not(isStoreAway(withCode(code)), code);
  assert.ok(isStoreAway(new Error('x', { cause: withCode('57P01') })));
  assert.ok(isStoreAway(new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })])));
  for (const other of [
    null,
    undefined,
    'ECONNREFUSED',
    new Error('x'),
    new TypeError('y'),
    Object.assign(new Error('open ENOENT'), { code: 'ENOENT' }),
  ]) {
    assert.not(isStoreAway(other));
  }
});

it.run();
