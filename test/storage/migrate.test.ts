import { appendFileSync, cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { silentLogger } from '../support/logger.ts';
import { emptyDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { thrownBy } from '../support/thrown-by.ts';

const stops: (() => Promise<void>)[] = [];

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function emptyUrl(): Promise<string> {
  const { value, stop } = await emptyDatabase();
  stops.push(stop);
  return value.url;
}

/** Two migrations, in a folder that is no good as a glob pattern. */
function twoMigrations(): string {
  const folder = join(temporaryFolder(), '[a] {b,c} (d)*');
  mkdirSync(folder);
  writeFileSync(join(folder, '0001.do.first.sql'), 'CREATE TABLE first (n int);\nINSERT INTO first VALUES (1);\n');
  writeFileSync(join(folder, '0002.do.second.sql'), 'CREATE TABLE second (n int);\n');
  return folder;
}

const run = (url: string, folder?: string) => migrate({ url, logger: silentLogger, ...(folder === undefined ? {} : { folder }) });
const tables = async (url: string): Promise<unknown[]> =>
  (await query(url, `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_versions' ORDER BY 1`)).map(
    ({ tablename }) => tablename,
  );

const it = suite('migrate');
it.after(async () => {
  for (const stop of stops) await stop();
});

it('makes the schema of elnk, once', async () => {
  const url = await emptyUrl();
  const applied = await run(url);
  assert.is(applied[0], '0001.do.links-and-clicks.sql');
  assert.ok((await tables(url)).includes('links'));
  assert.equal(await run(url), []);
});

it('makes the job queue as well, so that mails can be queued before any worker has run', async () => {
  const url = await emptyUrl();
  await Promise.all([run(url), run(url), run(url)]);
  const jobs = () => query(url, 'SELECT task_identifier AS task FROM graphile_worker.jobs');
  await query(url, `SELECT graphile_worker.add_job('mail', '{}'::json)`);
  assert.equal(await jobs(), [{ task: 'mail' }]);
  assert.equal(await run(url), [], 'nothing to do');
  assert.equal(await jobs(), [{ task: 'mail' }]);
});

it('lets many start at once', async () => {
  const url = await emptyUrl();
  const folder = twoMigrations();
  const applied = await Promise.all(Array.from({ length: 5 }, () => run(url, folder)));
  assert.equal(applied.flat(), ['0001.do.first.sql', '0002.do.second.sql'], 'one of them does all');
  assert.equal(await query(url, 'SELECT n FROM first'), [{ n: 1 }]);
});

it('applies what is new', async () => {
  const url = await emptyUrl();
  const folder = twoMigrations();
  renameSync(join(folder, '0002.do.second.sql'), join(folder, 'later'));
  assert.equal(await run(url, folder), ['0001.do.first.sql']);
  renameSync(join(folder, 'later'), join(folder, '0002.do.second.sql'));
  assert.equal(await run(url, folder), ['0002.do.second.sql']);
});

it('refuses a database that is newer, and leaves it alone', async () => {
  const url = await emptyUrl();
  const folder = twoMigrations();
  await run(url, folder);
  rmSync(join(folder, '0002.do.second.sql'));
  assert.is(
    (await thrownBy(run(url, folder))).message,
    'the database has schema version 2, this elnk knows 1: run the newer elnk that migrated it',
  );
  assert.equal(await tables(url), ['first', 'second']);
});

it('refuses a migration that was edited after it had been applied', async () => {
  const url = await emptyUrl();
  const folder = twoMigrations();
  await run(url, folder);
  appendFileSync(join(folder, '0002.do.second.sql'), '-- afterthought\n');
  assert.match((await thrownBy(run(url, folder))).message, 'migration 0002.do.second.sql is not what was applied to this database');
});

it('does not mind how a file was checked out', async () => {
  const url = await emptyUrl();
  const folder = twoMigrations();
  await run(url, folder);
  writeFileSync(join(folder, '0002.do.second.sql'), 'CREATE TABLE second (n int);\r\n');
  assert.equal(await run(url, folder), []);
});

it('does all or nothing, and says which one is broken', async () => {
  const url = await emptyUrl();
  const folder = twoMigrations();
  writeFileSync(join(folder, '0003.do.broken.sql'), 'CREATE TABLE third (n int);\nSELECT 1 / 0;\n');
  assert.is((await thrownBy(run(url, folder))).message, 'migration 0003.do.broken.sql failed, nothing was changed: division by zero');
  assert.equal(await tables(url), []);
  rmSync(join(folder, '0003.do.broken.sql'));
  assert.equal(await run(url, folder), ['0001.do.first.sql', '0002.do.second.sql'], 'and works when it is mended');
});

it('says that there are none', async () => {
  assert.match((await thrownBy(run(await emptyUrl(), temporaryFolder()))).message, 'there are no migrations in');
});

it('finds the migrations of elnk wherever it is installed', async () => {
  const url = await emptyUrl();
  const copy = join(temporaryFolder(), 'migrations');
  cpSync(join(import.meta.dirname, '..', '..', 'src', 'storage', 'postgres', 'migrations'), copy, { recursive: true });
  await run(url, copy);
  assert.equal(await run(url), [], 'its own are the same');
});

it.run();
