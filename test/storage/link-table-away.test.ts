import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { away, isAway, linkOf, PROBE_MS, setUp, TTL_MS } from './link-table-rig.ts';

const test = suite('link table while the store is away');

test('while the store is away, expired entries are answered as they are', async () => {
  const { links, clock, hold, fail } = setUp();
  const link = await hold('abc');
  await hold('none', null);
  await fail();
  clock.now += TTL_MS * 100;
  assert.is(links.get('abc'), link);
  assert.is(links.get('none'), null);
});

test('an expired entry is answered as it is when its lookup shows that the store is away, an outdated one is not', async () => {
  const { links, clock, versions, asked, hold } = setUp();
  const link = await hold('abc');
  await hold('edited');
  clock.now += TTL_MS;
  const [answer, edited] = [links.load('abc'), thrownBy(links.load('edited'))];
  versions.bump('edited');
  for (const it of asked.slice(2)) it.fail();
  assert.is(await answer, link);
  assert.is(await edited, away);
});

test('an expired entry is answered as it is when its own lookup fails, though another one has just succeeded', async () => {
  const { links, versions, asked, hold } = setUp();
  const link = await hold('abc');
  versions.expireAll();
  const [answer, other] = [links.load('abc'), links.load('other')];
  asked[1].fail();
  asked[2].answer(linkOf('other'));
  assert.equal([await answer, await other], [link, linkOf('other')]);
});

test('while the store is away, an outdated entry is not answered', async () => {
  const { links, versions, asked, hold, fail } = setUp();
  await hold('abc');
  await fail();
  versions.bump('abc');
  assert.is(links.get('abc'), undefined);
  const loaded = thrownBy(links.load('abc')); // who has edited it has met the store: it is asked, once
  asked[asked.length - 1].fail();
  assert.is(await loaded, away);
  assert.is(links.get('abc'), undefined);
  const before = asked.length;
  assert.ok(isAway(await thrownBy(links.load('abc'))));
  assert.is(asked.length, before);
});

test('an edit that is heard of while the store was away a moment ago is looked up at once', async () => {
  const { links, versions, asked, hold, fail } = setUp();
  await hold('abc');
  await fail();
  versions.bump('abc');
  const loaded = links.load('abc');
  const edited = linkOf('abc', 'https://example.com/edited');
  asked[asked.length - 1].answer(edited);
  assert.equal([await loaded, links.get('abc')], [edited, edited]);
});

test('while the store is away, unknown slugs are refused at once and one lookup an interval finds out', async () => {
  const { links, clock, asked, hold, fail } = setUp();
  await hold('abc');
  await fail();
  const before = asked.length;
  clock.now += PROBE_MS - 1;
  for (let i = 0; i < 100; i++) assert.ok(isAway(await thrownBy(links.load(`slug-${i}`))));
  assert.is(asked.length, before);
  clock.now += 1;
  // The first one asks; it does not matter how long it takes.
  const probe = thrownBy(links.load('slug-0'));
  for (let i = 1; i < 100; i++) assert.ok(isAway(await thrownBy(links.load(`slug-${i}`))));
  clock.now += TTL_MS; // this time an entry in use is what asks
  assert.is(asked.length, before + 1);
  for (let i = 0; i < 100; i++) assert.ok(links.get('abc'));
  assert.is(asked.length, before + 2);
  for (const it of asked.slice(before)) it.fail();
  assert.is(await probe, away);
});

test('when the store is back, one answer is enough for all', async () => {
  const { links, clock, asked, hold, fail } = setUp();
  const link = await hold('abc');
  await fail();
  clock.now += TTL_MS;
  assert.is(links.get('abc'), link); // asks in the background
  const fresh = linkOf('abc', 'https://example.com/fresh');
  asked[asked.length - 1].answer(fresh);
  await until('refreshed', () => links.get('abc') === fresh);
  await hold('new'); // not refused any more
  clock.now += TTL_MS;
  assert.is(links.get('abc'), undefined, 'expired is expired again');
});

test('an entry whose refresh has failed is refreshed at the next interval', async () => {
  const { links, clock, asked, failures, hold } = setUp();
  const link = await hold('abc');
  clock.now += TTL_MS * 0.8;
  links.get('abc');
  asked[1].fail();
  await until('the failure', () => failures.length === 1);
  await until('the end of the refresh', () => {
    clock.now += PROBE_MS;
    assert.is(links.get('abc'), link);
    return asked.length === 3;
  });
});

test.run();
