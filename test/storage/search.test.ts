/** Searching among many links: by the trigram index where there is one, and without. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLinkAdministration } from '../../src/storage/postgres/admin-links.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool, type Pool } from '../../src/storage/postgres/pool.ts';
import { linkHas, queryConditions } from '../../src/storage/postgres/search.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { emptyDatabase } from '../support/postgres.ts';

const LINKS = 20_000;

type Opened = { url: string; pool: Pool; stop: () => Promise<void> };

async function openEmpty(): Promise<Opened> {
  const database = await emptyDatabase();
  const { url } = database.value;
  const { value, stop } = await createPool({ url, name: 'test', max: 2, logger: silentLogger });
  return { url, pool: value, stop: () => stop().finally(database.stop) };
}

/** As a server that does not let its users create them. */
const REFUSE_EXTENSIONS = `
  CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
  BEGIN RAISE insufficient_privilege USING MESSAGE = 'permission denied to create extension'; END $$;
  CREATE EVENT TRIGGER no_extensions ON ddl_command_start WHEN TAG IN ('CREATE EXTENSION') EXECUTE FUNCTION refuse();`;

async function fill(pool: Pool): Promise<void> {
  const owner = { email: 'many@example.com', passwordHash: null, isAdmin: false, plan: 'unlimited', timeZone: 'UTC' } as const;
  const { id } = await createConfirmedUser(pool, owner);
  await pool.query(
    `INSERT INTO links (slug, owner_id, target)
     SELECT 'link-' || i, $1, 'https://www.shop' || i % 50 || '.example/' || md5(i::text) || '?utm_source=mail' FROM generate_series(1, $2) AS i`,
    [id, LINKS],
  );
  await pool.query('ANALYZE links');
}

const foundBy = async (pool: Pool, search: string, limit = 10): Promise<string[]> => {
  const { data } = await createLinkAdministration(pool).list({ search, disabled: undefined, ownerId: undefined }, limit, null);
  return data.map(({ slug }) => slug);
};

const it = suite('search in Postgres');

it('finds among many links by the index', async () => {
  const { url, pool, stop } = await openEmpty();
  try {
    await migrate({ url, logger: silentLogger });
    await fill(pool);
    const { rows } = await pool.query<{ target: string }>(`SELECT target FROM links WHERE slug = 'link-777'`);
    const hash = new URL(rows[0].target).pathname.slice(1);
    assert.equal(await foundBy(pool, hash.toUpperCase()), ['link-777']);
    assert.equal(await foundBy(pool, 'link-19999'), ['link-19999']);
    assert.equal(await foundBy(pool, 'nothing has this'), []);
    assert.equal(await foundBy(pool, 'utm_source', 2), ['link-20000', 'link-19999']);
    assert.equal(await foundBy(pool, 'shop7.', 2), ['link-19957', 'link-19907']);
    const query = queryConditions();
    query.add(linkHas(hash, query.parameter));
    const client = await pool.connect();
    await client.query('SET enable_seqscan = off; SET enable_indexscan = off'); // the table is too small to need its indexes
    const explain = `EXPLAIN SELECT id FROM links ${query.text()} ORDER BY id DESC LIMIT 50`;
    const plan = await client.query<{ 'QUERY PLAN': string }>(explain, query.values);
    client.release(true);
    assert.match(plan.rows.map((row) => row['QUERY PLAN']).join('\n'), 'Bitmap Index Scan on links_search');
  } finally {
    await stop();
  }
});

it('works without the extension, where it may not be created', async () => {
  const { url, pool, stop } = await openEmpty();
  try {
    await pool.query(REFUSE_EXTENSIONS);
    await migrate({ url, logger: silentLogger });
    assert.is((await pool.query(`SELECT FROM pg_extension WHERE extname = 'pg_trgm'`)).rowCount, 0);
    await fill(pool);
    assert.equal(await foundBy(pool, 'LINK-777', 1), ['link-7779']);
    assert.equal(await foundBy(pool, 'nothing has this'), []);
  } finally {
    await stop();
  }
});

it.run();
