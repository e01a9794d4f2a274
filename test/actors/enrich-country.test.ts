import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type CountryResponse, Reader } from 'maxmind';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BUNDLED_COUNTRIES, countryReader, loadCountries } from '../../src/actors/enrich/country.ts';
import { codeToLetters, lettersToCode } from '../../src/core/click.ts';
import { mmdb } from '../support/mmdb.ts';
import { randomFrom, seed } from '../support/seed.ts';

const IPV4_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const ipv4 = (text: string) => Uint8Array.of(...IPV4_PREFIX, ...text.split('.').map(Number));
/** @param groups eight, in full */
const ipv6 = (...groups: number[]) => Uint8Array.from({ length: 16 }, (_, i) => groups[i >> 1] >> (i % 2 === 0 ? 8 : 0));
const letters = (countryOf: (address: Uint8Array) => number, address: Uint8Array) => codeToLetters(countryOf(address));
/** RFC 1918; the database has some of these in Australia. */
const PRIVATE = /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./;
const bits = (address: Uint8Array) => [...address].map((byte) => byte.toString(2).padStart(8, '0')).join('');

/** What this file does as a thread: looks an address up in the memory it is given. */
if (!isMainThread) {
  const countryOf = countryReader(workerData);
  parentPort?.postMessage(letters(countryOf, ipv4('8.8.8.8')));
} else {
  const country = suite('enrich: country');
  const folder = mkdtempSync(join(tmpdir(), 'elnk-country-'));
  const random = randomFrom(seed);
  const randomByte = () => Math.floor(random() * 256);

  const fileWith = (bytes: Uint8Array): string => {
    const file = join(folder, `${Math.floor(random() * 1e9)}.mmdb`);
    writeFileSync(file, bytes);
    return file;
  };
  const readerOf = async (bytes: Uint8Array) => countryReader((await loadCountries(fileWith(bytes))).memory);

  country('the README says when the bundled database was made', async () => {
    const { builtAt } = await loadCountries(BUNDLED_COUNTRIES.file);
    assert.match(readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8'), `made on ${builtAt.toISOString().slice(0, 10)}`);
  });

  country('agrees with the library on the whole of the bundled database', async () => {
    const countryOf = countryReader((await loadCountries(BUNDLED_COUNTRIES.file)).memory);
    const library = new Reader<CountryResponse>(readFileSync(BUNDLED_COUNTRIES.file));
    const codeOf = (text: string) => lettersToCode((library.get(text) as { country_code?: string } | null)?.country_code ?? '');
    let known = 0;
    for (let i = 0; i < 60_000; i++) {
      const address = ipv4([randomByte(), randomByte(), randomByte(), randomByte()].join('.'));
      const text = [...address.subarray(12)].join('.');
      const code = countryOf(address);
      assert.is(code, PRIVATE.test(text) ? 0 : codeOf(text), text);
      if (code > 0) known++;
    }
    assert.ok(known > 30_000, `${known} known`);
    known = 0;
    for (let i = 0; i < 60_000; i++) {
      const address = Uint8Array.from({ length: 16 }, randomByte);
      // 2400::/12 and the like are where the addresses in use begin.
      if (i % 3 > 0) address.set([[0x20, 0x24, 0x26, 0x2a][i & 3], randomByte() & (i % 3 === 1 ? 0x0f : 0xff)]);
      const groups = Array.from({ length: 8 }, (_, at) => ((address[at * 2] << 8) | address[at * 2 + 1]).toString(16));
      const code = countryOf(address);
      assert.is(code, codeOf(groups.join(':')), groups.join(':'));
      if (code > 0) known++;
    }
    assert.ok(known > 1_000, `${known} known`);
  });

  country('known addresses', async () => {
    const countryOf = countryReader((await loadCountries(BUNDLED_COUNTRIES.file)).memory);
    assert.is(letters(countryOf, ipv4('8.8.8.8')), 'us');
    assert.is(letters(countryOf, ipv4('77.88.8.8')), 'ru');
    assert.is(letters(countryOf, ipv6(0x2a02, 0x6b8, 0, 0, 0, 0, 0, 1)), 'ru');
    for (const address of ['127.0.0.1', '10.1.2.3', '192.168.0.1', '172.16.0.1', '172.31.255.255', '0.0.0.0', '255.255.255.255'])
      assert.is(countryOf(ipv4(address)), 0);
    assert.is(countryOf(ipv6(0, 0, 0, 0, 0, 0, 0, 1)), 0);
    assert.is(countryOf(new Uint8Array(16)), 0);
  });

  country('every record size, both record shapes, both kinds of tree', async () => {
    const shapes = [
      (code: string) => ({ country_code: code }),
      (code: string) => ({ country: { geoname_id: 5, iso_code: code }, city: 'x' }),
    ];
    for (const recordSize of [24, 28, 32]) {
      for (const shape of shapes) {
        const six = await readerOf(
          mmdb({ [`${'0'.repeat(96)}00000101`]: shape('DE'), [bits(ipv6(0x2a02, 0x6b8, 0, 0, 0, 0, 0, 1))]: shape('RU') }, 6, recordSize),
        );
        assert.is(letters(six, ipv4('5.255.0.1')), 'de');
        assert.is(six(ipv4('6.0.0.0')), 0);
        assert.is(letters(six, ipv6(0x2a02, 0x6b8, 0, 0, 0, 0, 0, 1)), 'ru');
        assert.is(six(ipv6(0x2a02, 0x6b8, 0, 0, 0, 0, 0, 2)), 0);
        const four = await readerOf(mmdb({ '00000101': shape('DE'), [bits(ipv4('6.7.8.9')).slice(96)]: shape('FR') }, 4, recordSize));
        assert.is(letters(four, ipv4('5.255.0.1')), 'de');
        assert.is(letters(four, ipv4('6.7.8.9')), 'fr');
        assert.is(four(ipv4('6.7.8.8')), 0);
        assert.is(four(ipv6(0x0500, 0, 0, 0, 0, 0, 0, 1)), 0, 'an IPv6 address is not looked for among IPv4 ones');
      }
    }
  });

  country('a tree that has all IPv4 addresses in one leaf', async () => {
    const countryOf = await readerOf(mmdb({ '0': { country_code: 'US' } }, 6, 24));
    assert.is(letters(countryOf, ipv4('1.2.3.4')), 'us');
    assert.is(countryOf(ipv6(0x8000, 0, 0, 0, 0, 0, 0, 0)), 0);
  });

  country('records without a country, or with something else in its place, are unknown', async () => {
    const countryOf = await readerOf(
      mmdb(
        {
          '00000001': { asn: 5 },
          '00000010': { country_code: 'Germany' },
          '00000011': { country_code: '1!' },
          '00000100': { country: 7 },
          '00000110': { country_code: 'DEU' },
          '00000101': { country_code: 'DE' },
        },
        4,
        24,
      ),
    );
    for (const first of [1, 2, 3, 4, 6]) assert.is(countryOf(ipv4(`${first}.1.1.1`)), 0);
    assert.is(letters(countryOf, ipv4('5.1.1.1')), 'de');
  });

  country('one memory serves all threads', async () => {
    const { memory } = await loadCountries(BUNDLED_COUNTRIES.file);
    const worker = new Worker(new URL(import.meta.url), { workerData: memory });
    const [[answer]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    assert.is(answer, 'us');
  });

  country('a file that is none is refused, by name', async () => {
    const good = mmdb({ '00000101': { country_code: 'DE' } }, 4, 24);
    const cyclic = mmdb({ '00000101': { country_code: 'DE' } }, 4, 24);
    cyclic.fill(0, 6, 12); // the second node leads back to the root
    const faults: [name: string, bytes: Uint8Array][] = [
      ['empty', new Uint8Array(0)],
      ['text', Buffer.from('a web page that says no')],
      ['cut at the end', good.subarray(0, good.length - 20)],
      ['cut at the beginning', good.subarray(30)],
      ['no countries', mmdb({ '00000101': { asn: 3 } }, 4, 24)],
      ['random', Uint8Array.from({ length: 5000 }, randomByte)],
    ];
    for (const [name, bytes] of faults) {
      const file = fileWith(bytes);
      const error = await loadCountries(file).then(
        () => null,
        (it) => it,
      );
      assert.instance(error, Error, name);
      assert.ok(error.message.includes(file), `${name}: ${error.message}`);
    }
    const missing = join(folder, 'missing.mmdb');
    await loadCountries(missing).then(
      () => assert.unreachable(),
      (error) => assert.match(error.message, /missing\.mmdb: ENOENT/),
    );
    // A circle in the tree is not found, but ends with the address.
    const countryOf = await loadCountries(fileWith(cyclic)).then(
      ({ memory }) => countryReader(memory),
      () => () => 0,
    );
    for (let first = 0; first < 256; first++) assert.type(countryOf(ipv4(`${first}.0.0.0`)), 'number');
  });

  country('no damage makes a look-up hang, throw or answer what is no country', async () => {
    const good = mmdb(
      { '00000101': { country_code: 'DE' }, '0000011': { country_code: 'FR' }, '01': { country: { iso_code: 'US' } } },
      6,
      28,
    );
    for (let i = 0; i < 300; i++) {
      const damaged = Buffer.from(good);
      for (let n = 0; n < 3; n++) damaged[Math.floor(random() * damaged.length)] = randomByte();
      const loaded = await loadCountries(fileWith(damaged)).catch((error) => {
        assert.match(error.message, /cannot use the country database/);
        return null;
      });
      if (loaded === null) continue;
      const countryOf = countryReader(loaded.memory);
      for (let n = 0; n < 50; n++) {
        const code = countryOf(Uint8Array.from({ length: 16 }, randomByte));
        assert.ok(code === 0 || codeToLetters(code).length === 2, `${code}`);
      }
    }
  });

  country.after(() => rmSync(folder, { recursive: true }));
  country.run();
}
