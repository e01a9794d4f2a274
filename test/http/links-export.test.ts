import { parse } from 'csv-parse/sync';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXPORT_COLUMNS } from '../../src/core/link-csv.ts';
import { startApi } from '../support/api-server.ts';

const server = await startApi();
const { ann, bob, base, send, figures, pool, ids, keyOf } = server.value;

const fetchCsv = (query = '', key = ann) => fetch(`${base}/api/v1/links.csv${query}`, { headers: { Authorization: `Bearer ${key}` } });

const test = suite('export of links');

test.after(() => server.stop());

test('every link with its figures, text made inert', async () => {
  const made = await send('POST', '/api/v1/links/bulk', {
    key: ann,
    body: {
      links: [
        { url: 'https://a.example/?x="1",2', slug: '-first', title: '=HYPERLINK("x")', tags: ['@a', 'b|c'], maxClicks: 3 },
        { url: 'https://b.example/', slug: 'second', title: 'Кабель; 2 м', password: 'sesame', expiresAt: '2027-01-01T00:00:00Z' },
      ],
    },
  });
  const [first] = made.json.results;
  figures.set(first.link.id, { clicks: 7, repeatClicks: 2, clicksToday: 1, repeatClicksToday: 0 });
  const response = await fetchCsv();
  assert.equal(
    [response.status, response.headers.get('content-type'), response.headers.get('content-disposition')],
    [200, 'text/csv; charset=utf-8', 'attachment; filename="links.csv"'],
  );
  const text = await response.text();
  assert.is(text.split('\r\n').length, 4);
  const rows: Record<string, string>[] = parse(text, { columns: true });
  assert.equal(Object.keys(rows[0]), [...EXPORT_COLUMNS]);
  const { createdAt, updatedAt, ...rest } = rows[0];
  assert.equal(rest, {
    slug: "'-first",
    url: 'https://a.example/?x=%221%22,2',
    title: `'=HYPERLINK("x")`,
    tags: "'@a|b\\|c",
    hasPassword: '',
    maxClicks: '3',
    validFrom: '',
    expiresAt: '',
    expiredUrl: '',
    state: 'active',
    clicksLeft: '3',
    clicks: '7',
    repeatClicks: '2',
    clicksToday: '1',
    repeatClicksToday: '0',
    shortUrl: 'https://elnk.example/-first',
  });
  assert.equal([rows[1].hasPassword, rows[1].title, rows[1].expiresAt], ['true', 'Кабель; 2 м', '2027-01-01T00:00:00.000Z']);
  assert.not.match(text, 'sesame');
  assert.not.match(text, 'argon2');
});

test('for Excel: semicolons and a byte order mark', async () => {
  const bytes = Buffer.from(await (await fetchCsv('?excel=true')).arrayBuffer());
  assert.is(bytes.subarray(0, 3).toString('hex'), 'efbbbf');
  const rows: Record<string, string>[] = parse(bytes, { columns: true, bom: true, delimiter: ';' });
  assert.equal(
    rows.map(({ title }) => title),
    [`'=HYPERLINK("x")`, 'Кабель; 2 м'],
  );
  assert.is((await fetchCsv('?excel=yes')).status, 422);
});

test('a thousand links, those that are made meanwhile left out, nobody else’s', async () => {
  await pool.query(
    `INSERT INTO links (slug, owner_id, target) SELECT 'many-' || i, $1, 'https://example.com/' FROM generate_series(1, 1100) i`,
    [ids.bob],
  );
  const response = await fetchCsv('', bob);
  await pool.query(
    `INSERT INTO links (slug, owner_id, target) SELECT 'late-' || i, $1, 'https://example.com/' FROM generate_series(1, 5) i`,
    [ids.bob],
  );
  const rows: Record<string, string>[] = parse(await response.text(), { columns: true });
  const slugs = rows.map(({ slug }) => slug);
  assert.equal(
    slugs.filter((slug) => slug.startsWith('many-')),
    Array.from({ length: 1_100 }, (_, i) => `many-${i + 1}`),
  );
  assert.ok(slugs.length <= 1_105);
  const none = await fetchCsv('', await keyOf('root', ['links:read']));
  assert.equal(parse(await none.text()), [[...EXPORT_COLUMNS]]);
  assert.is((await fetchCsv('', 'x')).status, 401);
});

test.run();
