/** A link is deleted while its clicks are folded, whoever comes first: nothing of it is left. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FoldStore } from '../../src/core/ports/clicks.ts';
import { fold } from '../../src/jobs/tasks/fold.ts';
import { createClickStore } from '../../src/storage/postgres/clicks.ts';
import { createFoldStore } from '../../src/storage/postgres/fold-store.ts';
import { deleteFigures } from '../../src/storage/postgres/link-deletion.ts';
import { createPool, inTransaction } from '../../src/storage/postgres/pool.ts';
import { batchOf, clickRow } from '../support/click-rows.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const test = suite('links that are deleted while they are folded');

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 4, logger: silentLogger });
const pool = connections.value;
const clicks = createClickStore({ pool, node: 'test', randomBytes, logger: silentLogger });
const folds = createFoldStore(pool);
await clicks.positions([{ name: 'f0-s0', front: 0, shard: 0 }]);

test.after(async () => {
  await connections.stop();
  await database.stop();
});

let position = 0;
async function click(...linkIds: number[]): Promise<void> {
  const rows = linkIds.map((linkId) => clickRow({ linkId }));
  await clicks.store(batchOf(rows, { from: position, to: position + 100 }));
  position += 100;
}

/** @param folded whether there are figures of the links already */
async function twoClickedLinks(folded: boolean): Promise<{ kept: number; gone: number }> {
  const { links } = await makeOwner(pool, { links: 2 });
  const [kept, gone] = links.map(({ id }) => id);
  await click(kept, gone);
  if (!folded) return { kept, gone };
  await fold(folds);
  await click(kept, gone);
  return { kept, gone };
}

/** Either is over, or waits for a lock of the other one. */
async function overOrWaiting(work: Promise<unknown>): Promise<void> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  work.then(end, end);
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await until('it is over, or waits', async () => isOver || (await pool.query(waiting)).rowCount === 1);
}

/** The same store, whose transactions stop before they are committed. */
function stopping(store: FoldStore, written: () => void, goOn: Promise<void>): FoldStore {
  return {
    fold: (maxRows, work) =>
      store.fold(maxRows, async (transaction) => {
        const done = await work(transaction);
        written();
        await goOn;
        return done;
      }),
  };
}

/** Tables that have rows of it. */
async function tablesOf(linkId: number): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT 'link' AS name FROM links WHERE id = $1 UNION SELECT 'days' FROM link_days WHERE link_id = $1
     UNION SELECT 'totals' FROM link_totals WHERE link_id = $1 UNION SELECT 'rankings' FROM link_rankings WHERE link_id = $1`,
    [linkId],
  );
  return rows.map(({ name }) => name).sort();
}
const ALL = ['days', 'link', 'rankings', 'totals'];

async function assertGone({ kept, gone }: { kept: number; gone: number }): Promise<void> {
  assert.equal([await tablesOf(gone), await tablesOf(kept)], [[], ALL]);
}

/** A deletion as those of the stores. @param after runs before it is committed */
function deletion(linkId: number, after: () => Promise<void> = async () => undefined): Promise<void> {
  return inTransaction(pool, async (client) => {
    await client.query('DELETE FROM links WHERE id = $1', [linkId]);
    await deleteFigures(client, [linkId]);
    await after();
  });
}

for (const folded of [false, true]) {
  const which = folded ? 'a link with figures' : 'a link that was never folded';

  test(`${which}: the fold has written, then the link is deleted`, async () => {
    const links = await twoClickedLinks(folded);
    const written = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const folding = fold(stopping(folds, written.resolve, goOn.promise));
    await written.promise;
    const deleting = deletion(links.gone);
    await overOrWaiting(deleting);
    goOn.resolve();
    await Promise.all([folding, deleting]);
    await assertGone(links);
  });

  test(`${which}: it is deleted with its figures, then the fold writes`, async () => {
    const links = await twoClickedLinks(folded);
    let folding: Promise<unknown> = Promise.resolve();
    await deletion(links.gone, async () => {
      folding = fold(folds);
      await overOrWaiting(folding);
    });
    await folding;
    await assertGone(links);
  });

  test(`${which}: it is deleted, the fold writes, then its figures are deleted`, async () => {
    const links = await twoClickedLinks(folded);
    await inTransaction(pool, async (client) => {
      await client.query('DELETE FROM links WHERE id = $1', [links.gone]);
      await fold(folds);
      await deleteFigures(client, [links.gone]);
    });
    await assertGone(links);
  });

  test(`${which}: a deletion that is given up leaves the figures of the fold`, async () => {
    const { kept, gone } = await twoClickedLinks(folded);
    let folding: Promise<unknown> = Promise.resolve();
    const deleting = deletion(gone, async () => {
      folding = fold(folds);
      await overOrWaiting(folding);
      throw new Error('given up');
    });
    await deleting.catch(() => undefined);
    await folding;
    assert.equal([await tablesOf(gone), await tablesOf(kept)], [ALL, ALL]);
  });
}

test.run();
