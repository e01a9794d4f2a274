/** The work on a file of links: what it holds in memory does not grow with the rows. Over HTTP: test/http/imports.test.ts; by a node: test/faults/imports.test.ts. */
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { linkRequestSchemas } from '../../src/core/api/links.ts';
import type { ImportWorkStore } from '../../src/core/link-import.ts';
import { importTasks } from '../../src/jobs/link-import.ts';
import { importSlice, type SliceResult } from '../../src/jobs/tasks/import-links.ts';
import { createImportWorkStore } from '../../src/storage/postgres/link-import-work.ts';
import { createImporter } from '../../src/storage/postgres/link-importer.ts';
import { createLinkImportStore } from '../../src/storage/postgres/link-imports.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';
import { makeOwner } from '../support/test-owner.ts';

const ROWS = 36_000;
const CHUNK_BYTES = 256 << 10;
/** Steps between two looks at the memory. */
const STEPS = 4;
/** What of one is still there in the next one: a piece of the file and a batch, each as text and as values. */
const SLACK_BYTES = 6 << 20;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });

const it = suite('work on an import');

it.after(async () => {
  await closePool();
  await database.stop();
});

it('holds as much of a long file as of a short one', async () => {
  const { userId } = await makeOwner(pool, { links: 0 });
  const path = 'some-path/'.repeat(40);
  const rows = Array.from({ length: ROWS }, (_, i) => `https://a.example/${path}${i},${i % 9 === 0 ? 'a b' : `row-${i}`}`);
  const file = Buffer.from(`url,slug\n${rows.join('\n')}\n`);
  rows.length = 0;
  const imports = createLinkImportStore(pool);
  const id = await imports.begin(userId, false);
  for (let at = 0; at < file.length; at += CHUNK_BYTES) await imports.addChunk(id, at / CHUNK_BYTES, file.subarray(at, at + CHUNK_BYTES));
  await imports.start(userId, id, 'utf-8', file.length);
  const stored = createImportWorkStore(pool, createImporter(randomBytes, { regular: 0, extended: 0 }));
  const held: number[] = [];
  let steps = 0;
  const work: ImportWorkStore = {
    ...stored,
    async advance(...step) {
      if (steps++ % STEPS === 0) {
        collect();
        const { heapUsed, external } = process.memoryUsage();
        held.push(heapUsed + external);
      }
      return stored.advance(...step);
    },
  };
  const { createLink } = linkRequestSchemas(new Set(['elnk.example']));
  const deps = {
    work,
    createLink,
    hash: async (text: string) => text,
    judge: async <T>(links: readonly T[]) => [...links],
    clock: Date.now,
  };
  const { isOver } = await importSlice(deps, id, Number.POSITIVE_INFINITY);
  assert.ok(isOver);
  const { imported, refused } = await imports.get(userId, id);
  assert.is(imported + refused, ROWS);
  const [first] = held;
  const growth = Math.max(...held) - first;
  say(`import of ${file.length >> 20} MB: ${(growth / (1 << 20)).toFixed(1)} MB more were held than at its begin`);
  assert.ok(growth < SLACK_BYTES && SLACK_BYTES < file.length / 2, `${growth} bytes more`);
});

it('is done one slice at a time on a node, in turns', async () => {
  const order: string[] = [];
  const running = new Set<number>();
  const tasks = importTasks({
    async runSlice(importId): Promise<SliceResult> {
      assert.is(running.size, 0);
      running.add(importId);
      order.push(`slice ${importId}`);
      await new Promise(setImmediate);
      running.delete(importId);
      if (importId === 1) throw new Error('the store is away');
      return { isOver: importId === 3, counted: {} };
    },
    async queue(importId) {
      order.push(`queue ${importId}`);
    },
    async fail(importId) {
      order.push(`fail ${importId}`);
    },
    counters: { add: () => undefined } as never,
    logger: silentLogger,
  });
  const run = (importId: number, attempts: number) =>
    tasks['import-links']({ importId }, { job: { id: '1', attempts, max_attempts: 2 } } as never).catch((error: Error) => {
      order.push(error.message);
    });
  await Promise.all([run(1, 2), run(2, 1), run(3, 1)]);
  assert.equal(order.toSorted(), ['fail 1', 'queue 2', 'slice 1', 'slice 2', 'slice 3', 'the store is away']);
  assert.equal(
    order.filter((text) => text.startsWith('slice')),
    ['slice 1', 'slice 2', 'slice 3'],
  );
});

it.run();
