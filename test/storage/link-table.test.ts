import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { createLinkTable } from '../../src/storage/links/table.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { away, linkOf, PROBE_MS, setUp, TTL_MS } from './link-table-rig.ts';

const test = suite('link table');

const NEGATIVE_TTL_MS = 10_000;

test('a hit asks nobody', async () => {
  const { links, clock, asked, hold } = setUp();
  assert.is(links.get('abc'), undefined);
  const link = await hold('abc');
  for (let i = 0; i < 100; i++) {
    clock.now += (TTL_MS * 0.59) / 100;
    assert.is(links.get('abc'), link);
  }
  assert.is(asked.length, 1);
  assert.is(links.size(), 1);
});

test('all who ask for one slug ask once', async () => {
  const { links, asked } = setUp();
  const loads = Array.from({ length: 50 }, () => links.load('abc'));
  assert.is(asked.length, 1);
  const link = linkOf('abc');
  asked[0].answer(link);
  assert.ok((await Promise.all(loads)).every((it) => it === link));
});

test('all who ask for one slug fail together, and the next one asks anew', async () => {
  const { links, clock, asked, failures } = setUp();
  const loads = Array.from({ length: 50 }, () => thrownBy(links.load('abc')));
  asked[0].fail();
  assert.ok((await Promise.all(loads)).every((error) => error === away));
  assert.equal(failures, [away], 'one failure, told once');
  clock.now += PROBE_MS;
  const again = links.load('abc');
  assert.is(asked.length, 2);
  asked[1].answer(null);
  assert.is(await again, null);
});

test('that there is no link is remembered for a shorter time', async () => {
  const { links, clock, asked, hold } = setUp();
  await hold('none', null);
  clock.now += NEGATIVE_TTL_MS * 0.59;
  assert.is(links.get('none'), null);
  assert.is(asked.length, 1);
  clock.now += NEGATIVE_TTL_MS * 0.41;
  assert.is(links.get('none'), undefined);
});

test('unknown slugs displace no links', async () => {
  const { links, hold } = setUp({ entries: 100 });
  const held = Array.from({ length: 50 }, (_, i) => `link-${i}`);
  for (const slug of held) await hold(slug);
  for (let i = 0; i < 2_000; i++) await hold(`none-${i}`, null);
  for (const slug of held) assert.ok(links.get(slug), slug);
  assert.ok(links.size() <= 100 + 100 / 8);
});

test('bounded, whatever is asked for', async () => {
  const entries = 1_000;
  const links = createLinkTable({
    lookup: async (slug) => (slug.endsWith('7') ? linkOf(slug) : null),
    versions: linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions),
    entries,
    ttlMs: () => TTL_MS,
    clock: () => 1_000_000,
    onFailure: () => assert.unreachable(),
  });
  const [chunks, perChunk] = [100, 10_000];
  for (let chunk = 0; chunk < chunks; chunk++) {
    await Promise.all(Array.from({ length: perChunk }, (_, i) => links.load(`${chunk}-${i}`)));
    assert.ok(links.size() <= entries + entries / 8, `${links.size()} entries`);
  }
  assert.ok(links.size() > entries / 2);
});

test.run();
