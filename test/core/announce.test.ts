import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CELLS_MAX, type Cells, threadAnnouncer } from '../../src/core/announce.ts';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';

const it = suite('announcements of a thread');

function setUp({ hasOthers = true } = {}) {
  const versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions);
  const told: { id: number; cells: Cells }[] = [];
  const announcer = threadAnnouncer(versions, hasOthers ? (id, cells) => void told.push({ id, cells }) : null);
  return { versions, told, announcer };
}

const isSettled = async (promise: Promise<void>): Promise<boolean> => {
  const pending = Symbol('pending');
  return (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))])) !== pending;
};

it('moves the cells at once, and settles when main says so', async () => {
  const { versions, told, announcer } = setUp();
  const first = announcer.changed(['abc', 'abd', 'abc']);
  const second = announcer.changed(['xyz']);
  assert.equal(
    told.map(({ cells }) => cells),
    [[versions.cell('abc'), versions.cell('abd')], [versions.cell('xyz')]],
  );
  assert.equal(
    ['abc', 'abd', 'xyz', 'other'].map((slug) => versions.read(versions.cell(slug))),
    [1, 1, 1, 0],
  );
  announcer.settle(told[1].id);
  assert.equal([await isSettled(first), await isSettled(second)], [false, true]);
  announcer.settle(told[0].id);
  announcer.settle(told[0].id);
  announcer.settle(99);
  await first;
});

it('waits for nobody when there is no other node, or nothing has changed', async () => {
  const alone = setUp({ hasOthers: false });
  await alone.announcer.changed(['abc']);
  await alone.announcer.everythingChanged();
  assert.is(alone.versions.read(alone.versions.cell('abc')), 2);
  const { told, announcer } = setUp();
  await announcer.changed([]);
  assert.equal(told, []);
});

it('names everything when too much has changed to be named', () => {
  const { versions, told, announcer } = setUp();
  void announcer.changed(Array.from({ length: 2 * CELLS_MAX }, (_, i) => `link-${i}`));
  void announcer.everythingChanged();
  assert.equal(
    told.map(({ cells }) => cells),
    ['all', 'all'],
  );
  assert.is(versions.read(versions.cell('one that was not named')), 2);
});

it.run();
