import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CELLS_MAX, type Cells } from '../../src/core/announce.ts';
import type { BusBody } from '../../src/core/bus.ts';
import { createNodeAnnouncer } from '../../src/core/node-announcer.ts';
import type { Bus, Delivery } from '../../src/core/ports/bus.ts';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { until } from '../support/until.ts';

const UNDER_WAY_MAX = 8;

const it = suite('announcements of a node');

/** A bus whose deliveries wait until the test lands them. */
function setUp({ isUp = true } = {}) {
  const versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions);
  const takers = new Map<string, (body: BusBody) => void>();
  const state = { isUp, up: () => {}, lost: () => {} };
  const sent: { body: BusBody; land(delivery: Delivery): void }[] = [];
  const bus: Bus = {
    on: (type, take) => void takers.set(type, take as (body: BusBody) => void),
    onUp: (take) => void Object.assign(state, { up: take }),
    onLost: (take) => void Object.assign(state, { lost: take }),
    isUp: () => state.isUp,
    send: () => undefined,
    deliver: (body) => new Promise((land) => void sent.push({ body, land })),
  };
  const announcer = createNodeAnnouncer(bus, versions);
  return { versions, announcer, sent, state, hear: (body: BusBody) => takers.get(body.type)?.(body) };
}

const cellsOf = ({ body }: { body: BusBody }): Cells => (body.type === 'changed' ? body.cells : []);
const missed = (sent: { body: BusBody }[]) => sent.filter(({ body }) => body.type === 'missed').length;

it('what others have changed moves the cells of this node', () => {
  const { versions, hear } = setUp();
  hear({ type: 'changed', cells: [3, 4] });
  assert.equal([versions.read(3), versions.read(4), versions.read(5), versions.epoch()], [1, 1, 0, 0]);
  hear({ type: 'changed', cells: 'all' });
  assert.equal([versions.read(3), versions.read(5)], [2, 1]);
  hear({ type: 'missed' });
  assert.equal([versions.read(3), versions.epoch()], [2, 1]);
});

it('settles with the delivery, and gathers what comes while too many are under way', async () => {
  const { announcer, sent } = setUp();
  const done: number[] = [];
  for (let i = 0; i < 100; i++) void announcer.announce([i, 5_000]).then(() => void done.push(i));
  assert.is(sent.length, UNDER_WAY_MAX);
  sent[3].land('acknowledged');
  await until('the next one', () => sent.length === UNDER_WAY_MAX + 1);
  assert.equal(done, [3]);
  const gathered = cellsOf(sent[UNDER_WAY_MAX]);
  assert.equal(gathered === 'all' || gathered.toSorted((a, b) => a - b), [...Array.from({ length: 92 }, (_, i) => i + 8), 5_000]);
  sent[UNDER_WAY_MAX].land('unacknowledged');
  await until('all that were gathered', () => done.length === 93);
  assert.is(missed(sent), 0);
});

it('a flood is one message, and more than can be named is everything', async () => {
  const { announcer, sent } = setUp();
  for (let i = 0; i < UNDER_WAY_MAX; i++) void announcer.announce([i]);
  for (let i = 0; i <= CELLS_MAX; i++) void announcer.announce([i]);
  void announcer.announce([1]);
  sent[0].land('acknowledged');
  await until('the next one', () => sent.length === UNDER_WAY_MAX + 1);
  assert.is(cellsOf(sent[UNDER_WAY_MAX]), 'all');
});

it('is deaf while the bus is lost, and looks everything up again when it is back', () => {
  const { versions, state } = setUp();
  assert.not.ok(versions.isDeaf());
  state.lost();
  assert.ok(versions.isDeaf());
  assert.is(versions.epoch(), 0);
  state.up();
  assert.not.ok(versions.isDeaf());
  assert.is(versions.epoch(), 1);
  assert.ok(setUp({ isUp: false }).versions.isDeaf(), 'also when it starts without');
});

it('says that others have missed something as soon as it can, once, and again when that fails', async () => {
  const { announcer, sent, state } = setUp();
  const announced = announcer.announce([1]);
  sent[0].land('failed');
  await announced;
  state.isUp = false;
  announcer.tick();
  assert.is(missed(sent), 0);
  state.isUp = true;
  state.up();
  assert.is(missed(sent), 1);
  announcer.tick();
  assert.is(missed(sent), 1);
  sent[1].land('failed');
  await until('it is tried again', () => {
    announcer.tick();
    return missed(sent) === 2;
  });
  sent[2].land('unacknowledged');
  await new Promise(setImmediate);
  announcer.tick();
  assert.is(missed(sent), 2);
});

it.run();
