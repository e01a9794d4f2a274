/** The newest elnk on the data of the first one: nothing is lost, all of it works, and what was not folded yet is folded once. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dashboard, Stats } from '../../src/core/api/stats.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { emptyDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startTestNode } from '../support/test-node.ts';
import { apiClient } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const MIGRATIONS = join(import.meta.dirname, '../../src/storage/postgres/migrations');
const FIRST = '0001.do.links-and-clicks.sql';
const DATA = join(import.meta.dirname, '../storage/fixtures/first-schema.sql');
/** What that elnk printed for its two accounts. */
const ANN = { userId: 1, apiKey: 'elnk_Wtop2bwIOiv3qflNriTkkCxqkh5ZdgWBbhJXaEUG', links: [] };
const BOB = { userId: 2, apiKey: 'elnk_cV8ZKMtPILymBoYlK8hlOibfbRRNPFAtviL7VXD4', links: [] };
const PASSWORD = 'blue tractor sings';
/** Whole days, because quarter-hours are not kept for ever. */
const THAT_DAY = '?from=2026-11-24T00:00:00Z&to=2026-11-27T00:00:00Z&unit=day';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

const it = suite('upgrade');

it('from the first schema: accounts, keys, links and every click', async () => {
  const database = await emptyDatabase();
  const { url } = database.value;
  const firstOnly = temporaryFolder();
  copyFileSync(join(MIGRATIONS, FIRST), join(firstOnly, FIRST));
  await migrate({ url, logger: silentLogger, folder: firstOnly });
  const pool = await createPool({ url, name: 'test', max: 2, logger: silentLogger });
  await pool.value.query(readFileSync(DATA, 'utf8'));
  const node = await startTestNode({ dataDir: temporaryFolder(), settings: { DATABASE_URL: url } });
  try {
    const [ann, bob] = [apiClient(node.url(), ANN), apiClient(node.url(), BOB)];
    const clicksOf = async (): Promise<number[][]> => {
      const stats = await Promise.all([
        ...['plain-one', 'tea-shop', 'gone-one'].map((slug) => ann.get(`/links/${slug}/stats${THAT_DAY}`)),
        bob.get(`/links/bobs-own/stats${THAT_DAY}`),
      ]);
      const read = await Promise.all(stats.map((it) => it.json() as Promise<Stats>));
      // Who clicked is forgotten after three days: of what is folded later than that, only what was folded before is known to the visitor.
      assert.is(read[0].uniqueClicks, 1);
      assert.ok(read[1].uniqueClicks >= 2 && read[1].uniqueClicks <= 12);
      return read.map(({ clicks, botClicks }) => [clicks, botClicks]);
    };
    const expected = [
      [40, 0],
      [12, 0],
      [0, 0],
      [0, 5],
    ];
    assert.equal(await clicksOf(), expected);
    await until('a fold', async () => (await pool.value.query('SELECT FROM click_batches WHERE NOT folded')).rowCount === 0);
    assert.equal(await clicksOf(), expected, 'folded');

    const link = await ann.link('tea-shop');
    assert.equal([link.title, link.tags, link.clicks, link.state, link.version], ['Чайная лавка', ['чай', 'shop'], 12, 'active', 1]);
    assert.equal((await ann.text('/links.csv')).trim().split('\n').length, 1 + 3);
    const found = (await (await ann.get(`/links?search=${encodeURIComponent('лавк')}`)).json()) as { data: { slug: string }[] };
    assert.equal(
      found.data.map(({ slug }) => slug),
      ['tea-shop'],
    );
    const dashboard: Dashboard = await ann.dashboard();
    assert.is(dashboard.total.clicks, 52);
    assert.is((await ann.edit('tea-shop', { maxClicks: 100 })).clicksLeft, 100);

    const redirect = await fetch(`${node.url()}/plain-one`, { redirect: 'manual', headers: { 'user-agent': BROWSER } });
    assert.equal([redirect.status, redirect.headers.get('location')], [302, 'https://example.com/plain']);
    await until('the new click', async () => (await ann.link('plain-one')).clicks === 41);

    const login = await fetch(`${node.url()}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ann@example.com', password: PASSWORD }),
    });
    const { user } = (await login.json()) as { user: { isAdmin: boolean; timezone: string; confirmed: boolean } };
    assert.equal([login.status, user.isAdmin, user.timezone, user.confirmed], [200, true, 'Europe/Moscow', true]);
    assert.is((await node.stop()).code, 0);
  } finally {
    await node.kill();
    await pool.stop();
    await database.stop();
  }
});

it.run();
