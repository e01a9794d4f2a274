import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countryReader, loadCountries } from '../../src/actors/enrich/country.ts';
import type { Countries } from '../../src/core/countries.ts';
import { countryKey } from '../../src/core/facets.ts';
import type { Logger } from '../../src/core/ports.ts';
import { createCountryWatch, fileMark } from '../../src/jobs/country-watch.ts';
import { silentLogger } from '../support/logger.ts';
import { mmdb } from '../support/mmdb.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const test = suite('country watch');

/** All of IPv4 is in one country. */
const database = (country: string, builtAtSec: number) =>
  mmdb({ '0': { country_code: country }, '1': { country_code: country } }, 4, 24, builtAtSec);
const ADDRESS = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8);

async function setUp() {
  const file = join(temporaryFolder(), 'own.mmdb');
  const warned: string[] = [];
  const loaded: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => warned.push(String(Object(fields).reason)) };
  writeFileSync(file, database('DE', 1_000_000_000));
  const tick = createCountryWatch({
    file,
    mark: await fileMark(file),
    async load(): Promise<Countries> {
      const { memory, builtAt } = await loadCountries(file);
      return { memory, about: { source: file, builtAt: builtAt.toISOString(), licence: null } };
    },
    onLoaded: ({ memory, about }) => loaded.push(`${countryKey(countryReader(memory)(ADDRESS))} ${about.builtAt.slice(0, 10)}`),
    logger,
  });
  return { file, tick, warned, loaded };
}

test('a file that stays is not read again; one that is replaced or written anew is', async () => {
  const { file, tick, warned, loaded } = await setUp();
  await tick();
  assert.equal(loaded, []);
  writeFileSync(`${file}.new`, database('FR', 1_100_000_000));
  renameSync(`${file}.new`, file);
  await tick();
  await tick();
  assert.equal(loaded, ['FR 2004-11-09']);
  writeFileSync(file, database('IT', 1_200_000_000));
  utimesSync(file, 1, 1); // an older time counts, too
  await tick();
  assert.equal(loaded, ['FR 2004-11-09', 'IT 2008-01-10']);
  assert.equal(warned, []);
});

test('a broken, a cut and a missing file are refused with one line each, and a good one is taken after that', async () => {
  const { file, tick, warned, loaded } = await setUp();
  const good = database('FR', 1_100_000_000);
  for (const bad of [Buffer.from('not a database'), good.subarray(0, good.length >> 1), Buffer.alloc(0)]) {
    writeFileSync(file, bad);
    await tick();
    await tick();
  }
  rmSync(file);
  await tick();
  await tick();
  assert.is(warned.length, 4, warned.join('\n'));
  for (const reason of warned) assert.match(reason, `cannot use the country database ${file}`);
  assert.equal(loaded, []);
  writeFileSync(file, good);
  await tick();
  assert.equal(loaded, ['FR 2004-11-09']);
});

test.run();
