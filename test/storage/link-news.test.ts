/** News of links, through a Postgres whose connections end. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { announceLinks, startLinkNews } from '../../src/storage/postgres/link-news.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const LISTENERS = `FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'elnk news' AND query LIKE 'LISTEN%'`;

const it = suite('news of links');

it('are heard, also after the connection was lost; then what was not there is looked up again, and no link that is at hand', async () => {
  const database = await testDatabase();
  const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 1, logger: silentLogger });
  const versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions);
  const news = await startLinkNews(database.value.url, versions, silentLogger);
  const isListening = () => until('a listener', async () => (await pool.query(`SELECT ${LISTENERS}`)).rowCount === 1);
  const [made, other] = [versions.cell('made'), versions.cell('other')];
  try {
    await isListening();
    const before = versions.read(made);
    await announceLinks(pool, ['made']);
    await until('the news', () => versions.read(made) !== before);
    const [version, epoch, absence] = [versions.read(other), versions.epoch(), versions.absenceEpoch()];
    await pool.query(`SELECT pg_terminate_backend(pid) ${LISTENERS}`);
    await until('another epoch', () => versions.absenceEpoch() !== absence);
    assert.equal([versions.read(other), versions.epoch()], [version, epoch], 'without Postgres it could not be answered any more');
    await isListening();
    const again = versions.read(made);
    await announceLinks(pool, ['made']);
    await until('the news', () => versions.read(made) !== again);
  } finally {
    await news.stop();
    await closePool();
    await database.stop();
  }
});

it.run();
