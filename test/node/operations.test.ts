/** What real nodes write down about themselves. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { until } from '../support/until.ts';

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });

const it = suite('operations of nodes');
it.after(async () => {
  await closePool();
  await database.stop();
});

it('counters go on over restarts, and nodes are known', async () => {
  const dataDir = temporaryFolder();
  const settings = { ...shapeSettings({ fronts: 2, shards: 1 }), DATABASE_URL: database.value.url };
  const counted = async () =>
    (await pool.query(`SELECT total FROM server_counters WHERE name = 'unknownSlugs'`)).rows.map(({ total }) => total);
  const nodes = async () => (await pool.query('SELECT node, stopped_at, state FROM nodes')).rows;
  for (const total of [3, 6]) {
    const node = await startTestNode({ dataDir, settings });
    for (let i = 0; i < 3; i++) assert.is((await node.ask(`/none-${i}`)).status, 404);
    const row = await until('a node that lives', async () => (await nodes()).find(({ stopped_at }) => stopped_at === null));
    assert.equal([row.state.fronts, row.state.shards, row.state.logs.length], [2, 1, 2]);
    assert.ok(row.state.diskUsed > 0 && row.state.diskUsed <= 1);
    assert.is((await node.stop()).code, 0);
    assert.equal(await counted(), [total], 'written at the stop, with what the fronts counted last');
    const known = await nodes();
    assert.is(known.length, 1);
    assert.ok(known[0].stopped_at !== null);
  }
  const { rows } = await pool.query(`SELECT place, message FROM server_events WHERE level = 'warn'`);
  assert.ok(rows.some(({ place, message }) => place === 'main' && message.startsWith('there is no administrator yet')));
  assert.not.match(JSON.stringify(rows), /token=/);
});

it.run();
