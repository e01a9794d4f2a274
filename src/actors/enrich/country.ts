/**
 * The country of an address, from a MaxMind DB file (https://maxmind.github.io/MaxMind-DB/): a binary tree over the address's bits whose
 * leaves point to records.
 *
 * A click cannot afford the `maxmind` reader's own look-up: it takes an address as a string, parses it and decodes a record, 1 µs and
 * garbage. So the file is read once, by the library, and turned into the same tree with the country's code in place of each leaf's pointer;
 * walking that takes 0.1 µs, needs nothing of the file afterwards, and a broken file is found out at the start. A cache in front of it
 * would save 0.03 µs while there are a thousand addresses, and nothing when there are many. All threads walk the one copy in shared memory.
 *
 * Cells are int32. Cell 0 leads into the tree for IPv6 addresses, cell 1 for IPv4; each node is two cells, for a bit of 0 and of 1. A
 * cell > 0 is the index of the next node's first cell; a cell ≤ 0 is a leaf: minus the country's code, 0 when there is none.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Reader, type Response } from 'maxmind';
import { lettersToCode } from '../../core/click.ts';

/** The database that comes with elnk. */
export const BUNDLED_COUNTRIES = {
  file: fileURLToPath(import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb')),
  source: 'geo-whois-asn-country of ip-location-db (bundled)',
  licence: 'CC0-1.0',
};

const IPV6_ROOT = 0;
const IPV4_ROOT = 1;
const FIRST_NODE = 2;
const ADDRESS_BITS = 128;
/** An IPv4 address stands below ::/96 in a tree for IPv6, and behind 96 bits in its IPv4-mapped form. */
const IPV4_FIRST_BIT = 96;

/**
 * @param file .mmdb with records `{country_code}` or `{country: {iso_code}}`; MaxMind's and DB-IP's country and city files fit
 * @throws Error that names the file, when it cannot be read, is damaged, or knows no country
 */
export async function loadCountries(file: string): Promise<{ memory: SharedArrayBuffer; builtAt: Date }> {
  try {
    const { memory, countries, builtAt } = buildTree(await readFile(file));
    if (countries === 0) throw new Error('its records name no country');
    return { memory, builtAt };
  } catch (cause) {
    throw new Error(`cannot use the country database ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function buildTree(bytes: Buffer): { memory: SharedArrayBuffer; countries: number; builtAt: Date } {
  const reader = new Reader<Response>(bytes);
  const { nodeCount, nodeByteSize, searchTreeSize, ipVersion, buildEpoch } = reader.metadata;
  if (!(nodeCount > 0 && searchTreeSize < bytes.length)) throw new Error('its search tree is cut short');
  if (Number.isNaN(buildEpoch.getTime())) throw new Error('it does not say when it was made');
  // The library's parts for the file's formats, of the tree and of the data. Private, but the version is pinned and tsc checks the names.
  // biome-ignore lint/complexity/useLiteralKeys: with a dot, tsc refuses what is private
  const walker = reader['walker'];
  // biome-ignore lint/complexity/useLiteralKeys: as above
  const recordAt = (pointer: number): unknown => reader['resolveDataPointer'](pointer);
  const codes = new Map<number, number>();

  function codeOf(pointer: number): number {
    let code = codes.get(pointer);
    if (code === undefined) {
      code = lettersToCode(countryOf(recordAt(pointer)));
      codes.set(pointer, code);
    }
    return code;
  }
  function cellOf(record: number): number {
    if (record < nodeCount) return FIRST_NODE + record * 2;
    return record === nodeCount ? 0 : -codeOf(record);
  }

  const memory = new SharedArrayBuffer((FIRST_NODE + nodeCount * 2) * Int32Array.BYTES_PER_ELEMENT);
  const cells = new Int32Array(memory);
  for (let node = 0, at = FIRST_NODE; node < nodeCount; node++) {
    cells[at++] = cellOf(walker.left(node * nodeByteSize));
    cells[at++] = cellOf(walker.right(node * nodeByteSize));
  }
  cells[IPV6_ROOT] = ipVersion === 6 ? FIRST_NODE : 0;
  let root = FIRST_NODE;
  if (ipVersion === 6) for (let bit = 0; bit < IPV4_FIRST_BIT && root > 0; bit++) root = cells[root];
  cells[IPV4_ROOT] = root;
  const countries = new Set(codes.values());
  countries.delete(0);
  return { memory, countries: countries.size, builtAt: buildEpoch };
}

/** @returns '' when the record names no country */
function countryOf(record: unknown): string {
  const { country_code, country } = Object(record) as { country_code?: unknown; country?: { iso_code?: unknown } };
  const letters = country_code ?? country?.iso_code;
  return typeof letters === 'string' && letters.length === 2 ? letters : '';
}

/**
 * @param memory from `loadCountries`
 * @returns address (16 bytes, IPv4 in its IPv4-mapped form) → code (core/click.ts), 0 when not known
 */
export function countryReader(memory: SharedArrayBuffer): (address: Uint8Array) => number {
  const cells = new Int32Array(memory);
  return (address) => {
    const isIPv4 = isIPv4Mapped(address);
    if (isIPv4 && isPrivate(address)) return 0;
    let cell = cells[isIPv4 ? IPV4_ROOT : IPV6_ROOT];
    for (let bit = isIPv4 ? IPV4_FIRST_BIT : 0; cell > 0 && bit < ADDRESS_BITS; bit++) {
      cell = cells[cell + ((address[bit >> 3] >> (~bit & 7)) & 1)];
    }
    return cell < 0 ? -cell : 0;
  };
}

/** ::ffff:0:0/96 */
function isIPv4Mapped(address: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}

/** 10/8, 172.16/12, 192.168/16 (RFC 1918). The bundled database has the last one in Australia. */
function isPrivate(address: Uint8Array): boolean {
  const first = address[12];
  return first === 10 || (first === 192 && address[13] === 168) || (first === 172 && address[13] >> 4 === 1);
}
