/** The country database of a real node, swapped on the disk while the node runs. Its minutes are short (fixtures/short-minutes.ts). */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { mmdb } from '../support/mmdb.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { apiClient, makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const SWAP_MS = 20_000;
const database = (country: string, builtAtSec: number) =>
  mmdb({ '0': { country_code: country }, '1': { country_code: country } }, 4, 24, builtAtSec);

const test = suite('countries of a node');
const postgres = await testDatabase();
const connections = await createPool({ url: postgres.value.url, name: 'test', max: 2, logger: silentLogger });

test.after(async () => {
  await connections.stop();
  await postgres.stop();
});

test('another file is picked up by every thread, a broken one is refused; the status says which is in use', async () => {
  const file = join(temporaryFolder(), 'own.mmdb');
  writeFileSync(file, database('DE', 1_000_000_000));
  const node = await startTestNode({
    dataDir: temporaryFolder(),
    settings: {
      ...shapeSettings({ fronts: 2, shards: 2 }),
      DATABASE_URL: postgres.value.url,
      GEOIP_FILE: file,
      TRUSTED_PROXIES: '127.0.0.0/8',
    },
    execArgv: ['--import', join(import.meta.dirname, 'fixtures', 'short-minutes.ts')],
  });
  try {
    const owner = await makeOwner(connections.value, { links: 2 }); // one a shard
    const api = apiClient(node.url(), owner);
    const expected = new Map<string, number>();
    async function clickFrom(country: string): Promise<void> {
      for (const { slug } of owner.links) {
        const headers = { connection: 'close', 'user-agent': BROWSER, 'x-forwarded-for': '8.8.8.8' };
        assert.is((await fetch(`${node.url()}/${slug}`, { redirect: 'manual', headers })).status, 302);
      }
      expected.set(country, (expected.get(country) ?? 0) + 1);
      for (const { slug } of owner.links) {
        const { countries } = await api.stats(slug);
        assert.equal(new Map(countries.map(({ key, clicks }) => [key, clicks])), expected);
      }
    }

    assert.equal((await node.status()).countries, { source: file, builtAt: '2001-09-09T01:46:40.000Z', licence: null });
    await clickFrom('DE');

    writeFileSync(`${file}.new`, database('FR', 1_100_000_000));
    renameSync(`${file}.new`, file);
    await inUse(node, '2004-11-09');
    await clickFrom('FR');

    writeFileSync(file, 'not a database');
    const refused = () => node.log().split('the new country database is refused').length - 1;
    await until('the refusal', async () => refused() > 0, SWAP_MS);
    await clickFrom('FR');
    assert.match((await node.status()).countries.builtAt, /^2004-11-09/);
    assert.is(refused(), 1);

    writeFileSync(file, database('IT', 1_200_000_000));
    await inUse(node, '2008-01-10');
    await clickFrom('IT');
    assert.is((await node.stop()).code, 0);
  } finally {
    await node.kill();
  }
});

test('the bundled database has a licence and a date', async () => {
  const node = await startTestNode({ dataDir: temporaryFolder(), settings: { DATABASE_URL: postgres.value.url } });
  try {
    const { source, builtAt, licence } = (await node.status()).countries;
    assert.match(source, 'ip-location-db');
    assert.ok(Date.parse(builtAt) > Date.UTC(2026, 0, 1));
    assert.is(licence, 'CC0-1.0');
  } finally {
    await node.kill();
  }
});

/** Each question is on a connection of its own; several in a row have met both fronts. */
const inUse = (node: TestNode, day: string) =>
  until(
    `the database of ${day}`,
    async () => {
      const all = [];
      for (let n = 0; n < 6; n++) all.push((await node.status()).countries.builtAt);
      return all.every((builtAt) => builtAt.startsWith(day));
    },
    SWAP_MS,
  );

test.run();
