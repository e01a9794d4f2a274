// timeout: 300 s
/**
 * An import of 100,000 rows by a real node, that is killed in the middle of it and started again: each good row is one link, each bad one is named with its line,
 * and the node needs no more memory than for a tenth of the file.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const ROWS = 100_000;
/** One of so many rows is bad. */
const BAD_EVERY = 100;
const LINE_FEED = 10;
const PATIENCE_MS = 240_000;
/** How much more memory ten times the rows may take: what is not collected yet, and nothing that grows with them. */
const MORE_AT_MOST = 2;
/** Of a page, so that what is in memory of the file would be seen. */
const PATH = 'a-rather-long-path/'.repeat(12);

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const pool = connections.value;
const { apiKey } = await makeOwner(pool, { links: 0 });
const options = {
  dataDir: join(temporaryFolder(), 'data'),
  settings: { ...shapeSettings({ fronts: 1, shards: 1 }), DATABASE_URL: database.value.url },
};
const nodes: TestNode[] = [];

async function start(): Promise<TestNode> {
  const node = await startTestNode(options);
  nodes.push(node);
  return node;
}

const isBad = (row: number) => row % BAD_EVERY === BAD_EVERY - 1;

/** Every bad row has another fault than the one before. */
function fileOf(name: string, rows: number): string {
  const bad = ['not a URL,,', `https://a.example/,${name}-0,`, 'https://a.example/,a b,', '"https://a.example/,,'];
  const lines = Array.from({ length: rows }, (_, i) =>
    isBad(i) ? bad[Math.floor(i / BAD_EVERY) % bad.length] : `https://a.example/${PATH}${i},${name}-${i},Row ${i}`,
  );
  return `url,slug,title\n${lines.join('\n')}\n`;
}

async function ask(node: TestNode, path: string, init: RequestInit = {}) {
  const headers = { authorization: `Bearer ${apiKey}`, connection: 'close', 'content-type': 'text/csv' };
  const response = await fetch(`${node.url()}/api/v1${path}`, { headers, ...init });
  assert.ok(response.ok, `${path}: ${response.status}`);
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests look at
  return (await response.json()) as any;
}
const upload = (node: TestNode, body: string) => ask(node, '/links/import', { method: 'POST', body });
const over = (node: TestNode, id: number) =>
  until(
    'an import that is over',
    async () => (await ask(node, `/imports/${id}`).then((it) => (it.state === 'done' ? it : null))) ?? null,
    PATIENCE_MS,
  );
const peakBytes = ({ pid }: TestNode) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
/** Read as it comes. */
async function exportedLines(node: TestNode): Promise<number> {
  const response = await fetch(`${node.url()}/api/v1/links.csv`, { headers: { authorization: `Bearer ${apiKey}` } });
  let lines = 0;
  for await (const piece of response.body ?? []) lines += Buffer.from(piece).filter((byte) => byte === LINE_FEED).length;
  return lines;
}
const countLinks = async (name: string) =>
  (
    await pool.query<{ n: number; slugs: number }>('SELECT count(*) AS n, count(DISTINCT slug) AS slugs FROM links WHERE slug LIKE $1', [
      `${name}-%`,
    ])
  ).rows[0];

const it = suite('imports of a node');

it.after(async () => {
  for (const node of nodes) await node.kill();
  await connections.stop();
  await database.stop();
});

it('100,000 rows, a kill in the middle, no link twice, bounded memory', async () => {
  const first = await start();
  assert.is((await first.ask('/many-5')).status, 404, 'which is remembered');
  const begun = performance.now();
  await over(first, (await upload(first, fileOf('few', ROWS / 10))).id);
  const few = peakBytes(first);
  say(`import of ${ROWS / 10} rows: ${Math.round(performance.now() - begun)} ms, peak ${few >> 20} MB`);
  const file = fileOf('many', ROWS);
  const { id, bytes } = await upload(first, file);
  assert.is(bytes, file.length);
  const part = await until(
    'a part of it',
    async () => ask(first, `/imports/${id}`).then((it) => (it.rows >= ROWS / 10 ? it : null)),
    PATIENCE_MS,
  );
  assert.is((await first.ask('/many-5')).status, 302);
  const uploaded = peakBytes(first);
  await first.kill();
  assert.is(part.state, 'running');
  assert.ok(part.rows < ROWS, 'killed in the middle');
  await pool.query(`UPDATE link_imports SET touched_at = now() - interval '1 minute' WHERE id = $1`, [id]); // so that nobody has to wait
  const again = performance.now();
  const second = await start();
  const { state, rows, imported, refused, faults } = await over(second, id);
  const restMs = performance.now() - again;
  await pool.query('ANALYZE links'); // as Postgres does by itself after a while
  const exported = performance.now();
  const lines = await exportedLines(second);
  say(`export of ${lines - 1} links: ${Math.round(performance.now() - exported)} ms`);
  assert.is(lines, 1 + imported + (ROWS / 10) * (1 - 1 / BAD_EVERY));
  const many = peakBytes(second);
  say(`killed after ${part.rows} of ${ROWS} rows (${bytes >> 20} MB), over ${Math.round(restMs)} ms after the start`);
  say(`peak ${uploaded >> 20} MB with the upload, ${many >> 20} MB with the rest and the export`);
  assert.equal([state, rows, imported, refused], ['done', ROWS, ROWS - ROWS / BAD_EVERY, ROWS / BAD_EVERY]);
  assert.equal(await countLinks('many'), { n: imported, slugs: imported });
  assert.equal(
    faults.slice(0, 4).map(({ line }: { line: number }) => line),
    [101, 201, 301, 401],
  );
  const all = await ask(second, `/imports/${id}/faults?limit=1000`);
  assert.equal([all.data.length, all.data.at(-1).line, all.nextCursor], [1_000, ROWS + 1, null]);
  assert.ok(
    Math.max(uploaded, many) < few * MORE_AT_MOST,
    `${Math.max(uploaded, many) >> 20} MB for all rows, ${few >> 20} MB for a tenth`,
  );
});

it.run();
