import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Link, linkRequestSchemas } from '../../src/core/api/links.ts';
import type { Separator } from '../../src/core/csv.ts';
import { Failure } from '../../src/core/failure.ts';
import { exportHeader, exportLine } from '../../src/core/link-csv.ts';
import { type CsvEncoding, EncodingProbe, LinkCsvReader, type LinkRow } from '../../src/core/link-csv-reader.ts';
import { slugFault } from '../../src/core/slug.ts';
import { seed } from '../support/seed.ts';

const { createLink } = linkRequestSchemas(new Set());

function encodingOf(bytes: Uint8Array): CsvEncoding {
  const probe = new EncodingProbe();
  for (let at = 0; at < bytes.length; at += 3) probe.push(bytes.subarray(at, at + 3));
  return probe.end();
}

function read(bytes: Uint8Array | string, pieceLength = 7): { rows: LinkRow[]; ignored: readonly string[]; encoding: CsvEncoding } {
  const all = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  const encoding = encodingOf(all);
  const reader = new LinkCsvReader(encoding);
  const rows: LinkRow[] = [];
  for (let at = 0; at < all.length; at += pieceLength) rows.push(...reader.read(all.subarray(at, at + pieceLength)));
  rows.push(...reader.end());
  return { rows, ignored: reader.ignored, encoding };
}
const links = (bytes: Uint8Array | string) => read(bytes).rows.map((row) => ('link' in row ? row.link : row.fault));
const headerFault = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
  throw new Error(`no fault in ${JSON.stringify(text)}`);
};

/** windows-1251 of what is only ASCII and Cyrillic. */
const cp1251 = (text: string) =>
  Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x80 ? code : character === 'ё' ? 0xb8 : character === 'Ё' ? 0xa8 : code - 0x410 + 0xc0;
  });

const test = suite('links as CSV');

test('columns by name, in any order and case, others are named', () => {
  const { rows, ignored } = read('Slug;URL ;owner;maxclicks\r\na;https://a.example;x;5\r\n;https://b.example\r\n;;;\r\n');
  assert.equal(rows, [
    { line: 2, link: { url: 'https://a.example', slug: 'a', maxClicks: 5 } },
    { line: 3, link: { url: 'https://b.example' } },
    { line: 4, link: {} },
  ]);
  assert.equal(ignored, ['owner']);
});

test('comma, semicolon or tab; with a byte order mark or without', () => {
  for (const mark of ['', '\ufeff']) {
    for (const separator of [',', ';', '\t']) {
      const text = `${mark}title${separator}url\n"a,b;c\td"${separator}https://a.example/?a,b;c\n`;
      if (separator === '\t') assert.equal(links(text), [{ url: 'https://a.example/?a,b;c', title: 'a,b;c\td' }]);
      else assert.equal(links(text.replaceAll('?a,b;c', '?')), [{ url: 'https://a.example/?', title: 'a,b;c\td' }]);
    }
  }
  assert.equal(links('url\nhttps://a.example/?a,b;c\n'), ['has 2 cells, and there are 1 columns']);
  assert.equal(links('url\nhttps://a.example/'), [{ url: 'https://a.example/' }]);
});

test('encodings: UTF-8, windows-1251, UTF-16 with its mark', () => {
  const text = 'url;title\r\nhttps://a.example;Ёлка и чай\r\n';
  const expected = [{ url: 'https://a.example', title: 'Ёлка и чай' }];
  for (const [bytes, encoding] of [
    [Buffer.from(text), 'utf-8'],
    [cp1251(text), 'windows-1251'],
    [Buffer.from(`\ufeff${text}`, 'utf16le'), 'utf-16le'],
  ] as const) {
    assert.equal([links(bytes), read(bytes).encoding], [expected, encoding]);
  }
  assert.is(encodingOf(Buffer.from('url\nя').subarray(0, -1)), 'windows-1251', 'cut in the middle of a character');
});

test('a file that cannot be read as a whole: why', () => {
  const noUrl = 'The file must name the columns in its first line, among them url';
  for (const text of ['', '\n\n', 'slug,title\na,b\n', '"url\nhttps://a.example\n', 'https://a.example/\n'])
    assert.is(headerFault(text), noUrl);
  assert.is(headerFault('url,URL\n'), 'The file has the column url twice');
});

test('cells that were made inert, tags, and links that had a password', () => {
  assert.equal(links("url,title,tags\nx,'=1+1,'-a|b\\|c| d \\\\|\nx,''=1,\n"), [
    { url: 'x', title: '=1+1', tags: ['-a', 'b|c', 'd \\'] },
    { url: 'x', title: "'=1" },
  ]);
  const [refused, given, none] = links('url,hasPassword,password\nx,true,\nx,true, word \nx,false,\n');
  assert.match(String(refused), 'password: this link had one');
  assert.equal([given, none], [{ url: 'x', password: ' word ' }, { url: 'x' }]);
});

const text = (maxLength: number) =>
  fc
    .oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength }),
      fc.constantFrom('=1', "'=1", "''", '-x', ' a ', 'a|b\\', '"', ';,\t', '@', "'", '\\ ', ' \\', '|'),
    )
    .filter((it) => createLink.safeParse({ url: 'https://a.example', title: it, tags: [it] }).success && [...it].length <= maxLength);
const instant = fc.date({ min: new Date(0), max: new Date(Date.UTC(9_000, 0)), noInvalidDate: true }).map((date) => date.toISOString());

test('property: what is exported is imported again as it was', () => {
  const link = fc.record({
    slug: fc.stringMatching(/^[A-Za-z0-9_-]{8,12}$/).filter((slug) => slugFault(slug) === null),
    url: fc.webUrl({ withQueryParameters: true }).map((url) => new URL(url).href),
    title: fc.option(text(60)),
    tags: fc.uniqueArray(text(30), { maxLength: 4 }),
    maxClicks: fc.option(fc.integer({ min: 1, max: 1_000_000_000 })),
    validFrom: fc.option(instant),
    expiredUrl: fc.option(fc.webUrl().map((url) => new URL(url).href)),
  });
  fc.assert(
    fc.property(
      fc.array(link, { maxLength: 5 }),
      fc.constantFrom<Separator[]>(',', ';'),
      fc.integer({ min: 1, max: 99 }),
      (all, separator, length) => {
        const full = all.map((it): Link => ({ ...FULL, ...it }));
        const file = `\ufeff${exportHeader(separator)}${full.map((it) => exportLine(it, separator)).join('')}`;
        const { rows } = read(Buffer.from(file), length);
        assert.is(rows.length, all.length);
        for (const [i, row] of rows.entries()) {
          const made = createLink.parse('link' in row ? row.link : assert.unreachable(row.fault));
          const { slug, url, title, tags, maxClicks, validFrom, expiredUrl } = all[i];
          assert.equal(
            [made.slug, made.url, made.title ?? null, made.tags ?? [], made.maxClicks ?? null, made.expiredUrl ?? null],
            [slug, url, title, tags, maxClicks, expiredUrl],
          );
          assert.is(made.validFrom ?? null, validFrom === null ? null : Date.parse(validFrom));
        }
      },
    ),
    { seed, numRuns: 400 },
  );
});

const FULL: Link = {
  id: 1,
  slug: 'a',
  shortUrl: 'https://elnk.example/a',
  url: 'https://a.example/',
  title: null,
  tags: [],
  hasPassword: false,
  maxClicks: null,
  clicksLeft: null,
  validFrom: null,
  expiresAt: null,
  expiredUrl: null,
  state: 'active',
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  clicks: 1,
  repeatClicks: 0,
  clicksToday: 0,
  repeatClicksToday: 0,
};

test.run();
